/* SPDX-License-Identifier: MIT */
#include "platform/devices/hv/pic.h"
#include "tests/unit/unit.h"

#include <glib/gstdio.h>

#include "cpu/log.h"
#include "platform/base/bus.h"
#include "tests/unit/device_helper.h"

enum { CPUS = 3, HANDLE = 7, EDGE = HV_PIC_POLARITY, LEVEL = HV_PIC_POLARITY | HV_PIC_LEVEL };
#define PAGE UINT64_C(0xfe0060000)

typedef struct Fixture {
    Wire out[CPUS];
    Device *pic;
    IrqInput level, edge; /* on CPU 0 with priority 8, on */
} Fixture;

static void make(Fixture *f, bool external_proxy, uint64_t direct_eoi)
{
    IrqLine out[CPUS];
    for (unsigned cpu = 0; cpu < CPUS; cpu++)
        out[cpu] = (IrqLine){wire_set, f->out, cpu};
    HvPicConfig config = {HANDLE, CPUS, external_proxy, direct_eoi};
    f->pic = hv_pic_new("vmpic", &config, out);
    g_assert_true(hv_pic_input(f->pic, true, &f->level));
    g_assert_true(hv_pic_input(f->pic, false, &f->edge));
    bus_set_initiator(0);
}

static void set_up(Fixture *f, gconstpointer data)
{
    make(f, false, 0);
    hv_pic_set_mask(f->pic, f->level.cells[0], 0);
    hv_pic_set_mask(f->pic, f->edge.cells[0], 0);
}

static void set_up_proxy(Fixture *f, gconstpointer data)
{
    make(f, true, 0);
    hv_pic_set_mask(f->pic, f->level.cells[0], 0);
}

static void set_up_direct(Fixture *f, gconstpointer data)
{
    make(f, false, PAGE);
    hv_pic_set_mask(f->pic, f->level.cells[0], 0);
}

static void tear_down(Fixture *f, gconstpointer data)
{
    device_free(f->pic);
    bus_set_initiator(0);
}

static uint32_t iack(Fixture *f, unsigned cpu)
{
    uint32_t interrupt = 0;
    g_assert_cmpint(hv_pic_iack(f->pic, cpu, 0, &interrupt), ==, HV_PIC_OK);
    return interrupt;
}

static void eoi(Fixture *f, unsigned cpu, uint32_t interrupt)
{
    g_assert_cmpint(hv_pic_eoi(f->pic, cpu, interrupt), ==, HV_PIC_OK);
}

static void configure(Fixture *f, uint32_t interrupt, uint32_t config, uint32_t priority, uint32_t cpu)
{
    g_assert_cmpint(hv_pic_set_config(f->pic, interrupt, config, priority, cpu), ==, HV_PIC_OK);
}

static void pulse(const IrqInput *in)
{
    irq_set(&in->line, true);
    irq_set(&in->line, false);
}

/* ---- settings ---- */

static void after_reset(Fixture *f, gconstpointer data)
{
    uint32_t config, priority, cpu, mask;
    device_reset(f->pic);
    const IrqInput *all[] = {&f->level, &f->edge};
    for (unsigned i = 0; i < 2; i++) {
        uint32_t n = all[i]->cells[0];
        g_assert_cmpint(hv_pic_get_config(f->pic, n, &config, &priority, &cpu), ==, HV_PIC_OK);
        g_assert_cmphex(config, ==, all[i]->cells[1]);
        g_assert_cmpuint(priority, ==, 8);
        g_assert_cmpuint(cpu, ==, 0);
        g_assert_cmpint(hv_pic_get_mask(f->pic, n, &mask), ==, HV_PIC_OK);
        g_assert_cmpuint(mask, ==, 1);
    }
    g_assert_cmphex(f->level.cells[1], ==, LEVEL);
    g_assert_cmphex(f->edge.cells[1], ==, EDGE);
    g_assert_cmpint(hv_pic_get_task_priority(f->pic, 0, 0, &priority), ==, HV_PIC_OK);
    g_assert_cmpuint(priority, ==, 0);
}

