# SPDX-License-Identifier: MIT
"""The disks of `make bench`: one to read and write, which knows its blocks' numbers, and one that Linux starts from."""
import os
import struct
import subprocess

DATA, BLOCK = 256 << 20, 4096  # as guests/bench/linux/disk.c has them


def make_disk(path):
    """Blocks with their numbers, and as many bytes behind them for writes."""
    with open(path, "wb") as file:
        for number in range(DATA // BLOCK):
            file.write(struct.pack(">I", number) + bytes(BLOCK - 4))
        file.write(bytes(DATA))


def make_root(path, program, scratch):
    """An ext4 file system with the program that is measured and what a kernel wants of its root."""
    root = os.path.join(scratch, "root")
    for directory in "dev", "proc", "bench":
        os.makedirs(os.path.join(root, directory))
    subprocess.run(["cp", program, os.path.join(root, "bench", "bench")], check=True)
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", root, path, "64M"], check=True, stderr=subprocess.DEVNULL)
