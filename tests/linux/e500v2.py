# SPDX-License-Identifier: MIT
"""Linux on the other core, on both boards: SPE, floating point by emulation, its clock chip."""
import struct
import subprocess

from guest import Failed, PROGRAMS, Skipped, jobs, more_initramfs


def v2_lives(program, board, image, processors):
    """Boot, a job on each processor, reboot, power-off.  Where there is no GPIO only the hypercall switches off."""
    with program.guest(core="e500v2", board=board, image=image, args=["-smp", str(processors)]) as guest:
        said = guest.shell(f"grep -c '^processor' /proc/cpuinfo; {jobs(processors)}")
        if [line for line in said.splitlines() if line.isdigit()] != [str(processors), "1"]:
            raise Failed(f"processors and different sums: {said!r}")
        guest.has("e500v2")
        guest.reboot()
        guest.leave("poweroff")
        guest.boots(2)
        if not program.qemu:
            guest.counted(KVM_HC_VM_RESET=1, KVM_HC_VM_SHUTDOWN=1)


def v2_emulates_floating_point(program, board):
    with program.guest(core="e500v2", board=board, append="quoin.test=compute") as guest:
        guest.finish()
        guest.has("test compute: status 0")
        return f"{guest.text.count('PASS: ')} answers right"


def single(x):
    return struct.unpack("f", struct.pack("f", x))[0]


def spe_answer(number):
    """What tests/linux/programs/spe.c prints as process `number`, by this host's arithmetic."""
    x, s, k = 0.25 + 0.125 * number, 0.25 + 0.125 * number, single(3.9)
    for _ in range(20000):
        x = 3.9 * x * (1.0 - x)
        s = single(single(k * s) * single(1.0 - s))
    pattern, sums = 0x11111111 * (number + 1), 0
    for i in range(400):  # registers with once to twelve times the pattern in each half
        high, low = 78 * pattern, 78 * ((~pattern + i) % 2**32)
        sums += (high % 2**32) << 32 | low % 2**32
    bits_x, bits_s = struct.pack(">d", x).hex(), struct.pack(">f", s).hex()
    return f"spe {number} {bits_x} {bits_s} {sums % 2**64:016x}"


def v2_keeps_spe(program, board, processors):
    """Processes with different 64-bit registers, on fewer processors than there are of them."""
    if "tests/spe" not in subprocess.run(f"zcat {PROGRAMS} | cpio -t --quiet", shell=True, text=True, check=False,
                                         stdout=subprocess.PIPE).stdout:
        raise Skipped("no clang that speaks SPE")
    initrd = more_initramfs(program.path(".cpio.gz"))
    with program.guest(core="e500v2", board=board, initrd=initrd, append="quoin.test=spe",
                       args=["-smp", str(processors)]) as guest:
        guest.finish()
        guest.has("test spe: status 0")
        for number in range(3):
            guest.has(spe_answer(number) + "\n")


def v2_sets_clock(program, board):
    """Linux reads the clock chip, sets it on a leap day, and reads that back; a reset sets it to -rtc again, as QEMU's."""
    with program.guest(core="e500v2", board=board, args=["-rtc", "base=2031-02-03T04:05:06"]) as guest:
        said = guest.shell("hwclock -u -r; date -u -s '2036-02-29 23:59:30' >/dev/null; hwclock -u -w; "
                           "cat /sys/class/rtc/rtc0/date")
        if said.splitlines()[-1:] != ["2036-02-29"] or "2031" not in said:
            raise Failed(f"the clock chip's dates: {said!r}")
        guest.leave("poweroff")


def cases():
    for board in "ppce500", "mpc8544ds":
        off = board == "ppce500"  # QEMU's mpc8544ds cannot be switched off
        for processors in 1, 2, 4:
            yield (f"e500v2, {board}, {processors} processors: boot, reboot, poweroff", off, v2_lives,
                   (board, "vmlinux" if processors < 4 else "uImage", processors))
        yield f"e500v2, {board}: floating point by emulation", off, v2_emulates_floating_point, (board,)
        for processors in 1, 2:
            yield (f"e500v2, {board}, {processors} processors: SPE registers of three processes", off, v2_keeps_spe,
                   (board, processors))
        yield f"e500v2, {board}: the clock chip is read and set", off, v2_sets_clock, (board,)
