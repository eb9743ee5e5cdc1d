# SPDX-License-Identifier: MIT
"""One run of an emulator: its console's lines against the clock, its processor time and its memory."""
import os
import select
import subprocess
import tempfile
import time

TICK = os.sysconf("SC_CLK_TCK")
HANG = 1800  # seconds after which a run is given up on an idle host


def process_cpu(pid):
    """Seconds of processor time of all of a process's threads."""
    with open(f"/proc/{pid}/stat", encoding="latin-1") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def process_peak(pid):
    """MiB it ever had in memory (VmHWM)."""
    with open(f"/proc/{pid}/status", encoding="latin-1") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0


def host_busy():
    """Seconds that the host's processors were not idle, summed; stolen time counts."""
    with open("/proc/stat", encoding="latin-1") as stat:
        user, nice, system, _idle, _wait, irq, softirq, steal = map(int, stat.readline().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / TICK


def wait_quiet(limit):
    """Returns when, for two seconds, less than `limit` processors were busy."""
    while True:
        busy, since = host_busy(), time.monotonic()
        time.sleep(2)
        if (host_busy() - busy) / (time.monotonic() - since) < limit:
            return


class Run:
    """What a run was: .ok, .items {name: {wall, cpu, guest, checksum}}, .marks {name: (seconds since exec, peak MiB)},
    .failed [text], .others (processors that others kept busy meanwhile).

    marks: "byte", "init" (first process) and "end" (the process has ended by itself, with status 0).
    """

    def __init__(self, argv):
        self.argv, self.items, self.marks, self.failed, self.done = argv, {}, {}, [], False
        self.begun = {}
        busy, self.since = host_busy(), time.perf_counter()
        with tempfile.TemporaryFile() as errors, \
                subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors) as process:
            self.process = process
            self.read()
            if not self.done_reading:
                self.failed.append(f"no end after {HANG} s")
                process.kill()
            own = self.reap()
            if process.returncode != 0:
                errors.seek(0)
                self.failed.append(f"status {process.returncode} {errors.read(400).decode('latin-1').strip()}".strip())
        wall = time.perf_counter() - self.since
        self.marks["end"] = (wall, 0.0)
        self.others = (host_busy() - busy - own) / wall
        self.ok = not self.failed

    def reap(self):
        """Waits for the process's end: the processor time of all of it."""
        _, status, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        self.cpu = usage.ru_utime + usage.ru_stime
        return self.cpu

    def read(self):
        pipe, pending, self.done_reading = self.process.stdout.fileno(), b"", False
        while (left := self.since + HANG - time.perf_counter()) > 0:
            if not select.select([pipe], [], [], left)[0]:
                return
            data = os.read(pipe, 65536)
            now = time.perf_counter() - self.since
            if not data:
                self.done_reading = True
                return
            if "byte" not in self.marks:
                self.mark("byte", now)
            *lines, pending = (pending + data).split(b"\n")
            for line in lines:
                self.hear(line.decode("latin-1").split(), now)

    def mark(self, name, now):
        self.marks[name] = (now, process_peak(self.process.pid))

    def hear(self, words, now):
        if words[:1] != ["BENCH"] or len(words) < 2:
            return
        if words[1] == "init":
            self.mark("init", now)
        elif words[1] == "begin":
            self.begun[words[2]] = (now, process_cpu(self.process.pid))
        elif words[1] == "end" and words[2] in self.begun:
            wall, cpu = self.begun.pop(words[2])
            self.items[words[2]] = {"wall": now - wall, "cpu": process_cpu(self.process.pid) - cpu,
                                    "checksum": words[3], "guest": float(words[4])}
        elif words[1] == "done":
            self.done = True
        elif words[1] != "first":
            self.failed.append(" ".join(words[1:]))
