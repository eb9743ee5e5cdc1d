# SPDX-License-Identifier: MIT
"""Images of disks: qcow2 in front of another file, and a host that has no room left."""
import hashlib
import json
import os
import resource
import shutil
import subprocess

from guest import Failed, Qmp, Skipped
from virtio import check_disk, make_disk

COPY = "mkdir -p /mnt; mount -t ext4 -o discard /dev/vda /mnt && md5sum </mnt/blob; cp /mnt/blob /mnt/{0}; sync; rm -f /mnt/gone; umount /mnt"


def digest_of(path):
    with open(path, "rb") as file:
        return hashlib.md5(file.read()).hexdigest()


def qcow2(program, options, core="e500mc"):
    """The guest's writes go to the front; the file behind it stays as it is, and QEMU's tools find nothing wrong with either."""
    if not shutil.which("qemu-img"):
        raise Skipped("no qemu-img: apt-get install qemu-utils")
    base, digest = make_disk(program)
    front, before = program.path(".qcow2"), digest_of(base)
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-o", options, "-b", os.path.basename(base), "-F", "raw", front], check=True)
    with program.guest(core=core, args=["-drive", f"file={front},if=virtio,format=qcow2,discard=unmap"]) as guest:
        for boot in 1, 2:
            said = guest.shell(COPY.format(f"copy{boot}"))
            if digest not in said:
                raise Failed(f"the file on the disk: {said!r}")
            if boot == 1:
                guest.reboot()
        guest.leave("poweroff")
        guest.has_not("I/O error")
    if digest_of(base) != before:
        raise Failed("the file behind the image was written to")
    check = subprocess.run(["qemu-img", "check", front], capture_output=True, text=True, check=False)
    if check.returncode or "No errors were found" not in check.stdout:
        raise Failed(f"qemu-img check: {check.stdout}{check.stderr}")
    whole = program.path(".raw")
    subprocess.run(["qemu-img", "convert", "-f", "qcow2", "-O", "raw", front, whole], check=True)
    check_disk(whole, digest, ["blob", "copy1", "copy2"])
    for path in base, front, whole:
        os.unlink(path)


def layers(program, aio):
    """As libvirt writes a drive: in JSON, a node over a node, and what is behind it named, here packed by zstd."""
    if not shutil.which("qemu-img"):
        raise Skipped("no qemu-img: apt-get install qemu-utils")
    base, digest = make_disk(program)
    packed, front = program.path(".packed"), program.path(".qcow2")
    subprocess.run(["qemu-img", "convert", "-c", "-O", "qcow2", "-o", "compression_type=zstd", base, packed], check=True)
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", "/nowhere", "-F", "raw", "-u", front, str(os.path.getsize(base))], check=True)
    nodes = [{"driver": "file", "filename": packed, "node-name": "b-storage", "auto-read-only": True, "aio": aio},
             {"driver": "qcow2", "node-name": "b-format", "read-only": True, "file": "b-storage", "backing": None},
             {"driver": "file", "filename": front, "node-name": "f-storage", "auto-read-only": True, "discard": "unmap", "aio": aio},
             {"driver": "qcow2", "node-name": "f-format", "read-only": False, "discard": "unmap", "detect-zeroes": "unmap",
              "file": "f-storage", "backing": "b-format"}]
    args = [word for node in nodes for word in ("-blockdev", json.dumps(node))]
    args += ["-device", json.dumps({"driver": "virtio-blk-pci", "drive": "f-format", "id": "disk0", "bootindex": 1, "write-cache": "on"})]
    with program.guest(args=args) as guest:
        said = guest.shell(COPY.format("copy1"))
        if digest not in said:
            raise Failed(f"the file on the disk: {said!r}")
        guest.leave("poweroff")
        guest.has_not("I/O error")
    subprocess.run(["qemu-img", "rebase", "-u", "-b", os.path.basename(packed), "-F", "qcow2", front], check=True)
    subprocess.run(["qemu-img", "check", "-q", front], check=True)
    whole = program.path(".raw")
    subprocess.run(["qemu-img", "convert", "-f", "qcow2", "-O", "raw", front, whole], check=True)
    check_disk(whole, digest, ["blob", "copy1"])
    for path in base, packed, front, whole:
        os.unlink(path)


