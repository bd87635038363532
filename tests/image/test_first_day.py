"""A fresh card with settings, booted thrice: a first day, the next, after a factory reset."""

import re
from typing import Any, Final

import pytest

from image.cards import key_pair, settings
from image.disk import MIB
from image.guest.world import PASSWORDS, PHONE, ROUTER, STRANGER
from image.uml import Disk, End, Report, boot, flash, needs_image

pytestmark = needs_image

BIGGER: Final = 1024 * MIB
RTP: Final = range(16384, 16584)


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> tuple[Disk, Report]:
    directory = tmp_path_factory.mktemp("card")
    disk = flash(directory)
    disk = flash(directory, disk.size + BIGGER)
    key, public = key_pair(directory)
    other, _ = key_pair(directory, "other")
    disk.put("offhook.toml", settings(public))
    given = {"key": key, "other key": other}
    report = boot(disk, "life:first_day", seconds=150, restarts=2, arguments=given)
    assert "crashed" not in report.findings, report.console
    assert (len(report.boots), report.end) == (3, End.POWERED_OFF), report.console
    return disk, report


@pytest.fixture
def report(day: tuple[Disk, Report]) -> Report:
    return day[1]


# --- coming up


def test_everything_comes_up_and_nothing_failed(report: Report) -> None:
    assert report.found("up")["failed"] == []
    assert report.found("up")["state"] == "running"


def test_the_phone_is_ready_before_there_is_a_network(report: Report) -> None:
    ready = report.found("ready")
    assert ready["addresses"] == []
    assert ready["status"]["registered"] is False
    assert ready["status"]["state"] == "idle"


def test_offhookd_is_ready_within_seconds_of_its_start(report: Report) -> None:
    started = report.found("started")
    took = started["ActiveEnterTimestampMonotonic"] - started["ExecMainStartTimestampMonotonic"]
    assert took < 5  # 2 s on a quiet machine
    assert "network-online" not in report.found("chain")


def test_nobody_waits_for_a_getty_or_the_network(report: Report) -> None:
    running = report.found("units")
    assert "offhookd.service" in running
    for name in ("getty", "logind", "wait-online", "apt", "avahi", "cron", "ModemManager"):
        assert name not in running


def test_systemd_holds_the_watchdog(report: Report) -> None:
    """Its time is in test_files: these machines have a longer one."""
    assert "/dev/watchdog0" in report.found("opened")


def test_there_is_no_swap(report: Report) -> None:
    assert report.found("swaps") == []


# --- what is written, and where


def test_root_is_read_only_and_what_is_written_is_kept_apart(report: Report) -> None:
    writes = report.found("writes")
    writable = {place for place, done in writes.items() if done}
    assert writable == {"/data", "/tmp", "/var/tmp", "/var/log", "/var/lib/offhook", "/run"}  # noqa: S108


def test_only_the_data_partition_is_mounted_writable(report: Report) -> None:
    for line in report.found("mounts").splitlines():
        target, source, options = line.split(None, 2)
        if source.startswith("/dev/ubda") and "rw" in options.strip().split(","):
            assert source.startswith("/dev/ubda4"), line
            assert {"nosuid", "nodev", "noatime"} <= set(options.strip().split(",")), target


def test_secrets_are_readable_by_their_owner_alone(report: Report) -> None:
    permissions = report.found("permissions")
    assert permissions["/data/offhook/etc/sip-password"] == "600 root"
    assert permissions["/data/offhook/state"] == "700 offhook"
    assert permissions["/data/ssh/ssh_host_ed25519_key"] == "600 root"


def test_the_data_partition_fills_a_bigger_card(day: tuple[Disk, Report]) -> None:
    disk, report = day
    assert disk.size - disk.partition(4).end < 4 * MIB
    second = report.found("second")
    assert second["mib"] > BIGGER // MIB
    assert second["file system mib"] > 0.9 * second["mib"]


def test_the_clock_starts_no_earlier_than_the_image(report: Report) -> None:
    assert report.found("clock") > 1_700_000_000  # the commit's time, not that of an empty file


