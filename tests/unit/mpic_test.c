/* SPDX-License-Identifier: MIT */
#include "platform/devices/soc/mpic.h"
#include "tests/unit/unit.h"

#include "platform/base/bus.h"
#include "tests/unit/device_helper.h"

enum { CPUS = 3 };
enum { FRR = 0x1000, GCR = 0x1020, IPIVPR = 0x10a0, SVR = 0x10e0, GTCCR = 0x1100, TCR = 0x1300 };
enum { CPU_IPIDR = 0x40, CPU_CTPR = 0x80, CPU_WHOAMI = 0x90, CPU_IACK = 0xa0, CPU_EOI = 0xb0 };
enum { MSK = (int)0x80000000, ACTIVE = 0x40000000, SENSE_LEVEL = 0x400000 };

typedef struct Fixture {
    MpicModel model;
    TestClock time;
    Wire out[CPUS * MPIC_OUTPUTS];
    Device *mpic;
} Fixture;

static Device *make(Fixture *f, Wire *out)
{
    IrqLine lines[CPUS][MPIC_OUTPUTS];
    for (unsigned i = 0; i < CPUS * MPIC_OUTPUTS; i++)
        lines[i / MPIC_OUTPUTS][i % MPIC_OUTPUTS] = (IrqLine){wire_set, out, i};
    Device *mpic = mpic_new("mpic", f->model, CPUS, lines, f->time.clock);
    device_place(mpic, 0, 0x40000, MPIC_SIZE);
    return mpic;
}

/* PIR: bit per CPU, of those that exist; a line follows each bit. */
static void pir_holds_cores_in_reset(Fixture *f, gconstpointer data)
{
    enum { PIR = 0x1090 };
    Wire reset[CPUS] = {0};
    for (unsigned cpu = 0; cpu < CPUS; cpu++)
        mpic_wire_core_reset(f->mpic, cpu, &(IrqLine){wire_set, reset, cpu});
    reg_write(f->mpic, PIR, 4, 0xfffffffa);
    g_assert_cmphex(reg_read(f->mpic, PIR, 4), ==, 2);
    g_assert_true(reset[1].level && !reset[0].level && !reset[2].level);
    reg_write(f->mpic, PIR, 4, 6);
    g_assert_cmpuint(reset[1].rises, ==, 1);
    g_assert_true(reset[2].level);
    reg_write(f->mpic, PIR, 4, 0);
    g_assert_cmphex(reg_read(f->mpic, PIR, 4), ==, 0);
    g_assert_false(reset[1].level || reset[2].level);
    g_assert_cmpuint(reset[0].rises, ==, 0);
}

static uint32_t get(Fixture *f, unsigned offset)
{
    return (uint32_t)reg_read(f->mpic, offset, 4);
}

static void put(Fixture *f, unsigned offset, uint32_t value)
{
    reg_write(f->mpic, offset, 4, value);
}

static unsigned cpu_reg(unsigned cpu, unsigned reg)
{
    return 0x20000 + cpu * 0x1000 + reg;
}

static void set_up_model(Fixture *f, MpicModel model)
{
    f->model = model;
    test_clock_init(&f->time);
    f->mpic = make(f, f->out);
    bus_set_initiator(0);
    for (unsigned cpu = 0; cpu < CPUS; cpu++)
        put(f, cpu_reg(cpu, CPU_CTPR), 0);
}

static void set_up(Fixture *f, gconstpointer data)
{
    set_up_model(f, MPIC_42);
}

static void set_up_20(Fixture *f, gconstpointer data)
{
    set_up_model(f, MPIC_20);
}

static void tear_down(Fixture *f, gconstpointer data)
{
    device_free(f->mpic);
    clock_free(f->time.clock);
    bus_set_initiator(0);
}

static bool asked(const Fixture *f, unsigned cpu)
{
    return f->out[cpu * MPIC_OUTPUTS + MPIC_OUT_INT].level;
}

static uint32_t iack(Fixture *f, unsigned cpu)
{
    return get(f, cpu_reg(cpu, CPU_IACK));
}

static void eoi(Fixture *f, unsigned cpu)
{
    put(f, cpu_reg(cpu, CPU_EOI), 0);
}

static unsigned ivpr(unsigned source)
{
    return 0x10000 + source * 0x20;
}

static unsigned idr(unsigned source)
{
    return 0x10000 + source * 0x20 + 0x10;
}

static unsigned ilr(unsigned source)
{
    return 0x10000 + source * 0x20 + 0x18;
}