def grows(program):
    """A disk that becomes larger while the guest runs: it sees that at once."""
    image, _ = make_disk(program)
    sectors, qmp_path = os.path.getsize(image) // 512, program.path(".qmp")
    with program.guest(args=["-drive", f"file={image},if=virtio,id=d0,format=raw", "-qmp", f"unix:{qmp_path},server=on,wait=off"]) as guest:
        guest.shell("true")
        qmp = Qmp(qmp_path)
        qmp.ask("block_resize", device="d0", size=2 * sectors * 512)
        guest.shell(f"until grep -qx {2 * sectors} /sys/block/vda/size; do sleep 0.1; done; "
                    f"dd if=/dev/zero of=/dev/vda bs=512 seek={2 * sectors - 1} count=1 && sync")
        stats, = qmp.ask("query-blockstats")
        if stats["stats"]["wr_highest_offset"] != 2 * sectors * 512:
            raise Failed(f"what was written: {stats}")
        guest.leave("poweroff")
        guest.has_not("I/O error")
    os.unlink(image)


FILL = "mkdir -p /mnt; mount -t ext4 /dev/vda /mnt; cp /mnt/blob /mnt/copy; sync; cp /mnt/blob /mnt/other; sync; umount /mnt; echo all written"


def no_room(program, kind):
    """The host takes no more bytes for a growing image: the machine stops, and after there is room again cont loses nothing."""
    base, digest = make_disk(program)
    image, qmp_path = base, program.path(".qmp")
    if kind == "qcow2":
        if not shutil.which("qemu-img"):
            raise Skipped("no qemu-img: apt-get install qemu-utils")
        image = program.path(".qcow2")
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", os.path.basename(base), "-F", "raw", image], check=True)
    # What is written behind this many bytes of a file fails.  The image is sparse, or grows from next to nothing.
    limit = 1 << 20 if kind == "qcow2" else os.path.getsize(image) // 8
    args = ["-drive", f"file={image},if=virtio,format={kind},werror=stop", "-qmp", f"unix:{qmp_path},server=on,wait=off"]
    with program.guest(args=args) as guest:
        guest.shell("true")
        qmp = Qmp(qmp_path)
        _, most = resource.prlimit(guest.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(guest.process.pid, resource.RLIMIT_FSIZE, (limit, most))
        guest.type(FILL)
        qmp.wait_for("STOP")
        if qmp.ask("query-status")["status"] != "io-error":
            raise Failed(f"the machine is {qmp.ask('query-status')}")
        qmp.ask("cont")  # there is no room yet: it stops again
        qmp.wait_for("STOP")
        resource.prlimit(guest.process.pid, resource.RLIMIT_FSIZE, (most, most))
        qmp.ask("cont")
        guest.expect("\nall written")
        guest.leave("poweroff")
        guest.has_not("I/O error")
    whole = image
    if kind == "qcow2":
        whole = program.path(".raw")
        subprocess.run(["qemu-img", "convert", "-f", "qcow2", "-O", "raw", image, whole], check=True)
    check_disk(whole, digest, ["blob", "copy", "other"])
    for path in {base, image, whole}:
        os.unlink(path)


def cases():
    yield "disks: qcow2 in front of a raw file", False, qcow2, ("cluster_size=64k",)
    yield "disks: qcow2 of version 2 with small clusters, e500v2", False, qcow2, ("compat=0.10,cluster_size=4k", "e500v2")
    for aio in "threads", "io_uring":
        yield f"disks: layers in JSON, aio={aio}", True, layers, (aio,)
    yield "disks: one that grows", False, grows, ()
    for kind in "raw", "qcow2":
        yield f"disks: no room on the host, {kind}", False, no_room, (kind,)
