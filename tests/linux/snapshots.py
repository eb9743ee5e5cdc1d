# SPDX-License-Identifier: MIT
"""Snapshots: Linux goes on in another program where it was, whatever it was in the middle of."""
import os
import random
import re
import socket

from guest import Failed, PROMPT
from virtio import make_disk

CYCLES = int(os.environ.get("CYCLES", "6"))

# Something of all that a machine has is under way: timers, a disk that is read and checked again and again, packets to the network's own host.
WORK = ("mkdir -p /mnt; mount -t ext4 -o ro /dev/vda /mnt; ip link set eth0 up; ip addr add 10.0.2.15/24 dev eth0; "
        "ping 10.0.2.2 >/tmp/ping; while :; do ping 10.0.2.2; done >>/tmp/ping & "
        "i=0; while [ $i -lt {n} ]; do echo 3 >/proc/sys/vm/drop_caches; echo sum $i $(md5sum </mnt/blob); i=$((i+1)); done; "
        "kill %1; echo answers $(grep -c alive /tmp/ping) of $(grep -c 10.0.2.2 /tmp/ping); ping 10.0.2.2")


class Monitor:
    def __init__(self, path, guest):
        """Of a program that may have just begun: its socket comes in time, or the program ends."""
        while True:
            self.socket = socket.socket(socket.AF_UNIX)
            try:
                self.socket.connect(path)
                break
            except OSError as e:
                self.socket.close()
                if guest.process.poll() is not None:
                    raise Failed(f"ended with status {guest.process.returncode}") from e
        self.read()

    def read(self):
        said = b""
        while not re.search(rb"\((qemu|quoin)\) $", said):
            more = self.socket.recv(65536)
            if not more:
                break
            said += more
        return said.decode().replace("\r", "")

    def __call__(self, line):
        """Types a line; what it must not say is an error."""
        self.socket.sendall(line.encode() + b"\n")
        said = self.read()
        if "Error" in said:
            raise Failed(f"{line}: {said!r}")
        return said


class Runs:
    """One machine in one program after the other; each has a console of its own."""

    def __init__(self, program, board, processors, disk):
        self.program, self.board, self.n = program, board, 0
        self.file, self.monitor = program.path(".snapshots"), program.path(".monitor")
        self.args = ["-smp", str(processors), "-drive", f"file={disk},if=virtio,format=raw,readonly=on", "-nic", "user,model=virtio",
                     "-snapshot-file", self.file]
        if os.path.exists(self.file):
            os.unlink(self.file)

    def start(self, accel, core="e500mc", *more):
        if os.path.exists(self.monitor):
            os.unlink(self.monitor)
        return self.program.guest(board=self.board, core=core, args=[*self.args, "-monitor", f"unix:{self.monitor},server=on,wait=off", "-accel", accel, *more])


def shell(guest, line):
    """At a prompt that was seen before the snapshot."""
    guest.type(f"echo be''gin; {line}; echo e''nd")
    guest.expect("begin\n")
    begin = guest.mark
    guest.expect("end\n")
    return guest.text[begin:guest.mark - len("end\n")].strip()


def at_the_shell(program, board="ppce500", processors=1, core="e500mc"):
    """Taken with the translator, loaded in the interpreter, taken there and loaded in the translator; and into the machine that it was taken of."""
    disk, _ = make_disk(program)
    runs = Runs(program, board, processors, disk)
    with runs.start("soft", core) as guest:
        guest.expect(PROMPT)
        shell(guest, "X=first")
        guest.expect(PROMPT)
        monitor = Monitor(runs.monitor, guest)
        monitor("savevm one")
        shell(guest, "X=later")
        guest.expect(PROMPT)
        monitor("loadvm one")
        if shell(guest, "echo $X") != "first":
            raise Failed("a machine that was loaded into itself is not what it was")
    for name, accel in ("one", "soft,jit=off"), ("two", "soft"):
        with runs.start(accel, core, "-loadvm", name) as guest:
            said = shell(guest, "echo $X; grep -c ^processor /proc/cpuinfo")
            if said.split() != ["first", str(processors)]:
                raise Failed(f"-loadvm {name} with {accel}: {said!r}")
            guest.expect(PROMPT)
            if name == "one":
                Monitor(runs.monitor, guest)("savevm two")
            else:
                guest.type("poweroff")
                guest.finish()
    os.unlink(runs.file)
    os.unlink(disk)


