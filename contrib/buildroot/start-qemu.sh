#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Starts what Buildroot's qemu_ppc_e500mc_defconfig makes (or, with BOARD=mpc8544ds, qemu_ppc_mpc8544ds_defconfig) in Quoin.
# Copy it to output/images; arguments go to the program, and QUOIN names another one.  The lines are those of Buildroot's own
# start-qemu.sh but for the program's name.
cd "$(dirname "$0")" || exit 1

if [ "${BOARD:-e500mc}" = mpc8544ds ]; then
    exec "${QUOIN:-quoin}" -M mpc8544ds -kernel vmlinux -net nic,model=e1000 -net user -serial stdio -nographic "$@"
fi
exec "${QUOIN:-quoin}" -M ppce500 -cpu e500mc -m 256 -kernel uImage -drive file=rootfs.ext2,if=virtio,format=raw \
    -net nic,model=virtio-net-pci -net user -append "console=ttyS0 rootwait root=/dev/vda" -serial mon:stdio -nographic "$@"
