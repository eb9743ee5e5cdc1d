# SPDX-License-Identifier: MIT
"""Boots, resets, power-off, clocks and crash logs: what a machine does for any Linux."""
import os
import shutil
import subprocess
import time

from guest import Failed, IMAGES, PROMPT, Skipped

IDLE_SETTLE, IDLE_SECONDS, IDLE_LIMIT = 5, 20, 0.02


def boots_image(program, image):
    with program.guest(image=image) as guest:
        answer = guest.shell("echo answer $((6 * 7)) from $(uname -m)")
        if answer != "answer 42 from ppc":
            raise Failed(f"the shell said {answer!r}")
        guest.leave("poweroff")


def boots_several_files(program, kind):
    """Kernel, initrd and tree in one file: a FIT image, or a legacy image of several files."""
    if not shutil.which("mkimage"):
        raise Skipped("no mkimage")
    stem = os.path.abspath(program.path(""))
    tree, kernel, image = stem + ".dtb", stem + ".gz", stem + ".image"
    initrd = f"{IMAGES}/initramfs.cpio.gz"
    subprocess.run([*program.command, "-M", f"ppce500,dumpdtb={tree}", "-cpu", "e500mc", "-m", "256M"], check=True)
    with open(f"{IMAGES}/uImage", "rb") as whole, open(kernel, "wb") as payload:
        payload.write(whole.read()[64:])
    files = ["-f", "auto", "-T", "kernel", "-i", initrd, "-b", tree, "-d", kernel] if kind == "fit" else \
        ["-T", "multi", "-d", f"{kernel}:{initrd}:{tree}"]
    subprocess.run(["mkimage", "-A", "ppc", "-O", "linux", "-C", "gzip", "-a", "0", "-e", "0", *files, image], check=True,
                   stdout=subprocess.DEVNULL)
    with program.guest(image=image, initrd=None, append="quoin.test=true") as guest:
        guest.finish()
        guest.has("test true: status 0")


def loader_puts_a_word(program):
    with program.guest(args=["-device", "loader,addr=0xf000000,data=0x51554f49,data-len=4,data-be=on"]) as guest:
        said = guest.shell("devmem 0xf000000 32")
        if said != "0x51554F49":
            raise Failed(f"the word is {said!r}")
        guest.reboot()
        if (said := guest.shell("devmem 0xf000000 32")) != "0x51554F49":
            raise Failed(f"after a reset the word is {said!r}")
        guest.leave("poweroff")


def computes(program):
    with program.guest(append="quoin.test=compute") as guest:
        guest.finish()
        guest.has("test compute: status 0")
        return f"{guest.text.count('PASS: ')} answers right"


def sees_clock(program):
    with program.guest(args=["-rtc", "base=2031-02-03T04:05:06"]) as guest:
        said = guest.shell("cat /sys/class/rtc/rtc0/date; date +%Y-%m-%d")
        if said.split() != ["2031-02-03", "2031-02-03"]:
            raise Failed(f"the guest's date is {said!r}")
        guest.leave("poweroff")


def finds_processors(program, number):
    with program.guest(args=["-smp", str(number)]) as guest:
        said = guest.shell("for c in $(seq 0 7); do taskset $(printf %x $((1 << c))) echo $c 2>/dev/null; done; nproc")
        wanted = [str(n) for n in range(number + 1)]  # the last is nproc's
        if said.split() != wanted:
            raise Failed(f"processors that run a task, and their number: {said!r}, expected {wanted!r}")
        guest.leave("poweroff")


def reboots(program, mode, driver):
    """`reboot` once, then `poweroff`; the counters tell which way both went."""
    machine = "" if program.qemu else f",reset={mode}"
    with program.guest(machine=machine, append="" if driver else "quoin_pm.off=1") as guest:
        guest.reboot()
        guest.leave("poweroff")
        guest.boots(2)
        if program.qemu:
            return
        guest.counted(KVM_HC_VM_RESET=int(driver), KVM_HC_VM_SHUTDOWN=int(driver))


def reboots_often(program, mode, times):
    with program.guest(machine=f",reset={mode}") as guest:
        for _ in range(times):
            guest.reboot()
        guest.leave("poweroff")
        guest.boots(times + 1)
        guest.counted(KVM_HC_VM_RESET=times, KVM_HC_VM_SHUTDOWN=1)


def ends_at_reset(program, driver):
    with program.guest(append="" if driver else "quoin_pm.off=1", args=["-no-reboot"]) as guest:
        guest.leave("reboot")
        guest.boots(1)
        if not program.qemu:
            guest.counted(KVM_HC_VM_RESET=int(driver), KVM_HC_VM_SHUTDOWN=0)


def keeps_promises(program):
    """What -M takes away is neither promised in the tree nor used."""
    with program.guest(machine=",has-reset=off,has-shutdown=off") as guest:
        said = guest.shell("ls /proc/device-tree/hypervisor | grep -c -e has-reset -e has-shutdown")
        if said != "0":
            raise Failed(f"/hypervisor has {said} promises")
        guest.reboot()
        guest.leave("poweroff")
        guest.boots(2)
        guest.has_not("by hypercall 0x")
        guest.counted(KVM_HC_VM_RESET=0, KVM_HC_VM_SHUTDOWN=0)


def promises(program):
    """The promises are there, in both spellings, and empty."""
    with program.guest() as guest:
        said = guest.shell("cd /proc/device-tree/hypervisor; stat -c '%n %s' *has-*; cd /")
        wanted = "has-idle has-msgsnd-hcall has-reset has-shutdown kvm,has-reset kvm,has-shutdown".split()
        if sorted(said.splitlines()) != [f"{name} 0" for name in wanted]:
            raise Failed(f"/hypervisor has {said!r}")
        guest.leave("poweroff")