static void settings_are_kept(Fixture *f, gconstpointer data)
{
    uint32_t config, priority, cpu, mask, n = f->level.cells[0];
    configure(f, n, 0, 15, 2);
    g_assert_cmpint(hv_pic_get_config(f->pic, n, &config, &priority, &cpu), ==, HV_PIC_OK);
    g_assert_cmphex(config, ==, 0);
    g_assert_cmpuint(priority, ==, 15);
    g_assert_cmpuint(cpu, ==, 2);
    g_assert_cmpint(hv_pic_get_mask(f->pic, n, &mask), ==, HV_PIC_OK);
    g_assert_cmpuint(mask, ==, 0);
}

static void beyond_range_is_invalid(Fixture *f, gconstpointer data)
{
    uint32_t n = f->level.cells[0], value;
    static const uint32_t nobody[] = {
        0, 5, HV_PIC_WIRE_FIRST - 1, HV_PIC_WIRE_FIRST + 2, HV_PIC_INTERRUPTS, HV_PIC_SPURIOUS, UINT32_MAX};
    FOR_ROWS (i, nobody) {
        g_assert_cmpint(hv_pic_set_config(f->pic, nobody[i], 0, 1, 0), ==, HV_PIC_INVALID);
        g_assert_cmpint(hv_pic_get_config(f->pic, nobody[i], &value, &value, &value), ==, HV_PIC_INVALID);
        g_assert_cmpint(hv_pic_set_mask(f->pic, nobody[i], 0), ==, HV_PIC_INVALID);
        g_assert_cmpint(hv_pic_get_mask(f->pic, nobody[i], &value), ==, HV_PIC_INVALID);
        g_assert_cmpint(hv_pic_eoi(f->pic, 0, nobody[i]), ==, HV_PIC_INVALID);
    }
    g_assert_cmpint(hv_pic_set_config(f->pic, n, 4, 1, 0), ==, HV_PIC_INVALID);
    g_assert_cmpint(hv_pic_set_config(f->pic, n, 0, 16, 0), ==, HV_PIC_INVALID);
    g_assert_cmpint(hv_pic_set_config(f->pic, n, 0, 1, CPUS), ==, HV_PIC_INVALID);
    g_assert_cmpint(hv_pic_set_config(f->pic, HV_PIC_IPI_FIRST, HV_PIC_LEVEL, 1, 0), ==, HV_PIC_INVALID);
    g_assert_cmpint(hv_pic_set_mask(f->pic, n, 2), ==, HV_PIC_INVALID);
    g_assert_cmpint(hv_pic_iack(f->pic, 0, HANDLE + 1, &value), ==, HV_PIC_INVALID);
    g_assert_cmpint(hv_pic_set_task_priority(f->pic, 0, 0, 16), ==, HV_PIC_INVALID);
    g_assert_cmpint(hv_pic_set_task_priority(f->pic, 0, HANDLE + 1, 1), ==, HV_PIC_INVALID);
    g_assert_cmpint(hv_pic_get_task_priority(f->pic, 0, HANDLE + 1, &value), ==, HV_PIC_INVALID);
    g_assert_cmpint(hv_pic_send_ipi(f->pic, HV_PIC_IPIS, 1), ==, HV_PIC_INVALID);
    g_assert_cmpint(hv_pic_send_ipi(f->pic, 0, 0), ==, HV_PIC_INVALID);
    g_assert_cmpint(hv_pic_send_ipi(f->pic, 0, 1 << CPUS), ==, HV_PIC_INVALID);
    for (unsigned cpu = 0; cpu < CPUS; cpu++)
        g_assert_false(f->out[cpu].level);
}

static void inputs_are_finite(Fixture *f, gconstpointer data)
{
    IrqInput in;
    unsigned n = HV_PIC_WIRE_FIRST + 2;
    while (hv_pic_input(f->pic, false, &in))
        g_assert_cmpuint(in.cells[0], ==, n++);
    g_assert_cmpuint(n, ==, HV_PIC_INTERRUPTS);
    hv_pic_set_mask(f->pic, n - 1, 0);
    pulse(&in);
    g_assert_cmpuint(iack(f, 0), ==, n - 1);
}

/* ---- delivery ---- */

static void level_asks_again(Fixture *f, gconstpointer data)
{
    uint32_t n = f->level.cells[0];
    irq_set(&f->level.line, true);
    g_assert_true(f->out[0].level);
    g_assert_cmpuint(iack(f, 0), ==, n);
    g_assert_false(f->out[0].level); /* in service */
    eoi(f, 0, n);
    g_assert_true(f->out[0].level); /* nobody dealt with it */
    g_assert_cmpuint(iack(f, 0), ==, n);
    irq_set(&f->level.line, false);
    eoi(f, 0, n);
    g_assert_false(f->out[0].level);
}

