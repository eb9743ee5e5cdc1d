# SPDX-License-Identifier: MIT
"""Other kernels, one kernel after the other, processors off and on, and machine checks that a program causes."""
import os
import re
import shutil
import struct
import subprocess

from guest import Failed, IMAGES, KERNELS, Skipped, images_of, jobs, more_initramfs


def stock_lives(program, board, image, processors):
    """An image of 18 MiB with the drivers of these boards' silicon, and an initrd: boot, a job on each, reboot, power-off."""
    with program.guest(kernel="stock", board=board, image=image, args=["-smp", str(processors)]) as guest:
        said = guest.shell(f"grep -c '^processor' /proc/cpuinfo; {jobs(processors)}")
        if [line for line in said.splitlines() if line.isdigit()] != [str(processors), "1"]:
            raise Failed(f"processors and different sums: {said!r}")
        guest.has("-quoin-stock")
        guest.reboot()
        guest.leave("poweroff")
        guest.boots(2)


def boots_with_vendors_tree(program):
    """Linux's own tree of the MPC8544DS: blocks that this board lacks are there, and nothing that a boot loader fills in.

    One of them is the flash on the local bus, outside of CCSR, which Linux probes by stores: unmapped=zero makes nothing of them."""
    tree = os.path.join(KERNELS["stock"], "mpc8544ds.dtb")
    if not os.path.exists(tree):
        raise Skipped(f"no {tree}: make guest-linux-stock")
    with program.guest(core="e500v2", board="mpc8544ds", machine=",unmapped=zero", append="quoin.test=true", args=["-dtb", tree]) as guest:
        guest.finish()
        guest.has("Run /init as init process")
        guest.has("reboot: Power down")


def boots_when_large(program, board, end):
    """The kernel with zeros behind it up to `end` MiB: wherever tree and initrd go then, Linux finds them."""
    with open(f"{IMAGES}/vmlinux", "rb") as file:
        elf = bytearray(file.read())
    at, size, number = struct.unpack_from(">I", elf, 28)[0], *struct.unpack_from(">HH", elf, 42)
    load = [h for h in range(at, at + number * size, size) if struct.unpack_from(">I", elf, h)[0] == 1][-1]
    struct.pack_into(">I", elf, load + 20, (end << 20) - struct.unpack_from(">I", elf, load + 12)[0])
    image = os.path.abspath(program.path(".vmlinux"))
    with open(image, "wb") as file:
        file.write(elf)
    with program.guest(board=board, image=image) as guest:
        guest.reboot()
        guest.leave("poweroff")
        guest.boots(2)
    os.unlink(image)


def kexecs(program, kernel, board, processors):
    """From the kernel that -kernel started into the same once more, which has all processors again.

    Linux 6.1 jumps into a page of RAM for that, which it forbids to execute on these cores unless rodata=off."""
    files = {"boot": None}
    for name, file in ("vmlinux", f"{images_of(kernel)}/vmlinux"), ("initrd", f"{IMAGES}/initramfs.cpio.gz"):
        with open(file, "rb") as one:
            files[f"boot/{name}"] = one.read()
    initrd = more_initramfs(program.path(".cpio.gz"), files)
    with program.guest(kernel=kernel, board=board, initrd=initrd, append="quoin.boot=1 rodata=off",
                       args=["-smp", str(processors)]) as guest:
        guest.reboot("kexec /boot/vmlinux /boot/initrd")
        said = guest.shell(f"grep -o quoin.boot=. /proc/cmdline; grep -c '^processor' /proc/cpuinfo; {jobs(processors)}")
        if [line for line in said.splitlines() if line[0] in "q0123456789"] != ["quoin.boot=2", str(processors), "1"]:
            raise Failed(f"command line, processors and different sums: {said!r}")
        guest.has_not("quoin_areas: type ")  # refused: the kernel before has not unregistered its own
        guest.leave("poweroff")
        guest.boots(2)


