#!/bin/sh
# Run a command inside a Debian tree, in a mount namespace of its own.
#
#   unshare --mount --propagation private in_tree.sh TREE DIRECTORY [PATH…] -- COMMAND…
#
# Each PATH of this machine is seen at the same place inside.
set -eu
tree=$1 directory=$2
shift 2
mount -t proc proc "$tree/proc"
mount -t tmpfs tmpfs "$tree/tmp"
mount -t tmpfs tmpfs "$tree/run"
mount --bind /dev "$tree/dev"
while [ "$1" != -- ]; do
    if [ -d "$1" ]; then mkdir -p "$tree$1"; else mkdir -p "$(dirname "$tree$1")" && : >>"$tree$1"; fi
    mount --bind "$1" "$tree$1"
    shift
done
shift
exec chroot "$tree" /bin/sh -c 'cd "$1" && shift && exec "$@"' sh "$directory" "$@"
