/* SPDX-License-Identifier: MIT
 *
 * Work to time, inside a Linux guest.  The host does the timing, between the lines that main.c prints around an item.
 *
 * An item does a fixed amount of work, divided by what its word on the command line asks for, and returns a checksum that is
 * the same on every machine, of either byte order, that does the same amount.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* ITEM(id, name, work): item_id() does it; work is the full amount, in the unit that the comment tells. */
#define ITEM_LIST                                                                                     \
    ITEM(sha256, "sha256", 64)         /* MiB hashed */                                               \
    ITEM(lz, "lz", 16)                 /* MiB of text compressed, and expanded again */               \
    ITEM(fib, "fib", 126491971)        /* calls: those of fib(38); less work is a smaller argument */ \
    ITEM(interp, "interp", 50000000)   /* byte codes, an indirect jump each */                        \
    ITEM(nbody, "nbody", 500000)       /* steps of five bodies, double precision */                   \
    ITEM(nbodyfma, "nbodyfma", 500000) /* the same, multiply and add fused */                         \
    ITEM(memcpy, "memcpy", 120)        /* times 16 MiB copied and 8 MiB cleared */                    \
    ITEM(chase4, "chase4", 4000000)    /* dependent loads over 4 MiB of 4 KiB pages */                \
    ITEM(chase64, "chase64", 2000000)  /* the same over 64 MiB */                                     \
    ITEM(syscall, "syscall", 1000000)  /* calls of the kernel */                                      \
    ITEM(fork, "fork", 2000)           /* processes made, ended and waited for */                     \
    ITEM(pingpong, "pingpong", 100000) /* round trips of a byte between two processes */              \
    ITEM(par1, "par1", 256)            /* MiB hashed: two jobs in one thread */                       \
    ITEM(par2, "par2", 256)            /* the same two jobs in a thread each */                       \
    ITEM(netup, "net-up", 256)         /* MiB sent to the host by TCP */                              \
    ITEM(netdown, "net-down", 256)     /* MiB that it sends */                                        \
    ITEM(e1000up, "e1000-up", 256)     /* the same two by another card */                             \
    ITEM(e1000down, "e1000-down", 256)                                                                \
    ITEM(diskread, "disk-read", 1024)      /* MiB read, 256 KiB at a time */                          \
    ITEM(diskwrite, "disk-write", 1024)    /* MiB written, and flushed */                             \
    ITEM(diskrand1, "disk-rand1", 40000)   /* blocks of 4 KiB read in any order, one at a time */     \
    ITEM(diskrand32, "disk-rand32", 80000) /* the same, 32 at a time */                               \
    ITEM(nvmeread, "nvme-read", 1024)      /* the same four by another controller */                  \
    ITEM(nvmewrite, "nvme-write", 1024)                                                               \
    ITEM(nvmerand1, "nvme-rand1", 40000)                                                              \
    ITEM(nvmerand32, "nvme-rand32", 80000)

typedef uint32_t ItemRun(uint32_t work);

#define ITEM(id, name, work) ItemRun item_##id;
ITEM_LIST
#undef ITEM

/* An item has made what it works on: its time begins.  Each calls it once. */
void timing_begin(void);
/* The sum of what a bytes' worth of data is, for checksums: FNV-1a. */
uint32_t digest(const void *data, size_t bytes);
/* Pseudo-random numbers (xorshift32), the same everywhere; *state is not 0. */
uint32_t next_random(uint32_t *state);
/* Ends the program and says what failed. */
_Noreturn void give_up(const char *what);
