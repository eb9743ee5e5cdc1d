# SPDX-License-Identifier: MIT
"""Power cuts: a guest writes files and syncs each, and is cut off at random moments.  What it said was synced is there afterwards,
and the file system is sound once its journal was replayed."""
import os
import random
import re
import shutil
import signal
import subprocess
import time

from guest import BANNER, Failed, Skipped, hang_limit

CUTS = {"SIGKILL": "", "reset": "", "rebuild": ",reset=rebuild"}  # how each is cut off, and the options of its machine

# Each boot begins with what the last one left: it lists the files, then writes others in their place until it is cut off.
# A digest is printed after fsync returned, which is the promise that is held against the next boot.
MOUNT = "mkdir -p /mnt; mount -t ext4 /dev/vda /mnt || echo no mount; (cd /mnt; md5sum [0-9]*)"
WRITE = ("(cd /mnt; rm -f [0-9]*; sync; i=0; while :; do i=$((i+1)); "
         "dd if=/dev/urandom of=/tmp/d bs=$((i*7919%60000+1)) count=1 2>/dev/null; sum=$(md5sum </tmp/d); cp /tmp/d $i && fsync $i && echo synced $i $sum; done) & true")
SYNCED = re.compile(r"^synced (\d+) ([0-9a-f]{32}) -$", re.M)
FOUND = re.compile(r"^([0-9a-f]{32})  (\d+)$", re.M)


def cut_often(program, how, cuts, seed):
    """This many cuts of one kind; the count of the files that had to survive one."""
    if not shutil.which("mke2fs"):
        raise Skipped("no mke2fs: apt-get install e2fsprogs")
    chance, image = random.Random(f"{how} {seed}"), program.path(".ext4")
    if os.path.exists(image):
        os.unlink(image)
    subprocess.run(["mke2fs", "-q", "-t", "ext4", image, "32M"], check=True, stdout=subprocess.DEVNULL)
    promised, survived, left = {}, 0, cuts
    args = ["-drive", f"file={image},if=virtio,format=raw,cache=writeback"]
    while left >= 0:
        with program.guest(machine=CUTS[how], args=args) as guest:
            while True:
                said = guest.shell(MOUNT)
                compare(promised, said, f"{how}, cut {cuts - left} of {cuts}, seed {seed}")
                survived += len(promised)
                left -= 1
                if left < 0:
                    guest.leave("umount /mnt; poweroff")
                    break
                promised = write_until_cut(guest, how, chance)
                if how == "SIGKILL":
                    break
        sound(image, left >= 0)
    os.unlink(image)
    return f"{survived} files survived {cuts} cuts, seed {seed}"


def write_until_cut(guest, how, chance):
    """Lets the guest write, and cuts it off at a random moment; the digests of what it had synced."""
    guest.end = time.monotonic() + hang_limit()  # for each cut, however many a guest lives through
    guest.shell(WRITE)
    begin = guest.mark
    for _ in range(chance.randrange(1, 30)):
        guest.expect("synced ")
    guest.expect(" -\n")  # a line is a promise when it is there to its end
    time.sleep(chance.random() / 50)  # somewhere within the next writes; what is checked does not depend on where
    if how == "SIGKILL":
        os.killpg(guest.process.pid, signal.SIGKILL)
        while guest.read():
            pass
    else:
        guest.type("reboot -nf")
        guest.expect(BANNER)
    promised = dict(SYNCED.findall(guest.text[begin:]))
    if not promised:
        raise Failed("the guest said of no file that it was synced")
    if len(set(promised.values())) < len(promised):
        raise Failed("the guest writes the same file again and again")
    return promised


def compare(promised, said, when):
    found = {name: digest for digest, name in FOUND.findall(said)}
    lost = [name for name, digest in promised.items() if found.get(name) != digest]
    if lost or "no mount" in said:
        raise Failed(f"{when}: files that were synced and are not there, or are others: {lost or said}")


def sound(image, replay):
    """Whether the file system is, as the host sees it; that of a copy when its journal must be replayed first."""
    looked_at = image + ".copy"
    shutil.copyfile(image, looked_at)
    if replay and subprocess.run(["e2fsck", "-p", looked_at], capture_output=True, check=False).returncode > 1:
        raise Failed("e2fsck -p: the journal cannot be replayed")
    check = subprocess.run(["e2fsck", "-fn", looked_at], capture_output=True, text=True, check=False)
    if check.returncode:
        raise Failed(f"e2fsck after the cut: {check.stdout.strip()}")
    os.unlink(looked_at)


def cases():
    for how in CUTS:
        yield f"power cuts: {how}", False, cut_often, (how, int(os.environ.get("CUTS", "2")), os.environ.get("SEED", "1"))
