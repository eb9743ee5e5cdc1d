# SPDX-License-Identifier: MIT
"""virtio devices, on the PCI bus and by virtio-mmio: a disk with a file system, a network card, random numbers, a balloon."""
import hashlib
import os
import random
import shutil
import socket
import subprocess

from guest import Failed, PROMPT, Skipped

SIZE = 2 << 20  # bytes of the file on the disk


def make_disk(program):
    """An ext4 image with a file `blob` on it; its path, and the file's digest."""
    if not shutil.which("mke2fs"):
        raise Skipped("no mke2fs: apt-get install e2fsprogs")
    root, image = program.path(".root"), program.path(".ext4")
    os.makedirs(root, exist_ok=True)
    blob = random.Random(program.case).randbytes(SIZE)
    with open(os.path.join(root, "blob"), "wb") as file:
        file.write(blob)
    if os.path.exists(image):
        os.unlink(image)
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", root, image, "32M"], check=True, stdout=subprocess.DEVNULL)
    return image, hashlib.md5(blob).hexdigest()


def check_disk(image, digest, copies):
    """As the host sees it when the guest is gone: clean, and with what the guest wrote."""
    check = subprocess.run(["e2fsck", "-fn", image], capture_output=True, text=True, check=False)
    if check.returncode:
        raise Failed(f"e2fsck: {check.stdout.strip()}")
    for copy in copies:
        data = subprocess.run(["debugfs", "-R", f"cat /{copy}", image], capture_output=True, check=True).stdout
        if hashlib.md5(data).hexdigest() != digest:
            raise Failed(f"{copy}: {len(data)} bytes, which are not those that the guest copied")


WORK = ("mkdir -p /mnt; mount -t ext4 /dev/vda /mnt; md5sum </mnt/blob; cp /mnt/blob /mnt/{copy}; sync; echo 3 >/proc/sys/vm/drop_caches; "
        "md5sum </mnt/{copy}; umount /mnt; dd if=/dev/hwrng bs=64 count=20 2>/dev/null | wc -c; "
        "cat /sys/class/net/eth0/address; grep virtio /proc/interrupts")


def works(program, board, processors, machine="", append="", options="", core="e500mc"):
    """All of them, before and after a reboot; what was written is on the host's file."""
    image, digest = make_disk(program)
    mac = "52:54:00:00:00:07"
    devices = ["-drive", f"file={image},if=none,id=d,format=raw,discard=unmap", "-device", f"virtio-blk-pci,drive=d{options}",
               "-device", f"virtio-rng-pci{options}", "-device", f"virtio-net-pci,mac={mac}{options}",
               "-device", f"virtio-balloon-pci{options}"]
    messages = "vectors=0" not in options
    with program.guest(board=board, core=core, machine=machine, append=append, args=["-smp", str(processors), *devices]) as guest:
        for boot in 1, 2:
            said = guest.shell(WORK.format(copy=f"copy{boot}"))
            for words, times in (digest, 2), ("1280", 1), (mac, 1), ("fsl-msi", 8 if messages else 0):
                if said.count(words) < times or (not times and words in said):
                    raise Failed(f"{words!r} should be there {times} times: {said!r}")
            if boot == 1:
                guest.reboot()
        guest.leave("poweroff")
        guest.has_not("I/O error")
    check_disk(image, digest, ["copy1", "copy2"])
    os.unlink(image)


def works_by_mmio(program, board, processors, machine="", core="e500mc"):
    """The same without PCI.  Of two disks one comes by if=virtio, which a board without PCI has by virtio-mmio, too."""
    image, digest = make_disk(program)
    mac = "52:54:00:00:00:07"
    own = board == "p4080ds-hv"
    disk = ["-drive", f"file={image},if=virtio,format=raw"] if own else [
        "-drive", f"file={image},if=none,id=d,format=raw", "-device", "virtio-blk-device,drive=d"]
    card = ["-net", f"nic,model=virtio,macaddr={mac}"] if own else ["-device", f"virtio-net-device,mac={mac}"]
    devices = [*disk, *card, "-device", "virtio-rng-device", "-device", "virtio-balloon-device"]
    with program.guest(board=board, core=core, machine=machine, args=["-smp", str(processors), *devices]) as guest:
        said = guest.shell(WORK.format(copy="copy1") + "; ls /sys/bus/virtio/drivers/*/ | grep -c ^virtio")
        for words, times in (digest, 2), ("1280", 1), (mac, 1):
            if said.count(words) < times:
                raise Failed(f"{words!r} should be there {times} times: {said!r}")
        if said.split()[-1] != "4":
            raise Failed(f"four devices should have drivers: {said!r}")
        guest.leave("poweroff")
        guest.has_not("I/O error")
    check_disk(image, digest, ["copy1"])
    os.unlink(image)


