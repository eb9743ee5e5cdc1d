# SPDX-License-Identifier: MIT
"""Part hostile: the guests of tests/hostile/run, which attack the program.

The host has no Python, and this Quoin no QMP, because json-glib is not among the libraries it is built with; so gdb's client asks the
questions.  A million calls and 100,000 resets are left to soft, as an emulated host needs hours for them.  What clients and descriptors do
to the program does not depend on who executes the guest.
"""
import os
import re
import shlex

from host import BASE, ELFS, IN_KERNEL, Host, symbol

# guest, machine and more, kernel of the host, how gdb's client lets the guest go on (host.sh)
ATTACKS = [("hcalls", "-M ppce500", "up", "go"), ("hcalls", "-M p4080ds-hv", "up", "go"), ("mmio", "-M ppce500", "up", "go"),
           ("mmio", "-M ppce500" + IN_KERNEL, "up", "go"), ("insns", "-M ppce500", "up", "go"), ("messages", "-M ppce500", "up", "go"),
           ("messages", "-M ppce500 -action watchdog=debug", "up", "go"), ("resets", "-M ppce500", "up", "c"),
           ("resets", "-M ppce500,reset=rebuild", "up", "c"), ("resets", "-M ppce500" + IN_KERNEL, "up", "c"),
           ("hcalls", "-M ppce500,scramble=on -smp 2", "smp", "go"), ("mmio", "-M ppce500 -smp 2", "smp", "go"),
           ("storm", "-M ppce500 -smp 2", "smp", "go"), ("storm", f"-M ppce500{IN_KERNEL} -smp 2", "smp", "go"),
           ("resets", "-M ppce500 -smp 2", "smp", "c")]
STOPS = 200
MESSAGES_MAX = 1 << 20


def attack_trouble(text):
    lives = re.findall(r"^seed \d+: (\d+) stops, status (\d+), (\d+) bytes of messages\n((?:counts: .*\n)*)", text, re.M)
    trouble = [] if sum(int(life[0]) for life in lives) >= STOPS else ["its client was not answered"]
    for stops, status, size, counts in lives:
        if status != "0" and not (status == "1" and "checkstop" in text):  # a guest that destroys itself ends the program with status 1, which says so
            trouble.append(f"exit status {status}")
        if len(set(counts.splitlines())) > 1:
            trouble.append(f"after 2 and after {stops} stops: {counts}")
        if int(size) > MESSAGES_MAX:
            trouble.append(f"{size} bytes of messages")
    return trouble


def part_hostile(options, counter):
    for kernel, smp in (("up", 1), ("smp", 2)):
        host = Host(options, f"hostile-{kernel}", kernel=kernel, smp=smp)
        host.file(os.path.join(ELFS, "kvm-rsp"))
        host.shell(f"KEEP_AREA={symbol('hostile/resets', 'keep_area'):x}\nBREAKPOINT={symbol('hostile/resets', 'guest_main'):x}")
        cases = [(guest, more, go) for guest, more, where, go in ATTACKS if where == kernel]
        for guest, more, go in cases:
            host.guest("hostile/" + guest)
            host.shell(f"attack {shlex.quote(f'{guest} {more}')} {STOPS} {go} ./quoin {BASE.replace('stdio', 'null')} {more} "
                       f"-d guest_errors,unimp -kernel {guest}.elf")
        host.boot()
        for guest, more, _ in cases:
            if done := host.ended(counter, f"{guest} {more}"):
                lives = len(re.findall(r"^seed", done[0], re.M))
                counter.judge(f"hostile: {guest} {more}", attack_trouble(done[0]), done[0], f"{lives} {'life' if lives == 1 else 'lives'}")
