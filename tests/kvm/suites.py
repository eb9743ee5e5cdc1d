# SPDX-License-Identifier: MIT
"""Parts that run bare-metal guests: on one vCPU and on two, with the MPIC in the kernel, and on a kernel without the hypercall exit."""
import os
import re

from differences import (EVERY_RUN, IRQCHIP_DISAGREES, KVM_DEBUG, KVM_DISAGREES, SMP_RUNS, UNPATCHED_DISAGREES, arguments_of, differs,
                         judge_guest, the_suite, why_not_here)
from host import BASE, COUNTED, HOST, IN_KERNEL, ROOT, STORE, Host, load
from systems import linux_case, linux_judge


def part_bare(options, counter):
    suite = the_suite(KVM_DISAGREES)
    soft = os.path.join(ROOT, "build/quoin")
    names = options.guests or [n for n in suite.guests(os.path.join(ROOT, "guests/bare")) if "e500v2" in suite.ONE_CORE.get(n, suite.CORES)]
    cases = [(f"bare: {n}" + (f" ({suite.RUNS[n][i][0]})" if i else ""), n, i) for n in names
             for i in (range(len(suite.RUNS[n])) if n in EVERY_RUN else [0])]
    host = Host(options, "bare")
    host.file(os.path.join(ROOT, "LICENSE"))  # a byte channel's input
    for title, name, run in cases:
        if not why_not_here(suite, name):
            host.guest(name)
            host.talk(title, f"{BASE} {arguments_of(suite, name, run)} -kernel {name}.elf", COUNTED)
    if "epapr_suite" in names:
        host.run("scramble", f"{BASE} -M ppce500,scramble=on -kernel epapr_suite.elf")
    host.boot()
    if "epapr_suite" in names and (done := host.ended(counter, "scramble")):
        judge_guest(counter, suite, "bare: epapr_suite (scramble)", "epapr_suite", done)
    for title, name, run in cases:
        if why := why_not_here(suite, name):
            counter.skip(title, why)
        elif done := host.ended(counter, title):
            judge_guest(counter, suite, title, name, done, differs(suite, soft, name, done[0], run))
    for guest, what, why, told in KVM_DISAGREES + ([] if HOST == "qemu" else KVM_DEBUG):
        print(f"    {guest}: {len(told)} cases, counted as skipped: KVM {what} ({why})")
    if HOST == "qemu":
        print("    and what QEMU's core does to the host's own programs: QEMU_DISAGREES in tests/guests/run, QEMU_DEBUG here")


def part_irqchip(options, counter):
    """Each case as on soft; the last ones: stores that never leave the kernel, with either controller."""
    suite = the_suite(KVM_DISAGREES + IRQCHIP_DISAGREES)
    host = Host(options, "irqchip")
    cases = [(name, f"irqchip: {name}", IN_KERNEL, more)
             for name, more in (("hello", ""), ("mpic", ""), ("interrupts", ""), ("uart", ""), ("gpio", ""), ("guts", ""), ("reset", ""),
                                ("reset_1000", ""), ("i2c_rtc", "-rtc base=2020-02-28T12:34:56"), ("partition", ""), ("hv_doorbell", STORE),
                                ("epapr_suite", "-append resets"), ("watchdog", ""))]
    cases += [("hv_doorbell", f"irqchip: a doorbell by a store{where}", machine, f"{STORE} -append store -d hcall -D /tmp/trace")
              for where, machine in (("", IN_KERNEL), (", Quoin's MPIC", ""))]
    for name, title, machine, more in cases:
        host.guest(name)
        host.talk(title, f"{BASE} -M ppce500{machine} {more} -kernel {name}.elf", COUNTED.replace("asked=", "counts; asked="),
                  "echo \"stores: $(grep -c '^doorbell page' /tmp/trace)\"" if "trace" in more else ":")
    host.boot()
    for name, title, _, more in cases:
        if not (done := host.ended(counter, title)):
            continue
        counts = re.findall(r"^counts: (.*)$", done[0], re.M)
        trouble = []
        if name == "reset_1000" and (len(counts) != 2 or counts[0] != counts[1]):
            trouble.append(f"after 100 and after 1000: {counts}")
        if "trace" in more and "stores: 3\n" not in done[0]:
            trouble.append("other stores than the three of no doorbell came out of the kernel")
        judge_guest(counter, suite, title, name, done, trouble)