def connect(path):
    """The other end of a socket of the program: to write with sendall(), and a file to read lines from."""
    end = socket.socket(socket.AF_UNIX)
    end.connect(path)
    return end, end.makefile("rb")


ECHO = ("cd /dev; p=$(echo vport*p1); cat /sys/class/virtio-ports/$p/name; exec 3<>/dev/$p; read -r line <&3; echo \"got $line\" >&3; "
        "dd bs=1 count=60000 <&3 2>/dev/null | md5sum >&3; exec 3>&-")


def echoes(program, kind, board, console):
    """A named port in both directions, small and large; who opens it is told by QMP.  The console of the guest is one of its ports, or not."""
    port, qmp = program.path(".port"), program.path(".qmp")
    args = ["-device", f"virtio-serial-{kind},id=vs", "-chardev", f"socket,id=p,path={port},server=on,wait=off",
            "-qmp", f"unix:{qmp},server=on,wait=off"]
    if console:
        args += ["-serial", "null", "-monitor", "none", "-chardev", "stdio,id=c", "-device", "virtconsole,chardev=c,bus=vs.0"]
    args += ["-device", "virtserialport,chardev=p,name=org.quoin.test,id=agent"]
    blob = random.Random(kind).randbytes(60000)
    with program.guest(board=board, console=console, args=args) as guest:
        guest.expect(PROMPT)
        guest.type(f"echo be''gin; {ECHO}; echo e''nd")
        (monitor, events), (end, lines) = connect(qmp), connect(port)
        with monitor, end:
            monitor.sendall(b'{"execute": "qmp_capabilities"}\n')
            end.sendall(b"this line\n")
            said = lines.readline()
            end.sendall(blob)
            digest = lines.readline()
            told = b""
            while told.count(b"VSERPORT_CHANGE") < 2:
                told += events.readline()
        guest.expect("end\n")
        if said != b"got this line\n" or digest.split()[0].decode() != hashlib.md5(blob).hexdigest():
            raise Failed(f"the port said {said!r}, {digest!r}")
        if b'"id":"agent"' not in told.replace(b" ", b""):
            raise Failed(f"QMP said {told!r}")
        guest.has("org.quoin.test")
        guest.type("poweroff")
        guest.finish()


def refuses_writes(program):
    """A read-only drive: it can be read, and nothing is written."""
    image, digest = make_disk(program)
    with program.guest(args=["-drive", f"file={image},if=virtio,format=raw,readonly=on"]) as guest:
        said = guest.shell("cat /sys/block/vda/ro; mkdir -p /mnt; mount -t ext4 -o ro /dev/vda /mnt; md5sum </mnt/blob; umount /mnt; "
                           "dd if=/dev/zero of=/dev/vda bs=4096 count=1 || echo refused")
        if said.splitlines()[0] != "1" or digest not in said or "refused" not in said:
            raise Failed(f"a read-only disk: {said!r}")
        guest.leave("poweroff")
    check_disk(image, digest, ["blob"])
    os.unlink(image)


def cases():
    yield "virtio: disk, card, random numbers, balloon by messages", False, works, ("ppce500", 1)
    yield "virtio: the same on two processors, reset=rebuild", False, works, ("ppce500", 2, ",reset=rebuild")
    yield "virtio: the same by wires", False, works, ("ppce500", 1, "", "", ",vectors=0")
    yield "virtio: by wires on two processors, reset=rebuild", False, works, ("ppce500", 2, ",reset=rebuild", "", ",vectors=0")
    yield "virtio: legacy drivers", False, works, ("ppce500", 2, "", "virtio_pci.force_legacy=1")
    yield "virtio: mpc8544ds", False, works, ("mpc8544ds", 1, "", "", "", "e500v2")
    yield "virtio-mmio: p4080ds-hv", False, works_by_mmio, ("p4080ds-hv", 2)
    yield "virtio-mmio: ppce500", False, works_by_mmio, ("ppce500", 2, ",reset=rebuild")
    yield "virtio-mmio: mpc8544ds", False, works_by_mmio, ("mpc8544ds", 1, "", "e500v2")
    yield "virtio-serial: a port, the console is another one", False, echoes, ("pci", "ppce500", "hvc0")
    yield "virtio-serial: a port by virtio-mmio on p4080ds-hv", False, echoes, ("device", "p4080ds-hv", None)
    yield "virtio: a read-only disk", False, refuses_writes, ()
