/* SPDX-License-Identifier: MIT
 * The virtual interrupt controller (ePAPR 1.1 §7.5): settings, a level (room to send in the console's byte channel, so it is
 * always active), IPIs, priorities, both ways to acknowledge and to end; with a second CPU what goes to it.  Everything is found by
 * the tree. */
#include "guest.h"
#include "hcall_guest.h"

#define PAGE_EA  (TEST_EA + 0x10000)
#define SPURIOUS 0xffffu
#define LEVEL    2u
#define EDGE     0u
#define NOTHING  0xdeadu

PROBE(spin_enough, "mtctr 3; 1: bdnz 1b");

static uint32_t tx, tx_config; /* the level */
static uint32_t ipi[4];        /* interrupts of the four */
static uint32_t pic_handle;
static bool proxy, direct;
static uint64_t page;

/* --- the calls */

static uint32_t set_config(uint32_t n, uint32_t config, uint32_t priority, uint32_t cpu)
{
    return call_EV_INT_SET_CONFIG((const uint32_t[4]){n, config, priority, cpu}, NULL);
}

static uint32_t set_mask(uint32_t n, uint32_t mask)
{
    return call_EV_INT_SET_MASK((const uint32_t[2]){n, mask}, NULL);
}

static uint32_t get_mask(uint32_t n)
{
    uint32_t out[8];

    return call_EV_INT_GET_MASK(&n, out) ? NOTHING : out[0];
}

static uint32_t iack(uint32_t handle, uint32_t *status)
{
    uint32_t out[8];

    *status = call_EV_INT_IACK(&handle, out);
    return out[0];
}

static uint32_t eoi(uint32_t n)
{
    return call_EV_INT_EOI(&n, NULL);
}

/* As a driver would. */
static void end(uint32_t n)
{
    if (direct)
        io_write32(PAGE_EA + 0xb0, 0);
    else
        eoi(n);
}

static uint32_t send_ipi(uint32_t which, uint32_t cpus)
{
    return call_EV_INT_SEND_IPI((const uint32_t[2]){which, cpus}, NULL);
}

static uint32_t set_task(uint32_t handle, uint32_t priority)
{
    return call_EV_INT_SET_TASK_PRIORITY((const uint32_t[2]){handle, priority}, NULL);
}

static uint32_t get_task(void)
{
    uint32_t any = 0, out[8];

    return call_EV_INT_GET_TASK_PRIORITY(&any, out) ? NOTHING : out[0];
}

/* --- what comes */

/* The interrupt that comes, acknowledged; NOTHING: none does. */
static uint32_t comes(uint32_t spins)
{
    Trap t = trap_run(spin_enough, MSR_EE, spins, 0, 0, 0);
    uint32_t status;

    if (t.vector != VEC_EXTERNAL)
        return NOTHING;
    return proxy ? t.epr : iack(0, &status);
}

static uint32_t wait_for(void)
{
    return comes(200000000);
}

static uint32_t soon(void)
{
    return comes(1000);
}

/* --- the cases */

static void map_page(void)
{
    tlb1_map(5, PAGE_EA | MAS2_I | MAS2_G, page, 2, MAS3_SR | MAS3_SW);
}

static void find(void)
{
    int pic = fdt_node("/vmpic"), channel = fdt_next_with(-1, "compatible", "epapr,hv-byte-channel");
    uint32_t length = 0;
    const uint32_t *cells = fdt_property(channel, "interrupts", &length);
    const uint32_t *phandle = fdt_property(pic, "phandle", NULL);
    const uint32_t *parent = fdt_property(channel, "interrupt-parent", NULL);
    const uint32_t *reg = fdt_property(pic, "reg", NULL);

    report("a controller", pic >= 0 && fdt_property(pic, "interrupt-controller", NULL));
    report("a byte channel with two interrupts of two cells", cells && length == 16);
    report("it is the channel's parent", phandle && parent && *phandle == *parent);
    if (length == 16) {
        tx = cells[2];
        tx_config = cells[3] & 3;
    }
    cells = fdt_property(pic, "quoin,ipi-interrupts", &length);
    report("four IPIs", cells && length == 16);
    for (unsigned i = 0; cells && i < 4; i++)
        ipi[i] = cells[i];
    cells = fdt_property(pic, "hv-handle", NULL);
    pic_handle = cells ? *cells : 0;
    proxy = fdt_property(pic, "has-external-proxy", NULL) != NULL;
    direct = reg != NULL;
    if (direct) {
        page = (uint64_t)reg[0] << 32 | reg[1];
        map_page();
    }
}

