"""The image as a person gets it: flashed, one file edited, switched on; then used and spoilt.

Every boot is a minute or two of emulation, so the tests of one life share them, in order.
"""

import re
import subprocess
from collections.abc import Callable, Iterator
from itertools import groupby

import numpy as np
import pytest
from numpy.typing import NDArray

from image.arm64 import Phone, Running, flash, needs_arm64_image, settings, until
from image.exchange import exchange_behind
from image.shell import Key
from support.lab_exchange import PASSWORD, USER, LabExchange
from support.speech import RATE, Signal, from_bytes

pytestmark = needs_arm64_image

Recorder = Callable[[str, object], None]

PERSON = "hw:Loopback,1,0"  # the other side of the phone's sound card
REGISTERED = rf"{USER} at \S+ registers: 200"
DHCP = ("udp", "68", "systemd-network")
MEND = (  # what the person with the card in a computer did wrong
    "mount -o rw /boot/firmware; sed -i s/Atlantis/DE/ /boot/firmware/offhook.toml;"
    " umount /boot/firmware"
)
MELODY = (500, 1300, 700, 1500, 900, 1100)  # Hz
READY = 3.0 / 0.05  # starts of a bare Python
CALL = 25.0  # seconds that a call may take to be up, under emulation


@pytest.fixture(scope="module")
def exchange() -> Iterator[LabExchange]:
    with exchange_behind() as one:
        yield one


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Key:
    return Key.make(tmp_path_factory.mktemp("key"))


@pytest.fixture(scope="module")
def phone(exchange: LabExchange, key: Key, tmp_path_factory: pytest.TempPathFactory) -> Phone:
    directory = tmp_path_factory.mktemp("phone")
    disk = flash(directory)
    disk.put("offhook.toml", settings(exchange, key))
    return Phone(disk, exchange, key, directory)


@pytest.fixture(scope="module")
def first(phone: Phone) -> Iterator[Running]:
    """Its first boot."""
    with phone.on() as running:
        until(lambda: "No jobs" in running.shell.run("systemctl list-jobs"), 300, "end of the boot")
        yield running
        running.power_off()


# --- the first boot


def test_somebody_with_the_key_can_log_in(first: Running, record_property: Recorder) -> None:
    record_property("login_after_s", round(first.login_after))
    assert first.shell.run("id -un").strip() == "admin"
    assert "root" in first.shell.run("sudo id -un")


def test_nobody_else_can(first: Running) -> None:
    without = ("-o", "ControlPath=none", "-o", "PubkeyAuthentication=no")
    done = subprocess.run(
        [*first.shell.words(*without), "true"], capture_output=True, check=False, timeout=120
    )
    assert b"Permission denied (publickey)" in done.stderr


def test_no_unit_failed(first: Running) -> None:
    assert first.shell.run("systemctl --failed --plain --no-legend") == ""
    assert first.shell.try_run("systemctl is-system-running").stdout.strip() == b"running"


def test_the_phone_is_registered(first: Running, exchange: LabExchange) -> None:
    assert re.search(REGISTERED, exchange.program.log)
    assert first.registered


def test_the_root_file_system_cannot_be_written(first: Running) -> None:
    assert "ro" in first.shell.run("findmnt -no OPTIONS /").strip().split(",")
    done = first.shell.try_run("sudo touch /usr/here")
    assert b"Read-only file system" in done.stderr


def test_the_settings_of_the_card_are_in_use(first: Running) -> None:
    assert first.shell.run("date +%Z").strip() in {"CET", "CEST"}
    shown = first.shell.run("offhook config show")
    assert f'user = "{USER}"' in shown
    assert 'country = "DE"' in shown
    assert PASSWORD not in shown


def test_the_password_left_the_card_and_is_roots_alone(first: Running) -> None:
    line = first.shell.run("sudo stat -c %a:%U /etc/offhook/sip-password").strip()
    assert line == "600:root"
    assert first.shell.try_run("cat /etc/offhook/sip-password").returncode != 0
    card = first.shell.run("sudo sh -c 'mount -o ro /boot/firmware && cat /boot/firmware/*.t*'")
    first.shell.run("sudo umount /boot/firmware")
    assert PASSWORD not in card
    assert "offhook.toml: taken over." in card