def in_the_middle(program, board="ppce500", processors=1):
    """The disk's contents stay what they are, through as many programs as there are cycles, each stopped at a moment of its own."""
    disk, digest = make_disk(program)
    runs = Runs(program, board, processors, disk)
    seed = random.Random(f"{board} {processors}")
    total, seen = 4 * (CYCLES + 1), 0
    text = mark = None
    for cycle in range(CYCLES + 1):
        more = ["-loadvm", f"c{cycle - 1}"] if cycle else []
        with runs.start(("soft", "soft,jit=off")[cycle % 2], "e500mc", *more) as guest:
            if cycle:  # one console goes on where the other ended: no character is lost, and none comes twice
                guest.text, guest.mark = text, mark
            else:
                guest.expect(PROMPT)
                guest.type(WORK.format(n=total))
            for _ in range(seed.randrange(1, 4) if cycle < CYCLES else total - seen):
                guest.expect(f"sum {seen} {digest}")
                seen += 1
            if cycle == CYCLES:
                guest.expect("10.0.2.2 is alive!")  # and the network still works, whatever became of the answers on their way
                guest.leave("poweroff")
            else:
                monitor = Monitor(runs.monitor, guest)
                monitor("stop")
                monitor(f"savevm c{cycle}")
                monitor.socket.sendall(b"quit\n")
                guest.finish()
            text, mark = guest.text, guest.mark
    if "I/O error" in text:
        raise Failed("an I/O error")
    answers, asked = map(int, re.search(r"^answers (\d+) of (\d+)$", text, re.M).groups())
    # An answer on its way at a snapshot may be lost, as on any network, and its ping then waits for seconds: how many were asked is up to the host's speed.
    if not answers or answers + CYCLES < asked:
        raise Failed(f"{answers} answers to {asked} pings")
    os.unlink(runs.file)
    os.unlink(disk)


def moves(program, board="ppce500", processors=1, hops=4):
    """There and back again over a socket, at work all the time: one console goes on where the other ended, and the disk's contents stay what they are."""
    disk, digest = make_disk(program)
    runs = Runs(program, board, processors, disk)
    way = program.path(".way")
    guest, there = runs.start("soft"), None
    try:
        guest.expect(PROMPT)
        guest.type(WORK.format(n=3 * (hops + 1)))
        for hop in range(hops):
            for i in range(3):
                guest.expect(f"sum {3 * hop + i} {digest}")
            monitor = other if hop else Monitor(runs.monitor, guest)
            runs.monitor = program.path(f".monitor{hop}")  # a program that ends removes its own
            there = runs.start(("soft,jit=off", "soft")[hop % 2], "e500mc", "-incoming", f"unix:{way}")
            other = Monitor(runs.monitor, there)
            monitor(f"migrate -d unix:{way}")
            while "completed" not in (said := monitor("info migrate")):
                if "failed" in said:
                    raise Failed(said)
            monitor.socket.sendall(b"quit\n")
            guest.finish()
            there.text, there.mark = guest.text + there.text, guest.mark
            guest.__exit__(None, None, None)
            guest, there = there, None
        for i in range(3):
            guest.expect(f"sum {3 * hops + i} {digest}")
        guest.expect("10.0.2.2 is alive!")
        guest.leave("poweroff")
        if "I/O error" in guest.text:
            raise Failed("an I/O error")
    finally:
        for one in guest, there:
            if one:
                one.__exit__(None, None, None)
    os.unlink(disk)


def cases():
    yield "snapshot: at the shell, ppce500", False, at_the_shell, ()
    yield "snapshot: at the shell, two processors", False, at_the_shell, ("ppce500", 2)
    yield "snapshot: at the shell, p4080ds-hv", False, at_the_shell, ("p4080ds-hv", 2)
    yield "snapshot: at the shell, e500v2", False, at_the_shell, ("ppce500", 1, "e500v2")
    yield "moves: at work, there and back", False, moves, ()
    yield "moves: two processors, p4080ds-hv", False, moves, ("p4080ds-hv", 2)
    yield "snapshot: while disk and network work", False, in_the_middle, ()
    yield "snapshot: while disk and network work, p4080ds-hv", False, in_the_middle, ("p4080ds-hv", 2)
