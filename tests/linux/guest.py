# SPDX-License-Identifier: MIT
"""What the cases of tests/linux/run share: a Linux guest under the program, its console, its images; a client of QMP."""
import json
import os
import re
import select
import shlex
import signal
import socket
import subprocess
import time

HANG = 1200  # seconds without an end on an idle host; more on a loaded one
IMAGES = "build/guests/linux"
KERNELS = {"e500mc": IMAGES, "e500v2": IMAGES + "-e500v2", "stock": IMAGES + "-stock"}  # where the images of each are
PROGRAMS = "build/guests/programs.cpio.gz"  # programs of tests/linux/programs, for the initramfs
LOGS = "build/linux-tests"
CONSOLES = {"p4080ds-hv": "ttyEHV0"}  # elsewhere ttyS0
PROMPT = "quoin:/# "
BANNER = "Linux version 6"  # the first line of a boot; not every kernel writes the time before it
KERNEL_LINE = re.compile(r"\[ *\d+\.\d{6}\] [^\n]*\n")  # what the kernel says may come at any time, and in the middle of another line


class Failed(Exception):
    pass


class Skipped(Exception):
    pass


def hang_limit():
    return HANG * max(1.0, os.getloadavg()[0] / os.cpu_count())


def images_of(kernel):
    images = KERNELS[kernel]
    if not os.path.isdir(images):
        raise Skipped(f"no {images}: make guest-{os.path.basename(images)}")
    return images


