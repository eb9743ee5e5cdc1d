/* SPDX-License-Identifier: MIT
 *
 * void run_record(void (*slot)(void)): loads every register from the record in low memory, runs the slot and
 * stores every register back.  Low memory is addressed absolutely, so no register is ever needed for it.
 */
#include "tests/diff/user/record.h"

#define REC(off) (RECORD_EA + (off))(0)
#define CTX(off) (CONTEXT_EA + (off))(0)

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
    lfd     0, REC(OFF_FPSCR)
    mtfsf   255, 0
    .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    lfd     \n, (RECORD_EA + OFF_FPR + 8 * \n)(0)
    .endr
    lwz     0, REC(OFF_XER)
    mtxer   0
    lwz     0, REC(OFF_CR)
    mtcrf   255, 0
    lwz     0, REC(OFF_LR)
    mtlr    0
    .irp    n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    lwz     \n, (RECORD_EA + OFF_GPR + 4 * \n)(0)
    .endr
    bctr                            /* the slot loads CTR and r0 */

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
leave:
    .irp    n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    stw     \n, (RECORD_EA + OFF_GPR + 4 * \n)(0)
    .endr
    mfctr   0
    stw     0, REC(OFF_CTR)
    mflr    0
    stw     0, REC(OFF_LR)
    mfxer   0
    stw     0, REC(OFF_XER)
    mfcr    0
    stw     0, REC(OFF_CR)
    .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    stfd    \n, (RECORD_EA + OFF_FPR + 8 * \n)(0)
    .endr
    mffs    0
    stfd    0, REC(OFF_FPSCR)
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
