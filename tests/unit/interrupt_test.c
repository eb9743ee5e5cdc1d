/* SPDX-License-Identifier: MIT */
#include "cpu/e500/interrupt.h"
#include "tests/unit/unit.h"
#include "tests/unit/vector_fixture.h"

enum {
    SC = 0x44000002,
    SC_1 = 0x44000022,
    RFI = 0x4c000064,
    RFCI = 0x4c000066,
    RFDI = 0x4c00004e,
    RFMCI = 0x4c00004c,
    WAIT = 0x7c00007c,
    EHPRIV = 0x7c00021c,
    EHPRIV_1 = 0x7c000a1c,
    WRTEEI_1 = 0x7c008146,
    MSGSND_R5 = 0x7c00299c,
    MSGCLR_R5 = 0x7c0029dc,
    NOP = 0x60000000,
};

static void raise_line(E500 *c, AccelIrq irq)
{
    c->irq_lines |= 1u << irq;
}

/* --- synchronous --- */

static void a_base_interrupt_keeps_ce_me_de_and_ri(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    vectors_up(c);
    e500_set_msr(c, 0xffffffff);
    g_assert_cmphex(c->s.msr, ==, c->model->msr_mask);
    e500_raise_data(c, EXCP_DATA_STORAGE, ESR_ST, 0x12345678);
    g_assert_true(e500_deliver_trap(c));
    g_assert_cmphex(c->s.pc, ==, vector(EXCP_DATA_STORAGE));
    g_assert_cmphex(c->s.spr[SPR_SRR0], ==, 0x1000);
    g_assert_cmphex(c->s.spr[SPR_SRR1], ==, c->model->msr_mask);
    g_assert_cmphex(c->s.msr, ==, (MSR_CE | MSR_ME | MSR_DE | MSR_RI));
    g_assert_cmphex(c->s.spr[SPR_ESR], ==, ESR_ST);
    g_assert_cmphex(c->s.spr[SPR_DEAR], ==, 0x12345678);
}

static void a_machine_check_clears_everything(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    vectors_up(c);
    e500_set_msr(c, 0xffffffff);
    e500_raise_machine_check(c, MCSR_LD | MCSR_MAV, UINT64_C(0xfe0001234));
    g_assert_true(e500_deliver_trap(c));
    g_assert_cmphex(c->s.msr, ==, 0);
    g_assert_cmphex(c->s.spr[SPR_MCSRR0], ==, 0x1000);
    g_assert_cmphex(c->s.spr[SPR_MCSR], ==, (MCSR_LD | MCSR_MAV));
    g_assert_cmphex(c->s.spr[SPR_MCAR], ==, 0xe0001234);
    g_assert_cmphex(c->s.spr[SPR_MCARU], ==, 0xf);
}

/* MSR[ME] masks the machine check input and not the NMI, on the core that has one; it waits for a core that has not started. */
static void an_nmi_asks_no_msr(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    e500_set_msr(c, 0);
    c->irq_lines = 1u << ACCEL_IRQ_MCHECK;
    g_assert_cmpint(e500_take_interrupt(c), ==, EXEC_NEXT);
    c->irq_lines = 1u << ACCEL_IRQ_NMI;
    c->s.held = true;
    g_assert_cmpint(e500_take_interrupt(c), ==, EXEC_NEXT);
    c->s.held = false;
    g_assert_cmpint(e500_take_interrupt(c), ==, EXEC_JUMP);
    g_assert_cmphex(c->s.spr[SPR_MCSR], ==, MCSR_NMI);
    g_assert_cmphex(c->s.spr[SPR_MCSRR1], ==, 0);
    g_assert_cmphex(c->irq_lines, ==, 0);

    c->model = e500_model_find("e500v2");
    c->irq_lines = 1u << ACCEL_IRQ_NMI;
    g_assert_cmpint(e500_take_interrupt(c), ==, EXEC_NEXT);
    e500_set_msr(c, MSR_ME);
    g_assert_cmpint(e500_take_interrupt(c), ==, EXEC_JUMP);
}

static void a_machine_check_without_me_stops_the_core(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    vectors_up(c);
    e500_raise_machine_check(c, MCSR_LD, 0);
    g_assert_false(e500_deliver_trap(c));
    g_assert_cmpint(f->exit.kind, ==, VCPU_EXIT_SHUTDOWN);
    g_assert_cmpint(f->exit.shutdown.reason, ==, VCPU_SHUTDOWN_CHECKSTOP);
}

