#!/bin/bash
# SPDX-License-Identifier: MIT
#
# make run: from a bare Debian 12 to a guest on this terminal.
#
#   run.sh [linux|hello|u-boot] [ARGUMENT…]    the arguments go to quoin after our own

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

guest=${1:-linux}
shift || true
make=${MAKE:-make}

case $guest in
linux)
    guests/deps.sh build qmp user disk linux || guests/deps.sh build linux
    "$make" --no-print-directory -j"$(nproc)" all guest-linux >&2
    set -- -m 256 -kernel build/guests/linux/vmlinux -initrd build/guests/linux/initramfs.cpio.gz \
        -append console=ttyS0 "$@"
    ;;
u-boot)
    guests/deps.sh build linux u-boot
    "$make" --no-print-directory -j"$(nproc)" all guest-linux >&2
    set -- -bios /usr/lib/u-boot/qemu-ppce500/uboot.elf -m 256 -kernel build/guests/linux/uImage \
        -initrd build/guests/linux/initramfs.cpio.gz -append console=ttyS0 "$@"
    ;;
hello)
    guests/deps.sh build qmp user disk bare || guests/deps.sh build bare
    "$make" --no-print-directory -j"$(nproc)" all build/guests/hello.elf >&2
    set -- -kernel build/guests/hello.elf "$@"
    ;;
*)
    echo "make run: no guest \"$guest\"; GUEST=linux, GUEST=u-boot or GUEST=hello" >&2
    exit 2
    ;;
esac

echo "build/quoin -M ppce500 -cpu e500mc -nographic $*"
exec build/quoin -M ppce500 -cpu e500mc -nographic "$@"
