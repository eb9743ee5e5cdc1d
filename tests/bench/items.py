# SPDX-License-Identifier: MIT
"""What `make bench` measures, and what is wanted of it.

A target is how many times faster than the peer Quoin has to be: peer's seconds / Quoin's.  For memory it is the
peer's peak / Quoin's.  None: no figure of its own, as it is there for the next one to be compared with.  Each row: name, target, what it is, by what --short divides its work; the latter keeps a run short enough for a busy host.
"""
from collections import namedtuple

Item = namedtuple("Item", "name target text divisor")

LINUX = [
    Item("coremark", 3.2, "CoreMark, 40,000 iterations; only with a program of the user's", 100),
    Item("sha256", 2, "SHA-256 of 64 MiB", 64),
    Item("lz", 3, "16 MiB of text compressed and expanded", 16),
    Item("fib", 4, "fib(38): calls and returns", 50),
    Item("interp", 2, "5e7 byte codes, an indirect jump each", 50),
    Item("nbody", 15, "5e5 steps of five bodies, double precision", 100),
    Item("nbodyfma", 15, "the same with multiply and add fused", 100),
    Item("memcpy", 8, "120 times 16 MiB copied, 8 MiB cleared", 60),
    Item("chase4", 5, "4e6 dependent loads over 4 MiB", 20),
    Item("chase64", 2.5, "2e6 dependent loads over 64 MiB", 40),
    Item("syscall", 2, "1e6 system calls", 50),
    Item("fork", 2, "2,000 processes made and ended", 50),
    Item("pingpong", 4, "1e5 round trips of a byte through two pipes", 50),
]
# In a guest with two vCPUs
PARALLEL = [
    Item("par1", None, "256 MiB hashed by one thread", 64),
    Item("par2", 2, "the same by two threads", 64),
]
# Guests without a kernel: the item's name and its image
BARE = [
    Item("spin", 3.5, "2e9 turns of three instructions", 100),
    Item("mmio", 1.5, "1e6 stores to a device", 4),
    Item("exc", 8, "1e7 system calls whose handler returns at once", 10),
]
IMAGES = {"spin": "spin", "mmio": "mmio", "exc": "exceptions", "first": "first_byte"}

# TCP between the guest and a server on this host, by libslirp: the card of each item; NAME-cpu is the processor time that it took
NETWORK = [
    Item("net-up", 1, "256 MiB sent by virtio-net", 16),
    Item("net-down", 1, "256 MiB received by virtio-net", 16),
    Item("e1000-up", 1, "256 MiB sent by e1000", 16),
    Item("e1000-down", 1, "256 MiB received by e1000", 16),
]
CARDS = {"net": "virtio-net-pci", "e1000": "e1000"}
NETWORK_CPU = [Item(f"{item.name}-cpu", 1, f"processor time of {item.name}", 1) for item in NETWORK]

# A raw image in the host's cache, without the guest's: the controller of each item; NAME-cpu is the processor time that it took
DISKS = [Item(f"{kind}-{name}", 1, f"{text} by {controller}", 64)
         for kind, controller in (("disk", "virtio-blk"), ("nvme", "NVMe"))
         for name, text in (("read", "1 GiB read"), ("write", "1 GiB written"), ("rand1", "40,000 reads of 4 KiB"),
                            ("rand32", "80,000 reads of 4 KiB, 32 at a time,"))]
CONTROLLERS = {"disk": ("virtio-blk-pci", "/dev/vda"), "nvme": ("nvme,serial=s", "/dev/nvme0n1")}
DISK_CPU = [Item(f"{item.name}-cpu", 1, f"processor time of {item.name}", 1) for item in DISKS]

# What is not work of the guest's, but the program's own: start-up and memory
STARTS = [
    Item("first-byte", 4, "from exec to the guest's first byte on the serial port", 1),
    Item("userland", 2, "from exec to Linux's first process", 1),
    Item("disk-boot", 2, "from exec to Linux's first process, which is on a disk", 1),
    Item("stock", 2, "a stock corenet32_smp kernel, to power-off", 1),
]
MEMORY = [
    Item("first-rss", 1 / 0.4, "peak memory at the first byte, MiB", 1),
    Item("linux-rss", 1 / 0.4, "peak memory when Linux's first process runs, MiB", 1),
]

ALL = LINUX + PARALLEL + BARE + NETWORK + NETWORK_CPU + DISKS + DISK_CPU + STARTS + MEMORY
TIMES = [item for item in LINUX + PARALLEL + BARE + STARTS if item.target]  # of which the mean is made
MEAN_TARGET = 4      # geometric mean of all times
LEAST_TARGET = 1.5   # no item below
SCALING_TARGET = 1.9  # Quoin's par1 / par2
