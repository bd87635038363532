#!/usr/bin/env bash
# Make the kernel that runs as a program (User Mode Linux) for tests/hil, once, into the user's cache.
#
#   build.sh            prints the kernel's path on its last line
#
# Debian's linux-source-6.12 for ARCH=um with config.fragment; about 13 minutes of CPU.  A ready kernel, xz-packed, is
# taken instead when UML_CACHE names one or one lies beside the checkout in shared/tools/uml.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
source_package=linux-source-6.12
ready=${UML_CACHE:-$here/../../../../shared/tools/uml/linux.xz}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/offhook/uml
kernel=$cache/linux-$(sha256sum "$here/config.fragment" | cut -c1-12)

say() { printf '%s\n' "uml-kernel: $*" >&2; }

install_tools() {
    local sudo=
    [ "$(id -u)" = 0 ] || sudo=sudo
    say "installing $source_package and what builds it"
    $sudo apt-get update -qq
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        "$source_package" bc bison flex gcc libelf-dev make xz-utils >/dev/null
}

build() {
    install_tools
    tree=$(mktemp -d "$cache/tree.XXXXXX")
    trap 'rm -rf "$tree"' EXIT
    say "unpacking"
    tar -C "$tree" --strip-components=1 -xf "/usr/src/$source_package.tar.xz"
    say "configuring"
    make -s -C "$tree" ARCH=um defconfig
    (cd "$tree" && ARCH=um scripts/kconfig/merge_config.sh -m .config "$here/config.fragment" >/dev/null)
    make -s -C "$tree" ARCH=um olddefconfig
    say "compiling on $(nproc) cores; some minutes"
    make -s -C "$tree" ARCH=um -j"$(nproc)" linux >"$cache/build.log" 2>&1 ||
        { tail -20 "$cache/build.log" >&2; say "failed; the whole log: $cache/build.log"; exit 1; }
    strip -o "$kernel.new" "$tree/linux"
}

mkdir -p "$cache"
if [ ! -x "$kernel" ]; then
    if [ -r "$ready" ]; then
        say "unpacking a ready kernel"
        xz -dc "$ready" >"$kernel.new"
        chmod +x "$kernel.new"
    else
        build
    fi
    mv "$kernel.new" "$kernel"
fi
echo "$kernel"