static void level_that_goes_is_forgotten(Fixture *f, gconstpointer data)
{
    irq_set(&f->level.line, true);
    irq_set(&f->level.line, false);
    g_assert_false(f->out[0].level);
    g_assert_cmpuint(iack(f, 0), ==, HV_PIC_SPURIOUS);
}

static void edge_comes_once(Fixture *f, gconstpointer data)
{
    uint32_t n = f->edge.cells[0];
    pulse(&f->edge);
    pulse(&f->edge);
    g_assert_true(f->out[0].level);
    g_assert_cmpuint(iack(f, 0), ==, n);
    eoi(f, 0, n);
    g_assert_false(f->out[0].level);
    g_assert_cmpuint(iack(f, 0), ==, HV_PIC_SPURIOUS);
    irq_set(&f->edge.line, true); /* and staying up is no other edge */
    g_assert_cmpuint(iack(f, 0), ==, n);
    eoi(f, 0, n);
    g_assert_false(f->out[0].level);
}

/* A level input, whose sense the guest changes: what came as a level is no edge later, and an edge is no level. */
static void a_change_of_sense_leaves_nothing(Fixture *f, gconstpointer data)
{
    uint32_t n = f->level.cells[0];
    pulse(&f->level);
    g_assert_cmpint(hv_pic_set_config(f->pic, n, HV_PIC_POLARITY, 8, 0), ==, HV_PIC_OK);
    g_assert_false(f->out[0].level);
    pulse(&f->level);
    g_assert_true(f->out[0].level); /* as an edge it is latched */
    g_assert_cmpint(hv_pic_set_config(f->pic, n, HV_PIC_POLARITY | HV_PIC_LEVEL, 8, 0), ==, HV_PIC_OK);
    g_assert_false(f->out[0].level);
    g_assert_cmpint(hv_pic_set_config(f->pic, n, HV_PIC_POLARITY, 8, 0), ==, HV_PIC_OK);
    g_assert_false(f->out[0].level);
}

static void edge_during_service_comes_after(Fixture *f, gconstpointer data)
{
    uint32_t n = f->edge.cells[0];
    pulse(&f->edge);
    g_assert_cmpuint(iack(f, 0), ==, n);
    pulse(&f->edge);
    g_assert_false(f->out[0].level);
    eoi(f, 0, n);
    g_assert_true(f->out[0].level);
    g_assert_cmpuint(iack(f, 0), ==, n);
}

static void edge_waits_behind_the_mask(Fixture *f, gconstpointer data)
{
    uint32_t n = f->edge.cells[0];
    hv_pic_set_mask(f->pic, n, 1);
    pulse(&f->edge);
    g_assert_false(f->out[0].level);
    g_assert_cmpuint(iack(f, 0), ==, HV_PIC_SPURIOUS);
    hv_pic_set_mask(f->pic, n, 0);
    g_assert_cmpuint(iack(f, 0), ==, n);
}

/* As a guest does that sets each interrupt up as level first, and as what the tree says then. */
static void edge_outlives_configuration(Fixture *f, gconstpointer data)
{
    uint32_t n = f->edge.cells[0];
    hv_pic_set_mask(f->pic, n, 1);
    configure(f, n, HV_PIC_LEVEL, 8, 0);
    pulse(&f->edge);
    configure(f, n, EDGE, 8, 0);
    hv_pic_set_mask(f->pic, n, 0);
    g_assert_cmpuint(iack(f, 0), ==, n);
    eoi(f, 0, n);
    g_assert_false(f->out[0].level);
}

static void mask_holds_no_service(Fixture *f, gconstpointer data)
{
    uint32_t n = f->level.cells[0];
    irq_set(&f->level.line, true);
    g_assert_cmpuint(iack(f, 0), ==, n);
    hv_pic_set_mask(f->pic, n, 1);
    eoi(f, 0, n);
    g_assert_false(f->out[0].level);
    hv_pic_set_mask(f->pic, n, 0);
    g_assert_true(f->out[0].level);
}

