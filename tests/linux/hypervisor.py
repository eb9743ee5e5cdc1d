# SPDX-License-Identifier: MIT
"""What a paravirtual Linux uses: partition calls, the virtual interrupt controller, byte channels, memory areas."""
import hashlib

from guest import BANNER, Failed, PROMPT, jobs


def lives_paravirtually(program, machine, processors):
    """Boot, interrupts and a job on each processor, reboot and power-off by the partition calls."""
    with program.guest(board="p4080ds-hv", machine=machine, args=["-smp", str(processors)]) as guest:
        said = guest.shell(f"grep -c '^processor' /proc/cpuinfo; {jobs(processors)}; "
                           "grep -c ehv-bc /proc/interrupts; test -c /dev/fsl-hv && echo manager; "
                           "cat /sys/class/tty/console/active")
        words = [line for line in said.splitlines() if line.isdigit() or line in ("manager", "ttyEHV0")]
        if words != [str(processors), "1", "2", "manager", "ttyEHV0"]:
            raise Failed(f"processors, different sums, interrupts, driver, terminal: {said!r}")
        guest.reboot()
        guest.leave("poweroff")
        guest.boots(2)
        guest.counted(FH_PARTITION_RESTART=1, FH_PARTITION_STOP=1, KVM_HC_VM_RESET=0, KVM_HC_VM_SHUTDOWN=0)
        with open(guest.trace_file, encoding="utf-8") as trace:
            wrong = [line for line in trace if not line.startswith("hcall: ")]
        if wrong:
            raise Failed(f"against the rules: {wrong[0]}")


CHANNEL = ["-chardev", "stdio,id=c", "-device", "epapr-byte-channel,chardev=c,console=on"]


def talks_over_byte_channel(program, core, board):
    """A shell, more output than any queue holds, more input than that, a reboot, power-off."""
    pasted = "".join(f"{n * n:x}\n" for n in range(15000))
    with program.guest(core=core, board=board, console="ttyEHV0", args=CHANNEL) as guest:
        said = guest.shell("seq 1 30000").split()
        if said != [str(n) for n in range(1, 30001)]:
            raise Failed(f"of 30000 numbers {len(said)} came, the last is {said[-1:]}")
        guest.expect(PROMPT)
        guest.type("stty -echo; echo re''ady; head -n 15000 | md5sum; stty echo")
        guest.expect("ready\n")
        guest.type(pasted[:-1])
        guest.expect(hashlib.md5(pasted.encode()).hexdigest())
        guest.reboot()
        said = guest.shell("grep -c ehv-bc /proc/interrupts")
        if said != "2":
            raise Failed(f"{said} interrupts of byte channels, expected 2")
        guest.leave("poweroff")
        guest.boots(2)


def has_early_console(program, image, early, board="ppce500"):
    with program.guest(image=image, board=board, console="ttyEHV0", args=CHANNEL if board == "ppce500" else []) as guest:
        if early:
            guest.expect("ehv-bc: early console using byte channel handle 0")
        guest.leave("poweroff")
        guest.boots(1)
        if early:
            guest.has_before(BANNER, "console [ttyEHV0] enabled")
        else:
            guest.has_not("ehv-bc: early console")


def has_more_byte_channels(program):
    """Beside the serial console: the first is ttyEHV0, and what is written to the second comes out there alone."""
    out, given = program.path(".out"), program.path(".in")
    with open(given, "w", encoding="ascii") as file:
        file.write("a line for the guest\n")
    args = ["-chardev", "null,id=a", "-device", "epapr-byte-channel,chardev=a",
            "-chardev", f"file,id=b,path={out},input-path={given}", "-device", "epapr-byte-channel,chardev=b"]
    with program.guest(args=args) as guest:
        said = guest.shell("ls /dev | grep ttyEHV; exec 4<>/dev/ttyEHV1; head -n 1 <&4; "
                           "echo a line for the host >&4; exec 4<&-")
        if said.splitlines() != ["ttyEHV0", "ttyEHV1", "a line for the guest"]:
            raise Failed(f"the guest saw {said!r}")
        guest.leave("poweroff")
    with open(out, encoding="ascii") as file:
        said = file.read()
    if "a line for the host" not in said:
        raise Failed(f"the host saw {said!r}")