/* Unmasked, with its number as vector. */
static IrqLine enable(Fixture *f, unsigned source, unsigned priority, uint32_t cpus)
{
    put(f, idr(source), cpus);
    put(f, ivpr(source), priority << 16 | source);
    return mpic_input(f->mpic, source, MPIC_LEVEL_HIGH).line;
}

static void wire_up(const IrqLine *line)
{
    irq_set(line, true);
}

static void wire_down(const IrqLine *line)
{
    irq_set(line, false);
}

static void wire_pulse(const IrqLine *line)
{
    wire_up(line);
    wire_down(line);
}

static void test_reset(Fixture *f, gconstpointer data)
{
    device_reset(f->mpic);
    static const struct {
        unsigned offset;
        uint32_t value;
    } want[] = {
        {0, 0x00400402},
        {FRR, 0x00c30202},
        {GCR, 0},
        {0x1080, 0},
        {0x1090, 0},
        {IPIVPR, 0x80000000},
        {IPIVPR + 0x30, 0x80000000},
        {SVR, 0xffff},
        {0x10f0, 0},
        {GTCCR, 0},
        {GTCCR + 0x10, 0x80000000},
        {GTCCR + 0x20, 0x80000000},
        {GTCCR + 0x30, 1},
        {GTCCR + 0x10d0, 0x80000000},
        {0x10000, 0x80000000},
        {0x10010, 1},
        {0x10018, 0},
        {0x10200, 0x80800000},
        {0x11fe0, 0x80800000},
        {0x20080, 15},
        {0x20090, 0},
        {0x21090, 1},
        {0x200a0, 0xffff},
    };
    FOR_ROWS (i, want)
        g_assert_cmphex(get(f, want[i].offset), ==, want[i].value);
}

static void test_level(Fixture *f, gconstpointer data)
{
    IrqLine line = enable(f, 42, 8, 1);
    wire_up(&line);
    g_assert_true(asked(f, 0));
    g_assert_false(asked(f, 1));
    g_assert_cmphex(get(f, ivpr(42)) & ACTIVE, ==, ACTIVE);
    g_assert_cmpuint(iack(f, 0), ==, 42);
    g_assert_false(asked(f, 0)); /* in service */
    g_assert_cmpuint(iack(f, 0), ==, 0xffff);
    eoi(f, 0);
    g_assert_true(asked(f, 0)); /* still up */
    g_assert_cmpuint(iack(f, 0), ==, 42);
    wire_down(&line);
    g_assert_cmphex(get(f, ivpr(42)) & ACTIVE, ==, ACTIVE);
    eoi(f, 0);
    g_assert_false(asked(f, 0));
    g_assert_cmphex(get(f, ivpr(42)) & ACTIVE, ==, 0);
}

static void test_level_withdrawn(Fixture *f, gconstpointer data)
{
    IrqLine line = enable(f, 42, 8, 1);
    put(f, SVR, 0x1234);
    wire_up(&line);
    wire_down(&line);
    g_assert_false(asked(f, 0));
    g_assert_cmphex(iack(f, 0), ==, 0x1234);
    eoi(f, 0); /* of nothing: ignored */
    wire_up(&line);
    g_assert_cmpuint(iack(f, 0), ==, 42);
}

static void test_edge(Fixture *f, gconstpointer data)
{
    IrqLine line = enable(f, 3, 8, 1);
    wire_pulse(&line);
    g_assert_true(asked(f, 0)); /* latched */
    g_assert_cmpuint(iack(f, 0), ==, 3);
    wire_pulse(&line); /* again, while in service */
    g_assert_false(asked(f, 0));
    eoi(f, 0);
    g_assert_true(asked(f, 0));
    wire_up(&line);
    g_assert_cmpuint(iack(f, 0), ==, 3);
    eoi(f, 0);
    g_assert_false(asked(f, 0)); /* up is no edge */
}

static void test_sense(Fixture *f, gconstpointer data)
{
    IrqLine line = enable(f, 3, 8, 1);
    wire_pulse(&line);
    g_assert_true(asked(f, 0));
    put(f, ivpr(3), 8 << 16 | SENSE_LEVEL | 3);
    g_assert_false(asked(f, 0)); /* the latch is an edge's */
    wire_up(&line);
    g_assert_true(asked(f, 0));
    wire_down(&line);
    g_assert_false(asked(f, 0));
    put(f, ivpr(42), 0xffffffff);
    g_assert_cmphex(get(f, ivpr(42)), ==, 0x808fffff); /* internal: no sense */
    put(f, ivpr(3), 0xffffffff);
    g_assert_cmphex(get(f, ivpr(3)), ==, 0x80cfffff);
}

