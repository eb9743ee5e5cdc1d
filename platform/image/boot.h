/* SPDX-License-Identifier: MIT
 *
 * The boot protocol (ePAPR 1.1 §5.4): which images there are, where in RAM they lie (layout.h), and what the registers of the
 * CPUs hold at the start.
 */
#pragma once

#include "cpu/e500/state.h"
#include "platform/options/config.h"
#include "platform/image/layout.h"
#include "platform/image/loader.h"
#include "platform/base/memory.h"

typedef struct Boot {
    Image *program;    /* what the boot CPU enters: -bios, or else -kernel; NULL: nothing */
    Image *kernel;     /* with -bios, the kernel file as it is: firmware finds it by /chosen, qemu,boot-kernel.  NULL: none */
    Image *initrd;     /* NULL: none */
    GBytes *dtb;       /* a user's tree as read: that of -dtb, or of -kernel's own file; NULL: the machine's own tree */
    char *dtb_from;    /* "-dtb FILE", for messages */
    GPtrArray *extras; /* of Image*: -device loader's */
    uint64_t start[VCPUS_MAX]; /* where a CPU begins by -device loader's word */
    uint32_t has_start;        /* bit n: start[n] holds */
    uint64_t initrd_start, initrd_end;
    uint64_t dtb_gpa;
    uint64_t mapped; /* bytes that TLB1[0] of the boot CPU maps from 0 on */
} Boot;

enum { BOOT_DTB_MAX = LAYOUT_DTB_SIZE, BOOT_SECONDARY_MAP = 64 << 20 };

/* Reads and checks every image and decides where it goes (layout.h); puts nothing anywhere.  Warns when Linux would not find the tree. */
bool boot_load(Boot *boot, const Config *config, GError **error);
void boot_clear(Boot *boot);
/* Puts images and tree into RAM.  False: the tree is larger than BOOT_DTB_MAX. */
bool boot_put(const Boot *boot, Memory *memory, GBytes *tree, GError **error);
/* Changes the state after e500_state_reset() into that of the entry: CPU 0 boots, the others are held in the spin table. */
void boot_cpu_state(const Boot *boot, E500State *s, unsigned index);
/* The entry state of a CPU that the spin table lets go (ePAPR 1.1 §5.5.2). */
void boot_release_state(E500State *s, uint64_t entry, uint64_t r3);