static void priorities_nest(Fixture *f, gconstpointer data)
{
    uint32_t low = f->level.cells[0], high = f->edge.cells[0];
    configure(f, low, LEVEL, 3, 0);
    configure(f, high, EDGE, 4, 0);
    irq_set(&f->level.line, true);
    g_assert_cmpuint(iack(f, 0), ==, low);
    pulse(&f->edge);
    g_assert_true(f->out[0].level);
    g_assert_cmpuint(iack(f, 0), ==, high);
    eoi(f, 0, high);
    eoi(f, 0, low);
    g_assert_cmpuint(iack(f, 0), ==, low); /* still active */
    configure(f, high, EDGE, 3, 0);
    pulse(&f->edge);
    g_assert_false(f->out[0].level); /* of equals one waits */
    irq_set(&f->level.line, false);
    eoi(f, 0, low);
    g_assert_cmpuint(iack(f, 0), ==, high);
}

static void most_urgent_first(Fixture *f, gconstpointer data)
{
    configure(f, f->level.cells[0], LEVEL, 3, 0);
    configure(f, f->edge.cells[0], EDGE, 4, 0);
    irq_set(&f->level.line, true);
    pulse(&f->edge);
    g_assert_cmpuint(iack(f, 0), ==, f->edge.cells[0]);
    eoi(f, 0, f->edge.cells[0]);
    configure(f, f->edge.cells[0], EDGE, 3, 0);
    pulse(&f->edge);
    g_assert_cmpuint(iack(f, 0), ==, f->level.cells[0]); /* the lower number of equals */
}

static void priority_zero_never(Fixture *f, gconstpointer data)
{
    configure(f, f->level.cells[0], LEVEL, 0, 0);
    irq_set(&f->level.line, true);
    g_assert_false(f->out[0].level);
    g_assert_cmpuint(iack(f, 0), ==, HV_PIC_SPURIOUS);
}

static void task_priority_holds_back(Fixture *f, gconstpointer data)
{
    uint32_t value;
    irq_set(&f->level.line, true);
    for (unsigned task = 0; task < 16; task++) {
        g_assert_cmpint(hv_pic_set_task_priority(f->pic, 0, task & 1 ? HANDLE : 0, task), ==, HV_PIC_OK);
        g_assert_cmpint(hv_pic_get_task_priority(f->pic, 0, 0, &value), ==, HV_PIC_OK);
        g_assert_cmpuint(value, ==, task);
        g_assert_cmpint(f->out[0].level, ==, task < 8);
    }
    g_assert_cmpuint(iack(f, 0), ==, HV_PIC_SPURIOUS);
    g_assert_cmpint(hv_pic_get_task_priority(f->pic, 1, 0, &value), ==, HV_PIC_OK);
    g_assert_cmpuint(value, ==, 0);
    configure(f, f->level.cells[0], LEVEL, 8, 1);
    g_assert_true(f->out[1].level);
}

static void destination_decides(Fixture *f, gconstpointer data)
{
    uint32_t n = f->level.cells[0];
    irq_set(&f->level.line, true);
    configure(f, n, LEVEL, 8, 2);
    g_assert_false(f->out[0].level);
    g_assert_true(f->out[2].level);
    g_assert_cmpuint(iack(f, 0), ==, HV_PIC_SPURIOUS);
    g_assert_cmpuint(iack(f, 2), ==, n);
    configure(f, n, LEVEL, 8, 1);
    g_assert_false(f->out[1].level); /* somebody serves it */
    eoi(f, 2, n);
    g_assert_true(f->out[1].level);
}

/* ---- IPIs ---- */

static void ipi_to_each_once(Fixture *f, gconstpointer data)
{
    for (unsigned ipi = 0; ipi < HV_PIC_IPIS; ipi++)
        hv_pic_set_mask(f->pic, HV_PIC_IPI_FIRST + ipi, 0);
    g_assert_cmpint(hv_pic_send_ipi(f->pic, 2, 1 << 0 | 1 << 2), ==, HV_PIC_OK);
    g_assert_cmpint(hv_pic_send_ipi(f->pic, 2, 1 << 2), ==, HV_PIC_OK);
    g_assert_true(f->out[0].level && !f->out[1].level && f->out[2].level);
    g_assert_cmpuint(iack(f, 1), ==, HV_PIC_SPURIOUS);
    g_assert_cmpuint(iack(f, 0), ==, HV_PIC_IPI_FIRST + 2);
    g_assert_cmpuint(iack(f, 2), ==, HV_PIC_IPI_FIRST + 2); /* both at once */
    eoi(f, 0, HV_PIC_IPI_FIRST + 2);
    eoi(f, 2, HV_PIC_IPI_FIRST + 2);
    g_assert_false(f->out[0].level || f->out[2].level);
    g_assert_cmpint(hv_pic_send_ipi(f->pic, 3, 7), ==, HV_PIC_OK);
    hv_pic_set_mask(f->pic, HV_PIC_IPI_FIRST + 3, 1);
    g_assert_false(f->out[0].level || f->out[1].level || f->out[2].level);
}

