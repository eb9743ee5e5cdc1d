/* SPDX-License-Identifier: MIT
 *
 * The boot protocol of ppce500 (ePAPR 1.1 §5.4, with QEMU's placement): what lies where in RAM and
 * what the registers of the CPUs hold at the start.
 */
#pragma once

#include "cpu/e500/state.h"
#include "platform/options/config.h"
#include "platform/image/layout.h"
#include "platform/image/loader.h"
#include "platform/base/memory.h"

typedef struct Boot {
    Image *program; /* what the boot CPU enters: -bios, or else -kernel; NULL: nothing */
    Image *kernel;  /* with -bios: the kernel file as it is, for the firmware to find (/chosen
                       qemu,boot-kernel) */
    Image *initrd;  /* NULL: none */
    GBytes *dtb;    /* -dtb FILE as read; NULL: the machine's own tree */
    uint64_t initrd_start, initrd_end;
    uint64_t dtb_gpa;
    uint64_t mapped; /* bytes that TLB1[0] of the boot CPU maps from 0 on */
} Boot;

enum { BOOT_DTB_MAX = LAYOUT_DTB_SIZE, BOOT_SECONDARY_MAP = 64 << 20 };

/* Reads and checks every image and decides where it goes (layout.h); puts nothing anywhere.  Warns when Linux would not find the tree. */
bool boot_load(Boot *boot, const Config *config, GError **error);
void boot_clear(Boot *boot);
/* Images and tree into RAM. */
bool boot_put(const Boot *boot, Memory *memory, GBytes *tree, GError **error);
/* On top of e500_state_reset(): the boot CPU's entry state; other CPUs are held. */
void boot_cpu_state(const Boot *boot, E500State *s, unsigned index);
/* A CPU let go by the spin table. */
void boot_release_state(E500State *s, uint64_t entry, uint64_t r3);