def test_u_boots_variables_are_read_from_their_sector(report: Report) -> None:
    assert "BOOT_ORDER=A B" in report.found("variables")


def test_the_journal_is_kept_within_limits(report: Report) -> None:
    journal = report.found("journal")
    assert journal["files"]
    text = journal["settings"]
    wanted = ("Storage=persistent", "SystemMaxUse=", "SystemKeepFree=", "RateLimitBurst=")
    assert all(f"\n{line}" in text for line in wanted)
    assert report.found("second")["boots in the journal"] == 2


def test_the_journal_has_the_phones_fields(report: Report) -> None:
    entries = report.found("journal")["entries"]
    [ended] = [each for each in entries if str(each["MESSAGE"]).startswith("call ended")]
    assert ended["OFFHOOK_PARTY"] == "600"
    assert ended["PRIORITY"] == "5"
    assert float(ended["OFFHOOK_TALKED_S"]) > 1
    assert not [each for each in entries if "Traceback" in str(each["MESSAGE"])]


# --- network, exchange, firewall


def test_the_phone_gets_an_address_registers_and_calls(report: Report) -> None:
    assert report.found("network")["addresses"] == [PHONE]
    assert f"nameserver {ROUTER}" in report.found("network")["resolv"]
    call = report.found("call")
    [leg] = call["talking"]
    assert leg["party"] == "600"
    said = "\n".join(call["exchange"])
    heard = re.search(r"600 and 1001: over, heard (\d+) packets, said (\d+)", said)
    assert heard
    assert min(int(heard[1]), int(heard[2])) > 40
    assert [line for line in call["exchange"] if not line.startswith("INFO ")] == []


def test_only_the_exchanges_host_reaches_the_phones_signalling(report: Report) -> None:
    """Both knock, the stranger first; neither is the exchange itself, which the phone notes."""
    entries = report.found("journal")["entries"]
    sources = [each["OFFHOOK_SOURCE"] for each in entries if "OPTIONS" in str(each["MESSAGE"])]
    assert [source.partition(":")[0] for source in sources] == [ROUTER]


def test_the_firewall_drops_what_it_does_not_know(report: Report) -> None:
    rules = report.found("firewall")
    assert "hook input priority filter; policy drop;" in rules
    assert "hook forward priority filter; policy drop;" in rules


def test_nothing_listens_but_sip_ssh_and_in_a_call_voice(report: Report) -> None:
    """Besides, DHCP's client holds its port on the address that it got."""
    listening = report.found("listening")
    ssh = ("tcp", 22, "sshd")
    ours = {ssh, ("udp", report.found("port"), "offhookd"), ("udp", 68, "systemd-network")}
    assert _listeners(listening["before"]) == {ssh}
    assert _listeners(listening["registered"]) == ours
    assert _listeners(listening["after"]) == ours
    voice = _listeners(listening["call"]) - ours
    assert 1 <= len(voice) <= 2  # RTP and RTCP; one that is connected to its peer does not listen
    assert {(protocol, port in RTP, program) for protocol, port, program in voice} == {
        ("udp", True, "offhookd")
    }


def _listeners(sockets: list[list[str]]) -> set[tuple[str, int, str]]:
    return {(protocol, int(port), program) for protocol, _, port, program in sockets}


# --- service


def test_a_technician_logs_in_by_key(report: Report) -> None:
    said = report.found("ssh")["key"]
    assert re.search(r"uid=1000\(admin\).*\(offhook-admin\)", said)
    assert "\n0\n" in said  # sudo, without a password
    assert "registered at" in said  # offhook status
    assert "cannot touch '/x': Read-only file system" in said


@pytest.mark.parametrize("who", ["root", "other key", "password"])
def test_nobody_else_does(report: Report, who: str) -> None:
    assert "Permission denied (publickey)." in report.found("ssh")[who]
    assert "uid=" not in report.found("ssh")[who]


