# SPDX-License-Identifier: MIT
"""What a guest of KVM sees otherwise than the architecture says, and whether what it says agrees with that."""
import os
import re
import shlex

from host import BASE, ELFS, HOST, IN_KERNEL, load

# Where a guest of KVM sees something else than the architecture says.  A row is as in QEMU_DISAGREES of tests/guests/run: the guest, what
# KVM does, why it may do so, and the sentences of the guest that fail because of it.  A sentence that holds all the same is an error, so
# that no row outlives its reason; one marked ~ may hold or fail.
KVM_DISAGREES = [
    ("areas", "serves KVM_HC_FEATURES", "its own hypercalls are the kernel's to serve", ["five hypercalls: five exits"]),
    ("cache", "runs the guest's supervisor in the host's user mode without MSR[UCLE]", "locking is the host's",
     ["~dcbtls in supervisor mode", "~dcblc in supervisor mode", "~icbtls in supervisor mode", "~dcbtls in user mode with MSR[UCLE]"]),
    ("epapr_suite", "knows no rfmci", "not in its emulator",
     ["FH_ERR_GET_INFO, error: the queue is empty", "FH_SEND_NMI, valid: to oneself: a machine check, once"]),
    ("hcall", "offers its magic page", "its own hypercalls are the kernel's to serve",
     ["KVM_HC_FEATURES: no feature", "KVM magic page", "magic page keeps r4 to r11"]),
    ("mmu", "leaves MAS2's WIMGE as it was at a miss", "the guest's handler writes the word anyway",
     ["miss: MAS2 is the page and MAS4's WIMGE", "fetch miss: MAS2", "tlbsx that misses: MAS2's WIMGE"]),
    ("mmu", "invalidates by tlbivax what the current PID sees", "it looks the address up",
     ["tlbivax by address, TLB0: any PID", "tlbivax by address, TLB1: anywhere in the page", "tlbivax spares IPROT"]),
    ("mmu", "writes both of two entries for a page into the host's TLB, where either may be found", "tlbwe looks for no other entry",
     ["~of two entries for a page the lower one counts"]),
    ("mmu", "serves tlbilx on any core", "one emulator for both flavours", ["tlbilx is illegal"]),
    ("interrupts", "maps RAM as its host does, whatever MAS2[I] says", "two mappings of a page must not differ",
     ["~dcbz of inhibited memory", "~dcbz of inhibited memory: DEAR, ESR[ST]"]),
    ("mpic", "has no critical input", "KVM_INTERRUPT is about the external one", ["critical output: critical input interrupt"]),
    ("spe", "does not set ESR[SPE]", "it queues the interrupt without a syndrome",
     ["evaddw without MSR[SPE]", "evldd from nowhere without MSR[SPE]: unavailable comes first", "efdadd without MSR[SPE]",
      "~an invalid operand, enabled", "~a division by zero, enabled", "~an overflow, enabled", "~an underflow, enabled",
      "~one element's error ends both", "~an inexact result, enabled", "~rounding up is left to software"]),
    ("spr", "reads SPRG4 to SPRG7 by their user numbers only, and has no SPRG8, MCSRR0, MCSRR1, PID1, PID2, HDBCR0",
     "not in its emulator", ["SPRG4", "SPRG5", "SPRG6", "SPRG7", "SPRG8", "MCSRR0", "MCSRR1", "PID1", "PID2", "HDBCR0"]),
    ("reserved", "ignores reserved bits of instructions that it emulates", "its emulator looks at opcodes alone",
     ["mtmsr: a set reserved bit is illegal on the e500v2 alone", "tlbsync: a set reserved bit is illegal on the e500v2 alone"]),
    ("spr", "lets the guest's user mode read the host's SPRG3", "the core does not trap it",
     ["USPRG3 shows SPRG3 in user mode"]),
    ("smp", "invalidates by tlbivax on one vCPU only", "Linux sends interrupts instead", ["tlbivax here reaches there"]),
    ("smp_events", "invalidates by tlbivax on one vCPU only", "Linux sends interrupts instead",
     ["~after tlbivax and tlbsync the old page is seen by nobody"]),
    ("smp_race", "invalidates by tlbivax on one vCPU only", "Linux sends interrupts instead",
     ["~after tlbivax and tlbsync no store comes by the old translation"]),
    ("smp_reserve", "loses a reservation with every exit", "a guest tries again",
     ["~loads, dcbst, dcbf, dcbt: it holds", "~lwarx of another CPU: it holds", "~a store to the next granule: it holds"]),
    ("timers", "lets nobody write the time base", "it is the host's", ["TBU as written", "TBL carries into TBU"]),
]
# What else the MPIC in the kernel does (-M kernel-irqchip=on).
IRQCHIP_DISAGREES = [
    ("mpic", "has an MPIC whose timers do not count", "they are registers alone, and one reads as its neighbour",
     ["GTVPR is masked after reset", "with its vector", "timer: interrupt", "timer: vector", "timer: it comes again", "timer 3: interrupt",
      "timer 3: vector", "timer 1 counts down"]),
    ("hv_doorbell", "takes two signals of an eventfd for one or for two", "they are work for another thread", ["~not two"]),
]
UNPATCHED_DISAGREES = [
    ("hcall", "writes r4 whatever it answers", "upstream's kvmppc_kvm_pv()",
     ["token 0 keeps r4 to r11", "number 8 keeps r4 to r11", "ePAPR 0xffff keeps r4 to r11", "KVM 1 keeps r4 to r11",
      "vendor IBM keeps r4 to r11", "vendor 0x7fff keeps r4 to r11", "all ones keep r4 to r11", "bit 31 keeps r4 to r11"]),
]
# What else the emulated host's core does not do: KVM hands a guest its debug registers, and QEMU's core has but
# instruction-complete and branch-taken events.
QEMU_DEBUG = [
    ("interrupts", "has no trap event", "",
     ["debug trap: MSR[DE] falls"]),
    ("debug", "knows no address compare", "",
     ["an event interrupts", "its handler keeps ME alone", "it is of the critical class", "IAC2", "inside: from IAC1 on",
      "both tell that are asked", "outside: below IAC1", "masked: some bits of the address alone", "but the user's instructions",
      "branch taken, conditional", "branch not taken: the return is", "branch and link", "a system call is complete at its handler",
      "interrupt taken, at its handler", "return", "byte store", "it did not happen", "store with update, through DAC2",
      "inside: the last byte", "a store multiple's last word", "a load multiple's", "a reservation", "and its store",
      "a block set to zero", "that did not happen either", "SPE load", "outside: below", "masked: any byte of the word",
      "but the user's accesses", "with MSR[DE] = 0 the access happens; the interrupt comes when it may",
      "a return is recorded as well"]),
]
# What KVM makes of a core that has all debug events, as Quoin's.
KVM_DEBUG = [
    ("debug", "runs the guest's supervisor in the host's user mode", "DBCR1 and DBCR2 go to the core as they are",
     ["the user's instructions: not the supervisor's", "the user's accesses: not the supervisor's"]),
    ("debug", "lets a guest switch on neither interrupt-taken nor return events", "not in the mask of its DBCR0",
     ["interrupt taken, at its handler", "return", "a return is recorded as well"]),
    ("debug", "meets events in its own code and throws them away", "interrupts leave MSR[DE] as it was",
     ["a system call is complete at its handler"]),
    ("debug", "clears the core's DBSR at every entry", "the events may be the host's",
     ["with MSR[DE] = 0 the access happens; the interrupt comes when it may"]),
    ("debug", "loads two registers of the guest's after that", "outside the guest's range, if the range is outside",
     ["outside: below", "outside: not inside"]),
]

