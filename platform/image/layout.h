/* SPDX-License-Identifier: MIT
 *
 * Where in RAM the device tree, the initrd and a kernel for firmware go, as a function of sizes alone.
 *
 * The places are QEMU's for ppce500 wherever these work: the tree at the image's end + 24 MiB, rounded down to 1 MiB, and the
 * initrd at that end (taken as 32 MiB at least) + 32 MiB, rounded down to 16 MiB.  A 32-bit Linux starts with a single
 * mapping of the 64 MiB that it lies in and reads the tree before it maps more, so the tree moves down where QEMU's place is
 * outside of them; and it moves down where the initrd would cover it.  An initrd that would not fit into RAM there ends where
 * RAM ends.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
    LAYOUT_DTB_SIZE = 1 << 20,     /* bytes kept for the tree */
    LAYOUT_EARLY_MAP = 64 << 20,   /* what Linux maps first, aligned to its size */
    LAYOUT_FIRMWARE_END = 32 << 20 /* firmware may use what is below as it likes: files for it lie above */
};

/* All in bytes and guest-physical addresses. */
typedef struct Layout {
    /* given */
    uint64_t ram_size;
    uint64_t low, high;   /* of the program that is entered, as loaded; both 0: there is none */
    bool is_firmware;     /* it is -bios's, and the kernel is a file that it finds in RAM */
    uint64_t kernel_size; /* of that file; 0: none */
    uint64_t initrd_size; /* 0: none */
    /* found */
    uint64_t kernel, initrd, dtb;
    uint64_t needed;   /* when it failed: the RAM that would do, or more than that */
    bool dtb_too_high; /* why it failed, if not for lack of RAM: the tree would lie beyond what r3, of 32 bits, can point to */
    bool dtb_beyond;   /* the tree is outside of what the Linux in the program would map first */
} Layout;

/* True: everything has a place in RAM and nothing overlaps. */
bool layout_find(Layout *layout);
