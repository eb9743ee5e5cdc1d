# SPDX-License-Identifier: MIT
"""virtio devices, on the PCI bus and by virtio-mmio: a disk with a file system, a network card, random numbers, a balloon."""
import hashlib
import os
import random
import shutil
import socket
import subprocess

from guest import Failed, PROMPT, Qmp, Skipped, hang_limit, more_initramfs

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


ROUNDS = 300


def waits_for_each(program, kind, processors, options):
    """Requests one after the other, to each device in turn: a lost notification or interrupt ends in a hang.  Two cards have one cable."""
    image, initrd = program.path(".raw"), more_initramfs(program.path(".cpio"))
    with open(image, "wb") as file:
        file.truncate(1 << 20)
    cable = f"addr.type=unix,addr.path={program.path('.socket')}"
    cards = ["-netdev", f"stream,id=p,server=on,{cable}", "-netdev", f"stream,id=q,{cable}"]
    devices = ["-drive", f"file={image},if=none,id=d,format=raw"]
    for device in "virtio-blk-{0},drive=d{1}", "virtio-net-{0},netdev=p{1}", "virtio-net-{0},netdev=q{1}", "virtio-rng-{0}{1}":
        devices += ["-device", device.format(kind, options)]
    with program.guest(args=["-smp", str(processors), "-initrd", initrd, *cards, *devices]) as guest:
        said = guest.shell(f"virtio_rounds {ROUNDS}")
        if f"PASS: {ROUNDS} rounds" not in said:
            raise Failed(f"it said {said!r}")
        guest.leave("poweroff")
    os.unlink(image)


MOUNT = "mkdir -p /mnt; mount -t 9p -o trans=virtio,version=9p2000.L{1} {0} /mnt"
SHARED = ("cd /mnt; md5sum blob; cp blob copy; sync; md5sum copy; mkdir -p a/b; mv copy a/b/moved; ln -s ../../blob a/b/link; ln a/b/moved hard; "
          "md5sum a/b/link; chmod 640 hard; echo more >>hard; wc -c <hard; rm hard; n=0; while [ $n -lt 300 ]; do echo $n >a/file$n; n=$((n+1)); done; "
          "ls a | wc -l; cat a/file* | wc -c; mv a c; cat c/file299; cat c/b/moved | wc -c; rm c/file1*; ls c | wc -l; df /mnt | tail -n 1; "
          "cat outside/secret || echo kept inside; cat c/../../secret 2>/dev/null || echo nothing above; cd /; umount /mnt")


def shares(program, board, how, processors):
    """A directory of this host: files, directories and links both ways, and no way out of it."""
    root = program.path(".shared")
    shutil.rmtree(root, ignore_errors=True)
    os.makedirs(os.path.join(root, "share"))
    share = os.path.join(root, "share")
    blob = random.Random(board).randbytes(SIZE)
    for name, data in ("share/blob", blob), ("secret", b"secret"):
        with open(os.path.join(root, name), "wb") as file:
            file.write(data)
    os.symlink("..", os.path.join(share, "outside"))
    args = [word.format(share) for word in how]
    with program.guest(board=board, args=["-smp", str(processors), *args]) as guest:
        said = guest.shell(f"{MOUNT.format('tag', '')}; {SHARED}")
        digest = hashlib.md5(blob).hexdigest()
        # twice 300 files and b; then without file1, 1x and 1xx
        for words, times in (digest, 3), (f"\n{SIZE + 5}\n", 1), ("\n301\n1090\n299\n", 1), ("\n190\n", 1), ("kept inside", 1), ("nothing above", 1):
            if said.count(words) < times:
                raise Failed(f"{words!r} should be there {times} times: {said!r}")
        if "secret" in said.replace("outside/secret", "").replace("'secret'", ""):
            raise Failed(f"the guest got outside: {said!r}")
        guest.leave("poweroff")
    with open(os.path.join(share, "c/b/moved"), "rb") as file:
        if file.read() != blob + b"more\n":
            raise Failed("the file that the guest copied and changed is another one")
    if os.readlink(os.path.join(share, "c/b/link")) != "../../blob" or os.stat(os.path.join(share, "c/b/moved")).st_mode & 0o777 != 0o640:
        raise Failed("a link or a mode is another one")
    shutil.rmtree(root)


def connect(path):
    """The other end of a socket of the program: to write with sendall(), and a file to read lines from."""
    end = socket.socket(socket.AF_UNIX)
    end.connect(path)
    end.settimeout(hang_limit())
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
        monitor = Qmp(qmp)  # before the guest opens the port: a client that comes later is not told of it
        guest.type(f"echo be''gin; {ECHO}; echo e''nd")
        end, lines = connect(port)
        with end:
            end.sendall(b"this line\n")
            said = lines.readline()
            end.sendall(blob)
            digest = lines.readline()
            told = monitor.wait_for("VSERPORT_CHANGE", 2)
        guest.expect("end\n")
        if said != b"got this line\n" or digest.split()[0].decode() != hashlib.md5(blob).hexdigest():
            raise Failed(f"the port said {said!r}, {digest!r}")
        changes = [one["data"] for one in told if one["event"] == "VSERPORT_CHANGE"]
        if changes != [{"id": "agent", "open": True}, {"id": "agent", "open": False}]:
            raise Failed(f"QMP said {told}")
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
    for processors in 1, 2:
        yield f"virtio: each request waits for the one before, by messages, -smp {processors}", False, waits_for_each, ("pci", processors, "")
        yield f"virtio: each request waits for the one before, by wires, -smp {processors}", False, waits_for_each, ("pci", processors, ",vectors=0")
    yield "virtio-mmio: each request waits for the one before, -smp 2", False, waits_for_each, ("device", 2, "")
    fsdev = ["-fsdev", "local,id=f,path={0},security_model=none", "-device"]
    yield "virtio-9p: a directory of the host", False, shares, ("ppce500", fsdev + ["virtio-9p-pci,fsdev=f,mount_tag=tag"], 1)
    yield "virtio-9p: by -virtfs, two processors", False, shares, ("ppce500", ["-virtfs", "local,path={0},mount_tag=tag,security_model=none"], 2)
    yield "virtio-9p: by virtio-mmio", False, shares, ("p4080ds-hv", fsdev + ["virtio-9p-device,fsdev=f,mount_tag=tag"], 1)
    yield "virtio: a read-only disk", False, refuses_writes, ()