def test_ssh_is_for_the_neighbourhood(report: Report) -> None:
    assert "timed out" in report.found("ssh")["stranger"], STRANGER


def test_sshd_offers_a_shell_and_no_tunnel(report: Report) -> None:
    told = dict(line.split(" ", 1) for line in report.found("ssh")["settings"].splitlines())
    off = (
        "permitrootlogin", "passwordauthentication", "kbdinteractiveauthentication", "usedns",
        "x11forwarding", "allowtcpforwarding", "allowagentforwarding", "permittunnel",
        "gatewayports",
    )  # fmt: skip
    assert {told[name] for name in off} == {"no"}
    assert told["authenticationmethods"] == "publickey"
    assert told["hostkey"] == "/data/ssh/ssh_host_ed25519_key"


def test_no_password_is_in_the_image(report: Report) -> None:
    assert {field.strip("!*") for field in report.found("shadow")} == {""}


# --- the cage


@pytest.fixture
def sandbox(report: Report) -> dict[str, Any]:
    found: dict[str, Any] = report.found("sandbox")
    return found


@pytest.mark.parametrize(
    ("attempt", "ends"),
    [
        ("write to /usr", {"EROFS", "EACCES"}),
        ("write to the settings", {"EROFS", "EACCES"}),
        ("write the firewall's file", {"EROFS", "EACCES"}),
        ("read the password file", {"EACCES"}),
        ("look into homes", {"EACCES"}),
        ("open a device for everybody", {"EPERM"}),
        ("make a namespace", {"EPERM"}),
        ("open a packet socket", {"EAFNOSUPPORT", "EPERM"}),
        ("make writable code", {"EPERM", "EACCES"}),
        ("set the clock", {"EPERM"}),
        ("signal another process", {"EPERM"}),
    ],
)
def test_whoever_takes_over_the_phone_cannot(
    sandbox: dict[str, Any], attempt: str, ends: set[str]
) -> None:
    assert sandbox[attempt] in ends


@pytest.mark.parametrize(
    "attempt",
    ["read the credential", "write its own state", "open the sound card", "ask for real time"],
)
def test_the_phone_can(sandbox: dict[str, Any], attempt: str) -> None:
    assert sandbox[attempt] == ""


def test_the_phone_sees_itself_alone(sandbox: dict[str, Any]) -> None:
    assert sandbox["user"] != 0
    assert sandbox["user namespace"] != ["0", "0", "4294967295"]
    assert sandbox["processes seen"] == 1
    assert sandbox["strangers' files in /tmp"] == []


def test_its_exposure_as_installed_is_two_or_less(report: Report) -> None:
    told = re.search(r"offhookd.service: ([\d.]+)", report.found("security"))
    assert told
    assert float(told[1]) <= 2.0


# --- the next day, and the factory reset


def test_the_phone_is_the_same_after_a_restart(report: Report) -> None:
    first, second = report.found("kept"), report.found("second")
    for name in ("machine-id", "hostname", "settings", "password", "admin's keys"):
        assert first[name], name
        assert first[name] == second[name], name
    assert second["host key"].startswith("ssh-ed25519 ")
    assert second["state"] == "running"
    assert second["sshd"] == "active"
    assert second["trouble"] == ""
    assert "clean" in second["e2fsck"]


def test_secrets_are_erased_on_the_card(day: tuple[Disk, Report]) -> None:
    left = day[0].get("offhook.toml")
    assert left is not None
    assert b"1001" in left
    assert PASSWORDS["1001"].encode() not in left


def test_a_factory_reset_leaves_nothing(report: Report) -> None:
    second, third = report.found("second"), report.found("third")
    assert third["machine-id"] != second["machine-id"]
    assert third["hostname"] != second["hostname"]
    assert third["host key"] == ""
    assert third["sshd"] == "inactive"
    assert third["password"] == 0
    assert "1001" not in third["settings"]
    assert third["boots in the journal"] == 1
    assert third["trouble"] == ""
    assert third["state"] == "running"
