#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Builds Quoin's Linux guest from Debian's source packages, once: the results stay in a cache, under a
# key made of everything that goes in.
#
#   build.sh [-o DIR] [kernel|initramfs|all] [MODEL]
#
# Prints the directory of each product.  With -o DIR it also leaves symbolic links to the products there.
# MODEL is a processor with a fragment here (e500mc).  Needs neither root nor deb-src lines.
#
#   $cache/linux-MODEL-KEY/   vmlinux [vmlinux.early] uImage zImage.epapr System.map config build.log
#   $cache/initramfs-KEY/     initramfs.cpio.gz busybox.config build.log
#
# where $cache is ${XDG_CACHE_HOME:-~/.cache}/quoin.  A product appears by a rename, so it is there
# whole or not at all; a lock per product makes a second builder wait for the first.

# shellcheck disable=SC2016,SC2317 # quoted for sed and apt, not for the shell; reached through step
set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/quoin
CROSS=${CROSS:-powerpc-linux-gnu-}
jobs=${JOBS:-$(nproc)}
linux_tar=/usr/src/linux-source-6.1.tar.xz
links=
log=
work=
child=

die() {
    printf 'build.sh: %s\n' "$*" >&2
    exit 1
}

cleanup() {
    if [[ -n $child ]]; then
        kill -- "-$child" 2>/dev/null || true
    fi
    if [[ -n $work ]]; then
        rm -rf "$work"
    fi
}
trap cleanup EXIT
trap 'exit 130' INT TERM HUP

# --- progress: one line that rewrites itself on a terminal, else a line per tenth

elapsed() {
    printf '%d:%02d' $(($1 / 60)) $(($1 % 60))
}

# show TEXT SECONDS PERCENT|-
show() {
    local percent=
    [[ $3 == - ]] || percent=$(printf '%3d%%' "$3")
    printf '  %-44s %5s %6s' "$1" "$percent" "$(elapsed "$2")" >&2
}

# step TEXT LINES COMMAND…: runs it with its output in the log; LINES is how much it is expected to
# print, for the percentage (0: not known).
step() {
    local text=$1 lines=$2 begin=$SECONDS before percent=- tenth=0
    shift 2
    printf '== %s\n' "$text" >>"$log"
    before=$(wc -l <"$log")
    set -m
    "$@" >>"$log" 2>&1 </dev/null &
    child=$!
    set +m
    while kill -0 "$child" 2>/dev/null; do
        if ((lines > 0)); then
            percent=$((($(wc -l <"$log") - before) * 100 / lines))
            percent=$((percent > 99 ? 99 : percent))
        fi
        if [[ -t 2 ]]; then
            printf '\r' >&2
            show "$text" $((SECONDS - begin)) "$percent"
        elif [[ $percent != - ]] && ((percent / 10 > tenth)); then
            tenth=$((percent / 10))
            show "$text" $((SECONDS - begin)) "$percent"
            printf '\n' >&2
        fi
        sleep 0.5
    done
    if ! wait "$child"; then
        child=
        printf '\n' >&2
        tail -n 30 "$log" >&2
        die "$text failed; the whole log is $log"
    fi
    child=
    [[ ! -t 2 ]] || printf '\r' >&2
    show "$text" $((SECONDS - begin)) 100
    printf '\n' >&2
}

# --- cache

key() {
    sha256sum | cut -c1-16
}

lock() {
    mkdir -p "$cache/lock"
    exec 9>"$cache/lock/$1"
    if ! flock -n 9; then
        echo "  $1: waiting for another builder" >&2
        flock 9
    fi
}

unlock() {
    exec 9>&-
}

open_log() {
    mkdir -p "$cache/log"
    log=$cache/log/$1.log
    : >"$log"
}

# product NAME BUILDER: builds $cache/NAME unless it is there, and prints where it is.
# BUILDER runs in the directory $work and leaves its products in $work/out.
product() {
    local name=$1 builder=$2 dir=$cache/$1
    if [[ ! -d $dir ]]; then
        lock "$name"
        if [[ ! -d $dir ]]; then
            open_log "$name"
            work=$cache/tmp/$name # ours, by the lock; another's that was killed may be there
            rm -rf "$work"
            mkdir -p "$work/out"
            (($(df --output=avail -k "$work" | tail -n 1) > 2500000)) ||
                die "$cache: less than 2.5 GB free, too little to build $name"
            "$builder"
            cp "$log" "$work/out/build.log"
            mv -T "$work/out" "$dir"
            rm -rf "$work"
            work=
        fi
        unlock
    fi
    if [[ -n $links ]]; then
        mkdir -p "$links"
        find "$dir" -maxdepth 1 -type f ! -name '*.log' ! -name '*config' -exec ln -sfn -t "$links" {} +
    fi
    echo "$dir"
}