/* ---- acknowledging and ending ---- */

static void iack_by_handle(Fixture *f, gconstpointer data)
{
    uint32_t interrupt = 0;
    irq_set(&f->level.line, true);
    g_assert_cmpint(hv_pic_iack(f->pic, 0, HANDLE, &interrupt), ==, HV_PIC_OK);
    g_assert_cmpuint(interrupt, ==, f->level.cells[0]);
}

static void proxy_acknowledges(Fixture *f, gconstpointer data)
{
    uint32_t interrupt = 0x1234, n = f->level.cells[0];
    irq_set(&f->level.line, true);
    g_assert_cmpint(hv_pic_iack(f->pic, 0, 0, &interrupt), ==, HV_PIC_STATE);
    g_assert_cmphex(interrupt, ==, 0x1234);
    g_assert_true(f->out[0].level);
    g_assert_cmpuint(hv_pic_proxy(f->pic, 0), ==, n);
    g_assert_cmpuint(hv_pic_proxy(f->pic, 0), ==, HV_PIC_SPURIOUS);
    eoi(f, 0, n);
    g_assert_cmpuint(hv_pic_proxy(f->pic, 0), ==, n);
}

static void no_proxy_acknowledges_nothing(Fixture *f, gconstpointer data)
{
    irq_set(&f->level.line, true);
    g_assert_cmpuint(hv_pic_proxy(f->pic, 0), ==, 0);
    g_assert_cmpuint(iack(f, 0), ==, f->level.cells[0]);
}

/* How many lines of -d guest_errors act() makes. */
static unsigned errors_of(void (*act)(Fixture *f), Fixture *f)
{
    g_autofree char *path = NULL, *text = NULL;
    g_autoptr(GError) error = NULL;
    int fd = g_file_open_tmp("hv-pic-XXXXXX", &path, NULL);
    g_assert_cmpint(fd, >=, 0);
    g_close(fd, NULL);
    g_assert_true(log_open(path, &error));
    log_mask = LOG_GUEST_ERRORS;
    act(f);
    log_mask = 0;
    g_assert_true(log_open(NULL, &error));
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_unlink(path);
    unsigned lines = 0;
    for (const char *c = text; *c; c++)
        lines += *c == '\n';
    return lines;
}

static void end_unserved(Fixture *f)
{
    g_assert_cmpint(hv_pic_eoi(f->pic, 0, f->level.cells[0]), ==, HV_PIC_STATE);
}

static void end_in_order(Fixture *f)
{
    pulse(&f->edge);
    eoi(f, 0, iack(f, 0));
}

static void end_of_nothing_is_reported(Fixture *f, gconstpointer data)
{
    g_assert_cmpuint(errors_of(end_unserved, f), ==, 1);
    g_assert_cmpuint(errors_of(end_in_order, f), ==, 0);
    irq_set(&f->level.line, true);
    configure(f, f->level.cells[0], LEVEL, 8, 1);
    g_assert_cmpuint(iack(f, 1), ==, f->level.cells[0]);
    g_assert_cmpuint(errors_of(end_unserved, f), ==, 1); /* another CPU serves it */
    eoi(f, 1, f->level.cells[0]);
}

static void end_out_of_order(Fixture *f)
{
    eoi(f, 0, f->level.cells[0]);
}

static void end_names_its_interrupt(Fixture *f, gconstpointer data)
{
    uint32_t low = f->level.cells[0], high = f->edge.cells[0];
    configure(f, high, EDGE, 9, 0);
    irq_set(&f->level.line, true);
    g_assert_cmpuint(iack(f, 0), ==, low);
    pulse(&f->edge);
    g_assert_cmpuint(iack(f, 0), ==, high);
    g_assert_cmpuint(errors_of(end_out_of_order, f), ==, 1);
    g_assert_false(f->out[0].level); /* the more urgent one is in service still */
    eoi(f, 0, high);
    g_assert_true(f->out[0].level);
}

