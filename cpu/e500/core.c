/* SPDX-License-Identifier: MIT
 *
 * Making a core, and what has to follow when its state is replaced as a whole.
 */
#include <string.h>

#include "cpu/e500/core.h"
#include "cpu/e500/interrupt.h"
#include "cpu/e500/mmu.h"
#include "cpu/e500/timers.h"

void e500_state_replaced(E500 *c, StateLevel level)
{
    e500_set_msr(c, c->s.msr);
    e500_tlb_replaced(c);
    e500_context_changed(c);
    c->reserve = false;
    c->settling = E500_SETTLING_NONE;
    if (level >= STATE_RESET) {
        c->epr_taken = c->s.pending & E500_PENDING_EPR;
        c->watchdog_exit = c->s.pending & E500_PENDING_WATCHDOG;
        __atomic_store_n(&c->doorbells, c->s.pending & (E500_PENDING_DOORBELL | E500_PENDING_CRITICAL_DOORBELL), __ATOMIC_SEQ_CST);
        if (c->s.pending & E500_PENDING_NMI)
            __atomic_or_fetch(&c->irq_lines, 1u << ACCEL_IRQ_NMI, __ATOMIC_SEQ_CST);
        memset(c->multiple_told, 0, sizeof c->multiple_told);
        c->device.open = false; /* an answer that arrives later belongs to an instruction from before the reset */
        e500_leave(c);
    }
    if (level >= STATE_FULL) {
        c->watchdog_told = c->s.pending & E500_PENDING_WATCHDOG_TOLD;
        e500_timers_init(c);
    } else {
        e500_timers_reload(c);
    }
    e500_attention(c, E500_ATT_IRQ);
}

void e500_state_pending(E500 *c)
{
    uint32_t doorbells = __atomic_load_n(&c->doorbells, __ATOMIC_SEQ_CST);
    bool nmi = __atomic_load_n(&c->irq_lines, __ATOMIC_SEQ_CST) >> ACCEL_IRQ_NMI & 1;
    c->s.pending = (uint8_t)((doorbells & (E500_PENDING_DOORBELL | E500_PENDING_CRITICAL_DOORBELL)) | (nmi ? E500_PENDING_NMI : 0) |
                             (c->epr_taken ? E500_PENDING_EPR : 0) | (c->watchdog_exit ? E500_PENDING_WATCHDOG : 0) |
                             (c->watchdog_told ? E500_PENDING_WATCHDOG_TOLD : 0));
}

void e500_core_init(E500 *c, E500Vm *vm, unsigned index)
{
    c->vm = vm;
    c->model = vm->model;
    c->index = index;
    g_mutex_init(&c->mail.lock);
    e500_state_reset(&c->s, c->model, index);
    e500_state_replaced(c, STATE_FULL);
}
