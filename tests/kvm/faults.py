# SPDX-License-Identifier: MIT
"""Part faults: each request to KVM fails, at the start, at work, in a reset and before a rebuild."""
import os
import re
import shlex

from host import BASE, IN_KERNEL, ROOT, STORE, Host

CAPS = len(re.findall(r"^    X\(\w+, (?:true|false)\)", open(os.path.join(ROOT, "cpu/kvm/kvm.h"), encoding="utf-8").read(), re.M))
# How often a request is made before the first VM runs: GET_ONE_REG for each reading of a vCPU's state, ENABLE_CAP for each vCPU on ppce500;
# and how often /dev/kvm is opened and asked: by the options, and for the VM.
ONE_REGS, ENABLED, OPENINGS = 5, 5, 2
# The rebuild of a VM makes each of these requests: which passing, counted from the program's start, is the rebuild's first.
PREPARED = {"create-vm": 2, "get-api-version": OPENINGS + 1, "check-extension": OPENINGS * CAPS + 1, "get-vcpu-mmap-size": 2,
            "ppc-get-pvinfo": 2, "set-user-memory-region": 2, "create-vcpu": 2, "enable-cap": ENABLED + 1}
# The same for those that write state in a reset.
WRITTEN = {"get-regs": 3, "set-regs": 3, "get-sregs": 2, "set-sregs": 2, "get-one-reg": ONE_REGS + 1, "dirty-tlb": 2, "set-guest-debug": 2}
# The same for those that only -M kernel-irqchip=on makes.
IRQCHIP = {"create-device": 2, "set-device-attr": 2, "set-gsi-routing": 2, "irqfd": 3, "ioeventfd": 2}
START = [*PREPARED, *WRITTEN, "run"]
# Requests that come up while a guest runs (the first time, if no other is named), and a guest in which they do.
WORKING = {"interrupt": "mpic", "set-one-reg": "watchdog", "run:50": "hello"}
ANYWHERE = 40  # KVM_RUN fails at each of its first so many passings

NOT_FAULTED = {"translate": "only gdb asks, and is told that nothing is mapped there",
               "signal-msi": "no bare-metal guest has a device send a message: part virtio does, and a failure is set-device-attr's at work"}


def request_name(request):
    return "KVM_" + request.split(":")[0].upper().replace("-", "_")


def fault_cases():
    """(title, guest, machine option, request:N:ERRNO, what must come of it)"""
    for errno in ("ENOMEM", "EINVAL", "EINTR"):
        for request in START:
            yield f"{request} fails at the start", "hello", "", f"{request}:1:{errno}", "end"
        for request, guest in WORKING.items():
            nth = "" if ":" in request else ":1"
            yield f"{request} fails at work", guest, "", f"{request}{nth}:{errno}", "end"
        for request, nth in PREPARED.items():
            yield f"{request} fails before a rebuild", "refused", ",reset=rebuild", f"{request}:{nth}:{errno}", "refused"
        for request, nth in IRQCHIP.items():
            yield f"{request} fails at the start", "hello", IN_KERNEL, f"{request}:1:{errno}", "end"
            yield f"{request} fails before a rebuild", "refused", IN_KERNEL, f"{request}:{nth}:{errno}", "refused"
        yield "set-device-attr fails at work", "uart", IN_KERNEL, f"set-device-attr:2:{errno}", "end"
        for request, nth in WRITTEN.items():
            yield f"{request} fails in a reset", "refused", "", f"{request}:{nth}:{errno}", "end"
            yield f"{request} fails after a rebuild", "refused", ",reset=rebuild", f"{request}:{nth}:{errno}", "end"


def fault_trouble(guest, spec, outcome, text, status):
    request, errno = spec.split(":")[0], spec.split(":")[-1]
    says = re.search(rf"quoin: .*{request_name(request)} on .* \({errno}\)$", text, re.M)
    content = re.search(r"^SUMMARY: \d+ passed, 0 failed, 0 skipped$", text, re.M)
    if errno == "EINTR":  # tried again: nobody notices
        if guest == "refused":  # and the reset that was to be refused succeeds
            return [] if status == 0 and not says else [f"exit status {status}"]
        return [] if status == 0 and "SUMMARY" in text and not says else [f"exit status {status}"]
    if outcome == "refused":
        return ([] if says else [f"no line names {request_name(request)} and {errno}"]) + \
               ([] if content and status == 0 else [f"the guest is not content, exit status {status}"])
    return ([] if says else [f"no line names {request_name(request)} and {errno}"]) + \
           ([] if status in (1, 2) else [f"exit status {status}, expected 1"])


EVERYWHERE = "faults: run fails anywhere up to the second boot"


def run_everywhere(host):
    """One of them completes the hypercall that asks for the reset."""
    host.shell(f"everywhere() {{ for n in $(seq {ANYWHERE}); do ./quoin {BASE} -M ppce500,inject-fault=kvm-run:$n:ENOMEM "
               "-kernel refused.elf; echo \" status $?\"; done; }")
    host.shell(f"run {shlex.quote(EVERYWHERE)} everywhere")


def judge_everywhere(host, counter):
    if done := host.ended(counter, EVERYWHERE):
        ends = len(re.findall(r"quoin: .*KVM_RUN on vCPU 0: .* \(ENOMEM\)\n status 1$", done[0], re.M))
        trouble = [] if ends == ANYWHERE else [f"{ends} of {ANYWHERE} ended with a line about it"]
        if not re.search("(PASS|FAIL): ", done[0]):  # the second boot tells what it thinks of a reset that was carried out
            trouble.append("no second boot was reached: raise ANYWHERE")
        counter.judge(EVERYWHERE, trouble, done[0])


def part_faults(options, counter):
    host = Host(options, "faults")
    cases = list(fault_cases())
    with open(os.path.join(ROOT, "cpu/fault.h"), encoding="utf-8") as f:
        all_requests = set(re.findall(r'"kvm-([a-z-]+)"', f.read()))
    for request in sorted(all_requests - {spec.split(":")[0] for _, _, _, spec, _ in cases}):
        counter.judge(f"faults: {request}", [] if request in NOT_FAULTED else ["nobody makes it fail: add it to the tables above"], "",
                      NOT_FAULTED.get(request, ""))
    for title, guest, machine, spec, _ in cases:
        more = "-append none -action watchdog=none" if guest == "watchdog" else STORE if machine == IN_KERNEL else ""
        host.guest(guest)
        host.run(f"{title}, {spec}", f"{BASE} -M ppce500{machine},inject-fault=kvm-{spec} {more} -kernel {guest}.elf")
    run_everywhere(host)
    host.boot()
    judge_everywhere(host, counter)
    for title, guest, _, spec, outcome in cases:
        if done := host.ended(counter, f"{title}, {spec}"):
            counter.judge(f"faults: {title}, {spec.split(':')[-1]}", fault_trouble(guest, spec, outcome, *done), done[0])