# --- the kernel

linux_version() {
    dpkg-query -W -f '${Version}' linux-source-6.1 2>/dev/null ||
        die "linux-source-6.1 is not installed: apt-get install linux-source-6.1"
}

# Everything that decides what the kernel is.
linux_inputs() {
    linux_version
    "${CROSS}gcc" --version
    "${CROSS}ld" --version
    declare -f check_config linux_unpack linux_make linux_configure linux_compile linux_collect
    cat "$here/base.config" "$here/$model.config"
    cat "$here/quoin_pm.c" "$here/Kconfig" "$here/Kbuild"
    ! linux_has_early || declare -f linux_early
}

linux_unpack() {
    tar -C "$work" -xf "$linux_tar"
}

linux_make() {
    make -C "$work/linux-source-6.1" ARCH=powerpc CROSS_COMPILE="$CROSS" \
        KBUILD_BUILD_USER=quoin KBUILD_BUILD_HOST=quoin \
        KBUILD_BUILD_TIMESTAMP="$(date -u -r "$linux_tar")" "$@"
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

linux_build() {
    step "linux 6.1: unpack" 0 linux_unpack
    step "linux 6.1: configure for $model" 0 linux_configure
    step "linux 6.1: compile, $jobs at a time" 1380 linux_compile
    step "linux 6.1: collect" 0 linux_collect
    ! linux_has_early || step "linux 6.1: again, with an early console" 0 linux_early
}

# --- the initramfs

# Every line of the fragment must be in the configuration.
check_config() {
    local line lost=0
    while read -r line; do
        [[ $line == CONFIG_* ]] || continue
        grep -qxF -- "$line" "$2" || { echo "not in the configuration: $line"; lost=1; }
    done <"$1"
    return "$lost"
}

# An apt of our own: lists, cache and source lines below $cache/apt; the system's are only read.
apt_private() {
    local apt=$cache/apt
    apt-get -o Dir::Etc::SourceList="$apt/sources.list" -o Dir::Etc::SourceParts="$apt/none" \
        -o Dir::State::Lists="$apt/lists" -o Dir::Cache="$apt" -o Dir::Cache::pkgcache= \
        -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User=root -o Acquire::Languages=none "$@"
}

# deb-src lines for the Debian archives this system takes its packages from.
apt_sources() {
    local keyring=/usr/share/keyrings/debian-archive-keyring.gpg lines option=
    [[ ! -e $keyring ]] || option="[signed-by=$keyring] "
    lines=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' \
        'Created-By: Packages' 'Origin: Debian' | grep ' main$' | sort -u)
    if [[ -z $lines ]]; then
        lines="http://deb.debian.org/debian bookworm main"
    fi
    while read -r line; do
        echo "deb-src $option$line"
    done <<<"$lines"
}

# The .dsc arrives last: where it is, all is.
busybox_fetch() {
    local apt=$cache/apt new=$cache/tmp/sources
    rm -rf "$new"
    mkdir -p "$apt/lists/partial" "$apt/archives/partial" "$apt/none" "$cache/sources" "$new"
    apt_sources >"$apt/sources.list"
    apt_private update
    cd "$new"
    apt_private source --download-only --only-source busybox
    mv ./*.tar.* "$cache/sources/"
    mv ./*.dsc "$cache/sources/"
}

# The newest busybox_*.dsc that was fetched; empty if none was.
busybox_dsc() {
    [[ ! -d $cache/sources ]] || find "$cache/sources" -name 'busybox_*.dsc' | sort -V | tail -n 1
}

# Is what was fetched as new as what the system's package lists know of?
busybox_is_fresh() {
    local known have
    have=$(busybox_dsc)
    have=${have##*/busybox_}
    have=${have%.dsc}
    known=$(apt-cache show --no-all-versions busybox 2>/dev/null | sed -n 's/^Version: \([0-9]*:\)\?//p')
    [[ -n $have ]] && dpkg --compare-versions "$have" ge "${known%+b[0-9]*}"
}

busybox_source() {
    busybox_is_fresh && return
    lock busybox-source
    if ! busybox_is_fresh; then
        open_log busybox-source
        step "busybox: fetch Debian's source package" 0 busybox_fetch
    fi
    unlock
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
    if [[ $what != initramfs ]]; then
        inputs=$(linux_inputs)
        product "linux-$model-$(key <<<"$inputs")" linux_build
    fi
    if [[ $what != kernel ]]; then
        busybox_source
        inputs=$(initramfs_inputs)
        product "initramfs-$(key <<<"$inputs")" initramfs_build
    fi
}

main "$@"
exit # the file may have changed meanwhile