static void settings(void)
{
    uint32_t out[8];

    report_eq("GET_CONFIG: status", call_EV_INT_GET_CONFIG(&tx, out), EV_SUCCESS);
    report_eq("GET_CONFIG: what the specifier says", out[0], tx_config);
    report("GET_CONFIG: a priority that is delivered", out[1] >= 1 && out[1] <= 15);
    report_eq("GET_CONFIG: the first CPU", out[2], 0);
    report_eq("masked after reset", get_mask(tx), 1);
    report_eq("task priority 0 after reset", get_task(), 0);
    report_eq("SET_CONFIG: status", set_config(tx, LEVEL, 7, 0), EV_SUCCESS);
    call_EV_INT_GET_CONFIG(&tx, out);
    report("SET_CONFIG: kept", out[0] == LEVEL && out[1] == 7 && out[2] == 0);
    set_config(tx, tx_config, 8, 0);
    report_eq("SET_CONFIG: no such interrupt", set_config(0xfffe, LEVEL, 8, 0), EV_EINVAL);
    report_eq("SET_CONFIG: no such CPU", set_config(tx, LEVEL, 8, cpus_count()), EV_EINVAL);
    report_eq("SET_CONFIG: no such priority", set_config(tx, LEVEL, 16, 0), EV_EINVAL);
    report_eq("SET_CONFIG: no such configuration", set_config(tx, 4, 8, 0), EV_EINVAL);
    report_eq("GET_CONFIG: no such interrupt", call_EV_INT_GET_CONFIG((const uint32_t[1]){0xfffe}, NULL), EV_EINVAL);
    report_eq("SET_MASK: no such interrupt", set_mask(0xfffe, 0), EV_EINVAL);
    report_eq("SET_MASK: neither on nor off", set_mask(tx, 2), EV_EINVAL);
    report_eq("GET_MASK: no such interrupt", get_mask(0xfffe), NOTHING);
    report_eq("EOI: no such interrupt", eoi(0xfffe), EV_EINVAL);
    report_eq("SET_TASK_PRIORITY: no such priority", set_task(0, 16), EV_EINVAL);
    report_eq("SET_TASK_PRIORITY: no such controller", set_task(0xfffe, 1), EV_EINVAL);
    report_eq("SEND_IPI: no such IPI", send_ipi(4, 1), EV_EINVAL);
    report_eq("SEND_IPI: to nobody", send_ipi(0, 0), EV_EINVAL);
    report_eq("SEND_IPI: no such CPU", send_ipi(0, 1u << cpus_count()), EV_EINVAL);
}

static void level(void)
{
    report_eq("masked: nothing", soon(), NOTHING);
    set_mask(tx, 0);
    report_eq("unmasked: it comes", wait_for(), tx);
    report_eq("in service: no more", soon(), NOTHING);
    end(tx);
    report_eq("after EOI the level comes again", wait_for(), tx);
    set_mask(tx, 1);
    end(tx);
    report_eq("masked in service: EOI ends it", soon(), NOTHING);
    report_eq("EOI of what is not served", eoi(tx), EV_INVALID_STATE);
    set_config(tx, tx_config, 0, 0);
    set_mask(tx, 0);
    report_eq("priority 0 is never delivered", soon(), NOTHING);
    set_config(tx, tx_config, 8, 0);
    report_eq("task priority of the same", set_task(0, 8), EV_SUCCESS);
    report_eq("holds it back", soon(), NOTHING);
    report_eq("the controller's handle does as well", set_task(pic_handle, 7), EV_SUCCESS);
    report_eq("GET_TASK_PRIORITY", get_task(), 7);
    report_eq("a lower task lets it through", wait_for(), tx);
    set_task(0, 0);
    set_mask(tx, 1);
    end(tx);
}

static void acknowledge(void)
{
    uint32_t status, n;

    if (proxy) {
        iack(0, &status);
        report_eq("IACK under external proxy", status, EV_INVALID_STATE);
        report_skip("IACK with nothing pending is spurious", "external proxy");
        report_skip("IACK without an interrupt taken", "external proxy");
        report_skip("IACK by the controller's handle", "external proxy");
        report_skip("IACK of another controller", "external proxy");
        return;
    }
    report_eq("IACK with nothing pending is spurious", iack(0, &status), SPURIOUS);
    set_mask(tx, 0);
    report_eq("IACK without an interrupt taken", iack(0, &status), tx);
    set_mask(tx, 1);
    end(tx);
    set_mask(tx, 0);
    n = iack(pic_handle, &status);
    report_eq("IACK by the controller's handle", n, tx);
    set_mask(tx, 1);
    end(tx);
    iack(0xfffe, &status);
    report_eq("IACK of another controller", status, EV_EINVAL);
    report_skip("IACK under external proxy", "there is none");
}