static void test_mask(Fixture *f, gconstpointer data)
{
    IrqLine edge = enable(f, 3, 8, 1), level = enable(f, 42, 9, 1);
    put(f, ivpr(3), get(f, ivpr(3)) | MSK);
    put(f, ivpr(42), get(f, ivpr(42)) | MSK);
    wire_pulse(&edge);
    wire_up(&level);
    g_assert_false(asked(f, 0));
    g_assert_cmpuint(iack(f, 0), ==, 0xffff);
    put(f, ivpr(3), 8 << 16 | 3); /* the edge is still there */
    g_assert_cmpuint(iack(f, 0), ==, 3);
    put(f, ivpr(42), 9 << 16 | 42);
    g_assert_true(asked(f, 0));
    put(f, ivpr(42), MSK | 9 << 16 | 42);
    g_assert_false(asked(f, 0));
}

static void test_priorities(Fixture *f, gconstpointer data)
{
    IrqLine low = enable(f, 20, 3, 1), high = enable(f, 21, 9, 1), same = enable(f, 19, 9, 1), zero = enable(f, 22, 0, 1);
    wire_up(&zero);
    g_assert_false(asked(f, 0)); /* priority 0 never is delivered */
    wire_up(&low);
    wire_up(&high);
    wire_up(&same);
    g_assert_cmpuint(iack(f, 0), ==, 19); /* of equals the lower number */
    g_assert_false(asked(f, 0));          /* equal does not nest */
    wire_down(&same);
    eoi(f, 0);
    g_assert_cmpuint(iack(f, 0), ==, 21);
    wire_down(&high);
    eoi(f, 0);
    g_assert_cmpuint(iack(f, 0), ==, 20);
}

static void test_nesting(Fixture *f, gconstpointer data)
{
    IrqLine low = enable(f, 20, 3, 1), middle = enable(f, 21, 7, 1), high = enable(f, 22, 9, 1);
    wire_up(&low);
    g_assert_cmpuint(iack(f, 0), ==, 20);
    wire_up(&high);
    g_assert_true(asked(f, 0));
    g_assert_cmpuint(iack(f, 0), ==, 22);
    wire_up(&middle);
    g_assert_false(asked(f, 0));
    wire_down(&high);
    eoi(f, 0); /* ends the highest */
    g_assert_true(asked(f, 0));
    g_assert_cmpuint(iack(f, 0), ==, 21);
    wire_down(&middle);
    eoi(f, 0);
    wire_down(&low);
    eoi(f, 0);
    g_assert_cmphex(get(f, ivpr(20)) & ACTIVE, ==, 0);
    wire_up(&low);
    g_assert_true(asked(f, 0));
}

static void test_task_priority(Fixture *f, gconstpointer data)
{
    IrqLine line = enable(f, 20, 5, 1);
    put(f, cpu_reg(0, CPU_CTPR), 0xfffffff5);
    g_assert_cmpuint(get(f, cpu_reg(0, CPU_CTPR)), ==, 5);
    wire_up(&line);
    g_assert_false(asked(f, 0));
    g_assert_cmpuint(iack(f, 0), ==, 0xffff);
    put(f, cpu_reg(0, CPU_CTPR), 4);
    g_assert_true(asked(f, 0));
    put(f, cpu_reg(0, CPU_CTPR), 5);
    g_assert_false(asked(f, 0));
}

static void test_shared(Fixture *f, gconstpointer data)
{
    IrqLine a = enable(f, 42, 8, 1), b = mpic_input(f->mpic, 42, MPIC_LEVEL_HIGH).line;
    wire_up(&a);
    wire_up(&b);
    wire_down(&a);
    g_assert_true(asked(f, 0));
    wire_down(&b);
    g_assert_false(asked(f, 0));
}

static void test_destination(Fixture *f, gconstpointer data)
{
    IrqLine line = enable(f, 42, 8, 2);
    wire_up(&line);
    g_assert_false(asked(f, 0));
    g_assert_true(asked(f, 1));
    put(f, idr(42), 4);
    g_assert_false(asked(f, 1));
    g_assert_true(asked(f, 2));
    put(f, idr(42), 0xffffffff);
    g_assert_cmphex(get(f, idr(42)), ==, 7); /* CPUs that exist */
    g_assert_true(asked(f, 0));
    g_assert_cmpuint(iack(f, 1), ==, 42);
    g_assert_false(asked(f, 0)); /* one serves it: the others need not */
    g_assert_false(asked(f, 2));
    g_assert_cmpuint(iack(f, 0), ==, 0xffff);
    eoi(f, 1);
    g_assert_true(asked(f, 0));
}

