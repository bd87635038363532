#!/usr/bin/env bash
# Make the kernel that runs as a program (User Mode Linux) for tests/hil and tests/image, once, into the user's cache.
#
#   build.sh            prints the kernel's path on its last line
#
# Debian's linux-source-6.12 with the patches beside this file for ARCH=um with config.fragment; about 13 minutes of CPU.
# A ready kernel, xz-packed, is taken instead when UML_CACHE names one or one lies beside the checkout in shared/tools/uml,
# and it has every line of the fragment.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
fragment=$here/config.fragment
source_package=linux-source-6.12
ready=${UML_CACHE:-$here/../../../../shared/tools/uml/linux.xz}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/offhook/uml
kernel=$cache/linux-$(cat "$fragment" "$here"/*.patch | sha256sum | cut -c1-12)

say() { printf '%s\n' "uml-kernel: $*" >&2; }

# The lines of the fragment that a configuration (on stdin) lacks; what it does not name is switched off.
lacking() {
    awk 'NR == FNR { if (/^CONFIG_/) set[$0]; next }
         /^CONFIG_.*=n$/ { sub(/=n$/, ""); for (line in set) if (index(line, $0 "=") == 1) print $0 "=n"; next }
         /^CONFIG_/ && !($0 in set)' - "$fragment"
}

install_tools() {
    local sudo=
    [ "$(id -u)" = 0 ] || sudo=sudo
    say "installing $source_package and what builds it"
    $sudo apt-get update -qq
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        "$source_package" bc bison flex gcc libelf-dev make patch xz-utils >/dev/null
}

configure() {
    make -s -C "$tree" ARCH=um defconfig
    (cd "$tree" && ARCH=um scripts/kconfig/merge_config.sh -m .config "$fragment" >/dev/null)
    make -s -C "$tree" ARCH=um olddefconfig
    local lost
    lost=$(lacking <"$tree/.config")
    [ -z "$lost" ] || { say "this kernel's sources do not take:" $lost; exit 1; }
}

build() {
    install_tools
    tree=$(mktemp -d "$cache/tree.XXXXXX")
    trap 'rm -rf "$tree"' EXIT
    say "unpacking"
    tar -C "$tree" --strip-components=1 -xf "/usr/src/$source_package.tar.xz"
    cat "$here"/*.patch | patch -s -d "$tree" -p1
    say "configuring"
    configure
    say "compiling on $(nproc) cores; some minutes"
    make -s -C "$tree" ARCH=um -j"$(nproc)" linux >"$cache/build.log" 2>&1 ||
        { tail -20 "$cache/build.log" >&2; say "failed; the whole log: $cache/build.log"; exit 1; }
    strip -o "$kernel.new" "$tree/linux"
}

# A ready kernel as $kernel.new; false when there is none that will do.
unpack_ready() {
    [ -r "$ready" ] || return 1
    xz -dc "$ready" >"$kernel.new"
    chmod +x "$kernel.new"
    [ -z "$("$kernel.new" --showconfig | lacking)" ] || { say "$ready was built for less; building"; return 1; }
    say "taking the ready kernel $ready"
}

mkdir -p "$cache"
if [ ! -x "$kernel" ]; then
    unpack_ready || build
    mv "$kernel.new" "$kernel"
fi
echo "$kernel"
