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
        c->epr_taken = false;
        c->watchdog_exit = false;
        __atomic_store_n(&c->doorbells, 0, __ATOMIC_SEQ_CST);
        memset(c->multiple_told, 0, sizeof c->multiple_told);
        c->device.open = false; /* an answer that arrives later belongs to an instruction from before the reset */
        e500_leave(c);
    }
    if (level >= STATE_FULL) {
        e500_timers_init(c);
    } else {
        e500_timers_reload(c);
    }
    e500_attention(c, E500_ATT_IRQ);
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