static void a_system_call_returns_behind_itself(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    vectors_up(c);
    e500_set_msr(c, MSR_PR | MSR_EE);
    g_assert_cmpint(execute(c, SC), ==, EXEC_TRAP);
    g_assert_true(e500_deliver_trap(c));
    g_assert_cmphex(c->s.pc, ==, vector(EXCP_SYSTEM_CALL));
    g_assert_cmpint(execute(c, RFI), ==, EXEC_JUMP);
    g_assert_cmphex(c->s.pc, ==, 0x1004);
    g_assert_cmphex(c->s.msr, ==, (MSR_PR | MSR_EE));
}

static void each_class_returns_by_its_own_instruction(Fixture *f, gconstpointer unused)
{
    static const struct {
        uint32_t word;
        E500SprSlot srr0, srr1;
    } row[] = {
        {RFI, SPR_SRR0, SPR_SRR1},
        {RFCI, SPR_CSRR0, SPR_CSRR1},
        {RFDI, SPR_DSRR0, SPR_DSRR1},
        {RFMCI, SPR_MCSRR0, SPR_MCSRR1},
    };
    E500 *c = f->core[0];

    FOR_ROWS (i, row) {
        e500_set_msr(c, 0);
        c->s.spr[row[i].srr0] = 0x2003 + i * 0x100;
        c->s.spr[row[i].srr1] = 0xffffffff & ~MSR_PR;
        g_assert_cmpint(execute(c, row[i].word), ==, EXEC_JUMP);
        g_assert_cmphex(c->s.pc, ==, 0x2000 + i * 0x100);
        g_assert_cmphex(c->s.msr, ==, c->model->msr_mask & ~(uint32_t)MSR_PR);
        e500_set_msr(c, MSR_PR);
        g_assert_cmpint(execute(c, row[i].word), ==, EXEC_TRAP);
        g_assert_cmphex(c->trap.esr, ==, ESR_PPR);
    }
}

static void the_supervisor_s_instructions_are_privileged(Fixture *f, gconstpointer unused)
{
    static const uint32_t words[] = {
        0x7c0000a6 /* mfmsr */,  0x7c000124 /* mtmsr */,   0x7c000106 /* wrtee */,  0x7c000146 /* wrteei */,
        0x7c000764 /* tlbre */,  0x7c0007a4 /* tlbwe */,   0x7c000724 /* tlbsx */,  0x7c000624 /* tlbivax */,
        0x7c000024 /* tlbilx */, 0x7c00046c /* tlbsync */, 0x7c00019c /* msgsnd */, 0x7c0001dc /* msgclr */,
    };
    E500 *c = f->core[0];
    g_autofree E500State *before = NULL;

    e500_set_msr(c, MSR_PR);
    before = g_memdup2(&c->s, sizeof c->s);
    FOR_ROWS (i, words) {
        g_assert_cmpint(execute(c, words[i]), ==, EXEC_TRAP);
        g_assert_cmpint(c->trap.excp, ==, EXCP_PROGRAM);
        g_assert_cmphex(c->trap.esr, ==, ESR_PPR);
        g_assert_cmpmem(before, sizeof *before, &c->s, sizeof c->s);
    }
}

/* --- calls --- */

static void a_hypercall_carries_the_registers_out_and_in(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    c->s.pc = 0x1000;
    for (unsigned i = 0; i < 32; i++)
        c->s.gpr[i].d = UINT64_C(0xffffffff00000000) + i;
    c->s.gpr[11].w = 0x2a0100;
    g_assert_cmpint(execute(c, SC_1), ==, EXEC_EXIT);
    g_assert_cmpint(f->exit.kind, ==, VCPU_EXIT_EPAPR_HCALL);
    g_assert_cmphex(f->exit.epapr_hcall.nr, ==, 0x2a0100);
    for (unsigned i = 0; i < 8; i++)
        g_assert_cmphex(f->exit.epapr_hcall.args[i], ==, 3 + i);
    g_assert_cmphex(c->s.pc, ==, 0x1000);
    f->exit.epapr_hcall.ret = UINT64_C(0x1234500000009);
    for (unsigned i = 0; i < 8; i++)
        f->exit.epapr_hcall.args[i] = 0x100 + i;
    e500_complete_hcall(c, &f->exit);
    g_assert_cmphex(c->s.pc, ==, 0x1004);
    g_assert_cmphex(c->s.gpr[3].w, ==, 9);
    for (unsigned i = 0; i < 7; i++)
        g_assert_cmphex(c->s.gpr[4 + i].w, ==, 0x100 + i);
    g_assert_cmphex(c->s.gpr[11].w, ==, 0x2a0100);
    g_assert_cmphex(c->s.gpr[3].h, ==, 0xffffffff);
    g_assert_false(c->s.waiting);
}