# Guests that do not come to all their sentences under KVM: the ones that begin with this text need a machine check, which KVM gives in
# another way (above).
NOT_SAID = {"epapr_suite": "FH_ERR_GET_INFO, "}
# Guests of the bare-metal suite that cannot say anything about KVM.
NOT_HERE = {
    "unmapped": "KVM shows a guest neither MCSRR0 nor MCSRR1, and knows no rfmci: bus_error has what is left",
    "byte_channel_flood": "needs the host of tests/bytechan/run", "refused": "part faults", "reset_1000": "part rebuild",
}
# tests/guests/run runs some guests several times, in different ways.  Here the first way is enough, but for these guests.
EVERY_RUN = {"bus_error"}
# The runs of part smp: guest, option of -M, more arguments.  core_reset has no run with the kernel's MPIC, whose PIR resets no core (docs/decisions/032).
SMP_RUNS = [("smp", "", ""), ("smp_reserve", "", ""), ("litmus", "", ""), ("smp_race", "", ""), ("smp_events", "", ""), ("core_reset", "", ""),
            ("smp_reset", ",reset=plain", "-append 40"), ("smp_reset", ",reset=rebuild", "-append 40"),
            ("smp", IN_KERNEL, ""), ("smp_reset", IN_KERNEL, "-append 40")]

