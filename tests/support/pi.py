"""A healthy Raspberry Pi 4 with the image, as its files and programs answer; tests break it."""

import json
from collections.abc import Mapping

from offhook.cli.doctor.finding import Phone
from offhook.cli.machine import Ran
from offhook.service.control_protocol import Json

FILES: Mapping[str, str] = {
    "usr/lib/offhook/preinit": "#!/bin/sh",
    "proc/device-tree/model": "Raspberry Pi 4 Model B Rev 1.4\0",
    "sys/class/hwmon/hwmon0/name": "cpu_thermal\n",
    "sys/class/hwmon/hwmon1/name": "rpi_volt\n",
    "sys/class/hwmon/hwmon1/in0_lcrit_alarm": "0\n",
    "sys/devices/platform/soc/soc:firmware/get_throttled": "0\n",
    "sys/class/thermal/thermal_zone0/temp": "48200\n",
    "run/systemd/timesync/synchronized": "",
    "sys/class/net/wlan0/phy80211/name": "phy0",
    "proc/asound/cards":
        " 0 [vc4hdmi0       ]: vc4-hdmi - vc4-hdmi-0\n"
        "                      vc4-hdmi-0\n"
        " 1 [Device         ]: USB-Audio - USB Audio Device\n"
        "                      C-Media USB Audio Device at usb-1\n",
    "proc/asound/Device/pcm0c/sub0/status": "state: RUNNING\nowner_pid   : 612\n",
    "proc/asound/Device/pcm0p/sub0/status": "state: RUNNING\nowner_pid   : 612\n",
    "proc/612/comm": "offhookd\n",
    "proc/mounts":
        "/dev/mmcblk0p2 / ext4 ro,relatime 0 0\nproc /proc proc rw 0 0\n"
        "/dev/mmcblk0p4 /data ext4 rw,noatime 0 0\n",
    "data/offhook/.keep": "",
    "data/rauc/good-A": "2026-11-20T10:00:00Z 0123abcd\n",
    "data/rauc/good-B": "2026-11-20T10:00:00Z 0123abcd\n",
    "sys/fs/ext4/mmcblk0p4/errors_count": "0\n",
    "sys/block/mmcblk0/device/type": "SD\n",
    "sys/block/mmcblk0/device/name": "SC32G\n",
    "proc/meminfo": "MemTotal:        948304 kB\nMemFree:  1 kB\nMemAvailable:    701200 kB\n",
    "proc/vmstat": "nr_free_pages 1\noom_kill 0\n",
    "sys/class/watchdog/watchdog0/identity": "Broadcom BCM2835 Watchdog timer\n",
    "sys/class/watchdog/watchdog0/state": "active\n",
    "sys/class/watchdog/watchdog0/bootstatus": "0\n",
    "etc/os-release": 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nIMAGE_VERSION="0.1.0"\n',
    "etc/debian_version": "13.2\n",
    "etc/resolv.conf": "nameserver 192.0.2.53\n",
    "proc/sys/kernel/osrelease": "7.3.4-arm64\n",
}  # fmt: skip


def link(name: str, *addresses: str, up: bool = True) -> dict[str, object]:
    """As `ip -j address` tells."""
    flags = ["BROADCAST", "MULTICAST", "UP", *(["LOWER_UP"] if up else ["NO-CARRIER"])]
    infos = [{"family": "inet", "local": each, "scope": "global"} for each in addresses]
    infos.append({"family": "inet6", "local": "fe80::1", "scope": "link"})
    return {"ifname": name, "link_type": "ether", "flags": flags, "addr_info": infos}


LOOP = {"ifname": "lo", "link_type": "loopback", "flags": ["LOOPBACK", "UP", "LOWER_UP"]}


def slot(
    name: str, boot: str, *, booted: bool = False, status: str = "good", version: str = "0.1.0"
) -> dict[str, object]:
    """As `rauc status --detailed --output-format=json` tells."""
    return {
        name: {
            "class": "root", "device": f"/dev/disk/offhook-root-{boot.lower()}", "type": "ext4",
            "bootname": boot, "state": "booted" if booted else "inactive", "parent": None,
            "mountpoint": "/" if booted else None, "boot_status": status,
            "slot_status": {
                "bundle": {"compatible": "offhook-arm64", "version": version},
                "installed": {"timestamp": "2026-11-20T10:00:00Z", "count": 1}, "status": "ok",
            },
        }
    }  # fmt: skip