static void an_idle_hypercall_waits_after_it(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    c->attention = 0;
    g_assert_cmpint(execute(c, SC_1), ==, EXEC_EXIT);
    f->exit.epapr_hcall.idle = true;
    e500_complete_hcall(c, &f->exit);
    g_assert_true(c->s.waiting);
    g_assert_cmpuint(c->attention & E500_ATT_IRQ, !=, 0);
}

static void a_hypercall_of_a_user_is_privileged(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    e500_set_msr(c, MSR_PR);
    g_assert_cmpint(execute(c, SC_1), ==, EXEC_TRAP);
    g_assert_cmpint(c->trap.excp, ==, EXCP_PROGRAM);
    g_assert_cmphex(c->trap.esr, ==, ESR_PPR);
}

static void ehpriv_1_stops_for_the_debugger(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    c->s.pc = 0x1000;
    g_assert_cmpint(execute(c, EHPRIV_1), ==, EXEC_TRAP); /* nobody there: a guest cannot stop the machine */
    g_assert_cmphex(c->trap.esr, ==, ESR_PIL);
    c->host_debug = true;
    g_assert_cmpint(execute(c, EHPRIV_1), ==, EXEC_EXIT);
    g_assert_cmpint(f->exit.kind, ==, VCPU_EXIT_DEBUG);
    g_assert_cmphex(f->exit.debug.pc, ==, 0x1000);
    g_assert_cmpint(execute(c, EHPRIV), ==, EXEC_TRAP);
    g_assert_cmphex(c->trap.esr, ==, ESR_PIL);
    e500_set_msr(c, MSR_PR);
    g_assert_cmpint(execute(c, EHPRIV_1), ==, EXEC_TRAP);
    g_assert_cmphex(c->trap.esr, ==, ESR_PPR);
}

/* --- asynchronous --- */

static void nothing_pending_takes_nothing(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    e500_set_msr(c, 0xffffffff);
    g_assert_false(e500_interrupt_pending(c));
    g_assert_cmpint(e500_take_interrupt(c), ==, EXEC_NEXT);
}

static void the_highest_priority_goes_first(Fixture *f, gconstpointer unused)
{
    static const E500Excp order[] = {
        EXCP_MACHINE_CHECK,  EXCP_DEBUG,    EXCP_CRITICAL_INPUT, EXCP_DOORBELL_CRITICAL,
        EXCP_EXTERNAL_INPUT, EXCP_DOORBELL, EXCP_DECREMENTER,
    };
    E500 *c = f->core[0];

    vectors_up(c);
    c->irq_lines = 0xf;
    c->doorbells = 3;
    c->s.spr[SPR_DBCR0] = DBCR0_IDM;
    c->s.spr[SPR_DBSR] = DBSR_UDE;
    c->s.spr[SPR_TSR] = TSR_DIS;
    c->s.spr[SPR_TCR] = TCR_DIE;
    FOR_ROWS (i, order) {
        e500_set_msr(c, MSR_EE | MSR_CE | MSR_ME | MSR_DE);
        g_assert_cmpint(e500_take_interrupt(c), ==, EXEC_JUMP);
        g_assert_cmphex(c->s.pc, ==, vector(order[i]));
        if (order[i] == EXCP_MACHINE_CHECK)
            c->irq_lines &= ~(1u << ACCEL_IRQ_MCHECK);
        if (order[i] == EXCP_DEBUG) {
            c->irq_lines &= ~(1u << ACCEL_IRQ_DEBUG);
            c->s.spr[SPR_DBSR] = 0;
        }
        if (order[i] == EXCP_CRITICAL_INPUT)
            c->irq_lines &= ~(1u << ACCEL_IRQ_CRITICAL);
        if (order[i] == EXCP_EXTERNAL_INPUT)
            c->irq_lines = 0;
    }
    g_assert_cmphex(c->s.spr[SPR_MCSR], ==, MCSR_MCP);
}

