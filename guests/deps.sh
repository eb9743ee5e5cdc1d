#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Installs what is missing on Debian 12, naming it; without root it prints the apt line and fails.
#
#   deps.sh -n GROUP…   names what is missing, and fails, for root too
#   deps.sh GROUP…      build   Quoin itself
#                       qmp     its -qmp, which it can be built without
#                       user    its -netdev user, the same
#                       disk    its io_uring for drives and zstd for qcow2, the same
#                       bare    the bare-metal guests
#                       linux   the Linux guest
#                       libvirt make check-libvirt
#                       tests   make check
#                       u-boot  the firmware
#                       cross   Quoin for a powerpc host
#                       kvm     the emulated KVM host
#                       spe     programs with SPE instructions for the Linux guest
#                       torture GCC's sources, whose tests a Linux guest runs
#                       oracle  what the tests and make bench compare with, if it is there

set -euo pipefail

# group, kind of probe (cmd, file, pc = pkg-config), what is looked for, the package that has it
table='
build   cmd   make                                    make
build   cmd   gcc                                     gcc
build   cmd   ar                                      binutils
build   file  /usr/include/stdio.h                    libc6-dev
build   cmd   pkg-config                              pkg-config
build   pc    glib-2.0                                libglib2.0-dev
build   file  /usr/include/libfdt.h                   libfdt-dev
qmp     pc    json-glib-1.0                           libjson-glib-dev
user    pc    slirp                                   libslirp-dev
disk    pc    liburing                                liburing-dev
disk    pc    libzstd                                 libzstd-dev
bare    cmd   powerpc-linux-gnu-gcc                   gcc-powerpc-linux-gnu
linux   cmd   powerpc-linux-gnu-gcc                   gcc-powerpc-linux-gnu
linux   file  /usr/powerpc-linux-gnu/include/stdio.h  libc6-dev-powerpc-cross
linux   file  /usr/src/linux-source-6.1.tar.xz        linux-source-6.1
linux   cmd   gcc                                     gcc
linux   file  /usr/include/stdio.h                    libc6-dev
linux   cmd   xz                                      xz-utils
linux   cmd   bzip2                                   bzip2
linux   cmd   gzip                                    gzip
linux   cmd   bc                                      bc
linux   cmd   bison                                   bison
linux   cmd   flex                                    flex
linux   cmd   perl                                    perl
linux   cmd   cpio                                    cpio
linux   cmd   patch                                   patch
linux   cmd   dpkg-source                             dpkg-dev
linux   cmd   mkimage                                 u-boot-tools
libvirt cmd   virsh                                   libvirt-clients
libvirt cmd   libvirtd                                libvirt-daemon
libvirt file  /usr/lib/x86_64-linux-gnu/libvirt/connection-driver/libvirt_driver_qemu.so libvirt-daemon-driver-qemu
tests   cmd   powerpc-linux-gnu-gcc                   gcc-powerpc-linux-gnu
tests   cmd   powerpc-linux-gnu-objdump               binutils-powerpc-linux-gnu
tests   file  /usr/powerpc-linux-gnu/include/asm/unistd.h linux-libc-dev-powerpc-cross
tests   cmd   dtc                                     device-tree-compiler
tests   cmd   mkimage                                 u-boot-tools
tests   cmd   python3                                 python3
tests   cmd   git                                     git
cross   cmd   powerpc-linux-gnu-gcc                   gcc-powerpc-linux-gnu
cross   file  /usr/powerpc-linux-gnu/include/stdio.h  libc6-dev-powerpc-cross
cross   cmd   qemu-ppc                                qemu-user
cross   cmd   gcc                                     gcc
cross   file  /usr/include/stdio.h                    libc6-dev
cross   cmd   pkg-config                              pkg-config
cross   cmd   make                                    make
cross   cmd   meson                                   meson
cross   cmd   ninja                                   ninja-build
cross   cmd   python3                                 python3
cross   file  /usr/lib/python3.11/distutils/util.py     python3-distutils
cross   cmd   dpkg-source                             dpkg-dev
cross   cmd   patch                                   patch
cross   cmd   xz                                      xz-utils
cross   cmd   bzip2                                   bzip2
u-boot  file  /usr/lib/u-boot/qemu-ppce500/uboot.elf  u-boot-qemu
kvm     cmd   qemu-system-ppc                         qemu-system-ppc
kvm     cmd   python3                                 python3
spe     cmd   clang                                   clang
torture file  /usr/src/gcc-12                         gcc-12-source
oracle  cmd   qemu-ppc                                qemu-user
oracle  file  /usr/powerpc-linux-gnu/include/stdio.h  libc6-dev-powerpc-cross
oracle  cmd   qemu-system-ppc                         qemu-system-ppc
oracle  cmd   gdb-multiarch                           gdb-multiarch
oracle  cmd   qemu-img                                qemu-utils
oracle  cmd   mke2fs                                  e2fsprogs
'

present() {
    case $1 in
    cmd) command -v "$2" >/dev/null ;;
    file) [[ -e $2 ]] ;;
    pc) pkg-config --exists "$2" 2>/dev/null ;;
    esac
}

install=yes
if ((EUID != 0)) || [[ ${1:-} == -n ]]; then
    install=
    [[ ${1:-} != -n ]] || shift
fi

missing=()
for group in "$@"; do
    grep -q "^$group " <<<"$table" || { echo "deps.sh: no group $group" >&2; exit 2; }
    while read -r in kind what package; do
        [[ $in == "$group" ]] || continue
        [[ " ${missing[*]} " != *" $package "* ]] || continue
        present "$kind" "$what" || missing+=("$package")
    done <<<"$table"
done
((${#missing[@]})) || exit 0

if [[ -z $install ]]; then
    echo "These packages are missing; as root:" >&2
    echo "    apt-get install ${missing[*]}" >&2
    exit 1
fi
echo "Installing what is missing: ${missing[*]}" >&2
export DEBIAN_FRONTEND=noninteractive
apt-get -q update >&2
apt-get -q -y --no-install-recommends install "${missing[@]}" >&2