static void test_edge_once(Fixture *f, gconstpointer data)
{
    IrqLine line = enable(f, 3, 8, 7);
    wire_pulse(&line);
    g_assert_cmpuint(iack(f, 2), ==, 3);
    g_assert_cmpuint(iack(f, 0), ==, 0xffff);
    eoi(f, 2);
    g_assert_false(asked(f, 0));
}

static void test_ipi(Fixture *f, gconstpointer data)
{
    put(f, IPIVPR + 0x10, 10 << 16 | 0xf1);
    bus_set_initiator(2);
    put(f, CPU_IPIDR + 0x10, 3); /* through the private area */
    g_assert_true(asked(f, 0));
    g_assert_true(asked(f, 1));
    g_assert_false(asked(f, 2));
    g_assert_cmphex(iack(f, 0), ==, 0xf1);
    g_assert_true(asked(f, 1)); /* each takes its own */
    g_assert_cmphex(iack(f, 1), ==, 0xf1);
    put(f, cpu_reg(0, CPU_IPIDR + 0x10), 1); /* to itself, while in service */
    g_assert_false(asked(f, 0));
    eoi(f, 0);
    g_assert_true(asked(f, 0));
    g_assert_cmphex(iack(f, 0), ==, 0xf1);
    eoi(f, 0);
    g_assert_false(asked(f, 0));
    put(f, cpu_reg(0, CPU_IPIDR), 0xfffffff8); /* CPUs that do not exist; masked too */
    g_assert_false(asked(f, 0));
    g_assert_cmphex(get(f, cpu_reg(0, CPU_IPIDR)), ==, 0);
}

static void test_private(Fixture *f, gconstpointer data)
{
    IrqLine line = enable(f, 42, 8, 2);
    wire_up(&line);
    for (unsigned cpu = 0; cpu < CPUS; cpu++) {
        bus_set_initiator(cpu);
        g_assert_cmpuint(get(f, CPU_WHOAMI), ==, cpu);
    }
    bus_set_initiator(0);
    g_assert_cmpuint(get(f, CPU_IACK), ==, 0xffff);
    bus_set_initiator(1);
    g_assert_cmpuint(get(f, CPU_IACK), ==, 42);
    bus_set_initiator(0);
    put(f, CPU_EOI, 0);
    g_assert_false(asked(f, 1));
    bus_set_initiator(1);
    put(f, CPU_EOI, 0);
    g_assert_true(asked(f, 1));
}

static void test_external_proxy(Fixture *f, gconstpointer data)
{
    IrqLine line = enable(f, 42, 8, 1);
    wire_up(&line);
    g_assert_false(mpic_external_proxy(f->mpic));
    g_assert_cmpuint(mpic_iack(f->mpic, 0), ==, 0); /* the guest reads IACK itself */
    g_assert_true(asked(f, 0));
    put(f, GCR, 0x20000000);
    g_assert_false(mpic_external_proxy(f->mpic));
    put(f, GCR, 0x60000000);
    g_assert_true(mpic_external_proxy(f->mpic));
    g_assert_cmpuint(mpic_iack(f->mpic, 0), ==, 42);
    g_assert_false(asked(f, 0));
    g_assert_cmpuint(mpic_iack(f->mpic, 0), ==, 0xffff);
    wire_down(&line);
    eoi(f, 0);
    g_assert_cmphex(get(f, ivpr(42)) & ACTIVE, ==, 0);
}

static void test_direct(Fixture *f, gconstpointer data)
{
    const Wire *cint = &f->out[1 * MPIC_OUTPUTS + MPIC_OUT_CINT];
    const Wire *mcp = &f->out[1 * MPIC_OUTPUTS + MPIC_OUT_MCP];
    IrqLine a = enable(f, 42, 0, 2), b = enable(f, 43, 0, 2);
    put(f, ilr(42), 1);
    put(f, ilr(43), 1);
    wire_up(&a);
    wire_up(&b);
    g_assert_true(cint->level);
    g_assert_false(asked(f, 1));
    g_assert_cmpuint(iack(f, 1), ==, 0xffff);
    wire_down(&a);
    g_assert_true(cint->level);
    put(f, ilr(43), 2);
    g_assert_false(cint->level);
    g_assert_true(mcp->level);
    put(f, ivpr(43), MSK | 43);
    g_assert_false(mcp->level);
    put(f, ivpr(43), 5 << 16 | 43);
    g_assert_true(mcp->level);
    put(f, ilr(43), 0);
    g_assert_false(mcp->level);
    g_assert_true(asked(f, 1));
    put(f, ilr(43), 2);
    device_reset(f->mpic);
    g_assert_false(mcp->level);
}

