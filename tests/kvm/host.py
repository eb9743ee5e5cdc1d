# SPDX-License-Identifier: MIT
"""The KVM host as the parts of tests/kvm/run see it: cases go in, what each printed comes out, and a counter for what came of it."""
import importlib.machinery
import importlib.util
import os
import re
import shlex
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LOGS = os.path.join(ROOT, "build/kvm-tests")
ELFS = IMAGES = os.path.join(ROOT, "build/guests")
HERE = os.path.dirname(os.path.abspath(__file__))
HOST = os.environ.get("HOST") or "qemu"
BASE = "-accel kvm -m 64 -display none -monitor none -serial stdio"
IN_KERNEL = ",kernel-irqchip=on"
STORE = "-device epapr-doorbell,name=other -device epapr-doorbell,name=own,mmio=on"
# The answer to a guest's MEASURE or COUNT, as tests/guests/run gives it: how many times it was asked.
COUNTED = r"""    case $1 in MEASURE | COUNT) asked=$((asked + 1)); printf "\\$(printf %o $asked)" ;; esac"""


def load(path, name):
    loader = importlib.machinery.SourceFileLoader(name, os.path.join(ROOT, path))
    spec = importlib.util.spec_from_loader(name, loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def symbol(name, wanted):
    done = subprocess.run(["powerpc-linux-gnu-nm", os.path.join(ELFS, f"{name}.elf")], stdout=subprocess.PIPE, text=True, check=True)
    return next(int(line.split()[0], 16) for line in done.stdout.splitlines() if line.split()[-1] == wanted)


class Counter:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def ok(self, title, detail=""):
        self.passed += 1
        print(f"{title:56} ok{' (' + detail + ')' if detail else ''}", flush=True)

    def skip(self, title, why):
        self.skipped += 1
        print(f"{title:56} SKIP ({why})", flush=True)

    def fail(self, title, trouble, text):
        self.failed += 1
        print(f"{title:56} FAILED")
        for line in trouble:
            print(f"    {line}")
        print("    last lines: " + " | ".join(line[:100] for line in text.splitlines()[-6:]), flush=True)

    def judge(self, title, trouble, text, detail=""):
        if trouble:
            self.fail(title, trouble, text)
        else:
            self.ok(title, detail)


class Host:
    """One boot of the host with a script of cases in it."""

    def __init__(self, options, part, kernel="up", smp=1):
        self.options, self.part, self.kernel, self.smp = options, part, kernel, smp
        self.lines, self.files = [], [options.quoin + "=/tests/quoin", os.path.join(HERE, "host.sh")]

    def file(self, path, name=None):
        entry = path + (f"=/tests/{name}" if name else "")
        if entry not in self.files:
            self.files.append(entry)

    def guest(self, name):
        self.file(os.path.join(ELFS, f"{name}.elf"))

    def run(self, name, arguments):
        self.lines.append(f"run {shlex.quote(name)} ./quoin {arguments}")

    def talk(self, name, arguments, answer, after=":"):
        """answer: what is said to a line; after: shell commands whose output belongs to the case."""
        self.lines.append(f"answer() {{\n{answer}\n}}\nafter() {{\n{after}\n}}\ntalk {shlex.quote(name)} ./quoin {arguments}")

    def shell(self, line):
        self.lines.append(line)

    def boot(self):
        os.makedirs(LOGS, exist_ok=True)
        script = os.path.join(LOGS, f"{self.part}.sh")
        with open(script, "w", encoding="utf-8") as f:
            f.write("#!/bin/sh\n. ./host.sh\n" + "\n".join(self.lines) + "\n")
        command = [os.path.join(HERE, "run-host"), "-k", self.kernel, "-s", str(self.smp), "-a", "loglevel=1"]
        for file in self.files + [script]:
            command += ["-f", file]
        log = os.path.join(LOGS, f"{self.part}.log")
        with open(log, "w", encoding="utf-8") as f:
            subprocess.run(command + [f"sh ./{self.part}.sh"], stdout=f, stderr=subprocess.STDOUT, check=False)
        with open(log, encoding="utf-8", errors="replace") as f:
            self.text = f.read()
        if self.options.v:
            print(self.text)
        cases = {}
        for m in re.finditer(r"^@@begin (.*)\n((?:.*\n)*?)@@end (\d+)$", self.text, re.M):
            cases[m[1]] = (m[2], int(m[3]))
        self.cases = cases
        if not cases:
            sys.exit(f"tests/kvm/run: part {self.part}: the host ended before its first case: {LOGS}/{self.part}.log\n{self.text[-500:]}")

    def ended(self, counter, title):
        """(text, status) of a case; None, counted as a failure, if the host did not live to see its end."""
        if title in self.cases:
            return self.cases[title]
        counter.fail(title, ["it has no end: hung, or the host is gone"], self.text)
        return None