static void each_class_is_masked_by_its_own_bit(Fixture *f, gconstpointer unused)
{
    static const struct {
        AccelIrq irq;
        uint32_t enable;
        E500Excp excp;
        E500SprSlot srr0;
        uint32_t kept;
    } row[] = {
        {ACCEL_IRQ_EXTERNAL, MSR_EE, EXCP_EXTERNAL_INPUT, SPR_SRR0, MSR_CE | MSR_ME | MSR_DE | MSR_RI},
        {ACCEL_IRQ_CRITICAL, MSR_CE, EXCP_CRITICAL_INPUT, SPR_CSRR0, MSR_ME | MSR_DE | MSR_RI},
        {ACCEL_IRQ_MCHECK, MSR_ME, EXCP_MACHINE_CHECK, SPR_MCSRR0, 0},
        {ACCEL_IRQ_DEBUG, MSR_DE, EXCP_DEBUG, SPR_DSRR0, MSR_ME | MSR_RI},
    };
    E500 *c = f->core[0];
    uint32_t all = c->model->msr_mask;

    vectors_up(c);
    c->s.spr[SPR_DBCR0] = DBCR0_IDM;
    FOR_ROWS (i, row) {
        c->irq_lines = 0;
        raise_line(c, row[i].irq);
        e500_set_msr(c, all & ~row[i].enable);
        g_assert_true(e500_interrupt_pending(c));
        g_assert_cmpint(e500_take_interrupt(c), ==, EXEC_NEXT);
        e500_set_msr(c, all);
        c->s.pc = 0x4000;
        g_assert_cmpint(e500_take_interrupt(c), ==, EXEC_JUMP);
        g_assert_cmphex(c->s.pc, ==, vector(row[i].excp));
        g_assert_cmphex(c->s.spr[row[i].srr0], ==, 0x4000);
        g_assert_cmphex(c->s.msr, ==, row[i].kept);
    }
}

static void enabling_a_pending_interrupt_asks_for_attention(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    raise_line(c, ACCEL_IRQ_EXTERNAL);
    c->attention = 0;
    g_assert_cmpint(execute(c, WRTEEI_1), ==, EXEC_NEXT);
    g_assert_cmphex(c->s.msr, ==, MSR_EE);
    g_assert_cmpuint(c->attention & E500_ATT_IRQ, !=, 0);
}

static void the_external_proxy_is_asked_for_the_vector(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    vectors_up(c);
    f->vm.external_proxy = true;
    raise_line(c, ACCEL_IRQ_EXTERNAL);
    g_assert_cmpint(e500_take_interrupt(c), ==, EXEC_NEXT); /* with EE = 0 the core does not ask for the vector yet */
    e500_set_msr(c, MSR_EE);
    g_assert_cmpint(e500_take_interrupt(c), ==, EXEC_EXIT);
    g_assert_cmpint(f->exit.kind, ==, VCPU_EXIT_EPR);
    g_assert_cmphex(c->s.pc, ==, 0x1000);
    /* The vector comes.  To acknowledge the interrupt lowered the line, and even a spurious vector is delivered. */
    c->s.spr[SPR_EPR] = 0xffff;
    c->epr_taken = true;
    c->irq_lines = 0;
    g_assert_cmpint(e500_take_interrupt(c), ==, EXEC_JUMP);
    g_assert_cmphex(c->s.pc, ==, vector(EXCP_EXTERNAL_INPUT));
    g_assert_cmpint(e500_take_interrupt(c), ==, EXEC_NEXT);
}

static void waiting_ends_when_something_is_pending(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    c->attention = 0;
    g_assert_cmpint(execute(c, WAIT), ==, EXEC_NEXT);
    g_assert_true(c->s.waiting);
    g_assert_cmpuint(c->attention, !=, 0);
    g_assert_cmpint(e500_take_interrupt(c), ==, EXEC_NEXT);
    g_assert_true(c->s.waiting);
    raise_line(c, ACCEL_IRQ_EXTERNAL);
    g_assert_cmpint(e500_take_interrupt(c), ==, EXEC_NEXT); /* EE = 0 */
    g_assert_false(c->s.waiting);
}

