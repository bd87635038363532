"""Recorded machines, one thing wrong with each: what the doctor says, and what it advises."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from offhook.cli.doctor import exit_code, page, plain
from offhook.cli.doctor.examination import ask, examine
from offhook.cli.doctor.finding import Finding, Level, Phone
from offhook.cli.machine import Machine, Ran, Space
from offhook.service.control_protocol import Json
from offhook.service.journal import message_id
from support import pi
from support.recorded import machine

GONE = Phone(config=pi.CONFIG, silent="no answer at /run/offhook/control")


def found(
    root: Path,
    files: Mapping[str, str] | None = None,
    answers: Mapping[str, str | Ran] | None = None,
    phone: Phone = pi.PHONE,
    **changes: object,
) -> dict[str, Finding]:
    """What the doctor says of the healthy Pi with these changes; worst finding of each check."""
    made = machine(root, {**pi.FILES, **(files or {})}, {**pi.ANSWERS, **(answers or {})})
    order = [Level.OK, Level.NONE, Level.WARN, Level.BAD]
    told = examine(replace(made, **changes) if changes else made, phone)  # type: ignore[arg-type]
    return {each.check: each for each in sorted(told, key=lambda one: order.index(one.level))}


def test_a_healthy_pi_4_has_nothing_wrong_and_the_page_lines_up(tmp_path: Path) -> None:
    made = machine(tmp_path, pi.FILES, pi.ANSWERS)
    findings = examine(made, pi.PHONE)
    assert exit_code(findings) == 0
    assert list(page(findings)) == [
        "ok   offhookd      runs for 1 d 2 h, version 0.1.0",
        "ok   power         no undervoltage, not throttled",
        "ok   temperature   48 °C",
        "ok   clock         2026-11-22 12:00 UTC, zone Europe/Dublin, synchronised by "
        "ntp.example.org",
        "ok   network       eth0 192.0.2.20; router 192.0.2.1 by eth0",
        "ok   dns           pbx.example.org is 192.0.2.10 (21 ms)",
        "ok   registrar     192.0.2.10:5060 answers",
        "ok   registration  200 is registered",
        "ok   firewall      loaded; SIP from 192.0.2.10",
        "ok   audio         plughw:CARD=Device,DEV=0, open by offhookd",
        "ok   keypad, hook  handset-v1: handset down, idle",
        "ok   disk          20480 of 24576 MB free on /data; root read-only; SD SC32G",
        "ok   memory        684 MB of 926 MB free",
        "ok   slots         A 0.1.0 good running, B 0.1.0 good",
        "ok   watchdog      Broadcom BCM2835 Watchdog timer, fed",
        "ok   last crash    none in the journal of 1 starts",
        *(line for line in page(findings) if line.startswith("ok   versions")),
        "                   Raspberry Pi 4 Model B Rev 1.4",
        "",
        "Nothing wrong was found.",
    ]


class TestBoard:
    """Power, heat, memory."""

    def test_undervoltage_now_is_bad_whether_sensor_or_firmware_says_so(
        self, tmp_path: Path
    ) -> None:
        sensor = found(tmp_path / "a", {"sys/class/hwmon/hwmon1/in0_lcrit_alarm": "1"})["power"]
        word = "sys/devices/platform/soc/soc:firmware/get_throttled"
        firmware = found(tmp_path / "b", {word: "50005"})["power"]
        assert (sensor.level, sensor.detail) == (Level.BAD, "undervoltage now")
        assert (firmware.level, firmware.detail) == (Level.BAD, "undervoltage, throttled now")
        assert "official supply" in sensor.remedy

    def test_an_undervolted_zero_2_w_is_warned_of_what_was(self, tmp_path: Path) -> None:
        log = "journalctl -k -b -q -o cat --no-pager -g ndervoltage detected"
        files = {"proc/device-tree/model": "Raspberry Pi Zero 2 W Rev 1.0\0"}
        power = found(tmp_path, files, {log: "hwmon hwmon1: Undervoltage detected!\n" * 3})["power"]
        assert power.level is Level.WARN
        assert power.detail == "undervoltage since the start (3x in the kernel's log)"

    @pytest.mark.parametrize(
        ("milli", "level"),
        [("74900", Level.OK), ("75000", Level.WARN), ("81900", Level.WARN), ("82000", Level.BAD)],
    )
    def test_heat_is_told_before_the_board_slows_down(
        self, tmp_path: Path, milli: str, level: Level
    ) -> None:
        heat = found(tmp_path, {"sys/class/thermal/thermal_zone0/temp": milli})["temperature"]
        assert heat.level is level

    def test_little_memory_is_bad_and_a_killed_program_is_told(self, tmp_path: Path) -> None:
        little = "MemTotal: 426000 kB\nMemAvailable: 20000 kB\n"
        assert found(tmp_path / "a", {"proc/meminfo": little})["memory"].level is Level.BAD
        killed = found(tmp_path / "b", {"proc/vmstat": "oom_kill 2\n"})["memory"]
        assert killed.level is Level.WARN
        assert "2 programs killed" in killed.detail


class TestClock:
    """A Pi wakes up in the past."""

    def test_a_clock_before_the_image_was_made_is_bad(self, tmp_path: Path) -> None:
        clock = found(tmp_path, now=lambda: datetime(1970, 1, 1, 0, 3, tzinfo=UTC))["clock"]
        assert clock.level is Level.BAD
        assert "certificate" in clock.detail or "updates" in clock.detail

    def test_an_unsynchronised_clock_is_a_warning(self, tmp_path: Path) -> None:
        files = {key: text for key, text in pi.FILES.items() if "timesync" not in key}
        answers = {**pi.ANSWERS, "timedatectl show": "NTPSynchronized=no\n"}
        told = examine(machine(tmp_path, files, answers), pi.PHONE)
        clock = next(each for each in told if each.check == "clock")
        assert (clock.level, "not synchronised" in clock.detail) == (Level.WARN, True)

    def test_row_16_the_exchanges_clock_is_a_hint(self, tmp_path: Path) -> None:
        service: dict[str, object] = {**pi.STATUS["service"], "server_ahead_s": -7200}  # type: ignore[dict-item]
        clock = found(tmp_path, phone=pi.phone(service=service))["clock"]  # type: ignore[arg-type]
        assert clock.level is Level.WARN
        assert "120 minutes ahead of the exchange's" in clock.detail


class TestNetwork:
    """Link, address, route, Wi-Fi, names."""

    def test_no_cable_and_no_wifi(self, tmp_path: Path) -> None:
        answers = {"ip -j address show": json.dumps([pi.LOOP, pi.link("eth0", up=False)])}
        network = found(tmp_path, answers=answers)["network"]
        assert (network.level, network.detail) == (Level.BAD, "no link (eth0)")
        assert "cable" in network.remedy

    def test_a_link_without_an_address_asks_for_dhcp(self, tmp_path: Path) -> None:
        answers = {"ip -j address show": json.dumps([pi.LOOP, pi.link("eth0")])}
        network = found(tmp_path, answers=answers)["network"]
        assert network.level is Level.BAD
        assert "DHCP" in network.remedy

    def test_no_default_route_is_a_warning(self, tmp_path: Path) -> None:
        network = found(tmp_path, answers={"ip -j -4 route show default": "[]"})["network"]
        assert (network.level, "no default route" in network.detail) == (Level.WARN, True)

    @pytest.mark.parametrize(
        ("signal", "saving", "level"),
        [(-60, "off", Level.OK), (-60, "on", Level.WARN), (-76, "off", Level.WARN),
         (-84, "off", Level.BAD)],
    )  # fmt: skip
    def test_weak_wifi_and_power_save_are_told(
        self, tmp_path: Path, signal: int, saving: str, level: Level
    ) -> None:
        wifi = found(tmp_path, answers=pi.wifi(signal, saving))["wi-fi"]
        assert wifi.level is level
        assert wifi.detail == f"wlan0, {signal} dBm, power save {saving}"

    def test_the_signal_is_also_read_without_iw(self, tmp_path: Path) -> None:
        answers = {**pi.ANSWERS, **pi.wifi(-60)}
        answers = {key: text for key, text in answers.items() if not key.startswith("iw ")}
        old = {"proc/net/wireless": "Inter-| sta\n face | tus\n wlan0: 0000   50.  -77.  -256\n"}
        told = examine(machine(tmp_path, {**pi.FILES, **old}, answers), pi.PHONE)
        assert next(each.detail for each in told if each.check == "wi-fi") == "wlan0, -77 dBm"

    def test_a_name_that_nobody_knows(self, tmp_path: Path) -> None:
        answers = {"getent ahosts pbx.example.org": Ran(2)}
        dns = found(tmp_path, answers=answers)["dns"]
        assert dns.level is Level.BAD
        assert dns.detail == "pbx.example.org has no address (asked 192.0.2.53)"

    def test_a_slow_name_server_is_a_warning(self, tmp_path: Path) -> None:
        slow = Ran(0, "192.0.2.10 STREAM x\n", "", 5.02)
        dns = found(tmp_path, answers={"getent ahosts pbx.example.org": slow})["dns"]
        assert (dns.level, "took 5.0 s" in dns.detail) == (Level.WARN, True)

    def test_an_address_needs_no_name_server(self, tmp_path: Path) -> None:
        config = {"account": {"domain": "2001:db8::1", "user": "200"}}
        dns = found(tmp_path, phone=Phone(pi.STATUS, config))["dns"]
        assert (dns.level, dns.detail) == (Level.OK, "2001:db8::1 is an address")

    def test_the_outbound_proxy_is_the_name_that_counts(self, tmp_path: Path) -> None:
        proxy: Json = ["sbc.example.org", 5060]
        config: Mapping[str, Json] = {"account": {"domain": "example.org", "proxy": proxy}}
        answers = {"getent ahosts sbc.example.org": "192.0.2.9 STREAM x\n"}
        dns = found(tmp_path, answers=answers, phone=Phone(pi.STATUS, config))["dns"]
        assert dns.detail.startswith("sbc.example.org is 192.0.2.9")


class TestFirewall:
    """Only root may look."""

    def test_not_loaded_is_bad_on_the_image(self, tmp_path: Path) -> None:
        firewall = found(tmp_path, answers={"nft -j list ruleset": '{"nftables": []}'})["firewall"]
        assert firewall.level is Level.BAD

    def test_without_peers_no_call_comes_in(self, tmp_path: Path) -> None:
        rules = pi.RULES.replace('"elem": ["192.0.2.10"]', '"flags": []')
        firewall = found(tmp_path, answers={"nft -j list ruleset": rules})["firewall"]
        assert (firewall.level, "offhook-peers" in firewall.remedy) == (Level.WARN, True)

    def test_others_than_root_are_told_so(self, tmp_path: Path) -> None:
        told = found(tmp_path, uid=1000)
        assert {told[each].detail for each in ("firewall", "slots")} == {"only root may look"}
        assert told["firewall"].level is Level.NONE


class TestExchange:
    """What offhookd says, in words that help."""

    @pytest.mark.parametrize(
        ("words", "remedy"),
        [
            ("403 wrong password", "/etc/offhook/sip-password"),
            ("401 wrong password", "/etc/offhook/sip-password"),
            ("403 Forbidden", "enabled there"),
            ("404 Not Found", "does not know this user"),
            ("503 Service Unavailable", "by itself"),
            ("599 Strange", "in trouble itself"),
            ("420 Bad Extension", "offhook trace"),
        ],
    )
    def test_an_exchange_that_refuses_answers_all_the_same(
        self, tmp_path: Path, words: str, remedy: str
    ) -> None:
        told = found(tmp_path, phone=pi.phone(registered=False, registration=words))
        assert told["registrar"].level is Level.OK
        assert (told["registration"].level, told["registration"].detail) == (Level.BAD, words)
        assert remedy in told["registration"].remedy

    @pytest.mark.parametrize(
        ("words", "level", "hint"),
        [
            ("no answer", Level.BAD, "firewall"),
            ("408 Request Timeout", Level.BAD, "firewall"),
            ("no network", Level.BAD, "See network"),
            ("no address for pbx.example.org", Level.BAD, "See dns"),
            ("", Level.WARN, "half a minute"),
        ],
    )
    def test_silence_has_a_reason_too(
        self, tmp_path: Path, words: str, level: Level, hint: str
    ) -> None:
        told = found(tmp_path, phone=pi.phone(registered=False, registration=words))
        assert told["registrar"].level is level
        assert hint in told["registrar"].remedy
        assert told["registration"].level is Level.BAD

    @pytest.mark.parametrize(
        ("unit", "detail", "remedy"),
        [
            ("LoadState=not-found\n", "not installed", "Install it"),
            ("LoadState=loaded\nActiveState=active\n", "runs, but", "sudo offhook doctor"),
            ("ActiveState=failed\nExecMainStatus=78\n", "not usable", "config check"),
            ("ActiveState=inactive\nUnitFileState=disabled\n", "not enabled", "enable --now"),
            ("ActiveState=activating\nSubState=auto-restart\nResult=watchdog\n",
             "activating/auto-restart/watchdog", "offhook logs"),
        ],
    )  # fmt: skip
    def test_a_phone_that_does_not_answer_is_told_by_its_unit(
        self, tmp_path: Path, unit: str, detail: str, remedy: str
    ) -> None:
        told = found(tmp_path, answers={"systemctl show offhookd.service": unit}, phone=GONE)
        assert told["offhookd"].level is Level.BAD
        assert detail in told["offhookd"].detail
        assert remedy in told["offhookd"].remedy
        assert told["registrar"].level is told["keypad, hook"].level is Level.NONE

    def test_whoever_may_not_ask_it_is_told_that_and_nothing_worse(self, tmp_path: Path) -> None:
        phone = Phone(config=pi.CONFIG, silent="not allowed to use /run/offhook/control.")
        told = found(tmp_path, phone=phone)["offhookd"]
        assert (told.level, told.remedy) == (Level.NONE, "sudo offhook doctor")

    def test_restarts_by_systemd_are_a_warning(self, tmp_path: Path) -> None:
        unit = pi.UNIT.replace("NRestarts=0", "NRestarts=4")
        told = found(tmp_path, answers={"systemctl show offhookd.service": unit})["offhookd"]
        assert (told.level, "restarted 4x" in told.detail) == (Level.WARN, True)

    def test_troubles_of_the_board_are_bad_each(self, tmp_path: Path) -> None:
        service = {"board": "handset-v1", "troubles": ["no GPIO chip", "the clock is 3 days ahead"]}
        told = found(tmp_path, phone=pi.phone(service=service))  # type: ignore[arg-type]
        assert (told["hardware"].level, told["hardware"].detail) == (Level.BAD, "no GPIO chip")

    def test_a_stuck_key_is_found_in_the_journal(self, tmp_path: Path) -> None:
        match = f"MESSAGE_ID={message_id('key is stuck')}"
        line = json.dumps({"OFFHOOK_KEY": "7", "__REALTIME_TIMESTAMP": "1795348800000000"})
        command = f"journalctl -q --no-pager -o json -b --since=-1h {match}"
        told = found(tmp_path, answers={command: f"{line}\n{line}\n"})["keypad, hook"]
        assert (told.level, told.detail.endswith("stuck: 7")) == (Level.WARN, True)

    def test_a_phone_that_is_not_set_up_is_told_what_to_fill_in(self, tmp_path: Path) -> None:
        words = "not set up: fill in [account] of offhook.toml"
        told = found(tmp_path, phone=pi.phone(registered=False, set_up=False, registration=words))
        assert told["registrar"].level is Level.NONE
        assert (told["registration"].level, told["registration"].detail) == (Level.BAD, words)
        assert "offhook.toml" in told["registration"].remedy

    def test_what_the_earpiece_beeps_is_on_the_page(self, tmp_path: Path) -> None:
        words = "settings wrong, the last good ones are used"
        told = found(tmp_path, phone=pi.phone(trouble=words))
        assert (told["settings"].level, told["settings"].detail) == (Level.BAD, words)


class TestAudio:
    """Cards, who holds them, faders."""

    def test_a_card_that_is_not_plugged_in(self, tmp_path: Path) -> None:
        files = {"proc/asound/cards": " 0 [vc4hdmi0       ]: vc4-hdmi - vc4-hdmi-0\n"}
        audio = found(tmp_path, files)["audio"]
        assert audio.level is Level.BAD
        assert audio.detail == (
            "plughw:CARD=Device,DEV=0 is not there; there is vc4hdmi0 (vc4-hdmi - vc4-hdmi-0)"
        )

    def test_another_program_on_the_card_is_named(self, tmp_path: Path) -> None:
        audio = found(tmp_path, {"proc/612/comm": "pulseaudio\n"})["audio"]
        assert audio.detail.endswith("open by pulseaudio")

    def test_the_phones_own_words_come_first(self, tmp_path: Path) -> None:
        trouble = "cannot record: device busy.  Stop the other program."
        audio = found(tmp_path, phone=pi.phone(sound_trouble=trouble))["audio"]
        assert (audio.level, audio.detail) == (Level.BAD, trouble)

    def test_a_muted_fader_is_a_warning(self, tmp_path: Path) -> None:
        muted = str(pi.ANSWERS["amixer -c Device"]).replace("[57%] [12.00dB] [on]", "[57%] [off]")
        mixer = found(tmp_path, answers={"amixer -c Device": muted})["mixer"]
        assert (mixer.level, mixer.detail) == (Level.WARN, "Mic muted")

    def test_settings_without_a_card_are_no_fault(self, tmp_path: Path) -> None:
        config = {**pi.CONFIG, "sound": {"capture": "none", "playback": ""}}
        assert found(tmp_path, phone=Phone(pi.STATUS, config))["audio"].level is Level.NONE


class TestStorage:
    """The card and the slots."""

    def test_a_full_disk_is_bad_and_an_almost_full_one_a_warning(self, tmp_path: Path) -> None:
        full, almost = Space(100 << 20, 1 << 20), Space(100 << 20, 40 << 20)
        assert found(tmp_path / "a", space=lambda _: full)["disk"].detail.startswith("full: 1 of")
        assert found(tmp_path / "b", space=lambda _: almost)["disk"].level is Level.WARN

    def test_no_inode_left_is_full_too(self, tmp_path: Path) -> None:
        none = Space(24 << 30, 20 << 30, 1000, 0)
        assert found(tmp_path, space=lambda _: none)["disk"].level is Level.BAD

    def test_errors_of_the_file_system_are_counted_by_the_kernel(self, tmp_path: Path) -> None:
        disk = found(tmp_path, {"sys/fs/ext4/mmcblk0p4/errors_count": "7\n"})["disk"]
        assert disk.detail == "7 errors in the file system on mmcblk0p4"
        assert disk.level is Level.BAD

    @pytest.mark.parametrize(
        ("mounts", "level", "words"),
        [
            ("/dev/mmcblk0p2 / ext4 ro 0 0\ntmpfs /data tmpfs rw 0 0\n", Level.BAD, "in memory"),
            ("/dev/mmcblk0p2 / ext4 ro 0 0\n/dev/p4 /data ext4 ro 0 0\n", Level.BAD, "read-only"),
            ("/dev/mmcblk0p2 / ext4 rw 0 0\n/dev/p4 /data ext4 rw 0 0\n", Level.WARN, "writable"),
        ],
    )
    def test_what_must_be_writable_is_and_the_rest_is_not(
        self, tmp_path: Path, mounts: str, level: Level, words: str
    ) -> None:
        disk = found(tmp_path, {"proc/mounts": mounts})["disk"]
        assert disk.level is level
        assert words in disk.detail

    def test_a_worn_card_is_told_where_it_tells(self, tmp_path: Path) -> None:
        files = {"sys/block/mmcblk0/device/life_time": "0x09 0x02\n",
                 "sys/block/mmcblk0/device/pre_eol_info": "0x01\n"}  # fmt: skip
        card = found(tmp_path, files)["card"]
        assert (card.level, card.detail) == (Level.WARN, "90 % of its writes used")

    @pytest.mark.parametrize(
        ("answers", "level", "words"),
        [
            (
                {"rauc status": pi.slots(pi.slot("root.0", "A", booted=True),
                                         pi.slot("root.1", "B", status="bad"))},
                Level.WARN, "no way back if A fails (B is bad)",
            ),
            (
                {"fw_printenv": "BOOT_A_LEFT=2\nBOOT_B_LEFT=3\n"},
                Level.WARN, "not marked good since this start",
            ),
            ({"rauc status": pi.slots(primary="root.1")}, Level.WARN, "B is started next"),
            (
                {"rauc status": pi.slots(pi.slot("root.1", "B"), pi.slot("root.0", "A"))
                 .replace('"booted": "A"', '"booted": null')},
                Level.BAD, "none of them runs",
            ),
            ({"rauc status": Ran(1, "", "Error: D-Bus\n")}, Level.BAD, "Error: D-Bus"),
        ],
    )  # fmt: skip
    def test_slots(
        self, tmp_path: Path, answers: dict[str, str | Ran], level: Level, words: str
    ) -> None:
        told = {f"{key} --detailed --output-format=json" if "rauc" in key else key: value
                for key, value in answers.items()}  # fmt: skip
        slots = found(tmp_path, answers=told)["slots"]
        assert slots.level is level
        assert words in slots.detail

    def test_a_new_phone_has_an_empty_slot_and_nothing_is_wrong_with_it(
        self, tmp_path: Path
    ) -> None:
        empty = {"root.1": {"bootname": "B", "state": "inactive", "boot_status": "bad",
                            "slot_status": {"bundle": {"compatible": None}}}}  # fmt: skip
        told = pi.slots(pi.slot("root.0", "A", booted=True), empty)  # type: ignore[arg-type]
        answers = {"rauc status --detailed --output-format=json": told}
        slots = found(tmp_path, answers=answers)["slots"]
        assert slots.level is Level.OK
        assert slots.detail == "A 0.1.0 good running, B empty until the first update"

    def test_a_system_that_was_never_good_since_its_installation_is_on_trial(
        self, tmp_path: Path
    ) -> None:
        slots = found(tmp_path, {"data/rauc/good-A": "2026-01-01T00:00:00Z 99\n"})["slots"]
        assert (slots.level, "A is on trial" in slots.detail) == (Level.WARN, True)

    @pytest.mark.parametrize(
        ("name", "told"),
        [("CN=Offhook DEVELOPMENT CA 0011aabb,O=Offhook", True), ("CN=Example phones CA", False)],
    )
    def test_a_development_key_is_told(self, tmp_path: Path, name: str, told: bool) -> None:
        keyring = f"# subject={name}\n-----BEGIN CERTIFICATE-----\n"
        findings = found(tmp_path, {"etc/rauc/keyring.pem": keyring})
        assert ("updates" in findings) is told


class TestPast:
    """What the journal remembers."""

    CRASH = f"journalctl -q --no-pager -o json -n 60 MESSAGE_ID={message_id('crash')}"

    def test_the_last_crash_is_told_by_the_end_of_its_traceback(self, tmp_path: Path) -> None:
        lines = [
            {"OFFHOOK_TEXT": "in a callback", "__REALTIME_TIMESTAMP": "1795348800000000"},
            {"OFFHOOK_TEXT": "KeyError: 'x'", "__REALTIME_TIMESTAMP": "1795348800000000"},
        ]
        told = found(tmp_path, answers={self.CRASH: "\n".join(map(json.dumps, lines))})
        assert told["last crash"].level is Level.WARN
        assert told["last crash"].detail.endswith("KeyError: 'x'")

    def test_a_run_that_ended_without_a_word_is_told(self, tmp_path: Path) -> None:
        boots = json.dumps([{"index": -1}, {"index": 0}])
        told = found(tmp_path, answers={"journalctl -q --list-boots -o json": boots})
        assert "ended abruptly" in told["last start"].detail

    def test_an_orderly_end_is_not(self, tmp_path: Path) -> None:
        boots = json.dumps([{"index": -1}, {"index": 0}])
        stop = "journalctl -q --no-pager -o json -b -1 -n 1 UNIT=multi-user.target"
        answers = {"journalctl -q --list-boots -o json": boots, stop: '{"MESSAGE": "Stopped"}\n'}
        assert "last start" not in found(tmp_path, answers=answers)

    def test_a_watchdog_that_fired_and_one_that_is_not_fed(self, tmp_path: Path) -> None:
        at = "sys/class/watchdog/watchdog0"
        fired = found(tmp_path / "a", {f"{at}/bootstatus": "32"})["watchdog"]
        idle = found(tmp_path / "b", {f"{at}/state": "inactive"})["watchdog"]
        assert "it made the last start" in fired.detail
        assert "not in use" in idle.detail
        assert fired.level is idle.level is Level.WARN

    def test_an_offhookd_that_hung_is_counted(self, tmp_path: Path) -> None:
        line = json.dumps({"MESSAGE": "offhookd.service: Watchdog timeout (limit 10s)!"})
        command = "journalctl -q --no-pager -o json -b UNIT=offhookd.service _PID=1"
        told = found(tmp_path, answers={command: f"{line}\n"})["watchdog"]
        assert "ended 1x" in told.detail


class TestElsewhere:
    """A plain Debian machine, a broken check, no phone."""

    def test_an_empty_machine_gets_a_page_and_no_traceback(self, tmp_path: Path) -> None:
        findings = examine(machine(tmp_path), GONE)
        assert exit_code(findings) == 1
        assert all("could not be examined" not in each.detail for each in findings)
        assert {each.check for each in findings if each.level is Level.BAD} == {
            "offhookd", "audio",
        }  # fmt: skip

    def test_a_check_that_fails_says_so_and_the_others_go_on(self, tmp_path: Path) -> None:
        def broken(words: object, _patience: float) -> Ran | None:
            raise RuntimeError("boom")

        findings = examine(replace(machine(tmp_path, pi.FILES), run=broken), pi.PHONE)
        assert any("RuntimeError: boom" in each.detail for each in findings)
        assert next(each for each in findings if each.check == "temperature").level is Level.OK

    def test_without_the_phone_its_settings_file_tells_whom_to_look_for(
        self, tmp_path: Path
    ) -> None:
        toml = '[account]\nuser = "200"\ndomain = "a.example"\nproxy = "b.example:5062"\n'
        made = machine(tmp_path, {"etc/offhook/offhook.toml": toml})
        phone = ask(tmp_path / "none", made)
        assert "no answer" in phone.silent
        assert phone.setting("account", "proxy") == ["b.example"]

    def test_nothing_that_is_found_harms_a_terminal(self, tmp_path: Path) -> None:
        evil = "\x1b[2J\u202egone"
        words = pi.phone(registered=False, registration=evil, sound_trouble=evil)
        lines = list(page(examine(machine(tmp_path, pi.FILES, pi.ANSWERS), words)))
        assert all(line.isprintable() for line in lines)

    def test_machines_get_the_same_as_people(self) -> None:
        finding = Finding("dns", Level.BAD, "no", "do")
        assert plain(finding) == {"check": "dns", "level": "bad", "detail": "no", "remedy": "do"}


def test_long_lines_are_folded_under_their_column() -> None:
    lines = list(page([Finding("dns", Level.BAD, "word " * 30, "mend " * 20)], 60))
    assert all(len(line) <= 60 for line in lines)
    assert lines[1].startswith(" " * 19 + "word")
    assert "> mend" in "\n".join(lines)


@pytest.mark.integration
class TestThisMachine:
    """Real programs, whatever they say here."""

    def test_it_is_examined_without_a_fault_of_ours(self, tmp_path: Path) -> None:
        here = Machine()
        findings = examine(here, ask(tmp_path / "none", here))
        assert findings
        assert all("could not be examined" not in each.detail for each in findings)
