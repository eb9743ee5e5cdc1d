# SPDX-License-Identifier: MIT
"""Disk controllers beside virtio's, and flash: what was written is found again after a reboot and by the host."""
import hashlib
import os
import random

from guest import Failed
from virtio import check_disk, make_disk

WORK = ("mkdir -p /mnt; mount -t ext4 -o discard /dev/{disk} /mnt && md5sum </mnt/blob; cp /mnt/blob /mnt/{copy}; sync; "
        "echo 3 >/proc/sys/vm/drop_caches; md5sum </mnt/{copy}; cp /mnt/blob /mnt/gone; sync; rm /mnt/gone; umount /mnt; {more}")


def nvme(program, board="ppce500", processors=1, machine="", core="e500mc", options="", messages=True):
    """The queues of the controller carry it; a processor has its own where there are messages."""
    image, digest = make_disk(program)
    more = "cat /sys/class/nvme/nvme0/serial; cat /sys/block/nvme0n1/queue/write_cache; grep -c fsl-msi.*nvme /proc/interrupts"
    args = ["-smp", str(processors), "-drive", f"file={image},if=none,id=d,format=raw,discard=unmap",
            "-device", f"nvme,serial=foo,drive=d{options}"]
    with program.guest(board=board, core=core, machine=machine, args=args) as guest:
        for boot in 1, 2:
            said = guest.shell(WORK.format(disk="nvme0n1", copy=f"copy{boot}", more=more))
            if said.count(digest) != 2 or "foo" not in said or "write back" not in said:
                raise Failed(f"the file {digest}, the serial number or the write cache: {said!r}")
            if said.splitlines()[-1] != str(processors + 1 if messages else 0):
                raise Failed(f"interrupts by message: {said!r}")
            if boot == 1:
                guest.reboot()
        guest.leave("poweroff")
        guest.has_not("I/O error")
        guest.has_not("nvme0: I/O")
    check_disk(image, digest, ["copy1", "copy2"])
    os.unlink(image)


def nvme_refuses_writes(program):
    """A read-only drive is a namespace that is write-protected."""
    image, digest = make_disk(program)
    drive = f"file={image},if=none,id=d,format=raw,readonly=on"
    with program.guest(args=["-drive", drive, "-device", "nvme,serial=foo,drive=d"]) as guest:
        said = guest.shell("cat /sys/block/nvme0n1/ro; mkdir -p /mnt; mount -t ext4 -o ro /dev/nvme0n1 /mnt; md5sum </mnt/blob; "
                           "umount /mnt; dd if=/dev/zero of=/dev/nvme0n1 bs=4096 count=1 || echo refused")
        if said.splitlines()[0] != "1" or digest not in said or "refused" not in said:
            raise Failed(f"a read-only disk: {said!r}")
        guest.leave("poweroff")
    check_disk(image, digest, ["blob"])
    os.unlink(image)


def card(program, board="ppce500", processors=1, machine="", core="e500mc", option="if=sd"):
    """A card in the slot of the eSDHC, by DMA."""
    image, digest = make_disk(program)
    args = ["-smp", str(processors), "-drive", f"file={image},format=raw,{option}"]
    with program.guest(board=board, core=core, machine=machine, args=args) as guest:
        for boot in 1, 2:
            said = guest.shell(WORK.format(disk="mmcblk0", copy=f"copy{boot}", more="cat /sys/block/mmcblk0/ro"))
            if said.count(digest) != 2:
                raise Failed(f"the file {digest}: {said!r}")
            if boot == 1:
                guest.reboot()
        guest.leave("poweroff")
        guest.has_not("I/O error")
        guest.has_not("mmc0: Timeout")
        guest.has_not("mmc_erase")
    check_disk(image, digest, ["copy1", "copy2"])
    os.unlink(image)


BLOCK = 64 << 10  # bytes that a flash erases at a time


def flash(program, board="ppce500", machine="", core="e500mc"):
    """Blocks are erased and programmed through mtdblock; their neighbours stay."""
    image = program.path(".flash")
    before = random.Random(board).randbytes(8 * BLOCK)
    with open(image, "wb") as file:
        file.write(before)
    drive = f"file={image},if=pflash,format=raw"
    with program.guest(board=board, core=core, machine=machine, args=["-drive", drive]) as guest:
        said = guest.shell("cat /proc/mtd; md5sum </dev/mtd0; dd if=/dev/mtd0 of=/dev/mtdblock0 bs=64k count=2 seek=5; "
                           "dd if=/dev/zero of=/dev/mtdblock0 bs=1k count=1 seek=1; sync; md5sum </dev/mtd0")
        after = before[:1024] + bytes(1024) + before[2048:5 * BLOCK] + before[:2 * BLOCK] + before[7 * BLOCK:]
        if "mtd0: 00080000 00010000" not in said or not same(said, before, after):
            raise Failed(f"the size of the flash, or what is in it: {said!r}")
        guest.reboot()
        said = guest.shell("md5sum </dev/mtd0")
        if not same(said, after):
            raise Failed(f"after the reboot: {said!r}")
        guest.leave("poweroff")
    with open(image, "rb") as file:
        if file.read() != after:
            raise Failed("the host's file is not what the guest sees")
    os.unlink(image)


def same(said, *contents):
    """Whether these digests were printed."""
    return all(hashlib.md5(content).hexdigest() in said for content in contents)


def cases():
    yield "storage: NVMe by messages", False, nvme, ()
    yield "storage: NVMe on two processors, reset=rebuild", False, nvme, ("ppce500", 2, ",reset=rebuild")
    yield "storage: NVMe by wires", False, nvme, ("ppce500", 2, "", "e500mc", ",msix_qsize=0", False)
    yield "storage: NVMe on mpc8544ds", False, nvme, ("mpc8544ds", 1, "", "e500v2")
    yield "storage: a read-only NVMe disk", False, nvme_refuses_writes, ()
    yield "storage: flash", False, flash, ()
    yield "storage: flash on mpc8544ds, reset=rebuild", False, flash, ("mpc8544ds", ",reset=rebuild", "e500v2")
    yield "storage: a card", False, card, ()
    yield "storage: a card on two processors, reset=rebuild", False, card, ("ppce500", 2, ",reset=rebuild")
    yield "storage: a card on mpc8544ds", False, card, ("mpc8544ds", 1, "", "e500v2")
