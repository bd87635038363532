#!/bin/sh
# PID 1 of the simulated board: file systems, loopback, a Pi's /proc/cpuinfo, then one scenario, then power off.
# The kernel hands HIL_* from its command line over as environment.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/run LANG=C.UTF-8
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev 2>/dev/null
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /run
root=$(cd "$HIL_TESTS/.." && pwd)
mkdir /run/checkout
mount --bind "$root" /run/checkout
mount -t tmpfs tmpfs /tmp
case $root in /tmp/*) mkdir -p "$root" && mount --bind /run/checkout "$root" ;; esac # it must not vanish
mount -t configfs configfs /sys/kernel/config
ip link set lo up
(cat /proc/cpuinfo; printf 'Revision\t: a02082\n') >/run/cpuinfo # gpiozero asks which Pi this is
mount --bind /run/cpuinfo /proc/cpuinfo
mkdir /run/found
mount -t hostfs -o "$HIL_FOUND" found /run/found # a directory of the host, for recordings
cd /run || exit
case $HIL_SCENARIO in service*) exec "$(dirname "$0")/service.sh" 2>&1 ;; esac
PYTHONPATH="$HIL_TESTS/../firmware:$HIL_TESTS" "$HIL_PYTHON" -m hil.guest "$HIL_SCENARIO" 2>&1
echo "HIL-EXIT $?"
sync
echo o >/proc/sysrq-trigger
sleep 5
