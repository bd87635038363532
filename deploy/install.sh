#!/usr/bin/env bash
# Install the telephone as a service on this machine (Debian 12 or 13, Raspberry Pi OS): `sudo make install`.
#
#   /opt/offhook                 the phone and its Python packages
#   /etc/offhook/offhook.toml    settings; an existing file is left alone
#   /etc/offhook/sip-password    the SIP password, 0600; empty until you write it
#   offhookd.service             the unit, not enabled; its user, and the group of the GPIO chips
#
# With DESTDIR all of it goes below that directory and the running system stays as it is.  Running it
# again updates the phone.
set -euo pipefail
umask 022

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/.." && pwd)
PYTHON=${PYTHON:-python3}
DESTDIR=${DESTDIR:-}
home=/opt/offhook
etc=$DESTDIR/etc

[ -n "$DESTDIR" ] || [ "$(id -u)" = 0 ] || { echo "Run it as root: sudo make install" >&2; exit 1; }

programs() {
    "$PYTHON" -m venv "$DESTDIR$home"
    PYPI=1 "$DESTDIR$home/bin/python" -m pip install --quiet --disable-pip-version-check \
        -c "$here/dev/constraints.txt" "$root"
    if [ -n "$DESTDIR" ]; then # the scripts name their interpreter by its path
        grep -rlI "$DESTDIR$home" "$DESTDIR$home/bin" | xargs sed -i "s|$DESTDIR$home|$home|g"
    fi
    install -d "$DESTDIR/usr/local/bin"
    ln -sf "$home/bin/offhook" "$DESTDIR/usr/local/bin/offhook"
}

settings() {
    install -d "$etc/offhook"
    [ -e "$etc/offhook/offhook.toml" ] || install -m 0644 "$here/offhook.toml" "$etc/offhook/offhook.toml"
    # systemd does not start a service whose credential is missing; an empty one is told by the phone
    [ -e "$etc/offhook/sip-password" ] || install -m 0600 /dev/null "$etc/offhook/sip-password"
}

system() {
    install -D -m 0644 "$here/systemd/offhook.sysusers" "$DESTDIR/usr/lib/sysusers.d/offhook.conf"
    install -D -m 0644 "$here/udev/60-offhook.rules" "$etc/udev/rules.d/60-offhook.rules"
    install -D -m 0644 "$here/systemd/offhookd.service" "$etc/systemd/system/offhookd.service"
}

told() {
    systemd-sysusers offhook.conf
    udevadm control --reload
    udevadm trigger --subsystem-match=gpio
    systemctl daemon-reload
}

[ -n "$DESTDIR" ] || "$here/dev/setup.sh" packages "$here/dev/packages-run.txt"
programs
settings
system
if [ -z "$DESTDIR" ] && [ -d /run/systemd/system ]; then told; fi

cat <<TEXT
Installed.  Next, as root:
  1. edit /etc/offhook/offhook.toml: [account], and the board in [board]
  2. the SIP password:  install -m 0600 /dev/stdin /etc/offhook/sip-password   (type it, Enter, Ctrl-D)
  3. offhook config check
  4. systemctl enable --now offhookd      and look: journalctl -fu offhookd
TEXT