static void direct_end(Fixture *f, gconstpointer data)
{
    uint32_t n = f->level.cells[0];
    g_assert_cmphex(f->level.cells[1], ==, LEVEL | HV_PIC_DIRECT_EOI);
    irq_set(&f->level.line, true);
    g_assert_cmpuint(iack(f, 0), ==, n);
    bus_set_initiator(1);
    reg_write(f->pic, 0xb0, 4, 0); /* CPU 1 serves none */
    g_assert_false(f->out[0].level);
    bus_set_initiator(0);
    reg_write(f->pic, 0xb0, 4, 0);
    g_assert_true(f->out[0].level);
    g_assert_cmpuint(reg_read(f->pic, 0xb0, 4), ==, 0);
    g_assert_false(reg_answers(f->pic, 0xa0, 4));
    g_assert_false(reg_answers(f->pic, 0xb0, 8));
    g_assert_false(f->pic->ops->write(f->pic, 0, 0xb0, 1, 0));
}

/* ---- the rest ---- */

static void reset_keeps_wires(Fixture *f, gconstpointer data)
{
    irq_set(&f->level.line, true);
    pulse(&f->edge);
    g_assert_cmpuint(iack(f, 0), ==, f->level.cells[0]);
    configure(f, f->level.cells[0], EDGE, 1, 1);
    device_reset(f->pic);
    g_assert_false(f->out[0].level);
    hv_pic_set_mask(f->pic, f->edge.cells[0], 0);
    g_assert_false(f->out[0].level); /* the edge is forgotten */
    hv_pic_set_mask(f->pic, f->level.cells[0], 0);
    g_assert_cmpuint(iack(f, 0), ==, f->level.cells[0]); /* the level stands */
}

static void state_moves(Fixture *f, gconstpointer data)
{
    Fixture g = {0};
    make(&g, false, 0);
    configure(f, f->level.cells[0], LEVEL, 5, 1);
    irq_set(&f->level.line, true);
    g_assert_cmpuint(iack(f, 1), ==, f->level.cells[0]);
    pulse(&f->edge);
    device_copy(f->pic, g.pic);
    g_assert_true(g.out[0].level);
    g_assert_false(g.out[1].level);
    eoi(&g, 1, g.level.cells[0]);
    g_assert_true(g.out[1].level);
    g_assert_cmpuint(iack(&g, 0), ==, g.edge.cells[0]);
    irq_set(&g.level.line, true); /* as its device does at post_load: it was up, and is no new edge */
    hv_pic_set_config(g.pic, g.level.cells[0], HV_PIC_POLARITY, 5, 1);
    g_assert_cmpuint(iack(&g, 1), ==, HV_PIC_SPURIOUS);
    device_free(g.pic);
}

static void hostile_state(Fixture *f, gconstpointer data)
{
    uint32_t config, priority, cpu;
    device_load_ones(f->pic);
    g_assert_cmpint(hv_pic_get_config(f->pic, f->level.cells[0], &config, &priority, &cpu), ==, HV_PIC_OK);
    g_assert_cmpuint(config, <=, 3);
    g_assert_cmpuint(priority, <=, 15);
    g_assert_cmpuint(cpu, <, CPUS);
    for (unsigned i = 0; i < CPUS; i++)
        g_assert_cmpuint(iack(f, i), ==, HV_PIC_SPURIOUS);
}

