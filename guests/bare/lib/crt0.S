/* SPDX-License-Identifier: MIT
 *
 * Entry, the vectors, and trap_enter(): what must be written in assembly.
 *
 * Entry state (the boot protocol): r3 = device tree, TLB1[0] maps EA 0 to PA 0, MSR 0.
 * Each interrupt class has its own stack, and each CPU its own set, chosen by PIR, so that a critical
 * interrupt inside a base one finds its own room.  r1 is kept in the class's SPRG meanwhile.
 */
#include "regs.h"

#define F_SIZE    256           /* struct TrapFrame in guest.h */
#define F_GPR     16
#define F_CR      144
#define F_LR      148
#define F_CTR     152
#define F_XER     156
#define F_VECTOR  160
#define F_SRR0    164
#define F_SRR1    168

#define STACK     4096          /* one class on one CPU; four classes a CPU: 1 << 14 */

#define CPUS_MAX  32

    .section .vectors, "ax"
    .globl vectors
vectors:

    .macro VECTOR n, sprg, class, name=
    .balign 64
    .globl vector_\n\name
vector_\n\name:
    mtspr   \sprg, 1
    mfspr   1, SPR_PIR
    rlwinm  1, 1, 14, 13, 17
    addis   1, 1, (exc_stacks + (\class + 1) * STACK - F_SIZE)@ha
    addi    1, 1, (exc_stacks + (\class + 1) * STACK - F_SIZE)@l
    stw     3, F_GPR + 12(1)
    li      3, \n
    stw     3, F_VECTOR(1)
    b       enter_\class
    .endm

    VECTOR 0, SPR_SPRG1, 1
    VECTOR 1, SPR_SPRG2, 3
    VECTOR 2, SPR_SPRG0, 0
    VECTOR 3, SPR_SPRG0, 0
    VECTOR 4, SPR_SPRG0, 0
    VECTOR 5, SPR_SPRG0, 0
    VECTOR 6, SPR_SPRG0, 0
    VECTOR 7, SPR_SPRG0, 0
    VECTOR 8, SPR_SPRG0, 0
    VECTOR 9, SPR_SPRG0, 0
    VECTOR 10, SPR_SPRG0, 0
    VECTOR 11, SPR_SPRG0, 0
    VECTOR 12, SPR_SPRG1, 1
    VECTOR 13, SPR_SPRG0, 0
    VECTOR 14, SPR_SPRG0, 0
    VECTOR 15, SPR_SPRG9, 2
    VECTOR 15, SPR_SPRG1, 1, _v2     /* the e500v2's debug interrupt is of the critical class */
    VECTOR 32, SPR_SPRG0, 0
    VECTOR 33, SPR_SPRG0, 0
    VECTOR 34, SPR_SPRG0, 0
    VECTOR 35, SPR_SPRG0, 0
    VECTOR 36, SPR_SPRG0, 0
    VECTOR 37, SPR_SPRG1, 1

    .macro CLASS class, sprg, s0, s1, ret
enter_\class:
    stw     0, F_GPR(1)
    stw     2, F_GPR + 8(1)
    stmw    4, F_GPR + 16(1)
    mfspr   4, \sprg
    stw     4, F_GPR + 4(1)
    mfspr   4, \s0
    stw     4, F_SRR0(1)
    mfspr   4, \s1
    stw     4, F_SRR1(1)
    mfcr    4
    stw     4, F_CR(1)
    mflr    4
    stw     4, F_LR(1)
    mfctr   4
    stw     4, F_CTR(1)
    mfxer   4
    stw     4, F_XER(1)
    li      4, 0
    stw     4, 0(1)
    mr      3, 1
    bl      trap_dispatch
    lwz     4, F_XER(1)
    mtxer   4
    lwz     4, F_CTR(1)
    mtctr   4
    lwz     4, F_LR(1)
    mtlr    4
    lwz     4, F_CR(1)
    mtcr    4
    lwz     4, F_SRR0(1)
    mtspr   \s0, 4
    lwz     4, F_SRR1(1)
    mtspr   \s1, 4
    lwz     0, F_GPR(1)
    lwz     2, F_GPR + 8(1)
    lmw     3, F_GPR + 12(1)
    lwz     1, F_GPR + 4(1)
    \ret
    .endm

    CLASS 0, SPR_SPRG0, SPR_SRR0, SPR_SRR1, rfi
    CLASS 1, SPR_SPRG1, SPR_CSRR0, SPR_CSRR1, rfci
    CLASS 2, SPR_SPRG9, SPR_DSRR0, SPR_DSRR1, rfdi
    CLASS 3, SPR_SPRG2, SPR_MCSRR0, SPR_MCSRR1, rfmci

    .section .text.start, "ax"
    .globl _start
