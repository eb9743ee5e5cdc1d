# SPDX-License-Identifier: MIT
"""gdb on Linux, by the kernel's symbols: two vCPUs that are its threads, from the first instruction to the shell and to the end."""
import os
import re
import shutil
import subprocess
import tempfile
import time

from guest import Failed, Skipped, images_of

# What is typed, and what gdb has to answer to it.  Answers are the same however fast the host is: each place is one that a kernel comes to
# once, and instructions are stepped where interrupts are off.  Breakpoints are temporary, as gdb steps over one that stays, and a step may
# end in an interrupt's handler (decision 007), behind which it would be met once more.  start_kernel() begins with instructions that go
# straight on.  int_sqrt() calls nobody and takes no lock, so it may be called anywhere.
TYPED = (
    ("info threads", r"\* 1 .*vCPU 0\).*\n  2 .*vCPU 1 \(in the spin table\)\)"),
    ("thbreak start_kernel", r"Hardware assisted breakpoint 1 at 0x[0-9a-f]+"),
    ("continue", r"Thread 1 hit Temporary breakpoint 1, 0x[0-9a-f]+ in start_kernel \(\)"),
    ("backtrace 1", r"#0  0x[0-9a-f]+ in start_kernel \(\)"),
    ("stepi", r"0x[0-9a-f]+ in start_kernel \(\)"),
    ("print (long)$pc - (long)&start_kernel", r"= 4$"),
    ("call (int)int_sqrt(1764)", r"= 42$"),
    ("print (long)$pc - (long)&start_kernel", r"= 4$"),
    ("tbreak kernel_init", r"Temporary breakpoint 2 at 0x[0-9a-f]+"),
    ("continue", r"Thread 1 hit Temporary breakpoint 2, 0x[0-9a-f]+ in kernel_init \(\)"),
    ("backtrace", r"#0  0x[0-9a-f]+ in kernel_init \(\)\n#1  0x[0-9a-f]+ in ret_from_kernel_thread \(\)"),
    ("tbreak start_secondary", r"Temporary breakpoint 3 at 0x[0-9a-f]+"),
    ("continue", r"Thread 2 hit Temporary breakpoint 3, 0x[0-9a-f]+ in start_secondary \(\)"),
    ("info threads", r"  1 .*vCPU 0\).*\n\* 2 .*vCPU 1\).*start_secondary"),
    ("backtrace 1", r"#0  0x[0-9a-f]+ in start_secondary \(\)"),
    ("continue", r"\[Inferior 1 \(Remote target\) exited normally\]"),
)


def script(socket, kernel):
    """gdb's arguments: a mark before the answer to each line."""
    lines = ["set pagination off", "set confirm off", "set architecture powerpc:common", f"file {kernel}", f"target remote {socket}"]
    for number, (typed, _) in enumerate(TYPED):
        lines += [f"echo \\n<{number}>\\n", typed]
    return [part for line in lines for part in ("-ex", line)]


def judge_answers(said):
    answers = re.split(r"^<\d+>\n", said, flags=re.M)[1:]
    for number, (typed, wanted) in enumerate(TYPED):
        if number >= len(answers) or not re.search(wanted, answers[number], re.M):
            raise Failed(f"gdb's answer to '{typed}' has no {wanted!r}: {answers[number:number + 1] or said[-500:]}")


def is_debugged(program, accel):
    """The guest stands until gdb is there; its shell is used while gdb waits, and gdb hears of its end."""
    gdb = shutil.which("gdb-multiarch")
    if not gdb:
        raise Skipped("gdb-multiarch is not installed")
    with tempfile.TemporaryDirectory() as where:
        socket = os.path.join(where, "gdb")
        args = ["-smp", "2", "-S", "-gdb", f"unix:{socket},server=on,wait=off", "-accel", accel]
        with program.guest(args=args) as guest, open(program.path(".gdb"), "w+", encoding="utf-8") as log:
            while not os.path.exists(socket):
                if guest.process.poll() is not None:
                    raise Failed("ended before gdb came")
                time.sleep(0.01)
            command = [gdb, "-q", "-nx", "-batch", *script(socket, f"{images_of('e500mc')}/vmlinux")]
            with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT) as debugger:
                try:
                    if guest.shell("grep -c ^processor /proc/cpuinfo") != "2":
                        raise Failed("not two processors")
                    guest.leave("poweroff")
                    debugger.wait()
                finally:
                    debugger.kill()
            log.seek(0)
            judge_answers(log.read())


def cases():
    for accel in "soft,jit=on", "soft,jit=off":
        yield f"gdb from start_kernel to the shell, 2 vCPUs: {accel}", "our own engines", is_debugged, (accel,)
