/* SPDX-License-Identifier: MIT
 *
 * stub_run_fpr.S for a core with SPE: no FPRs, GPRs of 64 bits, SPEFSCR and accumulator.
 */
#include "tests/diff/user/record.h"

#define REC(off) (RECORD_EA + (off))(0)
#define CTX(off) (CONTEXT_EA + (off))(0)
#define ALL_BUT_0_AND_31 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30

    .machine e500
    .text
    .globl run_record, leave_next, leave_target, leave_signal
run_record:
    mtctr   3
    stmw    1, CTX(4)
    mflr    0
    stw     0, CTX(0)
    mfcr    0
    stw     0, CTX(128)
    li      4, CONTEXT_EA + 256
    stwcx.  0, 0, 4                 /* no reservation is held */
    li      31, RECORD_EA + OFF_ACC
    evldd   0, 0(31)
    evmra   0, 0
    lwz     0, REC(OFF_SPEFSCR)
    mtspr   512, 0
    lwz     0, REC(OFF_XER)
    mtxer   0
    lwz     0, REC(OFF_CR)
    mtcrf   255, 0
    lwz     0, REC(OFF_LR)
    mtlr    0
    li      31, RECORD_EA + OFF_FPR
    .irp    n, 0, ALL_BUT_0_AND_31, 31
    evldd   \n, (8 * \n)(31)
    .endr
    bctr                            /* the slot loads CTR and the low word of r0 */

leave_target:
    stw     0, REC(OFF_GPR)
    li      0, EXIT_TARGET
    stw     0, REC(OFF_EXIT)
    b       leave
leave_next:
    stw     0, REC(OFF_GPR)
    li      0, EXIT_NEXT
    stw     0, REC(OFF_EXIT)
    b       leave
leave_signal:                       /* the handler stored its number */
    stw     0, REC(OFF_GPR)
leave:                              /* r0 keeps its high word all along */
    .irp    n, ALL_BUT_0_AND_31, 31
    stw     \n, (RECORD_EA + OFF_GPR + 4 * \n)(0)
    li      0, RECORD_EA + OFF_FPR + 8 * \n
    evstddx \n, 0, 0
    .endr
    li      0, RECORD_EA + OFF_FPR
    evstwwex 0, 0, 0
    lwz     0, REC(OFF_GPR)
    stw     0, REC(OFF_FPR + 4)
    mfctr   0
    stw     0, REC(OFF_CTR)
    mflr    0
    stw     0, REC(OFF_LR)
    mfxer   0
    stw     0, REC(OFF_XER)
    mfcr    0
    stw     0, REC(OFF_CR)
    mfspr   0, 512
    stw     0, REC(OFF_SPEFSCR)
    evxor   0, 0, 0
    evmwumiaa 0, 0, 0               /* the accumulator plus nothing */
    li      31, RECORD_EA + OFF_ACC
    evstdd  0, 0(31)
    lwz     0, CTX(128)
    mtcrf   255, 0
    lwz     0, CTX(0)
    mtlr    0
    lmw     1, CTX(4)
    blr

    /* What low memory is: a record, the context, and the slots. */
    .section .low, "awx", @progbits
    .space  SLOTS_EA - RECORD_EA + SLOTS * SLOT_SIZE
    .section .note.GNU-stack, "", @progbits