SAID = {}  # guest → all sentences that it said, in whatever part


def judge_guest(counter, suite, title, name, done, more=()):
    """done: a case's (text, status); more: what else is wrong with it."""
    verdict = suite.judge(name, *done, True)
    SAID.setdefault(name, set()).update(sentences(done[0]))
    counter.judge(title, [t.replace("QEMU", "KVM") for t in verdict.trouble] + list(more), done[0],
                  f"{verdict.passed} passed, {verdict.skipped} skipped")


def judge_lists(counter):
    """After all parts: what a list names and no guest says any more would hide nothing, and is to go."""
    rows = KVM_DISAGREES + IRQCHIP_DISAGREES + UNPATCHED_DISAGREES + (QEMU_DEBUG if HOST == "qemu" else KVM_DEBUG)
    unsaid = [f"{guest}: {s}" for guest, _, _, told in rows for s in told if s.lstrip("~") not in SAID.get(guest, ())]
    counter.judge("lists: each sentence that is listed is said by its guest", unsaid, "")


def the_suite(disagrees):
    suite = load("tests/guests/run", "guests_run")
    suite.QEMU_DISAGREES = disagrees + (host_disagrees(suite) if HOST == "qemu" else KVM_DEBUG)
    return suite


def host_disagrees(suite):
    """What a guest executes without KVM is as right as the core below; at times KVM stands between."""
    return [(guest, what, why, ["~" + s.lstrip("~") for s in told]) for guest, what, why, told in suite.QEMU_DISAGREES + QEMU_DEBUG]


def why_not_here(suite, name):
    if name in NOT_HERE or "-smp" not in arguments_of(suite, name):
        return NOT_HERE.get(name, "")
    assert name == "hv_events" or name in [guest for guest, _, _ in SMP_RUNS], f"{name} wants several vCPUs: a row of SMP_RUNS"
    return "part smp"


def arguments_of(suite, name, run=0):
    _, machine_options, arguments, _ = suite.RUNS.get(name, suite.PLAIN)[run]
    return shlex.join(["-M", "ppce500" + machine_options] + arguments)


def sentences(text):
    return set(re.findall(r"^(?:PASS|FAIL|SKIP): (.+?)(?:: got \w+ want \w+| \([^()]*\))?$", text, re.M))


def differs(suite, soft, name, text, run=0):
    """The same sentences as on soft, neither more nor fewer."""
    command = [soft, *shlex.split(BASE.replace("kvm", "soft")), "-cpu", "e500v2", *shlex.split(arguments_of(suite, name, run)),
               "-kernel", os.path.join(ELFS, f"{name}.elf")]
    there, _, _ = suite.run(command, suite.HANG)
    ours, theirs = sentences(text), sentences(there)
    if name in NOT_SAID:
        theirs = {s for s in theirs if not s.startswith(NOT_SAID[name])} | {s for s in ours if s.startswith(NOT_SAID[name])}
    return [f"soft has it, kvm has not: {s}" for s in sorted(theirs - ours)] + \
           [f"kvm has it, soft has not: {s}" for s in sorted(ours - theirs)]