def survives_refusal(program, fault, boots, **counters):
    """The hypercall returns EV_INTERNAL; the next handler in Linux's chain serves."""
    with program.guest(machine=f",inject-fault={fault}:1") as guest:
        if boots > 1:
            guest.reboot()
        guest.leave("poweroff")
        guest.boots(boots)
        guest.has(f"quoin_pm: {fault} hypercall failed with status 9")
        guest.counted(**counters)


def resets_protected(program):
    """vCPU state that cannot be written after launch: every reset rebuilds."""
    with program.guest(args=["-accel", "soft,protected=on"]) as guest:
        guest.reboot()
        guest.leave("poweroff")
        guest.boots(2)
        guest.counted(KVM_HC_VM_RESET=1, KVM_HC_VM_SHUTDOWN=1)


def is_reset_by_watchdog(program):
    """Opened and never fed again; after the reset it is off."""
    with program.guest() as guest:
        guest.reboot("exec 3>/dev/watchdog")
        guest.leave("poweroff")
        guest.boots(2)
        if not program.qemu:
            guest.counted(KVM_HC_VM_RESET=0, KVM_HC_VM_SHUTDOWN=1)


CRASH_LOG = "mem=240M ramoops.mem_address=0xf000000 ramoops.mem_size=0x100000 ramoops.console_size=0x80000 " \
            "ramoops.record_size=0x20000"


def keeps_crash_log(program, machine, kept):
    """Linux's own crash log, in RAM outside the images: what was said before a reset is read after it."""
    with program.guest(machine=machine, append=CRASH_LOG) as guest:
        read = "mkdir -p /tmp/p; mount -t pstore pstore /tmp/p; grep -c remember-me /tmp/p/console-* 2>/dev/null"
        said = guest.shell(read)
        if said not in ("", "0"):
            raise Failed(f"a log before anything was logged: {said!r}")
        guest.reboot("echo remember-me > /dev/kmsg; reboot")
        said = guest.shell(read)
        if (said == "1") != kept:
            raise Failed(f"the log after the reset has the line {said or 0} times")
        guest.leave("poweroff")


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="latin-1") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def idles(program, append, how):
    """The processor time of the whole process while the guest waits at its prompt."""
    with program.guest(append=append) as guest:
        guest.expect(PROMPT)
        time.sleep(IDLE_SETTLE)
        before, begin = cpu_seconds(guest.process.pid), time.monotonic()
        time.sleep(IDLE_SECONDS)
        used = (cpu_seconds(guest.process.pid) - before) / (time.monotonic() - begin)
        guest.type("")
        guest.leave("poweroff")
        if used >= IDLE_LIMIT:
            raise Failed(f"an idle guest uses {100 * used:.2f} % of a core, not less than {100 * IDLE_LIMIT:.0f} %")
        if how and guest.counted().get("EV_IDLE", 0) == 0:
            raise Failed("no EV_IDLE was counted")
        return f"{100 * used:.2f} % of a core"


def cases():
    # glibc's libm sets the rounding mode by ISA 3.0's mffscrni, which older cores run as mffs
    mffscrni = "QEMU: illegal instruction mffscrni"
    for image in "vmlinux", "uImage", "zImage.epapr":
        yield f"{image} boots to a shell, runs a command, powers off", True, boots_image, (image,)
    for kind in "fit", "multi":
        yield f"kernel, initrd and tree in one image: {kind}", False, boots_several_files, (kind,)
    yield "-device loader: a word in RAM, again after a reset", "QEMU 7.2: zeros", loader_puts_a_word, ()
    yield "known answers: hashes, floating point, processes", mffscrni, computes, ()
    yield "the clock chip shows the date it was given", True, sees_clock, ()
    yield "two processors run tasks", True, finds_processors, (2,)
    yield "/hypervisor promises reset and shutdown", False, promises, ()
    for driver in True, False:
        by = "with" if driver else "without"
        for mode in "plain", "rebuild":
            yield (f"reboot, poweroff, {by} the driver, reset={mode}", mode == "plain", reboots, (mode, driver))
        yield f"reboot under -no-reboot, {by} the driver", True, ends_at_reset, (driver,)
    yield "five reboots, reset=rebuild", False, reboots_often, ("rebuild", 5)
    yield "reboot of a machine with protected state", False, resets_protected, ()
    yield "promises taken away are not used", False, keeps_promises, ()
    yield ("a reset that fails: EV_INTERNAL, then GUTS", False, survives_refusal,
           ("reset", 2), {"KVM_HC_VM_RESET": 1, "KVM_HC_VM_SHUTDOWN": 1})
    yield ("a shutdown that fails: EV_INTERNAL, then GPIO", False, survives_refusal,
           ("shutdown", 1), {"KVM_HC_VM_RESET": 0, "KVM_HC_VM_SHUTDOWN": 1})
    yield "the watchdog resets a guest that does not feed it", "QEMU 7.2: no reset comes", is_reset_by_watchdog, ()
    yield "the crash log survives a reset", True, keeps_crash_log, ("", True)
    yield "the crash log survives a rebuild", False, keeps_crash_log, (",reset=rebuild", True)
    yield "reset-ram=clear forgets the crash log", False, keeps_crash_log, (",reset-ram=clear", False)
    yield "an idle guest lets the host sleep", False, idles, ("", True)