static void test_20_registers(Fixture *f, gconstpointer data)
{
    g_assert_cmphex(get(f, 0), ==, 0x00400200);
    g_assert_cmphex(get(f, FRR), ==, 79u << 16 | (CPUS - 1) << 8 | 2);
    g_assert_cmphex(get(f, 0x1080), ==, 0);
    put(f, GCR, 0x7ff00000);
    g_assert_cmphex(get(f, GCR), ==, 0x20000000);
    g_assert_false(mpic_external_proxy(f->mpic));
    put(f, ilr(42), 1);
    g_assert_cmphex(get(f, ilr(42)), ==, 0);
    put(f, 0x3910, 0);
    g_assert_cmphex(get(f, 0x3910), ==, 0);
    put(f, idr(42), 0xffffffff);
    g_assert_cmphex(get(f, idr(42)), ==, 0x70000007); /* CI0 to CI2, P2 to P0 */
    put(f, idr(3), 0xffffffff);
    g_assert_cmphex(get(f, idr(3)), ==, 0xf0000007); /* an external source has EP too */
}

static void test_20_critical(Fixture *f, gconstpointer data)
{
    const Wire *cint = &f->out[1 * MPIC_OUTPUTS + MPIC_OUT_CINT];
    IrqLine line = enable(f, 42, 5, 2);
    wire_up(&line);
    g_assert_true(asked(f, 1));
    put(f, idr(42), 0x20000001); /* critical to CPU 1; that CPU 0 is named too counts no more */
    g_assert_false(asked(f, 0));
    g_assert_false(asked(f, 1));
    g_assert_true(cint->level);
    put(f, ivpr(42), MSK | 42); /* what is critical is not masked */
    g_assert_true(cint->level);
    wire_down(&line);
    g_assert_false(cint->level);
    wire_up(&line);
    put(f, ivpr(42), 5 << 16 | 42);
    put(f, idr(42), 1);
    g_assert_false(cint->level);
    g_assert_cmpuint(iack(f, 0), ==, 42);
    put(f, idr(42), 0x60000000);
    g_assert_true(cint->level);
    g_assert_true(f->out[MPIC_OUT_CINT].level);
    device_reset(f->mpic);
    g_assert_false(cint->level);
}

static void test_msi(Fixture *f, gconstpointer data)
{
    for (unsigned i = 0; i < MPIC_MSI_REGISTERS; i++) {
        put(f, idr(MPIC_MSI_SOURCE + i), 1);
        put(f, ivpr(MPIC_MSI_SOURCE + i), 8 << 16 | (MPIC_MSI_SOURCE + i));
    }
    put(f, 0x1740, 5u << 29 | 31 << 24);
    put(f, 0x1740, 5u << 29 | 2 << 24);
    put(f, 0x1740, 7u << 29);
    g_assert_cmphex(get(f, 0x1720), ==, 0xa0);
    g_assert_cmphex(iack(f, 0), ==, 0xe5);
    g_assert_cmphex(get(f, 0x1650), ==, 0x80000004);
    g_assert_cmphex(get(f, 0x1650), ==, 0); /* reading takes them */
    eoi(f, 0);
    g_assert_cmphex(iack(f, 0), ==, 0xe7);
    g_assert_cmphex(get(f, 0x1670), ==, 1);
    eoi(f, 0);
    g_assert_false(asked(f, 0));
    put(f, 0x1740, 0);
    g_assert_true(asked(f, 0));
    device_reset(f->mpic);
    g_assert_cmphex(get(f, 0x1720), ==, 0);
}

static void test_gcr_reset(Fixture *f, gconstpointer data)
{
    IrqLine line = enable(f, 42, 8, 2);
    wire_up(&line);
    g_assert_cmpuint(iack(f, 1), ==, 42);
    put(f, GCR, 0xe0000000);
    g_assert_cmphex(get(f, GCR), ==, 0);
    g_assert_cmphex(get(f, ivpr(42)), ==, 0x80800000);
    g_assert_cmphex(get(f, idr(42)), ==, 1);
    g_assert_cmpuint(get(f, cpu_reg(1, CPU_CTPR)), ==, 15);
    put(f, cpu_reg(0, CPU_CTPR), 0);
    put(f, ivpr(42), 8 << 16 | 42);
    g_assert_true(asked(f, 0)); /* the wire is still up */
}

/* --- timers */

enum { TICK_NS = 40 };

