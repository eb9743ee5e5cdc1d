#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Builds Linux as a KVM host for the e500v2, from Debian's source package and the patches here, once: the results
# stay in a cache, under a key made of everything that goes in.
#
#   build.sh [-o DIR] up|smp        a host with one processor, with several
#   build.sh e500mc                 compile KVM's other flavour, which cannot run here
#
# Prints the directory of the product.  With -o DIR it also leaves symbolic links to its files there.
#
#   $cache/kvm-host-VARIANT-KEY/    vmlinux             all patches
#                                   vmlinux-unpatched   the repairs only, as upstream could have it
#                                   config build.log
#   $cache/kvm-host-e500mc-KEY/     config build.log
#
# where $cache is ${XDG_CACHE_HOME:-~/.cache}/quoin.

# shellcheck disable=SC2317,SC1091,SC2034,SC2154 # reached through step; cache.sh
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../cache.sh"
. "$here/../linux/source.sh"

repairs=("$here"/patches/000[1-4]-*.patch)
additions=("$here"/patches/000[5-9]-*.patch)

# Everything that decides what the kernel is.
host_inputs() {
    linux_version
    "${CROSS}gcc" --version
    "${CROSS}ld" --version
    declare -f check_config linux_unpack linux_make host_patch host_configure host_compile "${variant}_build"
    cat "${fragments[@]}" "${repairs[@]}" "${additions[@]}"
}

# host_patch FILE…: no fuzz: a patch that does not fit exactly is one for another kernel.
host_patch() {
    local file
    for file; do
        patch -d "$work/linux-source-6.1" -p1 -F0 --no-backup-if-mismatch <"$file" || return
    done
}

host_configure() {
    cat "${fragments[@]}" >"$work/fragment"
    linux_make KCONFIG_ALLCONFIG="$work/fragment" allnoconfig
    check_config "$work/fragment" "$work/linux-source-6.1/.config"
    cp "$work/linux-source-6.1/.config" "$work/out/config"
}

# host_compile NAME
host_compile() {
    linux_make -j"$jobs" vmlinux
    "${CROSS}strip" -o "$work/out/$1" "$work/linux-source-6.1/vmlinux"
}

host_build() {
    step "linux 6.1: unpack" 0 linux_unpack
    step "linux 6.1: repair" 0 host_patch "${repairs[@]}"
    step "linux 6.1: configure a KVM host, $variant" 0 host_configure
    step "linux 6.1: compile, $jobs at a time" 1000 host_compile vmlinux-unpatched
    step "linux 6.1: patch" 0 host_patch "${additions[@]}"
    step "linux 6.1: compile again" 30 host_compile vmlinux
}

up_build() { host_build; }
smp_build() { host_build; }

e500mc_compile() {
    linux_make -j"$jobs" arch/powerpc/kvm/
}

e500mc_build() {
    step "linux 6.1: unpack" 0 linux_unpack
    step "linux 6.1: patch" 0 host_patch "${repairs[@]}" "${additions[@]}"
    step "linux 6.1: configure for KVM on e500mc" 0 host_configure
    step "linux 6.1: compile KVM for e500mc" 60 e500mc_compile
}

main() {
    local opt inputs

    while getopts o: opt; do
        case $opt in
        o) links=$OPTARG ;;
        *) die "usage: build.sh [-o DIR] up|smp|e500mc" ;;
        esac
    done
    shift $((OPTIND - 1))
    variant=${1:-up}
    case $variant in
    up | smp) fragments=("$here/host.config" "$here/$variant.config") ;;
    e500mc) fragments=("$here/e500mc.config") ;;
    *) die "what is $variant? up, smp or e500mc" ;;
    esac
    command -v "${CROSS}gcc" >/dev/null || die "no ${CROSS}gcc: apt-get install gcc-powerpc-linux-gnu"

    inputs=$(host_inputs)
    product "kvm-host-$variant-$(key <<<"$inputs")" "${variant}_build"
}

main "$@"
exit # the file may have changed meanwhile