AREAS = "/sys/kernel/quoin_areas/"


def fields(text):
    """{processor: {name: number}} of lines like "0 steal_ns 1 run_ns 2"."""
    lines = [line.split() for line in text.split("\n") if line]
    return {int(words[0]): dict(zip(words[1::2], map(int, words[2::2]))) for words in lines}


def reads_areas(program, machine, cpus):
    """What the hypervisor leaves in this kernel's memory, twice: for each processor, and it goes forward, over a reset too."""
    with program.guest(machine=machine, args=["-smp", str(cpus), "-rtc", "base=2031-02-03T04:05:06"]) as guest:
        for last in False, True:
            said = guest.shell(f"date +%s; cat {AREAS}wall_clock; date +%s").split()
            if not int(said[0]) - 2 <= float(said[1]) <= int(said[2]) + 2 or not 0 <= float(said[1]) - 1927857906 < 86400:
                raise Failed(f"WALL_CLOCK between two dates: {said}")
            for name, grows in ("run_stats", ("exits", "hypercalls", "accesses")), ("steal_time", ("run_ns",)), \
                               ("watchdog_touch", ("touches",)):
                until = f"while [ \"$(cat {name})\" = \"$was\" ]; do sleep 1; done"
                said = guest.shell(f"cd {AREAS}; was=$(cat {name}); echo \"$was\"; sleep 1; {until}; echo =; cat {name}; cd /")
                first, _, second = said.partition("=")
                first, second = fields(first), fields(second)
                if sorted(first) != list(range(cpus)) or sorted(second) != sorted(first):
                    raise Failed(f"{name} of processors {sorted(first)}, then {sorted(second)}")
                for cpu in first:
                    if any(second[cpu][field] < first[cpu][field] for field in first[cpu]):
                        raise Failed(f"{name} of processor {cpu} went back: {first[cpu]}, then {second[cpu]}")
                for field in grows:
                    if sum(cpu[field] for cpu in second.values()) <= sum(cpu[field] for cpu in first.values()):
                        raise Failed(f"{name}: {field} stands still: {first}, then {second}")
            if not last:
                guest.reboot()
        guest.leave("poweroff")
        guest.boots(2)
        guest.counted(QUOIN_AREA_REGISTER=2 * (1 + 3 * cpus))


def misses_areas(program):
    with program.guest(machine=",memory-areas=off") as guest:
        said = guest.shell(f"ls -d {AREAS}* /proc/device-tree/hypervisor/quoin* 2>/dev/null | wc -l")
        if said != "0":
            raise Failed(f"{said} of what was not offered")
        guest.leave("poweroff")
        guest.counted(QUOIN_AREA_REGISTER=0)


def cases():
    for processors in 1, 2, 8:
        yield f"p4080ds-hv: {processors} processors, partition calls", False, lives_paravirtually, ("", processors)
    yield "p4080ds-hv: the guest acknowledges", False, lives_paravirtually, (",external-proxy=off", 2)
    yield "p4080ds-hv: the guest ends directly", False, lives_paravirtually, (",direct-eoi=on", 2)
    yield "p4080ds-hv: volatile registers are scrambled", False, lives_paravirtually, (",scramble=on", 2)
    for core, board in ("e500mc", "ppce500"), ("e500v2", "ppce500"), ("e500v2", "mpc8544ds"):
        yield f"ttyEHV0 is the console: {core}, {board}", False, talks_over_byte_channel, (core, board)
    yield "an early console on a byte channel", False, has_early_console, ("vmlinux.early", True)
    yield "an early console on p4080ds-hv", False, has_early_console, ("vmlinux.early", True, "p4080ds-hv")
    yield "an unmodified 32-bit Linux has none", False, has_early_console, ("vmlinux", False)
    yield "byte channels beside the serial console", False, has_more_byte_channels, ()
    yield "memory areas: time, steal time, counts, touches", False, reads_areas, ("", 1)
    yield "memory areas of two processors, reset=rebuild", False, reads_areas, (",reset=rebuild", 2)
    yield "memory areas that are not offered are not registered", False, misses_areas, ()
