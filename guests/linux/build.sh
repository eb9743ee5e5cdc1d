#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Builds Quoin's Linux guest from Debian's source packages, once: the results stay in a cache, under a
# key made of everything that goes in.
#
#   build.sh [-o DIR] [kernel|initramfs|all] [MODEL]
#
# Prints the directory of each product.  With -o DIR it also leaves symbolic links to the products there.
# MODEL is a processor with a fragment here (e500mc, e500v2), or "stock": the kernel's own configuration for
# e500mc boards, as users build it, and none of Quoin's drivers.  Needs neither root nor deb-src lines.
#
#   $cache/linux-MODEL-KEY/   vmlinux [vmlinux.early] uImage zImage.epapr System.map config build.log
#   $cache/initramfs-KEY/     initramfs.cpio.gz busybox.config build.log
#
# where $cache is ${XDG_CACHE_HOME:-~/.cache}/quoin.

# shellcheck disable=SC2016,SC2317,SC1091,SC2034,SC2154 # quoted for sed; reached through step; cache.sh
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../cache.sh"
. "$here/source.sh"

# --- the kernel

# Everything that decides what the kernel is.
linux_inputs() {
    linux_version
    "${CROSS}gcc" --version
    "${CROSS}ld" --version
    declare -f check_config linux_unpack linux_make linux_configure linux_compile linux_collect
    cat "$here/base.config" "$here/$model.config"
    cat "$here/quoin_pm.c" "$here/Kconfig" "$here/Kbuild"
    ! linux_has_early || declare -f linux_early
    ! linux_has_areas || { declare -f linux_areas && cat "$here"/areas/* "$here/../include/memory_area.h"; }
}

# The driver goes in as a directory of its own; the fragments go on top of allnoconfig, and every line
# of theirs must survive.
linux_configure() {
    local firmware=$work/linux-source-6.1/drivers/firmware line
    mkdir "$firmware/quoin"
    cp "$here/quoin_pm.c" "$here/Kconfig" "$firmware/quoin/"
    cp "$here/Kbuild" "$firmware/quoin/Makefile"
    sed -i '$i source "drivers/firmware/quoin/Kconfig"' "$firmware/Kconfig"
    echo 'obj-y += quoin/' >>"$firmware/Makefile"
    # An ePAPR image starts with a 64-bit instruction, which e500 has not, and is linked at 512 MiB, where
    # the tree that it hands on is out of the reach of a 32-bit kernel's first mapping (64 MiB).
    sed -i '/^epapr)/,/;;/{s,\$object/pseries-head.o ,,;s,0x20000000,0x2000000,}' \
        "$work/linux-source-6.1/arch/powerpc/boot/wrapper"
    cat "$here/base.config" "$here/$model.config" >"$work/fragment"
    linux_make KCONFIG_ALLCONFIG="$work/fragment" allnoconfig
    check_config "$work/fragment" "$work/linux-source-6.1/.config"
}

# One after the other: each image target makes the same wrapper library.
linux_compile() {
    linux_make -j"$jobs" vmlinux
    linux_make -j"$jobs" uImage
    linux_make -j"$jobs" zImage.epapr
}

linux_collect() {
    local tree=$work/linux-source-6.1
    cp "$tree/vmlinux" "$tree/System.map" "$work/out/"
    cp "$tree/.config" "$work/out/config"
    cp "$tree/arch/powerpc/boot/uImage" "$tree/arch/powerpc/boot/zImage.epapr" "$work/out/"
}

# A 32-bit Linux asks for its early console before it has read from the tree how to make a hypercall, and so
# never gets the byte channel's.  vmlinux.early asks afterwards, and is the same in all else.
linux_has_early() {
    grep -qx CONFIG_PPC_EARLY_DEBUG_EHV_BC=y "$here/$model.config"
}

linux_early() {
    local setup=$work/linux-source-6.1/arch/powerpc/kernel/setup_32.c
    sed -i -e '/^\tudbg_early_init();/d' -e 's/^\tearly_init_devtree(.*/&\n\tudbg_early_init();/' "$setup"
    grep -A 1 early_init_devtree "$setup"
    linux_make -j"$jobs" vmlinux
    cp "$work/linux-source-6.1/vmlinux" "$work/out/vmlinux.early"
}

# The driver of memory areas, a directory of its own: a core without it keeps its kernel when it changes.
linux_has_areas() {
    grep -qx CONFIG_QUOIN_AREAS=y "$here/$model.config"
}

linux_areas() {
    local firmware=$work/linux-source-6.1/drivers/firmware
    cp -R "$here/areas" "$firmware/quoin_areas"
    mv "$firmware/quoin_areas/Kbuild" "$firmware/quoin_areas/Makefile"
    cp "$here/../include/memory_area.h" "$firmware/quoin_areas/"
    sed -i '$i source "drivers/firmware/quoin_areas/Kconfig"' "$firmware/Kconfig"
    echo 'obj-y += quoin_areas/' >>"$firmware/Makefile"
}

linux_build() {
    step "linux 6.1: unpack" 0 linux_unpack
    ! linux_has_areas || step "linux 6.1: the driver of memory areas" 0 linux_areas
    step "linux 6.1: configure for $model" 0 linux_configure
    step "linux 6.1: compile, $jobs at a time" 1380 linux_compile
    step "linux 6.1: collect" 0 linux_collect
    ! linux_has_early || step "linux 6.1: again, with an early console" 0 linux_early
}

# --- the stock kernel: a defconfig of Linux's own and a few lines, no sources changed, no modules; and a vendor's tree

stock_inputs() {
    linux_version
    "${CROSS}gcc" --version
    "${CROSS}ld" --version
    declare -f check_config linux_unpack linux_make stock_configure stock_compile stock_collect
    cat "$here/stock.config"
}

# Kconfig believes the last line about a symbol.
stock_configure() {
    local config=$work/linux-source-6.1/.config
    linux_make corenet32_smp_defconfig
    cat "$here/stock.config" >>"$config"
    linux_make olddefconfig
    check_config "$here/stock.config" "$config"
}

stock_compile() {
    linux_make -j"$jobs" vmlinux
    linux_make -j"$jobs" uImage
    linux_make fsl/mpc8544ds.dtb
}

stock_collect() {
    local tree=$work/linux-source-6.1
    "${CROSS}strip" -o "$work/out/vmlinux" "$tree/vmlinux"
    cp "$tree/System.map" "$work/out/"
    cp "$tree/.config" "$work/out/config"
    cp "$tree/arch/powerpc/boot/uImage" "$tree/arch/powerpc/boot/dts/fsl/mpc8544ds.dtb" "$work/out/"
}

stock_build() {
    step "linux 6.1: unpack" 0 linux_unpack
    step "linux 6.1: configure corenet32_smp" 0 stock_configure
    step "linux 6.1: compile, $jobs at a time" 3000 stock_compile
    step "linux 6.1: collect" 0 stock_collect
}

# --- the initramfs

busybox_dsc() {
    source_newest busybox dsc
}

initramfs_inputs() {
    declare -f check_config busybox_configure busybox_compile initramfs_pack
    cat "$(busybox_dsc)" "$here/busybox.config"
    "${CROSS}gcc" --version
    dpkg-query -W -f '${Version}' libc6-dev-powerpc-cross
    cd "$here/initramfs"
    find . -type f -printf '%p %m\n' | sort
    find . -type f -print0 | sort -z | xargs -0 cat
}

busybox_configure() {
    dpkg-source --no-check -x "$(busybox_dsc)" "$work/busybox"
    cd "$work/busybox"
    export KCONFIG_NOTIMESTAMP=1
    make allnoconfig
    mv .config nothing.config # its kconfig believes the first line about a symbol
    cat "$here/busybox.config" nothing.config >.config
    make oldconfig < <(yes '')
    check_config "$here/busybox.config" .config
}

busybox_compile() {
    make -C "$work/busybox" -j"$jobs" KCONFIG_NOTIMESTAMP=1 CROSS_COMPILE="$CROSS" CONFIG_PREFIX="$work/root" install
}

# /dev/console is in the initramfs that every kernel has built in; owners are set by cpio, so no root.
initramfs_pack() {
    cd "$work/root"
    mkdir -p dev proc sys tmp root etc tests
    cp -R "$here/initramfs/." .
    ln -s bin/busybox init
    find . -exec touch -h -d @0 {} +
    find . | sort | cpio -o -H newc -R 0:0 --reproducible | gzip -9n >"$work/out/initramfs.cpio.gz"
    cp "$work/busybox/.config" "$work/out/busybox.config"
}

initramfs_build() {
    step "busybox: unpack and configure" 0 busybox_configure
    step "busybox: compile" 400 busybox_compile
    step "initramfs: pack" 0 initramfs_pack
}

# --- what is asked for

main() {
    local opt what inputs

    while getopts o: opt; do
        case $opt in
        o) links=$OPTARG ;;
        *) die "usage: build.sh [-o DIR] [kernel|initramfs|all] [MODEL]" ;;
        esac
    done
    shift $((OPTIND - 1))
    what=${1:-all}
    model=${2:-e500mc}
    [[ -e $here/$model.config && $model != base ]] || die "no fragment for the processor $model"
    command -v "${CROSS}gcc" >/dev/null || die "no ${CROSS}gcc: apt-get install gcc-powerpc-linux-gnu"

    case $what in
    kernel | initramfs | all) ;;
    *) die "what is $what? kernel, initramfs or all" ;;
    esac
    if [[ $what != initramfs && $model == stock ]]; then
        inputs=$(stock_inputs)
        product "linux-stock-$(key <<<"$inputs")" stock_build
    elif [[ $what != initramfs ]]; then
        inputs=$(linux_inputs)
        product "linux-$model-$(key <<<"$inputs")" linux_build
    fi
    if [[ $what != kernel ]]; then
        source_package busybox busybox
        inputs=$(initramfs_inputs)
        product "initramfs-$(key <<<"$inputs")" initramfs_build
    fi
}

main "$@"
exit # the file may have changed meanwhile