static unsigned timer_reg(unsigned timer, unsigned reg)
{
    return GTCCR + timer / 4 * 0x1000 + timer % 4 * 0x40 + reg;
}

static void timer_start(Fixture *f, unsigned timer, uint32_t base)
{
    put(f, timer_reg(timer, 0x20), 9 << 16 | (0x100 + timer));
    put(f, timer_reg(timer, 0x10), base);
}

static void test_timer(Fixture *f, gconstpointer data)
{
    for (unsigned timer = 0; timer < 8; timer++) {
        timer_start(f, timer, 1000);
        test_clock_advance(&f->time, 400 * TICK_NS);
        g_assert_cmpuint(get(f, timer_reg(timer, 0)), ==, 600);
        test_clock_advance(&f->time, 600 * TICK_NS - 1);
        g_assert_false(asked(f, 0));
        test_clock_advance(&f->time, 1);
        g_assert_true(asked(f, 0));
        g_assert_cmphex(get(f, timer_reg(timer, 0)), ==, 0x80000000 | 1000);
        g_assert_cmpuint(iack(f, 0), ==, 0x100 + timer);
        eoi(f, 0);
        g_assert_false(asked(f, 0)); /* an edge */
        test_clock_advance(&f->time, 1000 * TICK_NS);
        g_assert_cmphex(get(f, timer_reg(timer, 0)), ==, 1000); /* toggled again */
        g_assert_cmpuint(iack(f, 0), ==, 0x100 + timer);
        eoi(f, 0);
        put(f, timer_reg(timer, 0x10), 0x80000000 | 1000);
        test_clock_advance(&f->time, 10000 * TICK_NS);
        g_assert_false(asked(f, 0));
    }
}

/* The guest was late: two expiries before its acknowledgement are one interrupt, and none comes after the end of it. */
static void test_timer_late(Fixture *f, gconstpointer data)
{
    timer_start(f, 0, 1000);
    test_clock_advance(&f->time, 1000 * TICK_NS);
    g_assert_true(asked(f, 0));
    time_source_advance(&f->time.time, 1000 * TICK_NS); /* and nobody has looked at the timers yet */
    g_assert_cmpuint(iack(f, 0), ==, 0x100);
    eoi(f, 0);
    test_clock_advance(&f->time, 999 * TICK_NS);
    g_assert_false(asked(f, 0));
    test_clock_advance(&f->time, TICK_NS);
    g_assert_true(asked(f, 0));
}

static void test_timer_masked(Fixture *f, gconstpointer data)
{
    put(f, timer_reg(1, 0x10), 1000);
    test_clock_advance(&f->time, 2500 * TICK_NS);
    g_assert_cmpuint(f->time.time.next_deadline_ns, ==, UINT64_MAX); /* nobody to wake */
    g_assert_cmphex(get(f, timer_reg(1, 0)), ==, 500);
    put(f, timer_reg(1, 0x20), 9 << 16 | 0x42);
    g_assert_cmphex(iack(f, 0), ==, 0x42); /* what came while masked */
    eoi(f, 0);
    test_clock_advance(&f->time, 500 * TICK_NS);
    g_assert_true(asked(f, 0));
}

static void test_timer_ratio(Fixture *f, gconstpointer data)
{
    for (unsigned ratio = 0; ratio < 4; ratio++) {
        put(f, TCR, ratio << 8);
        timer_start(f, 0, 1000);
        test_clock_advance(&f->time, (1000 * TICK_NS << ratio) - 1);
        g_assert_false(asked(f, 0));
        test_clock_advance(&f->time, 1);
        g_assert_cmphex(iack(f, 0), ==, 0x100);
        eoi(f, 0);
        put(f, timer_reg(0, 0x10), 0x80000000);
    }
}

static void test_timer_cascade(Fixture *f, gconstpointer data)
{
    put(f, TCR, 1 | 1 << 24); /* timer 1 counts what timer 0 rolls over; that starts from all ones */
    timer_start(f, 1, 2);
    put(f, timer_reg(0, 0x20), MSK);
    put(f, timer_reg(0, 0x10), 1000);
    g_assert_cmpuint(get(f, timer_reg(1, 0)), ==, 2);
    test_clock_advance(&f->time, 1000 * TICK_NS);
    g_assert_cmpuint(get(f, timer_reg(1, 0)), ==, 1);
    g_assert_cmphex(get(f, timer_reg(0, 0)), ==, 0xffffffff);
    test_clock_advance(&f->time, (UINT64_C(1) << 32) * TICK_NS - 20000);
    g_assert_false(asked(f, 0));
    test_clock_advance(&f->time, 20000);
    g_assert_cmphex(iack(f, 0), ==, 0x101);
    g_assert_cmphex(get(f, timer_reg(1, 0)), ==, 0x80000002);
}

