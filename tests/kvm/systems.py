# SPDX-License-Identifier: MIT
"""Parts of one machine each: Linux, resets by the thousand, a debugger."""
import os
import re
import shlex

from host import BASE, COUNTED, ELFS, IMAGES, IN_KERNEL, ROOT, Host, symbol

BYTE_CHANNEL = "-nodefaults -display none -serial null -chardev stdio,id=c -device epapr-byte-channel,chardev=c,console=on"
TYPED = """    case $1 in *'Type reboot or poweroff'*)
        asked=$((asked + 1))
        case $asked in
        1) echo 'cat /sys/class/tty/console/active; grep -c ^processor /proc/cpuinfo; reboot' ;;
        *) echo poweroff ;;
        esac ;;
    esac"""


def linux_images(host, counter, title):
    kernel, initrd = os.path.join(IMAGES, "linux-e500v2/vmlinux"), os.path.join(IMAGES, "linux/initramfs.cpio.gz")
    for path in (kernel, initrd):
        if not os.path.exists(path):
            counter.skip(title, f"{os.path.relpath(path, ROOT)} is missing: make guest-linux guest-linux-e500v2")
            return None
    host.file(kernel)
    host.file(initrd)
    return "-m 128 -kernel vmlinux -initrd initramfs.cpio.gz"


def linux_judge(host, counter, title, processors):
    done = host.ended(counter, title)
    if not done:
        return
    text, status = done
    trouble = [f"exit status {status}"] if status else []
    boots = text.count("] Linux version ")
    if boots != 2:
        trouble.append(f"{boots} boots, expected 2")
    for wanted in (r"^ttyEHV0", rf"^{processors}$"):
        if not re.search(wanted, text, re.M):
            trouble.append(f"the console lacks /{wanted}/")
    if "hypercall failed" in text:
        trouble.append("a hypercall failed")
    for call in ("KVM_HC_VM_RESET", "KVM_HC_VM_SHUTDOWN"):
        if not re.search(rf"^{call}: 1$", text, re.M):
            trouble.append(f"{call}: not once")
    counter.judge(title, trouble, text, "reboot and poweroff by hypercall")


def linux_case(host, counter, title, arguments, processors=1):
    images = linux_images(host, counter, title)
    if not images:
        return False
    host.talk(title, f"-accel kvm -M ppce500 {BYTE_CHANNEL} {arguments} -smp {processors} {images} -d hcall -D /tmp/trace "
                     "-append 'console=ttyEHV0'", TYPED,
              "for call in KVM_HC_VM_RESET KVM_HC_VM_SHUTDOWN; do echo \"$call: $(grep -c \"$call()\" /tmp/trace)\"; done")
    return True


def part_linux(options, counter):
    host, title = Host(options, "linux"), "linux: a shell on a byte channel"
    if linux_case(host, counter, title, ""):
        host.boot()
        linux_judge(host, counter, title, 1)


VIRTIO_ROUNDS = 40
VIRTIO_TYPED = f"""    case $1 in *'Type reboot or poweroff'*)
        echo 'virtio_rounds {VIRTIO_ROUNDS}; grep virtio /proc/interrupts; poweroff' ;;
    esac"""
# The host's kernel has no file locks
CABLE = "addr.type=unix,addr.path=/tmp/cable"
VIRTIO = f"""-drive file=/tmp/disk,if=none,id=d,format=raw,file.locking=off -netdev stream,id=p,server=on,{CABLE} -netdev stream,id=q,{CABLE}"""
VIRTIO_DEVICES = "-device virtio-blk-pci,drive=d{0} -device virtio-net-pci,netdev=p{0} -device virtio-net-pci,netdev=q{0} -device virtio-rng-pci{0}"


