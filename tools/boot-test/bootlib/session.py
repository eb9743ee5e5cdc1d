# SPDX-License-Identifier: MIT
"""One machine: its console on pipes, its events by QMP and its hypercalls by -d hcall where the program has these."""
import json
import os
import re
import selectors
import signal
import socket
import subprocess
import tempfile
import threading
import time

KEPT = 8 << 20  # characters of a console; of one that prints for ever the beginning stays
SEARCHED = 1 << 20  # behind what was found last
QUOTE = 200  # characters of the console that a failure shows

print_lock = threading.Lock()


class Failed(Exception):
    pass


class Result:
    """What came of a test.  Times are seconds since the machine was started."""

    def __init__(self, test):
        self.test, self.failure, self.seconds = test, "", 0.0
        self.console = []  # (time, text)
        self.events = []  # (time, kind, text): kind is step, event, hcall
        self.calls = {}  # hypercalls by name


class Machine:
    def __init__(self, test, result, factor, show):
        self.test, self.result, self.factor, self.show = test, result, factor, show
        self.text, self.seen, self.kept = "", 0, 0
        self.begin = time.monotonic()
        self.over = None  # the time that was over when read() looked last
        self.pending = {"event": [], "hcall": ""}
        self.selector = selectors.DefaultSelector()

    # --- its beginning and its end

    def start(self, directory):
        command, pass_fds = list(self.test.command), ()
        ours, theirs = None, None
        if is_quoin(command[0]):
            if "-d" not in command and "-D" not in command:
                ours, theirs = os.pipe()
                command += ["-d", "hcall", "-D", f"/dev/fd/{theirs}"]
                pass_fds = (theirs,)
        qmp = None
        if has_qmp(command[0]) and "-qmp" not in command:
            qmp = os.path.join(directory, "qmp")
            waits = "-S" in command  # whoever asks for it goes on by a step
            command += ["-qmp", f"unix:{qmp},server=on,wait=off"] + ([] if waits else ["-S"])
        try:
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                            pass_fds=pass_fds, start_new_session=True)
        except OSError as why:
            raise Failed(f"{command[0]}: {why.strerror}") from None
        finally:
            if theirs is not None:
                os.close(theirs)
        self.watch(self.process.stdout.fileno(), self.console_came)
        if ours is not None:
            self.watch(ours, self.calls_came)
        if qmp:
            self.connect(qmp, not waits)

    def watch(self, fd, came):
        os.set_blocking(fd, False)
        self.selector.register(fd, selectors.EVENT_READ, came)

    def connect(self, path, go_on):
        """The socket is there before the machine starts, which waits for the client: no event is missed.  A program that ends at once has none."""
        while self.process.poll() is None:
            self.qmp = socket.socket(socket.AF_UNIX)
            try:
                self.qmp.connect(path)
            except OSError:
                self.qmp.close()
                time.sleep(0.005)
                continue
            self.qmp.sendall(b'{"execute":"qmp_capabilities"}\n' + (b'{"execute":"cont"}\n' if go_on else b""))
            self.rest = b""
            self.watch(self.qmp.fileno(), self.qmp_came)
            return

    def close(self):
        process = getattr(self, "process", None)
        if process is None:
            return
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for fd in list(self.selector.get_map()):
            self.selector.unregister(fd)
        process.stdin.close()
        process.stdout.close()
        self.selector.close()

    def now(self):
        return time.monotonic() - self.begin

    def told(self, kind, text):
        if len(self.result.events) < 100000:
            self.result.events.append((self.now(), kind, text))

    # --- what comes from it

    def console_came(self, data):
        text = data.decode("utf-8", "replace").replace("\r", "")
        self.text += text
        if self.kept < KEPT:
            self.result.console.append((self.now(), text))
            self.kept += len(text)
        if self.show:
            with print_lock:
                print(text, end="", flush=True)
        for what, pattern in self.test.never:
            found = pattern.search(self.text, max(0, self.seen - QUOTE))
            if found:
                raise Failed(f"the console says {what!r}: …{self.text[found.start():found.end() + QUOTE]!r}")
        self.seen = len(self.text)

    def calls_came(self, data):
        *lines, self.pending["hcall"] = (self.pending["hcall"] + data.decode("utf-8", "replace")).split("\n")
        for line in lines:
            found = re.match(r"hcall: vCPU (\d+): (\w+)\(", line)
            if found:
                self.result.calls[found[2]] = self.result.calls.get(found[2], 0) + 1
                self.told("hcall", line[len("hcall: "):])

    def qmp_came(self, data):
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            try:
                said = json.loads(line)
            except ValueError:
                continue
            if isinstance(said, dict) and "event" in said:
                about = ", ".join(f"{k} {v if isinstance(v, str) else json.dumps(v)}" for k, v in (said.get("data") or {}).items())
                self.told("event", said["event"] + (f" ({about})" if about else ""))
                self.pending["event"].append(said["event"])

    def read(self, until):
        """Waits for more of anything; False when the console has ended.  What had come when the time was over is still looked at, once."""
        left = until - time.monotonic()
        if left <= 0 and self.over == until:
            raise TimeoutError
        self.over = until if left <= 0 else None
        ready = self.selector.select(max(0, left))
        for key, _ in ready:
            try:
                data = os.read(key.fd, 65536)
            except OSError:
                data = b""
            if data:
                key.data(data)
                continue
            self.selector.unregister(key.fd)
            if key.fd == self.process.stdout.fileno():
                return False
        return True

    # --- the steps

    def found(self, step):
        if step.kind == "expect":
            match = step.pattern.search(self.text)
            if match:
                self.text, self.seen = self.text[match.end():], 0
            elif len(self.text) > SEARCHED:
                self.text = self.text[-SEARCHED // 2:]
                self.seen = len(self.text)
            return bool(match)
        if step.value in self.pending["event"]:
            del self.pending["event"][:self.pending["event"].index(step.value) + 1]
            return True
        return False

    def wait_for(self, step, until):
        while not self.found(step):
            if not self.read(until):
                if self.found(step):  # an event may have come with the end
                    return
                raise Failed(f"it ended with status {self.process.wait()} before {step.text!r}")

    def send(self, step):
        try:
            self.process.stdin.write(step.value.encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise Failed(f"it has ended before {step.text!r}") from None

    def ends(self, step, until):
        while self.read(until):
            pass
        status = self.process.wait(max(0.0, until - time.monotonic()))
        if status != step.value:
            raise Failed(f"it ended with status {status}, not {step.value}")

    def take(self, step):
        until = time.monotonic() + step.within * self.factor
        try:
            if step.kind == "send":
                self.send(step)
            elif step.kind == "exit":
                self.ends(step, until)
            else:
                self.wait_for(step, until)
        except (TimeoutError, subprocess.TimeoutExpired):
            last = self.text[-QUOTE:].rstrip()
            raise Failed(f"not within {step.within * self.factor:g} s: {step.text!r}; the console's end is …{last!r}") from None
        self.told("step", step.text)


def said_version(program):
    try:
        return subprocess.run([program, "-version"], capture_output=True, check=False, timeout=60).stdout
    except (OSError, subprocess.TimeoutExpired):
        return b""


def is_quoin(program):
    return said_version(program).startswith(b"quoin ")


def has_qmp(program):
    said = said_version(program)
    return b"QEMU" in said or (said.startswith(b"quoin ") and b"json-glib no" not in said)


def run(test, factor, show):
    result = Result(test)
    machine = Machine(test, result, factor, show)
    with tempfile.TemporaryDirectory(prefix="quoin-boot-") as directory:
        try:
            machine.start(directory)
            for step in test.steps:
                try:
                    machine.take(step)
                except Failed as why:
                    raise Failed(f"{step.where}: {why}") from None
        except Failed as why:
            result.failure = str(why)
            machine.told("step", f"failed: {why}")
        finally:
            machine.close()
    result.seconds = machine.now()
    return result