static void test_timer_edges(Fixture *f, gconstpointer data)
{
    timer_start(f, 0, 0); /* does not count */
    test_clock_advance(&f->time, NS_PER_SECOND);
    g_assert_false(asked(f, 0));
    put(f, timer_reg(0, 0x10), 1000); /* until it has a base */
    test_clock_advance(&f->time, 999 * TICK_NS);
    g_assert_false(asked(f, 0));
    test_clock_advance(&f->time, TICK_NS);
    g_assert_true(asked(f, 0));
    timer_start(f, 4, 1); /* the fastest there is: a bounded number of callbacks */
    uint64_t now = time_now_ns(&f->time.time);
    g_assert_cmpuint(f->time.time.next_deadline_ns, >=, now + 20000);
    test_clock_advance(&f->time, UINT64_C(1) << 60);
    g_assert_true(asked(f, 0));
}

static void test_timer_multicast(Fixture *f, gconstpointer data)
{
    put(f, timer_reg(2, 0x30), 5);
    timer_start(f, 2, 1000);
    test_clock_advance(&f->time, 1000 * TICK_NS);
    g_assert_cmphex(iack(f, 0), ==, 0x102);
    g_assert_false(asked(f, 1));
    g_assert_cmphex(iack(f, 2), ==, 0x102);
}

/* --- the rest */

static void test_access(Fixture *f, gconstpointer data)
{
    for (unsigned size = 1; size <= 8; size *= 2)
        g_assert_cmpint(reg_answers(f->mpic, FRR, size), ==, size == 4);
    static const unsigned holes[] = {0x20, 0xc0, 0x1040, 0x10e4, 0x1204, 0x3000, 0xfff0, 0x12000, 0x10004, 0x23080, 0x3f0a0};
    FOR_ROWS (i, holes) {
        put(f, holes[i], 0xffffffff);
        g_assert_cmphex(get(f, holes[i]), ==, 0);
    }
    bus_set_initiator(31); /* no such CPU */
    g_assert_cmphex(get(f, CPU_IACK), ==, 0);
    put(f, CPU_EOI, 0);
}

static void test_save(Fixture *f, gconstpointer data)
{
    Wire out[CPUS * MPIC_OUTPUTS] = {{0}};
    IrqLine edge = enable(f, 3, 5, 1), nested = enable(f, 4, 9, 1);
    put(f, GCR, 0x60000000);
    put(f, IPIVPR, 7 << 16 | 0xf0);
    put(f, cpu_reg(0, CPU_IPIDR), 2);
    put(f, ivpr(MPIC_MSI_SOURCE), 3 << 16 | 0xe0);
    put(f, 0x1740, 9 << 24);
    wire_pulse(&edge);
    g_assert_cmpuint(iack(f, 0), ==, 3);
    wire_pulse(&nested);
    timer_start(f, 0, 1000);
    put(f, timer_reg(0, 0x30), 4);

    Device *other = make(f, out);
    device_copy(f->mpic, other);
    g_assert_true(mpic_external_proxy(other));
    g_assert_true(out[0].level);
    g_assert_cmpuint(mpic_iack(other, 0), ==, 4);
    reg_write(other, cpu_reg(0, CPU_EOI), 4, 0);
    reg_write(other, cpu_reg(0, CPU_EOI), 4, 0);
    g_assert_cmphex(mpic_iack(other, 0), ==, 0xe0);
    g_assert_cmphex(mpic_iack(other, 1), ==, 0xf0);
    test_clock_advance(&f->time, 1000 * TICK_NS);
    g_assert_cmphex(mpic_iack(other, 2), ==, 0x100);
    device_free(other);
}

static void test_nodes(Fixture *f, gconstpointer data)
{
    g_autoptr(GBytes) tree = device_tree(f->mpic, 1, (const char *const[]){NULL});
    g_assert_true(tree_compatible(tree, "/pic@40000", "fsl,mpic"));
    g_assert_cmpuint(tree_cell(tree, "/pic@40000", "#interrupt-cells", 0), ==, 2);
    g_assert_true(tree_compatible(tree, "/msi@41600", "fsl,mpic-msi"));
    for (unsigned i = 0; i < MPIC_MSI_REGISTERS; i++)
        g_assert_cmphex(tree_cell(tree, "/msi@41600", "interrupts", 2 * i), ==, 0xe0 + i);
    g_assert_cmpuint(tree_cell(tree, "/msi@41600", "interrupt-parent", 0), ==, tree_cell(tree, "/pic@40000", "phandle", 0));
}