def power_managed_tree(program, board, processors):
    """Linux takes a processor off only where it finds the silicon's power management; what it writes there goes nowhere here.

    For an e500v2 its power management comes with suspension alone, and that is not in these kernels: with it Linux 6.1 asks the bridge of
    each PCIe host in the tree whether it can wake the system, and follows a null pointer where a board has none."""
    stem = program.path("")
    if not shutil.which("dtc"):
        raise Skipped("no dtc")
    subprocess.run([*program.command, "-M", f"{board},dumpdtb={stem}.dtb", "-cpu", "e500mc", "-smp", str(processors), "-m", "256M"],
                   check=True)
    text = subprocess.run(["dtc", "-q", "-O", "dts", f"{stem}.dtb"], check=True, text=True, stdout=subprocess.PIPE).stdout
    rcpm = 'rcpm@e2000 { compatible = "fsl,qoriq-rcpm-1.0"; reg = <0xe2000 0x1000>; };\n'
    text, changes = re.subn(r"(?=pic@40000 {)", rcpm, text)
    if changes != 1:
        raise Failed(f"{changes} places in the tree for power management")
    subprocess.run(["dtc", "-q", "-O", "dtb", "-o", f"{stem}.dtb"], check=True, text=True, input=text)
    return f"{stem}.dtb"


def switches_processors(program, board, processors):
    """Each but the first goes off and comes back through its spin table, twice; then all do a job."""
    tree = power_managed_tree(program, board, processors)
    with program.guest(board=board, args=["-smp", str(processors), "-dtb", tree]) as guest:
        def switch(value):
            return " ".join(f"echo {value} >cpu{cpu}/online;" for cpu in range(1, processors))
        for _ in range(2):
            said = guest.shell(f"cd /sys/devices/system/cpu; {switch(0)} cat online; {switch(1)} cat online; cd /")
            if [line for line in said.splitlines() if line[0].isdigit()] != ["0", f"0-{processors - 1}"]:
                raise Failed(f"online without the others, then with them: {said!r}")
        said = guest.shell(jobs(processors))
        if said != "1":
            raise Failed(f"{said!r} different sums")
        guest.has_not("didn't die")
        guest.leave("poweroff")
        guest.boots(1)


BUS_ERRORS = {  # what Linux says of the Machine Check Syndrome Register
    "e500mc": ("Load Error Report", "Store Error Report"),
    "e500v2": ("Bus - Read Data Bus Error", "Bus - Write Data Bus Error"),
}


def survives_poking(program, core, board):
    """A program that touches what nobody answers for is killed by a machine check that Linux understood, and Linux goes on."""
    with program.guest(core=core, board=board) as guest:
        for access in "", "0":
            said = guest.shell(f"devmem 0xfd0000000 32 {access}; echo status $?").splitlines()
            if "status 135" not in said:  # 128 + SIGBUS
                raise Failed(f"the program that touched it: {said}")
        for cause in BUS_ERRORS[core]:
            guest.has(cause)
        guest.leave("poweroff")


def cases():
    for board in "ppce500", "p4080ds-hv":
        for image, processors in ("vmlinux", 1), ("vmlinux", 2), ("uImage", 2):
            yield (f"a stock kernel on {board}: {image}, {processors} processors", board == "ppce500", stock_lives,
                   (board, image, processors))
        for end in 18, 40, 62:
            yield (f"an image of {end} MiB on {board}", board == "ppce500" and
                   (end == 18 or "QEMU 7.2: the tree is under the initrd or out of reach"), boots_when_large, (board, end))
    yield "e500v2, mpc8544ds: the vendor's tree", False, boots_with_vendors_tree, ()
    for kernel, board in ("stock", "ppce500"), ("stock", "p4080ds-hv"), ("e500mc", "ppce500"):
        for processors in (1,) if board == "p4080ds-hv" else (1, 2):  # there Linux cannot reset the others
            anywhere = board == "ppce500" and (processors == 1 or "QEMU: no reset by MPIC PIR")
            yield f"kexec of {kernel}, {board}, {processors} processors", anywhere, kexecs, (kernel, board, processors)
    yield "processors go off and on: ppce500", False, switches_processors, ("ppce500", 4)
    for core, board in ("e500mc", "ppce500"), ("e500v2", "ppce500"), ("e500v2", "mpc8544ds"):
        yield f"a program touches what nobody answers for: {core}, {board}", "QEMU answers 0", survives_poking, (core, board)