static void node(Fixture *f, gconstpointer data)
{
    static const char *const none[] = {NULL};
    g_autoptr(GBytes) tree = device_tree(f->pic, 2, none);
    const void *fdt = g_bytes_get_data(tree, NULL);
    int at = fdt_path_offset(fdt, "/vmpic");
    g_assert_true(tree_compatible(tree, "/vmpic", "epapr,hv-pic"));
    g_assert_true(tree_compatible(tree, "/vmpic", "fsl,hv-vmpic"));
    g_assert_false(tree_compatible(tree, "/vmpic", "fsl,hv-mpic-per-cpu"));
    g_assert_cmpuint(tree_cell(tree, "/vmpic", "#interrupt-cells", 0), ==, 2);
    g_assert_cmpuint(tree_cell(tree, "/vmpic", "#address-cells", 0), ==, 0);
    g_assert_cmpuint(tree_cell(tree, "/vmpic", "hv-handle", 0), ==, HANDLE);
    for (unsigned i = 0; i < HV_PIC_IPIS; i++)
        g_assert_cmpuint(tree_cell(tree, "/vmpic", "quoin,ipi-interrupts", i), ==, HV_PIC_IPI_FIRST + i);
    g_assert_nonnull(fdt_getprop(fdt, at, "interrupt-controller", NULL));
    g_assert_null(fdt_getprop(fdt, at, "has-external-proxy", NULL));
}

static void node_of_proxy(Fixture *f, gconstpointer data)
{
    static const char *const none[] = {NULL};
    g_autoptr(GBytes) tree = device_tree(f->pic, 2, none);
    const void *fdt = g_bytes_get_data(tree, NULL);
    g_assert_nonnull(fdt_getprop(fdt, fdt_path_offset(fdt, "/vmpic"), "has-external-proxy", NULL));
}

static void node_of_direct_end(Fixture *f, gconstpointer data)
{
    static const char *const none[] = {NULL};
    g_autoptr(GBytes) tree = device_tree(f->pic, 2, none);
    const char *path = "/vmpic@fe0060000";
    g_assert_true(tree_compatible(tree, path, "fsl,hv-mpic-per-cpu"));
    g_assert_cmphex(tree_cell(tree, path, "reg", 0), ==, 0xf);
    g_assert_cmphex(tree_cell(tree, path, "reg", 1), ==, 0xe0060000);
    g_assert_cmphex(tree_cell(tree, path, "reg", 3), ==, 0x1000);
}

UNIT_TESTS(hv_pic)
{
#define TEST(path, set_up, function) g_test_add("/hv-pic/" path, Fixture, NULL, set_up, function, tear_down)
    TEST("after-reset", set_up, after_reset);
    TEST("settings-are-kept", set_up, settings_are_kept);
    TEST("beyond-range-is-invalid", set_up, beyond_range_is_invalid);
    TEST("inputs-are-finite", set_up, inputs_are_finite);
    TEST("level-asks-again-after-eoi", set_up, level_asks_again);
    TEST("level-that-goes-is-forgotten", set_up, level_that_goes_is_forgotten);
    TEST("edge-comes-once", set_up, edge_comes_once);
    TEST("a-change-of-sense-leaves-nothing", set_up, a_change_of_sense_leaves_nothing);
    TEST("edge-during-service-comes-after", set_up, edge_during_service_comes_after);
    TEST("edge-waits-behind-the-mask", set_up, edge_waits_behind_the_mask);
    TEST("edge-outlives-configuration", set_up, edge_outlives_configuration);
    TEST("mask-does-not-end-service", set_up, mask_holds_no_service);
    TEST("priorities-nest", set_up, priorities_nest);
    TEST("most-urgent-first", set_up, most_urgent_first);
    TEST("priority-zero-is-never-delivered", set_up, priority_zero_never);
    TEST("task-priority-holds-back", set_up, task_priority_holds_back);
    TEST("destination-decides", set_up, destination_decides);
    TEST("ipi-comes-to-each-once", set_up, ipi_to_each_once);
    TEST("iack-by-handle", set_up, iack_by_handle);
    TEST("external-proxy-acknowledges-and-iack-is-invalid-state", set_up_proxy, proxy_acknowledges);
    TEST("without-external-proxy-the-core-acknowledges-nothing", set_up, no_proxy_acknowledges_nothing);
    TEST("eoi-without-iack-is-reported", set_up, end_of_nothing_is_reported);
    TEST("eoi-ends-what-it-names", set_up, end_names_its_interrupt);
    TEST("direct-eoi-ends-the-most-urgent", set_up_direct, direct_end);
    TEST("reset-keeps-wires", set_up, reset_keeps_wires);
    TEST("state-moves", set_up, state_moves);
    TEST("hostile-state-is-brought-into-range", set_up, hostile_state);
    TEST("node", set_up, node);
    TEST("node-of-external-proxy", set_up_proxy, node_of_proxy);
    TEST("node-of-direct-eoi", set_up_direct, node_of_direct_end);
}
