/* SPDX-License-Identifier: MIT */
#include "tests/diff/user/execute.h"

#include <glib.h>
#include <signal.h>
#include <string.h>

#include "cpu/e500/bits.h"
#include "cpu/e500/insn.h"
#include "cpu/e500/ram.h"

enum { RAM_SIZE = 64 * 1024 };

struct Executor {
    TimeSource time;
    E500Vm vm;
    E500 *core;
    VcpuExit exit;
    uint8_t *ram;
};

/* EA = physical for all of RAM, everything permitted, as user space under the stub has it. */
static const E500TlbEntry flat = {
    .mas1 = 0xc0000000 | 3 << 8, /* V IPROT, 64 KiB */
    .mas2 = 0,
    .mas7_3 = 0x3f,
};

Executor *executor_new(const E500Model *model)
{
    Executor *x = g_new0(Executor, 1);
    x->ram = g_malloc0(RAM_SIZE + 4096);
    uint8_t *page = (uint8_t *)(((uintptr_t)x->ram + 4095) & ~(uintptr_t)4095);
    time_source_init(&x->time, true, 0);
    x->vm.model = model;
    x->vm.time = &x->time;
    x->vm.tb_hz = 100000000;
    e500_ram_add(&x->vm, &(AccelRam){.gpa = 0, .size = RAM_SIZE, .hva = page});
    x->core = g_new0(E500, 1);
    e500_core_init(x->core, &x->vm, 0);
    x->core->exit = &x->exit;
    x->core->s.tlb1[0] = flat;
    x->core->s.msr = (MSR_PR | MSR_FP | MSR_FE0 | MSR_FE1 | MSR_SPE) & model->msr_mask;
    e500_state_replaced(x->core, STATE_FULL);
    return x;
}

void executor_free(Executor *x)
{
    g_free(x->core);
    e500_ram_free(&x->vm);
    g_free(x->ram);
    g_free(x);
}

static uint32_t signal_of(const E500 *c)
{
    switch ((int)c->trap.excp) {
    case EXCP_PROGRAM:
        return c->trap.esr & ESR_PTR ? SIGTRAP : c->trap.esr & ESR_FP ? SIGFPE : SIGILL;
    case EXCP_ALIGNMENT:
        return SIGBUS;
    case EXCP_DATA_STORAGE:
    case EXCP_DTLB_MISS:
        return SIGSEGV;
    default:
        return 1000 + c->trap.excp; /* nothing the oracle can answer */
    }
}

static void load(E500 *c, uint8_t *mem, const Record *record)
{
    bool spe = c->model->categories & CAT_SPE;
    for (unsigned i = 0; i < 32; i++)
        c->s.gpr[i].d = spe ? record->gpr64[i] : record->gpr[i];
    memcpy(c->s.fpr, record->fpr, sizeof(c->s.fpr));
    c->s.spr[SPR_SPEFSCR] = record->spefscr;
    c->s.acc = record->acc;
    c->s.fpscr = (uint32_t)record->fpscr;
    c->s.cr = record->cr;
    e500_set_xer(&c->s, record->xer);
    c->s.lr = record->lr;
    c->s.ctr = record->ctr;
    c->reserve = false;
    memcpy(mem, record->mem, RECORD_MEM_SIZE);
}

static void store(const E500 *c, const uint8_t *mem, Record *record)
{
    for (unsigned i = 0; i < 32; i++)
        record->gpr[i] = c->s.gpr[i].w;
    if (c->model->categories & CAT_SPE) {
        for (unsigned i = 0; i < 32; i++)
            record->gpr64[i] = c->s.gpr[i].d;
        record->spefscr = c->s.spr[SPR_SPEFSCR];
        record->acc = c->s.acc;
    } else {
        memcpy(record->fpr, c->s.fpr, sizeof(c->s.fpr));
    }
    record->fpscr = c->s.fpscr;
    record->cr = c->s.cr;
    record->xer = e500_xer(&c->s);
    record->lr = c->s.lr;
    record->ctr = c->s.ctr;
    memcpy(record->mem, mem, RECORD_MEM_SIZE);
}

static ExecResult step(E500 *c, uint32_t word)
{
    Insn in;
    insn_decode(word, c->model, &in);
    ExecResult result = insn_exec[in.id](c, &in);
    if (result == EXEC_NEXT)
        c->s.pc += 4;
    return result;
}

void executor_run(Executor *x, Record *record)
{
    E500 *c = x->core;
    uint8_t *mem = (uint8_t *)x->vm.ram[0].block.hva + MEM_EA;
    Ea slot = SLOTS_EA + record->slot * SLOT_SIZE;
    load(c, mem, record);
    c->s.pc = slot + SLOT_PREFIX;
    ExecResult result = step(c, record->prefix);
    if (result == EXEC_NEXT)
        result = step(c, record->insn);
    store(c, mem, record);
    if (result == EXEC_TRAP)
        record->exit = signal_of(c);
    else if (result == EXEC_EXIT)
        record->exit = 2000 + x->exit.kind;
    else if (c->s.pc == slot + SLOT_NEXT)
        record->exit = EXIT_NEXT;
    else if (c->s.pc == slot + SLOT_TARGET)
        record->exit = EXIT_TARGET;
    else
        record->exit = 3000;
}