_start:
    lis     11, entry_state@ha
    addi    11, 11, entry_state@l
    stmw    1, 0(11)            /* as found; r11 is no part of the protocol */
    mfmsr   12
    stw     12, 124(11)
    mr      30, 3
    lis     1, (stack + 16384 - 64)@ha
    addi    1, 1, (stack + 16384 - 64)@l
    li      0, 0
    stw     0, 0(1)
    lis     4, bss_start@ha
    addi    4, 4, bss_start@l
    lis     5, bss_end@ha
    addi    5, 5, bss_end@l
1:  cmplw   4, 5
    bge     2f
    stw     0, 0(4)
    addi    4, 4, 4
    b       1b
2:  mr      3, 30
    bl      guest_start         /* does not return */
3:  b       3b

/* uint32_t trap_enter(const uint32_t regs[8], uint32_t pc, uint32_t msr, TrapCpu *cpu)
 * rfi to pc with msr and r3..r10 = regs.  The function there returns to trap_return (an sc), or traps;
 * either way trap_dispatch() sends the CPU to trap_landing, on this stack, and we return to C. */
    .globl trap_enter
trap_enter:
    stwu    1, -112(1)
    mflr    0
    stw     0, 116(1)
    stmw    13, 16(1)
    mfcr    0
    stw     0, 100(1)
    stw     1, 0(6)             /* TrapCpu.sp */
    mfmsr   0
    stw     0, 4(6)             /* TrapCpu.msr */
    mtspr   SPR_SRR0, 4
    mtspr   SPR_SRR1, 5
    lis     4, trap_return@ha
    addi    4, 4, trap_return@l
    mtlr    4
    mr      12, 3
    lwz     3, 0(12)
    lwz     4, 4(12)
    lwz     5, 8(12)
    lwz     6, 12(12)
    lwz     7, 16(12)
    lwz     8, 20(12)
    lwz     9, 24(12)
    lwz     10, 28(12)
    rfi
    .globl trap_return
trap_return:
    sc
    .globl trap_landing
trap_landing:
    lwz     0, 100(1)
    mtcr    0
    lmw     13, 16(1)
    lwz     0, 116(1)
    mtlr    0
    addi    1, 1, 112
    blr

/* void hcall_raw(uint32_t regs[9]): r3..r11 from regs, the tree's hypercall instructions, and back. */
    .globl hcall_raw, hcall_slot
hcall_raw:
    stwu    1, -16(1)
    mflr    0
    stw     0, 20(1)
    stw     31, 12(1)
    mr      31, 3
    lwz     4, 4(31)
    lwz     5, 8(31)
    lwz     6, 12(31)
    lwz     7, 16(31)
    lwz     8, 20(31)
    lwz     9, 24(31)
    lwz     10, 28(31)
    lwz     11, 32(31)
    lwz     3, 0(31)
    .balign 64
hcall_slot:                     /* four words, patched from hcall-instructions */
    nop
    nop
    nop
    nop
    stw     3, 0(31)
    stw     4, 4(31)
    stw     5, 8(31)
    stw     6, 12(31)
    stw     7, 16(31)
    stw     8, 20(31)
    stw     9, 24(31)
    stw     10, 28(31)
    stw     11, 32(31)
    lwz     31, 12(1)
    lwz     0, 20(1)
    mtlr    0
    addi    1, 1, 16
    blr

/* A secondary CPU, as the spin table starts it: r3 = the top of its stack, MSR 0. */
    .globl cpu_start
cpu_start:
    mr      1, 3
    li      0, 0
    stw     0, 0(1)
    bl      cpu_main            /* does not return */
1:  b       1b

    .section .data
    .balign 4
    .globl entry_state
entry_state:                    /* r1..r31, MSR */
    .space  128

    .section .stacks, "aw", @nobits     /* not cleared at the start, which would make a thousand resets slow */
    .balign 4096
    .globl exc_stacks
exc_stacks:
    .space  CPUS_MAX * 4 * STACK
stack:
    .space  16384
