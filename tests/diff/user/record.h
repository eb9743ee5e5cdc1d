/* SPDX-License-Identifier: MIT
 *
 * One instruction to execute, with everything it may read; and, sent back in the same layout,
 * everything it may have written.  Shared by the host program and the stub that runs under
 * qemu-ppc, and by its assembly part.  All numbers are big-endian on the wire.
 */
#pragma once

/* The stub's low memory: all of it is in reach of a 16-bit displacement or absolute branch. */
#define RECORD_EA  0x1000
#define CONTEXT_EA 0x1400 /* the stub's own registers while a record runs */
#define SLOTS_EA   0x6000

#define OFF_GPR         0
#define OFF_FPR         128
#define OFF_FPSCR       384
#define OFF_CR          392
#define OFF_XER         396
#define OFF_LR          400
#define OFF_CTR         404
#define OFF_EXIT        408
#define OFF_SPEFSCR     424
#define OFF_ACC         432
#define OFF_MEM         448
#define RECORD_MEM_SIZE 256
#define MEM_EA          (RECORD_EA + OFF_MEM)

/*
 * A slot is eight words: three that the stub needs, the prefix, the instruction, the way out of one
 * that falls through, and the way out of one that branches to SLOT_TARGET.
 */
#define SLOTS       256
#define SLOT_SIZE   32
#define SLOT_PREFIX 12
#define SLOT_INSN   16
#define SLOT_NEXT   20
#define SLOT_TARGET 24

/* Record.exit; any other value is the number of the signal it ended in. */
#define EXIT_NEXT   0
#define EXIT_TARGET 1

#ifndef __ASSEMBLER__
#include <stdint.h>

typedef struct Record {
    uint32_t gpr[32];
    union {
        uint64_t fpr[32];
        uint64_t gpr64[32]; /* of a core with SPE, whose low words are gpr[] too */
    };
    uint64_t fpscr;
    uint32_t cr, xer, lr, ctr;
    uint32_t exit;   /* out */
    uint32_t prefix; /* executed just before insn, in the same state: lwarx for stwcx.; else a no-op */
    uint32_t insn;
    uint32_t slot; /* same slot, same words: no new translation */
    uint32_t spefscr;
    uint32_t reserved;
    uint64_t acc;
    uint32_t reserved2[2];
    uint8_t mem[RECORD_MEM_SIZE];
} Record;

_Static_assert(sizeof(Record) == OFF_MEM + RECORD_MEM_SIZE, "layout");
_Static_assert(__builtin_offsetof(Record, mem) == OFF_MEM, "layout");
_Static_assert(__builtin_offsetof(Record, exit) == OFF_EXIT, "layout");
_Static_assert(__builtin_offsetof(Record, spefscr) == OFF_SPEFSCR, "layout");
_Static_assert(__builtin_offsetof(Record, acc) == OFF_ACC, "layout");

enum { BATCH_MAX = 4096 }; /* a batch on the wire: a 32-bit count, then that many records; 0 ends */
#endif
