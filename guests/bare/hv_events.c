/* SPDX-License-Identifier: MIT
 * The virtual interrupt controller under load, with -smp 2 to 32: IPIs all to all, each to its neighbour, EV_MSGSND likewise; and a
 * level that wanders from CPU to CPU, masked and unmasked by one of them while the others serve it. */
#include "guest.h"
#include "hcall_guest.h"

static unsigned cpus, rounds;
static bool proxy, messages;
static uint32_t ipi[4], tx, tx_config;
static volatile uint32_t got[CPUS_MAX], levels[CPUS_MAX], rung[CPUS_MAX], wrong;

static void end(uint32_t n)
{
    if (call_EV_INT_EOI(&n, NULL))
        atomic_add(&wrong, 1);
}

static void on_external(TrapFrame *frame)
{
    uint32_t any = 0, out[8], n = mfspr(SPR_EPR), cpu = cpu_index();

    if (!proxy) {
        call_EV_INT_IACK(&any, out);
        n = out[0];
    }
    if (n == 0xffff)
        return; /* its reason went away before it was acknowledged */
    if (n == tx) {
        levels[cpu]++;
        call_EV_INT_SET_MASK((const uint32_t[2]){tx, 1}, NULL);
    } else if (n == ipi[1]) {
        got[cpu]++;
    } else {
        atomic_add(&wrong, 1);
    }
    end(n);
}

static void on_doorbell(TrapFrame *frame)
{
    rung[cpu_index()]++;
}

static void begin(void)
{
    mtmsr(mfmsr() | MSR_EE);
}

static void finish(void)
{
    mtmsr(mfmsr() & ~MSR_EE);
}

static void send(uint32_t mask)
{
    if (call_EV_INT_SEND_IPI((const uint32_t[2]){1, mask}, NULL))
        atomic_add(&wrong, 1);
}

/* CPU 0 interrupts all, itself too. */
static void to_all(uint32_t cpu)
{
    begin();
    for (uint32_t n = 1; n <= rounds; n++) {
        cpus_meet();
        if (cpu == 0)
            send(cpus == 32 ? 0xffffffff : (1u << cpus) - 1);
        while (got[cpu] != n)
            cpu_relax();
    }
    finish();
}

/* Each interrupts its neighbour, all at once. */
static void round_trip(uint32_t cpu)
{
    begin();
    for (uint32_t n = 1; n <= rounds; n++) {
        cpus_meet();
        send(1u << (cpu + 1) % cpus);
        while (got[cpu] != n)
            cpu_relax();
    }
    finish();
}

static void ring(uint32_t cpu)
{
    begin();
    for (uint32_t n = 1; n <= rounds; n++) {
        uint32_t message = (cpu + 1) % cpus;

        cpus_meet();
        call_EV_MSGSND(&message, NULL);
        while (rung[cpu] != n)
            cpu_relax();
    }
    finish();
}

/* The CPU that serves the level masks it.  CPU 0 then sends it to the next CPU and unmasks it. */
static void wander(uint32_t cpu)
{
    begin();
    for (uint32_t n = 0; n < rounds; n++) {
        uint32_t to = n % cpus, before = levels[to];

        cpus_meet();
        if (cpu == 0) {
            call_EV_INT_SET_CONFIG((const uint32_t[4]){tx, tx_config, 8, to}, NULL);
            call_EV_INT_SET_MASK((const uint32_t[2]){tx, 0}, NULL);
        }
        if (cpu == to)
            while (levels[to] == before)
                cpu_relax();
        cpus_meet();
    }
    finish();
}

static void nothing_got(void)
{
    for (unsigned n = 0; n < CPUS_MAX; n++)
        got[n] = levels[n] = rung[n] = 0;
}

static bool each(volatile uint32_t *counts, uint32_t want)
{
    for (unsigned n = 0; n < cpus; n++)
        if (counts[n] != want)
            return false;
    return true;
}

static void find(void)
{
    int pic = fdt_node("/vmpic");
    const uint32_t *cells = fdt_property(pic, "quoin,ipi-interrupts", NULL);
    const uint32_t *wires = fdt_property(fdt_next_with(-1, "compatible", "epapr,hv-byte-channel"), "interrupts", NULL);

    for (unsigned i = 0; i < 4; i++)
        ipi[i] = cells ? cells[i] : 0;
    tx = wires ? wires[2] : 0;
    tx_config = wires ? wires[3] & 3 : 0;
    proxy = fdt_property(pic, "has-external-proxy", NULL) != NULL;
    messages = hcall_promised("has-msgsnd-hcall");
}

void guest_main(void)
{
    find();
    cpus = cpus_count();
    rounds = 400 / cpus; /* where the host has fewer CPUs, each exchange costs time slices */
    trap_handle(VEC_EXTERNAL, on_external);
    trap_handle(VEC_DOORBELL, on_doorbell);
    call_EV_INT_SET_CONFIG((const uint32_t[4]){ipi[1], 0, 9, 0}, NULL);
    call_EV_INT_SET_MASK((const uint32_t[2]){ipi[1], 0}, NULL);
    cpus_start();
    cpus_run(to_all);
    report("an IPI to all comes to each, once", each(got, rounds));
    nothing_got();
    cpus_run(round_trip);
    report("IPIs to neighbours", each(got, rounds));
    nothing_got();
    if (messages) {
        cpus_run(ring);
        report("EV_MSGSND to neighbours", each(rung, rounds));
    } else {
        report_skip("EV_MSGSND to neighbours", "not promised");
    }
    nothing_got();
    cpus_run(wander);
    uint32_t sum = 0;
    for (unsigned n = 0; n < cpus; n++)
        sum += levels[n];
    report_eq("a level that wanders comes once where it is sent", sum, rounds);
    report_eq("no other interrupt, and every EOI in order", wrong, 0);
}