def part_smp(options, counter):
    suite = the_suite(KVM_DISAGREES)
    host, title = Host(options, "smp", kernel="smp", smp=2), "smp: Linux on two vCPUs"
    cases = [(name, f"smp: {name}{mode}", f"{BASE} -M ppce500{mode} -no-reboot -smp 2 {more} -kernel {name}.elf")
             for name, mode, more in SMP_RUNS]
    for name, case, arguments in cases:
        host.guest(name)
        host.talk(case, arguments.replace("-no-reboot ", "") if name == "smp_reset" else arguments, COUNTED)
    cases.append(("hv_events", "smp: hv_events", f"{BASE} {arguments_of(suite, 'hv_events')} -kernel hv_events.elf"))
    host.guest("hv_events")
    host.talk("smp: hv_events", cases[-1][2], COUNTED)
    linux = [title for title, more in ((title, ""), (f"{title}, kernel-irqchip", f"-M ppce500{IN_KERNEL}"))
             if linux_case(host, counter, title, more, processors=2)]
    host.boot()
    for name, case, _ in cases:
        if done := host.ended(counter, case):
            judge_guest(counter, suite, case, name, done)
    for title in linux:
        linux_judge(host, counter, title, 2)


def part_unpatched(options, counter):
    suite = load("tests/guests/run", "guests_run")
    suite.QEMU_DISAGREES = KVM_DISAGREES + UNPATCHED_DISAGREES
    host = Host(options, "unpatched", kernel="up-unpatched")
    guests = ("hcall", "reset", "shutdown", "guts", "gpio", "timers", "pci", "uart")
    for name in guests:
        host.guest(name)
        host.run(f"unpatched: {name}", f"{BASE} -M ppce500,reset=rebuild -kernel {name}.elf")
    host.guest("hv_doorbell")
    host.run("unpatched: a doorbell by a store",
             f"{BASE} -M ppce500 -device epapr-doorbell,name=own,mmio=on -append store -kernel hv_doorbell.elf")
    host.run("unpatched: a doorbell without mmio is refused", f"{BASE} -M ppce500 {STORE} -kernel hcall.elf")
    host.run("unpatched: two vCPUs are refused", f"{BASE} -M ppce500 -smp 2 -kernel hcall.elf")
    host.run("unpatched: another core is refused", f"{BASE} -M ppce500 -cpu e500mc -kernel hcall.elf")
    host.run("unpatched: a byte channel is refused",
             f"{BASE} -M ppce500 -chardev null,id=c -device epapr-byte-channel,chardev=c -kernel hcall.elf")
    host.boot()
    for name in guests:
        if done := host.ended(counter, f"unpatched: {name}"):
            warned = done[0].count("quoin: warning: this KVM lacks KVM_CAP_EXIT_EPAPR_HCALL")
            trouble = [] if warned == 1 else [f"says what it lacks {warned} times"]
            if name == "hcall" and "PASS: reset without has-reset is unimplemented" not in done[0]:
                trouble.append("has-reset is promised")
            if name == "hcall" and "PASS: EV_IDLE succeeds" not in done[0]:
                trouble.append("has-idle is not served")
            judge_guest(counter, suite, f"unpatched: {name}", name, done, trouble)
    if done := host.ended(counter, "unpatched: a doorbell by a store"):
        judge_guest(counter, suite, "unpatched: a doorbell by a store", "hv_doorbell", done)
    lacks = "needs hypercall exits, which -accel kvm lacks"
    for title, line in (("unpatched: a doorbell without mmio is refused", f"quoin: -device epapr-doorbell,name=other: {lacks}"),
                        ("unpatched: two vCPUs are refused", "quoin: -smp 2: this KVM has at most 1 vCPUs in a VM"),
                        ("unpatched: another core is refused", "quoin: -cpu e500mc: KVM shows guests the host's core"),
                        ("unpatched: a byte channel is refused", f"quoin: -device epapr-byte-channel,chardev=c: {lacks}")):
        if done := host.ended(counter, title):
            quoted = [one for one in done[0].splitlines() if one.startswith("quoin: ") and "warning" not in one]
            trouble = [] if len(quoted) == 1 and quoted[0].startswith(line) and done[1] else [f"says {quoted}, exit status {done[1]}"]
            counter.judge(title, trouble, done[0])