def test_the_ports_that_listen_are_sip_and_ssh(first: Running) -> None:
    """And the DHCP client's, at which the firewall lets in nothing but a server's answer."""
    assert _listening(first) == {("tcp", "22", "sshd"), ("udp", "sip", "offhookd"), DHCP}


def _listening(running: Running) -> set[tuple[str, str, str]]:
    """Protocol, port and program of what the network could reach."""
    found = set()
    sip = str(running.status()["local"]).rpartition(":")[2]
    for line in running.shell.run("sudo ss -Hlntup").splitlines():
        protocol, _, _, _, local, _, *users = line.split()
        host, _, port = local.rpartition(":")
        if host.startswith(("127.", "[::1]")):
            continue
        program = re.search(r'\(\("([^"]+)"', " ".join(users))
        found.add((protocol, "sip" if port == sip else port, program[1] if program else "?"))
    return found


def test_the_phone_is_soon_ready_after_its_start(first: Running, record_property: Recorder) -> None:
    """Three seconds on a processor that starts a bare Python in 50 ms.

    The emulator is many times slower; the absolute number is recorded, and the UML tests of this
    directory measure it at the speed of the machine.
    """
    names = ("ExecMainStartTimestampMonotonic", "ActiveEnterTimestampMonotonic")
    bare, taken = [], []
    for _ in range(4):
        bare.append(float(first.shell.run("bash -c 'TIMEFORMAT=%R; time python3 -ISc pass' 2>&1")))
        first.shell.run("sudo systemctl restart offhookd")
        found = first.properties("offhookd.service", *names)
        taken.append(round((int(found[names[1]]) - int(found[names[0]])) / 1e6, 2))
    record_property("ready_s", taken)
    record_property("bare_python_s", bare)
    assert min(taken) <= READY * min(bare), (taken, bare)


def test_what_is_said_to_the_echo_comes_back(first: Running, record_property: Recorder) -> None:
    """Real samples: into the sound card, through RTP to the exchange and back, out of the card.

    A melody, because the emulator's stalls stretch time, which the pitch of a tone survives.
    """
    shell = first.shell
    shell.run("sudo modprobe snd-aloop")
    shell.put("/tmp/said", np.concatenate([_tone(pitch) for pitch in MELODY]).tobytes())  # noqa: S108
    until(lambda: first.status()["sound_trouble"] == "", CALL, "sound")
    shell.run("offhook dial 600")
    until(lambda: _call(first) == "up", CALL, "call")
    ours = {port for _, port, program in _listening(first) if program == "offhookd"}
    assert len(ours - {"sip"}) == 2, "RTP and RTCP, of this call alone"
    form = f"-q -D {PERSON} -t raw -f S16_LE -r {RATE} -c 1"
    shell.run(f"sudo arecord {form} -d 12 /tmp/heard & sleep 2; sudo aplay {form} /tmp/said; wait")
    call = first.status()["calls"][0]
    shell.run("offhook hangup")
    pitches = _pitches(from_bytes(shell.get("/tmp/heard")))  # noqa: S108
    record_property("heard", pitches)
    record_property("packets", [call["packets_sent"], call["packets_received"]])
    assert [pitch for pitch, pieces in pitches if pitch and pieces >= 6] == list(MELODY), pitches
    assert call["packets_received"] > 0.9 * call["packets_sent"] - 25


def _tone(pitch: int) -> NDArray[np.int16]:
    time = np.arange(int(0.6 * RATE)) / RATE
    return (8000 * np.sin(2 * np.pi * pitch * time)).astype("<i2")


def _pitches(heard: Signal) -> list[tuple[int, int]]:
    """What is heard in pieces of 50 ms: pitch to the nearest 100 Hz (0: silence), how many."""
    size = RATE // 20
    pieces = (heard[at : at + size] for at in range(0, len(heard) - size, size))
    return [(pitch, len(list(same))) for pitch, same in groupby(map(_pitch, pieces))]


def _pitch(piece: Signal) -> int:
    if np.sqrt(np.mean(piece**2)) < 500:
        return 0
    spectrum = np.abs(np.fft.rfft(piece * np.hanning(len(piece)), RATE))
    return round(int(np.argmax(spectrum)), -2)