def slots(*given: dict[str, object], primary: str = "root.0") -> str:
    """The whole answer."""
    each = list(given) or [slot("root.1", "B"), slot("root.0", "A", booted=True)]
    return json.dumps(
        {"compatible": "offhook-arm64", "variant": "", "booted": "A", "boot_primary": primary,
         "slots": each, "artifact-repositories": []}
    )  # fmt: skip


BOOTS = json.dumps([{"index": 0, "boot_id": "7" * 32, "first_entry": 1, "last_entry": 2}])
ROUTE = json.dumps([{"dst": "default", "gateway": "192.0.2.1", "dev": "eth0", "flags": []}])
RULES = json.dumps(
    {"nftables": [
        {"metainfo": {"version": "1.1.3"}},
        {"table": {"family": "inet", "name": "offhook"}},
        {"set": {"family": "inet", "name": "sip_peers4", "table": "offhook", "type": "ipv4_addr",
                 "elem": ["192.0.2.10"]}},
        {"set": {"family": "inet", "name": "sip_peers6", "table": "offhook"}},
        {"chain": {"family": "inet", "table": "offhook", "name": "input", "type": "filter",
                   "hook": "input", "prio": 0, "policy": "drop"}},
    ]}
)  # fmt: skip
UNIT = (
    "LoadState=loaded\nActiveState=active\nSubState=running\nResult=success\nNRestarts=0\n"
    "ExecMainStatus=0\nUnitFileState=enabled\n"
)

ANSWERS: Mapping[str, str | Ran] = {
    "systemctl show offhookd.service": UNIT,
    "timedatectl show": "Timezone=Europe/Dublin\nNTP=yes\nNTPSynchronized=yes\n",
    "timedatectl show-timesync": "ServerName=ntp.example.org\n",
    "ip -j address show": json.dumps([LOOP, link("eth0", "192.0.2.20")]),
    "ip -j -4 route show default": ROUTE,
    "ip -j -6 route show default": "[]",
    "getent ahosts pbx.example.org": Ran(
        0, "192.0.2.10 STREAM pbx.example.org\n192.0.2.10 DGRAM\n", "", 0.021
    ),
    "nft -j list ruleset": RULES,
    "amixer -c Device":
        "Simple mixer control 'Headphone',0\n  Capabilities: pvolume pswitch\n"
        "  Front Left: Playback 100 [66%] [-12.00dB] [on]\n"
        "Simple mixer control 'Mic',0\n  Mono: Capture 20 [57%] [12.00dB] [on]\n",
    "rauc status --detailed --output-format=json": slots(),
    "fw_printenv": "BOOT_ORDER=A B\nBOOT_A_LEFT=3\nBOOT_B_LEFT=3\n",
    "journalctl": "",
    "journalctl -q --list-boots -o json": BOOTS,
}  # fmt: skip

STATUS: Mapping[str, Json] = {
    "state": "idle", "lifted": False, "registered": True, "sound_trouble": "",
    "registration": "registered at 192.0.2.10:5060", "dial_plan_trouble": "", "calls": [],
    "contact": "sip:k3jx9w2q@192.0.2.20:40231",
    "service": {"version": "0.1.0", "uptime": 93784.0, "board": "handset-v1", "voice": "alive",
                "troubles": [], "lines_lost": 0, "server_ahead_s": 1},
}  # fmt: skip
CONFIG: Mapping[str, Json] = {
    "account": {"user": "200", "domain": "pbx.example.org", "proxy": None,
                "password": "<hidden>"},
    "board": "handset-v1", "sound": {"capture": "", "playback": ""},
}  # fmt: skip
PHONE = Phone(STATUS, CONFIG)


def phone(**changes: Json) -> Phone:
    """The healthy one with another status."""
    return Phone({**STATUS, **changes}, CONFIG)


def wifi(signal: int, saving: str = "off") -> Mapping[str, str | Ran]:
    """Answers of a phone on Wi-Fi."""
    return {
        "ip -j address show": json.dumps([LOOP, link("wlan0", "192.0.2.21")]),
        "iw dev wlan0 link": f"Connected to 02:00:00:00:00:01 (on wlan0)\n\tsignal: {signal} dBm\n",
        "iw dev wlan0 get power_save": f"Power save: {saving}\n",
    }
