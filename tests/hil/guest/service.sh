#!/bin/sh
# Make the simulated board a machine with systemd as PID 1, the unit of deploy/systemd and its user; then start it.
# Everything that is written lies in memory.  Called (exec) by init.sh, with HIL_* in the environment.
set -e
source=$(cd "$HIL_TESTS/.." && pwd)
base=$("$HIL_PYTHON" -c 'import sys; print(sys.base_prefix)')
packages=$("$HIL_PYTHON" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
name=$(basename "$(readlink -f "$HIL_PYTHON")")

mkdir -p /run/hil/etc /run/hil/work
mount -t overlay -o lowerdir=/etc,upperdir=/run/hil/etc,workdir=/run/hil/work etc /etc
mount -t tmpfs tmpfs /var
mkdir -p /var/lib /var/log /var/tmp /var/cache
ln -s /run /var/run
echo 0123456789abcdef0123456789abcdef >/etc/machine-id

# the user and groups of deploy/systemd/offhook.sysusers
for id in audio:29 gpio:986 offhook:985; do
    grep -q "^${id%:*}:" /etc/group || echo "${id%:*}:x:${id#*:}:" >>/etc/group
done
grep -q '^offhook:' /etc/passwd || echo 'offhook:x:985:985::/var/lib/offhook:/usr/sbin/nologin' >>/etc/passwd
chgrp audio /dev/snd/* && chmod 0660 /dev/snd/* # as udev does

# /opt/offhook as deploy/install.sh makes it, of this checkout; ProtectHome= may hide where it lies
mount -t tmpfs tmpfs /opt
mkdir -p /opt/python /opt/offhook/bin /opt/offhook/packages /opt/offhook/firmware
mount --bind "$base" /opt/python
mount --bind "$packages" /opt/offhook/packages
mount --bind "$source/firmware" /opt/offhook/firmware
cat >/opt/offhook/bin/offhookd <<TEXT
#!/bin/sh
export PYTHONHOME=/opt/python PYTHONPATH=/opt/offhook/firmware:/opt/offhook/packages LD_LIBRARY_PATH=/opt/python/lib
exec /opt/python/bin/$name -m offhook.service "\$@"
TEXT
chmod 0755 /opt/offhook /opt/offhook/bin /opt/offhook/bin/offhookd

# the units: ours as it is, with a shorter watchdog, and just enough of a system around it
units=/run/hil/units
mkdir -p $units/offhookd.service.d
cp "$source/deploy/systemd/offhookd.service" $units/
for unit in systemd-journald.service systemd-journald.socket systemd-journald-dev-log.socket; do
    cp /lib/systemd/system/$unit $units/
done
for target in sysinit basic sound network sockets shutdown umount final; do
    printf '[Unit]\nDescription=%s\nDefaultDependencies=no\n' $target >$units/$target.target
done
cat >$units/offhookd.service.d/hil.conf <<TEXT
[Service]
WatchdogSec=3
# ProtectProc= mounts a fresh /proc, without what init.sh told of a Pi
BindReadOnlyPaths=/run/cpuinfo:/proc/cpuinfo
TEXT
cat >$units/hil.target <<TEXT
[Unit]
DefaultDependencies=no
Requires=hil.service
TEXT
cat >$units/hil.service <<TEXT
[Unit]
DefaultDependencies=no
Wants=systemd-journald.socket systemd-journald-dev-log.socket
After=systemd-journald.socket
[Service]
Type=exec
Environment=PYTHONPATH=$source/firmware:$HIL_TESTS
WorkingDirectory=/run
ExecStart=/bin/sh -c '"$HIL_PYTHON" -m hil.guest $HIL_SCENARIO >/dev/console 2>&1; echo "HIL-EXIT \$?" >/dev/console; sync; echo o >/proc/sysrq-trigger'
TEXT
mount --make-rshared / # systemd leaves that out where /.dockerenv makes it think of a container
export SYSTEMD_UNIT_PATH=$units SYSTEMD_LOG_TARGET=kmsg SYSTEMD_LOG_LEVEL=info
exec /lib/systemd/systemd --system --unit=hil.target --show-status=no
