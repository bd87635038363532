#!/usr/bin/env bash
# Install the telephone as a service on this machine (Debian 12 or 13, Raspberry Pi OS): `sudo make install`.
#
#   /opt/offhook                 the phone and its Python packages
#   /etc/offhook/offhook.toml    settings; an existing file is left alone
#   /etc/offhook/sip-password    the SIP password, 0600; made by you
#   offhookd.service             the unit, not enabled
#
# PREFIX and DESTDIR as usual; running it again updates the phone.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/.." && pwd)
PYTHON=${PYTHON:-python3}
DESTDIR=${DESTDIR:-}
home=/opt/offhook

[ "$(id -u)" = 0 ] || { echo "Run it as root: sudo make install" >&2; exit 1; }

"$here/dev/setup.sh" packages "$here/dev/packages-run.txt"

"$PYTHON" -m venv "$DESTDIR$home"
PYPI=1 "$DESTDIR$home/bin/python" -m pip install --quiet --disable-pip-version-check \
    -c "$here/dev/constraints.txt" "$root"

install -d "$DESTDIR/etc/offhook" "$DESTDIR/usr/lib/sysusers.d" "$DESTDIR/etc/systemd/system" "$DESTDIR/usr/local/bin"
[ -e "$DESTDIR/etc/offhook/offhook.toml" ] ||
    install -m 0644 "$here/offhook.toml" "$DESTDIR/etc/offhook/offhook.toml"
install -m 0644 "$here/systemd/offhook.sysusers" "$DESTDIR/usr/lib/sysusers.d/offhook.conf"
install -m 0644 "$here/systemd/offhookd.service" "$DESTDIR/etc/systemd/system/offhookd.service"
ln -sf "$home/bin/offhook" "$DESTDIR/usr/local/bin/offhook"

if [ -z "$DESTDIR" ] && [ -d /run/systemd/system ]; then
    systemd-sysusers offhook.conf
    systemctl daemon-reload
fi

cat <<TEXT
Installed.  Next:
  1. edit /etc/offhook/offhook.toml
  2. the SIP password:  install -m 0600 /dev/stdin /etc/offhook/sip-password   (type it, Enter, Ctrl-D)
  3. offhook config check
  4. systemctl enable --now offhookd      and look: journalctl -fu offhookd
TEXT