class Guest:
    """One run of the program, its console on pipes."""

    def __init__(self, program, stem, machine="", image="vmlinux", append="", args=(), core="e500mc",
                 board="ppce500", initrd="initramfs.cpio.gz", console=None, kernel=None):
        self.trace_file, self.log_file = stem + ".hcall", stem + ".console"
        images = images_of(kernel or core)
        command = program.command + ["-M", board + machine, "-cpu", core, "-m", "256M", "-nographic"]
        command += ["-kernel", os.path.join(images, image)]
        command += ["-initrd", os.path.join(IMAGES, initrd)] if initrd else []
        console = console or CONSOLES.get(board, "ttyS0")
        command += ["-append", f"console={console} {append}".strip(), *args]
        if not program.qemu:
            command += ["-d", "hcall,unimp,guest_errors", "-D", self.trace_file]
        self.command, self.text, self.mark = command, "", 0
        self.end = time.monotonic() + hang_limit()
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, start_new_session=True)
        os.set_blocking(self.process.stdout.fileno(), False)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, traceback):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        with open(self.log_file, "w", encoding="utf-8") as log:
            log.write(f"$ {shlex.join(self.command)}\n{self.text}")

    def read(self):
        """Waits for more console; False at its end."""
        left = self.end - time.monotonic()
        if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
            raise Failed(f"hung: no end after {hang_limit():.0f} s")
        data = os.read(self.process.stdout.fileno(), 65536)
        self.text += data.decode("latin-1").replace("\r", "")
        return bool(data)

    def expect(self, wanted):
        """Waits for `wanted` after what was found before."""
        while True:
            at = self.text.find(wanted, self.mark)
            if at >= 0:
                self.mark = at + len(wanted)
                return
            if wanted != "Kernel panic" and "Kernel panic" in self.text[self.mark:]:
                raise Failed(f"the guest panicked while waiting for {wanted!r}")
            if not self.read():
                raise Failed(f"ended with status {self.process.wait()} while waiting for {wanted!r}")

    def type(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def shell(self, line):
        """Runs a command at the prompt and returns what it printed, without what the kernel said meanwhile."""
        self.expect(PROMPT)
        self.type(f"echo be''gin; {line}; echo e''nd")  # the terminal's echo of the command must not match; the quotes see to that
        self.expect("begin\n")
        begin = self.mark
        self.expect("end\n")
        return KERNEL_LINE.sub("", self.text[begin:self.mark - len("end\n")]).strip()

    def reboot(self, command="reboot"):
        """Waits for the next boot to begin: the shell may prompt once more before it goes."""
        self.expect(PROMPT)
        self.type(command)
        self.expect(BANNER)

    def finish(self, status=0):
        """Waits for the end of the program."""
        while self.read():
            pass
        got = self.process.wait()
        if got != status:
            raise Failed(f"exit status {got}, expected {status}")

    def leave(self, line, status=0):
        self.expect(PROMPT)
        self.type(line)
        self.finish(status)

    def boots(self, times):
        seen = self.text.count(BANNER)
        if seen != times:
            raise Failed(f"{seen} boots on the console, expected {times}")

    def has(self, words):
        if words not in self.text:
            raise Failed(f"{words!r} is not on the console")

    def has_not(self, words):
        if words in self.text:
            raise Failed(f"{words!r} is on the console")

    def has_before(self, words, later):
        if not 0 <= self.text.find(words) < self.text.find(later):
            raise Failed(f"{words!r} is not on the console before {later!r}")

    def counted(self, **expected):
        """The hypercall counters, which the program writes at its end."""
        with open(self.trace_file, encoding="utf-8") as trace:
            counters = dict((name, int(n)) for n, name in
                            re.findall(r"^hcall: (\d+) × (\w+)", trace.read(), re.M))
        for name, wanted in expected.items():
            if counters.get(name, 0) != wanted:
                raise Failed(f"{counters.get(name, 0)} × {name}, expected {wanted}")
        return counters


class Program:
    """What is tested, by one case of the tests."""

    def __init__(self, command, qemu=None, case=""):
        self.command, self.qemu, self.case = command, qemu, case
        if qemu is None:
            said = subprocess.run(command + ["-version"], stdout=subprocess.PIPE, check=False).stdout
            self.qemu = b"QEMU" in said

    def of_case(self, case):
        return Program(self.command, self.qemu, case)

    def path(self, end):
        """A file of this case alone: others run at the same time."""
        return os.path.join(LOGS, re.sub(r"\W+", "-", self.case) + end)

    def guest(self, name="", **how):
        return Guest(self, self.path(name), **how)


class Qmp:
    """A client of QMP, in command mode when this returns: events that come later are told to it, and none that came before."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.socket.settimeout(hang_limit())
        self.lines = self.socket.makefile("r", encoding="utf-8")
        self.events = []
        self.read("QMP")
        self.ask("qmp_capabilities")

    def read(self, key):
        """Reads until an answer that has this key; events on the way are kept."""
        while True:
            try:
                line = self.lines.readline()
            except TimeoutError as e:
                raise Failed(f"hung: QMP never said {key!r}") from e
            if not line:
                raise Failed(f"QMP ended while waiting for {key!r}")
            answer = json.loads(line)
            if "event" in answer:
                self.events.append(answer)
            if key in answer:
                return answer[key]

    def ask(self, command, **arguments):
        self.socket.sendall(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
        return self.read("return")

    def wait_for(self, event, times=1):
        """Waits until this event came so often; all that came until then, whole, in their order."""
        while [one["event"] for one in self.events].count(event) < times:
            self.read("event")
        came, self.events = self.events, []
        return came


def jobs(processors):
    """A command for the guest's shell: the same job on each processor at once, then how many different results they had."""
    each = " ".join(f"taskset {1 << cpu:x} md5sum /bin/busybox > /tmp/{cpu} &" for cpu in range(processors))
    return f"{each} wait; cat /tmp/[0-9] | sort -u | wc -l"


def cpio(files):
    """An archive of {path: bytes}, in the format of an initramfs; directories are entries without bytes."""
    archive = b""
    for number, (path, data) in enumerate([*files.items(), ("TRAILER!!!", b"")]):
        name = path.encode() + b"\0"
        mode = 0o40755 if data is None else 0o100755
        words = [number, mode, 0, 0, 1, 0, len(data or b""), 0, 0, 0, 0, len(name), 0]
        for part in b"070701" + "".join(f"{word:08x}" for word in words).encode() + name, data or b"":
            archive += part + bytes(-len(part) % 4)
    return archive


def more_initramfs(path, files=None):
    """The initramfs with our programs and these files, as a file there; its whole path."""
    with open(path, "wb") as whole:
        for part in f"{IMAGES}/initramfs.cpio.gz", PROGRAMS:
            with open(part, "rb") as one:
                whole.write(one.read())
        whole.write(bytes(-whole.tell() % 4) + cpio(files or {}))
    return os.path.abspath(path)