static void ipis(void)
{
    for (unsigned i = 0; i < 4; i++)
        set_config(ipi[i], EDGE, 4 + i, 0);
    report_eq("an IPI is no level", set_config(ipi[0], LEVEL, 4, 0), EV_EINVAL);
    send_ipi(1, 1);
    report_eq("a masked IPI waits", soon(), NOTHING);
    for (unsigned i = 0; i < 4; i++)
        set_mask(ipi[i], 0);
    report_eq("and comes", wait_for(), ipi[1]);
    end(ipi[1]);
    report_eq("once", soon(), NOTHING);
    send_ipi(0, 1);
    send_ipi(3, 1);
    report_eq("of two the more urgent", wait_for(), ipi[3]);
    report_eq("the other waits meanwhile", soon(), NOTHING);
    end(ipi[3]);
    report_eq("and comes then", wait_for(), ipi[0]);
    send_ipi(2, 1);
    report_eq("a more urgent one nests", wait_for(), ipi[2]);
    end(ipi[2]);
    end(ipi[0]);
    send_ipi(0, 1);
    send_ipi(0, 1);
    report_eq("two edges", wait_for(), ipi[0]);
    send_ipi(0, 1);
    end(ipi[0]);
    report_eq("are one, and one in service is another", wait_for(), ipi[0]);
    end(ipi[0]);
    report_eq("no more", soon(), NOTHING);
}

static uint32_t msgsnd(uint32_t message)
{
    return call_EV_MSGSND(&message, NULL);
}

static void doorbell(void)
{
    if (!hcall_promised("has-msgsnd-hcall")) {
        report_eq("EV_MSGSND without its promise", msgsnd(0), EV_UNIMPLEMENTED);
        report_skip("EV_MSGSND to oneself", "not promised");
        report_skip("a doorbell", "not promised");
        report_skip("EV_MSGSND of a guest's doorbell", "not promised");
        return;
    }
    report_skip("EV_MSGSND without its promise", "promised");
    report_eq("EV_MSGSND to oneself", msgsnd(mfspr(SPR_PIR)), EV_SUCCESS);
    report_eq("a doorbell", trap_run(spin_enough, MSR_EE, 1000000, 0, 0, 0).vector, VEC_DOORBELL);
    report_eq("EV_MSGSND of a guest's doorbell", msgsnd(2u << 27), EV_EINVAL);
}

/* --- two CPUs */

static volatile uint32_t got[2][4], rung;

static void on_other(uint32_t cpu)
{
    if (cpu == 0) {
        set_mask(ipi[0], 0);
        send_ipi(0, 2);
    } else if (direct) {
        map_page();
    }
    got[cpu][0] = cpu ? wait_for() : soon();
    cpus_meet();
    if (cpu == 1)
        end(ipi[0]);
    if (cpu == 0)
        send_ipi(1, 3);
    got[cpu][1] = wait_for();
    cpus_meet();
    end(ipi[1]);
    if (cpu == 0) {
        set_config(tx, tx_config, 8, 1);
        set_mask(tx, 0);
    }
    got[cpu][2] = cpu ? wait_for() : soon();
    cpus_meet();
    if (cpu == 0)
        set_config(tx, tx_config, 8, 0); /* it is still in service at the other CPU, so it is not delivered here */
    got[cpu][3] = soon();
    cpus_meet();
    if (cpu == 1) {
        set_mask(tx, 1);
        end(tx);
    }
    cpus_meet();
    if (hcall_promised("has-msgsnd-hcall")) {
        if (cpu == 0)
            msgsnd(1);
        else
            rung = trap_run(spin_enough, MSR_EE, 200000000, 0, 0, 0).vector;
    }
}

static void two_cpus(void)
{
    static const char *const sentences[] = {
        "an IPI to the other: not here", "an IPI to the other: there",    "an IPI to both: here",
        "an IPI to both: there",         "another destination: not here", "another destination: there",
        "in service there: not here",    "in service there: once",        "EV_MSGSND to the other"};

    if (cpus_count() != 2) {
        for (unsigned i = 0; i < sizeof sentences / sizeof sentences[0]; i++)
            report_skip(sentences[i], "not two CPUs");
        return;
    }
    cpus_start();
    cpus_run(on_other);
    report_eq(sentences[0], got[0][0], NOTHING);
    report_eq(sentences[1], got[1][0], ipi[0]);
    report_eq(sentences[2], got[0][1], ipi[1]);
    report_eq(sentences[3], got[1][1], ipi[1]);
    report_eq(sentences[4], got[0][2], NOTHING);
    report_eq(sentences[5], got[1][2], tx);
    report_eq(sentences[6], got[0][3], NOTHING);
    report_eq(sentences[7], got[1][3], NOTHING);
    if (hcall_promised("has-msgsnd-hcall"))
        report_eq(sentences[8], rung, VEC_DOORBELL);
    else
        report_skip(sentences[8], "not promised");
}

void guest_main(void)
{
    find();
    settings();
    level();
    acknowledge();
    ipis();
    doorbell();
    two_cpus();
}