def _call(running: Running) -> str:
    calls = running.status()["calls"]
    return str(calls[0]["state"]) if calls else ""


def test_the_journal_tells_of_the_call_in_fields(first: Running) -> None:
    shown = first.shell.run("journalctl -u offhookd -o json --output-fields=MESSAGE,PRIORITY,"
                            "OFFHOOK_PARTY,OFFHOOK_OUTCOME,OFFHOOK_CODEC,OFFHOOK_CALL")  # fmt: skip
    ended = [line for line in shown.splitlines() if "call ended" in line]
    assert ended
    assert '"OFFHOOK_PARTY":"600"' in ended[-1]
    assert '"PRIORITY":"' in ended[-1]
    assert "600" in first.shell.run("offhook calls")


def test_the_slot_is_marked_as_good(first: Running) -> None:
    until(lambda: first.variables["BOOT_A_LEFT"] == "3", 180, "good slot")
    assert first.slot == "A"


def test_the_data_partition_fills_the_card(first: Running) -> None:
    assert int(first.shell.run("findmnt -bno SIZE /data")) > 900 << 20


# --- the second boot: wrong settings on the card


@pytest.fixture(scope="module")
def second(phone: Phone, first: Running, exchange: LabExchange) -> Iterator[Running]:
    """Somebody changed the settings, badly."""
    first.power_off()
    found = phone.disk.get("offhook.toml")
    assert found is not None
    phone.disk.put("offhook.toml", found.replace(b'"DE"', b'"Atlantis"'))
    with phone.on() as running:
        yield running
        running.power_off()


def test_wrong_settings_are_reported_and_the_good_ones_kept(
    second: Running, phone: Phone, exchange: LabExchange
) -> None:
    until(lambda: second.registered, 120, "registration")
    assert second.shell.run("cat /run/offhook-provision/trouble").strip()
    assert "country" in second.shell.run("journalctl -b -u offhook-provision")
    assert 'country = "DE"' in second.shell.run("offhook config show")
    report = second.shell.run(
        "sudo sh -c 'mount -o ro /boot/firmware; cat /boot/firmware/offhook-report.txt;"
        " umount /boot/firmware'"
    )
    assert "phone.country" in report
    assert "Nothing was changed" in report


def test_the_journal_and_the_call_log_outlive_the_power(second: Running) -> None:
    assert len(second.shell.run("journalctl --list-boots -q").strip().splitlines()) >= 2
    assert "600" in second.shell.run("offhook calls")


# --- the life of another phone, from the same image


@pytest.fixture(scope="module")
def other(
    exchange: LabExchange, key: Key, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Phone, Running]]:
    directory = tmp_path_factory.mktemp("other")
    disk = flash(directory)
    disk.put("offhook.toml", settings(exchange, key))
    phone = Phone(disk, exchange, key, directory)
    with phone.on() as running:
        yield phone, running


def test_two_cards_of_one_image_become_two_phones(
    second: Running, other: tuple[Phone, Running]
) -> None:
    mine, theirs = _identity(second), _identity(other[1])
    for name, value in mine.items():
        assert value != theirs[name], name


def _identity(running: Running) -> dict[str, str]:
    shell = running.shell
    until(lambda: running.registered, 120, "registration")
    return {
        "machine-id": shell.run("cat /etc/machine-id").strip(),
        "host key": shell.run("sudo cat /data/ssh/ssh_host_ed25519_key.pub").split()[1],
        "name": shell.run("hostname").strip(),
        "contact": str(running.status()["contact"]),
    }


def test_a_factory_reset_forgets_everything(
    phone: Phone, second: Running, record_property: Recorder
) -> None:
    """What comes back is what the card's file says: the login, but no password."""
    before = _identity(second)
    second.shell.run(f"sudo sh -c '{MEND}'")
    again = phone.restarted(second, "sudo offhook factory-reset --yes")
    shell = again.shell
    record_property("reset_to_login_s", round(again.login_after))
    assert shell.run("cat /etc/machine-id").strip() != before["machine-id"]
    assert shell.run("sudo cat /data/ssh/ssh_host_ed25519_key.pub").split()[1] != before["host key"]
    assert "600" not in shell.run("offhook calls")
    assert shell.run("sudo stat -c %s /etc/offhook/sip-password").strip() in {"0", "1"}
    shell.close()