/* An MPIC that the accelerator has: only the wires to it are ORed here. */
static void test_remote(void)
{
    Wire sources[MPIC_SOURCES] = {0};
    const IrqLine out = {wire_set, sources, 0};
    Device *mpic = mpic_remote_new("mpic", &out);
    device_place(mpic, 0, 0x40000, MPIC_SIZE);
    IrqLine first = mpic_input(mpic, 42, MPIC_LEVEL_HIGH).line, second = mpic_input(mpic, 42, MPIC_LEVEL_HIGH).line;
    IrqLine other = mpic_input(mpic, 255, MPIC_LEVEL_HIGH).line;
    irq_set(&first, true);
    irq_set(&second, true);
    irq_set(&first, false);
    g_assert_true(sources[42].level);
    g_assert_cmpuint(sources[42].rises, ==, 1);
    irq_set(&second, false);
    g_assert_false(sources[42].level);
    irq_set(&other, true);
    device_reset(mpic);
    g_assert_true(sources[255].level); /* whoever raised it lowers it */
    g_assert_cmpuint(sources[255].rises, ==, 1);
    reg_write(mpic, 0x1090, 4, 1);
    g_assert_cmphex(reg_read(mpic, 0x1090, 4), ==, 0);
    g_assert_false(reg_answers(mpic, 0x1090, 1));
    static const char *const refs[] = {NULL};
    g_autoptr(GBytes) tree = device_tree(mpic, 1, refs);
    g_assert_true(tree_compatible(tree, "/pic@40000", "fsl,mpic"));
    g_assert_true(tree_compatible(tree, "/msi@41600", "fsl,mpic-msi"));
    device_free(mpic);
}

UNIT_TESTS(mpic)
{
#define TEST(name, fn) g_test_add("/mpic/" name, Fixture, NULL, set_up, fn, tear_down)
    TEST("registers-come-up-as-documented", test_reset);
    TEST("pir-holds-cores-in-reset", pir_holds_cores_in_reset);
    TEST("a-level-asks-until-it-is-lowered", test_level);
    TEST("a-level-that-is-withdrawn-is-spurious", test_level_withdrawn);
    TEST("an-edge-is-latched-until-acknowledged", test_edge);
    TEST("sense-is-an-external-source-s-choice", test_sense);
    TEST("expiries-before-the-acknowledgement-are-one-interrupt", test_timer_late);
    TEST("a-masked-source-waits", test_mask);
    TEST("the-most-urgent-comes-first", test_priorities);
    TEST("the-more-urgent-nests", test_nesting);
    TEST("the-task-priority-holds-back", test_task_priority);
    TEST("wires-of-a-source-are-ored", test_shared);
    TEST("a-level-goes-to-the-cpus-of-idr-and-one-serves-it", test_destination);
    TEST("an-edge-to-several-is-served-once", test_edge_once);
    TEST("an-ipi-reaches-each-cpu-it-names", test_ipi);
    TEST("the-private-area-is-that-of-who-asks", test_private);
    TEST("external-proxy-acknowledges-for-the-core", test_external_proxy);
    TEST("ilr-turns-a-source-into-a-critical-or-machine-check-line", test_direct);
#define TEST_20(name, fn) g_test_add("/mpic/2.0/" name, Fixture, NULL, set_up_20, fn, tear_down)
    TEST_20("has-neither-external-proxy-nor-ilr", test_20_registers);
    TEST_20("idr-turns-a-source-into-a-critical-line", test_20_critical);
    TEST_20("msis-gather-in-their-register", test_msi);
    TEST("msis-gather-in-their-register", test_msi);
    TEST("gcr-reset-forgets-all-but-the-wires", test_gcr_reset);
    TEST("a-timer-counts-interrupts-and-toggles", test_timer);
    TEST("a-masked-timer-counts-without-waking-anybody", test_timer_masked);
    TEST("the-clock-ratio-slows-timers-down", test_timer_ratio);
    TEST("a-cascaded-timer-counts-the-roll-overs-of-another", test_timer_cascade);
    TEST("extreme-timer-bases-are-harmless", test_timer_edges);
    TEST("a-timer-interrupts-each-cpu-it-names", test_timer_multicast);
    TEST("registers-are-32-bits-and-holes-read-0", test_access);
    TEST("saved-state-goes-on-elsewhere", test_save);
    TEST("describes-itself-and-its-msi-block", test_nodes);
    g_test_add_func("/mpic/elsewhere-it-is-its-wires", test_remote);
}