/* --- doorbells --- */

static void a_doorbell_rings_at_the_pir_it_names(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0], *to = f->core[2];

    vectors_up(to);
    c->s.gpr[5].w = 2;
    g_assert_cmpint(execute(c, MSGSND_R5), ==, EXEC_NEXT);
    g_assert_cmpuint(f->core[0]->doorbells | f->core[1]->doorbells, ==, 0);
    g_assert_cmpuint(f->woken, ==, 4);
    e500_set_msr(to, MSR_EE);
    g_assert_cmpint(e500_take_interrupt(to), ==, EXEC_JUMP);
    g_assert_cmphex(to->s.pc, ==, vector(EXCP_DOORBELL));
    e500_set_msr(to, MSR_EE);
    g_assert_cmpint(e500_take_interrupt(to), ==, EXEC_NEXT); /* once */
}

static void a_broadcast_rings_everywhere(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[1];

    c->s.gpr[5].w = 1u << 27 | 1 << 26; /* critical */
    g_assert_cmpint(execute(c, MSGSND_R5), ==, EXEC_NEXT);
    for (unsigned i = 0; i < FIXTURE_CORES; i++)
        g_assert_cmpuint(f->core[i]->doorbells, ==, 2);
    g_assert_cmpint(execute(c, MSGCLR_R5), ==, EXEC_NEXT);
    g_assert_cmpuint(c->doorbells, ==, 0);
    g_assert_cmpuint(f->core[0]->doorbells, ==, 2);
    for (unsigned type = 2; type < 32; type++) { /* guest doorbells and undefined types */
        c->s.gpr[5].w = type << 27 | 1 << 26;
        g_assert_cmpint(execute(c, MSGSND_R5), ==, EXEC_NEXT);
    }
    g_assert_cmpuint(f->core[0]->doorbells, ==, 2);
}

UNIT_TESTS(interrupt)
{
    TEST("/interrupt/a-base-interrupt-keeps-ce-me-de-and-ri", a_base_interrupt_keeps_ce_me_de_and_ri);
    TEST("/interrupt/a-machine-check-clears-everything", a_machine_check_clears_everything);
    TEST("/interrupt/an-nmi-asks-no-msr", an_nmi_asks_no_msr);
    TEST("/interrupt/a-machine-check-without-me-stops-the-core", a_machine_check_without_me_stops_the_core);
    TEST("/interrupt/a-system-call-returns-behind-itself", a_system_call_returns_behind_itself);
    TEST("/interrupt/each-class-returns-by-its-own-instruction", each_class_returns_by_its_own_instruction);
    TEST("/interrupt/the-supervisor-s-instructions-are-privileged", the_supervisor_s_instructions_are_privileged);
    TEST("/interrupt/a-hypercall-carries-the-registers-out-and-in", a_hypercall_carries_the_registers_out_and_in);
    TEST("/interrupt/an-idle-hypercall-waits-after-it", an_idle_hypercall_waits_after_it);
    TEST("/interrupt/a-hypercall-of-a-user-is-privileged", a_hypercall_of_a_user_is_privileged);
    TEST("/interrupt/ehpriv-1-stops-for-the-debugger", ehpriv_1_stops_for_the_debugger);
    TEST("/interrupt/nothing-pending-takes-nothing", nothing_pending_takes_nothing);
    TEST("/interrupt/the-highest-priority-goes-first", the_highest_priority_goes_first);
    TEST("/interrupt/each-class-is-masked-by-its-own-bit", each_class_is_masked_by_its_own_bit);
    TEST("/interrupt/enabling-a-pending-interrupt-asks-for-attention", enabling_a_pending_interrupt_asks_for_attention);
    TEST("/interrupt/the-external-proxy-is-asked-for-the-vector", the_external_proxy_is_asked_for_the_vector);
    TEST("/interrupt/waiting-ends-when-something-is-pending", waiting_ends_when_something_is_pending);
    TEST("/interrupt/a-doorbell-rings-at-the-pir-it-names", a_doorbell_rings_at_the_pir_it_names);
    TEST("/interrupt/a-broadcast-rings-everywhere", a_broadcast_rings_everywhere);
}