def part_virtio(options, counter):
    """Requests one after the other to a disk, two cards with one cable and a source of random numbers: a lost notification or interrupt is a
    hang.  By messages and by wires, with either controller."""
    title, cases = "virtio: each request waits for the one before", []
    host = Host(options, "virtio")
    images = linux_images(host, counter, title)
    programs = os.path.join(IMAGES, "programs.cpio.gz")
    if not images:
        return
    if not os.path.exists(programs):
        counter.skip(title, "build/guests/programs.cpio.gz is missing: make build/guests/programs.cpio.gz")
        return
    host.file(programs)
    host.shell("cat initramfs.cpio.gz programs.cpio.gz >/tmp/initrd; rm initramfs.cpio.gz programs.cpio.gz")
    images = images.replace("initramfs.cpio.gz", "/tmp/initrd")
    for where, machine in ("", ""), (", kernel-irqchip", IN_KERNEL):
        for how, vectors in ("messages", ""), ("wires", ",vectors=0"):
            case = f"{title}, by {how}{where}"
            cases.append((case, how))
            host.shell("dd if=/dev/zero of=/tmp/disk bs=1024 count=1024 2>/dev/null; rm -f /tmp/cable; HANG=1800")
            host.talk(case, f"{BASE.replace('-m 64 ', '')} -M ppce500{machine} {VIRTIO} {VIRTIO_DEVICES.format(vectors)} {images} "
                            "-append 'console=ttyS0 quiet'", VIRTIO_TYPED)
    host.boot()
    for case, how in cases:
        if done := host.ended(counter, case):
            trouble = [f"exit status {done[1]}"] if done[1] else []
            if f"PASS: {VIRTIO_ROUNDS} rounds" not in done[0]:
                trouble.append("the guest's program did not come to its end")
            interrupts = re.findall(r"^ *\d+:.*virtio.*$", done[0], re.M)
            if not interrupts or any(("fsl-msi" in line) != (how == "messages") for line in interrupts):
                trouble.append(f"the interrupts are not by {how}: {interrupts}")
            counter.judge(case, trouble, done[0])


def part_rebuild(options, counter):
    host = Host(options, "rebuild")
    host.guest("reset_1000")
    machine = f"{BASE} -kernel reset_1000.elf -M ppce500,reset=rebuild"
    host.talk("rebuild: 1000 times", machine, COUNTED.replace("asked=", "counts; asked="))
    host.run("rebuild: one slot a VM", machine + ",inject-fault=kvm-set-user-memory-region:101")
    host.talk("plain: 1000 times", machine.replace("rebuild", "plain"), COUNTED.replace("asked=", "counts; asked="))
    host.boot()
    for title in ("rebuild: 1000 times", "plain: 1000 times"):
        if done := host.ended(counter, title):
            counts = re.findall(r"^counts: (.*)$", done[0], re.M)
            trouble = [f"exit status {done[1]}"] if done[1] else []
            if "SUMMARY: 2 passed, 0 failed, 0 skipped" not in done[0]:
                trouble.append("the guest is not content")
            if len(counts) != 2 or counts[0] != counts[1] or not counts[0].endswith(" 1 VM, 1 vCPU"):
                trouble.append(f"after 100 and after 1000: {counts}")
            counter.judge(title, trouble, done[0], counts[0] if counts else "")
    if done := host.ended(counter, "rebuild: one slot a VM"):
        # the first VM takes a slot and each rebuild another one, so that the 100th reset needs the 101st slot, which is refused
        wanted = "after 100 resets: the call returned"
        counter.judge("rebuild: one slot a VM", [] if wanted in done[0] else [f"it does not say: {wanted}"], done[0])


def part_gdb(options, counter):
    """Stops before the first instruction; a breakpoint, twice; a step; a watchpoint is refused; memory; the end."""
    step, go_on = symbol("gdb_target", "gdb_step"), symbol("gdb_target", "gdb_go_on")
    stop = "T05"
    talk = [("?", stop), (f"Z0,{step:x},4", "OK"), ("c", stop), ("p40", f"{step:08x}"), ("c", stop), ("p40", f"{step:08x}"),
            (f"z0,{step:x},4", "OK"), ("s", stop), ("p40", f"{step + 4:08x}"), ("s", stop), ("p40", f"{step + 8:08x}"),
            (f"Z2,{go_on:x},4", "E"), (f"m{go_on:x},4", "00000001"), (f"M{go_on:x},4:00000000", "OK"), ("c", "W00")]
    host, title = Host(options, "gdb"), "gdb: breakpoints and steps"
    host.guest("gdb_target")
    host.file(os.path.join(ELFS, "kvm-rsp"))
    packets = "\n".join(line for line, _ in talk)
    host.shell(f"talk_to_gdb() {{ ./quoin \"$@\" & ./kvm-rsp /tmp/gdb <<'END'\n{packets}\nEND\n    wait $!; }}")
    host.lines.append(f"run {shlex.quote(title)} talk_to_gdb {BASE} -M ppce500 -kernel gdb_target.elf -S -gdb unix:/tmp/gdb")
    host.boot()
    if done := host.ended(counter, title):
        said = re.findall(r"^(\S+) -> (.*)$", done[0], re.M)
        trouble = [f"{line}: {got}, expected {want}" for (line, want), (_, got) in zip(talk, said) if not got.startswith(want)]
        if len(said) != len(talk):
            trouble.append(f"{len(said)} answers to {len(talk)} packets")
        counter.judge(title, trouble, done[0])
