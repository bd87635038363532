"""What makes the kernel look like a Pi with the handset of handset-v1: words for its command line.

The sound card is snd-aloop under the USB card's name, the GPIO chip is gpio-sim with the Pi 4's
label, whose handset lies in its cradle, and /proc/cpuinfo names a Pi to gpiozero.
"""

import base64
from typing import Final

_CHIP: Final = """\
[Unit]
DefaultDependencies=no
After=systemd-tmpfiles-setup-dev.service
Before=offhookd.service
[Service]
Type=oneshot
ExecStart=/bin/sh -ec '\
mountpoint -q /sys/kernel/config || mount -t configfs configfs /sys/kernel/config; \
cd /sys/kernel/config/gpio-sim; \
mkdir -p pi/bank0; echo 54 >pi/bank0/num_lines; \
echo pinctrl-bcm2711 >pi/bank0/label; echo 1 >pi/live; \
(cat /proc/cpuinfo; echo "Revision : a02082") >/run/cpuinfo'
"""
# The daemon's own pull-up lifts the handset when it opens the line; there is no switch to ground.
_CRADLE: Final = """\
[Unit]
DefaultDependencies=no
After=offhookd.service
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'echo pull-down >/sys/devices/platform/gpio-sim.0/gpiochip0/sim_gpio17/pull'
"""
_DAEMON: Final = """\
[Service]
BindReadOnlyPaths=/run/cpuinfo:/proc/cpuinfo
"""


def _credential(name: str, content: str) -> str:
    coded = base64.b64encode(content.encode()).decode()
    return f"systemd.set_credential_binary={name}:{coded}"


BOARD: Final = " ".join((
    "snd_aloop.id=Device", "systemd.watchdog_sec=120",
    _credential("systemd.extra-unit.offhook-board.service", _CHIP),
    _credential("systemd.extra-unit.offhook-cradle.service", _CRADLE),
    _credential("systemd.unit-dropin.offhookd.service", _DAEMON),
    "systemd.wants=offhook-board.service", "systemd.wants=offhook-cradle.service",
))  # fmt: skip
