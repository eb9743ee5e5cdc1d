/* SPDX-License-Identifier: MIT
 * The interrupt controller: identity, IPIs, priorities, timers, message interrupts, spurious
 * vector, critical output, external proxy. */
#include "mpic_regs.h"

PROBE(spin_enough, "mtctr 3; 1: bdnz 1b");

static Trap external(void)
{
    return trap_run(spin_enough, MSR_EE, 200000000, 0, 0, 0);
}

static uint32_t soon(uint32_t msr)
{
    return trap_run(spin_enough, msr, 1000, 0, 0, 0).vector;
}

static uint32_t iack(void)
{
    return io_read32(MPIC_IACK);
}

static void eoi(void)
{
    io_write32(MPIC_EOI, 0);
}

/* Version 2.0: no external proxy, and IDR instead of ILR sends to the critical output. */
static bool is_20(void)
{
    return board_is("MPC8544DS");
}

static void identity(void)
{
    report_eq("BRR1: version 4.2, or 2.0", io_read32(MPIC_BRR1), is_20() ? 0x00400200 : 0x00400402);
    report_eq("FRR: OpenPIC 1.2", io_read32(MPIC_FRR) & 0xff, 2);
    report_eq("FRR: one CPU", io_read32(MPIC_FRR) >> 8 & 0x1f, 0);
    report_eq("WHOAMI of the boot CPU", io_read32(MPIC_WHOAMI), 0);
    report_eq("CTPR is 15 after reset", io_read32(MPIC_CTPR), 15);
    report_eq("IVPR is masked after reset", io_read32(MPIC_IVPR(42)) >> 31, 1);
    report_eq("IPIVPR is masked after reset", io_read32(MPIC_IPIVPR(0)) >> 31, 1);
    report_eq("GTVPR is masked after reset", io_read32(MPIC_GTVPR(0)) >> 31, 1);
    report_eq("GTBCR is inhibited after reset", io_read32(MPIC_GTBCR(0)) >> 31, 1);
    report_eq("SVR is ffff after reset", io_read32(MPIC_SVR) & 0xffff, 0xffff);
    io_write32(MPIC_IVPR(42), VPR(3, 0x77));
    io_write32(MPIC_CTPR, 4);
    io_write32(MPIC_GCR, GCR_RST);
    while (io_read32(MPIC_GCR) & GCR_RST)
        ;
    report("GCR[RST] puts all back", io_read32(MPIC_IVPR(42)) >> 31 && io_read32(MPIC_CTPR) == 15);
    io_write32(MPIC_GCR, GCR_MIXED);
}

static void spurious(void)
{
    io_write32(MPIC_CTPR, 0);
    report_eq("IACK with nothing pending: the spurious vector", iack(), 0xffff);
    io_write32(MPIC_SVR, 0x1234);
    report_eq("SVR sets it", iack(), 0x1234);
    io_write32(MPIC_SVR, 0xffff);
}

static void ipis(void)
{
    for (unsigned n = 0; n < 4; n++)
        io_write32(MPIC_IPIVPR(n), VPR(4 + n, 0x20 + n));
    io_write32(MPIC_CTPR, 0);
    io_write32(MPIC_IPIDR(1), 1);
    report_eq("IPI 1: interrupt", external().vector, VEC_EXTERNAL);
    report_eq("IPI 1: vector", iack(), 0x21);
    report_eq("in service: no more", soon(MSR_EE), TRAP_NONE);
    eoi();
    report_eq("after EOI: no more", soon(MSR_EE), TRAP_NONE);

    io_write32(MPIC_IPIDR(0), 1);
    io_write32(MPIC_IPIDR(3), 1);
    external();
    report_eq("of two the higher priority first", iack(), 0x23);
    report_eq("the lower waits meanwhile", soon(MSR_EE), TRAP_NONE);
    eoi();
    external();
    report_eq("then the lower", iack(), 0x20);
    io_write32(MPIC_IPIDR(2), 1);
    report_eq("a higher one interrupts it", external().vector, VEC_EXTERNAL);
    report_eq("nested: its vector", iack(), 0x22);
    eoi();
    eoi();
    report_eq("all served", soon(MSR_EE), TRAP_NONE);

    io_write32(MPIC_CTPR, 4);
    io_write32(MPIC_IPIDR(0), 1);
    report_eq("priority 4 at task priority 4: not delivered", soon(MSR_EE), TRAP_NONE);
    report_eq("IACK then is spurious", iack(), 0xffff);
    io_write32(MPIC_CTPR, 3);
    report_eq("at task priority 3: delivered", external().vector, VEC_EXTERNAL);
    report_eq("with its vector", iack(), 0x20);
    eoi();

    io_write32(MPIC_IPIVPR(0), VPR_MSK | VPR(4, 0x20));
    io_write32(MPIC_IPIDR(0), 1);
    report_eq("masked: not delivered", soon(MSR_EE), TRAP_NONE);
    io_write32(MPIC_IPIVPR(0), VPR(4, 0x20));
    report_eq("unmasked: delivered late", external().vector, VEC_EXTERNAL);
    report_eq("late: vector", iack(), 0x20);
    eoi();
    io_write32(MPIC_IPIDR(0), 2);
    report_eq("an IPI to a CPU that is not there: nothing", soon(MSR_EE), TRAP_NONE);
    io_write32(MPIC_IPIVPR(0), VPR(0, 0x20));
    io_write32(MPIC_CTPR, 0);
    io_write32(MPIC_IPIDR(0), 1);
    report_eq("priority 0 is never delivered", soon(MSR_EE), TRAP_NONE);
    io_write32(MPIC_IPIVPR(0), VPR_MSK);
}

static void timers(void)
{
    io_write32(MPIC_GTVPR(0), VPR(6, 0x30));
    io_write32(MPIC_GTDR(0), 1);
    io_write32(MPIC_GTBCR(0), 2500);
    report_eq("timer: interrupt", external().vector, VEC_EXTERNAL);
    report_eq("timer: vector", iack(), 0x30);
    eoi();
    report_eq("timer: it comes again", external().vector, VEC_EXTERNAL);
    iack();
    eoi();
    io_write32(MPIC_GTBCR(0), 0x80000000);
    if (soon(MSR_EE) == VEC_EXTERNAL) { /* one may have come before that */
        iack();
        eoi();
    }
    report_eq("timer: inhibited it comes no more", soon(MSR_EE), TRAP_NONE);
    io_write32(MPIC_GTVPR(0), VPR_MSK);
    io_write32(MPIC_GTVPR(3), VPR(6, 0x33));
    io_write32(MPIC_GTDR(3), 1);
    io_write32(MPIC_GTBCR(3), 100);
    report_eq("timer 3: interrupt", external().vector, VEC_EXTERNAL);
    report_eq("timer 3: vector", iack(), 0x33);
    io_write32(MPIC_GTBCR(3), 0x80000000);
    io_write32(MPIC_GTVPR(3), VPR_MSK);
    eoi();
    io_write32(MPIC_GTBCR(1), 0x80100000);
    io_write32(MPIC_GTBCR(1), 0x00100000);
    uint32_t a = io_read32(MPIC_GTCCR(1)), b;
    for (unsigned n = 0; n < 1000000 && (b = io_read32(MPIC_GTCCR(1))) == a; n++)
        ;
    report("timer 1 counts down", (b & 0x7fffffff) < (a & 0x7fffffff) && (a & 0x7fffffff) <= 0x100000);
    io_write32(MPIC_GTBCR(1), 0x80000000);
}

static void messages(void)
{
    for (unsigned n = 0; n < 8; n++) {
        io_write32(MPIC_IDR(0xe0 + n), 1);
        io_write32(MPIC_IVPR(0xe0 + n), VPR(7, 0xe0 + n));
    }
    io_write32(MPIC_MSIIR, 2u << 29 | 5u << 24);
    report_eq("message: interrupt", external().vector, VEC_EXTERNAL);
    report_eq("message: the group's vector", iack(), 0xe2);
    report_eq("message: MSISR names the group", io_read32(MPIC_MSISR) & 0xff, 1 << 2);
    report_eq("message: MSIR names the message", io_read32(MPIC_MSIR(2)), 1 << 5);
    report_eq("message: reading MSIR clears it", io_read32(MPIC_MSIR(2)), 0);
    eoi();
    report_eq("message: no more", soon(MSR_EE), TRAP_NONE);
    for (unsigned n = 0; n < 8; n++)
        io_write32(MPIC_IVPR(0xe0 + n), VPR_MSK);
}

/* The UART's empty transmitter is a level that stays until looked at. */
static void levels(void)
{
    io_write32(MPIC_IDR(42), 1);
    io_write32(MPIC_IVPR(42), VPR_P | VPR_S | VPR(5, 0x42));
    io_write8(UART0 + 1, 2);
    report_eq("level: interrupt", external().vector, VEC_EXTERNAL);
    report_eq("level: vector", iack(), 0x42);
    report_eq("level: IVPR[A] while in service", io_read32(MPIC_IVPR(42)) & VPR_A, VPR_A);
    eoi();
    report_eq("level: EOI with the cause still there: again", external().vector, VEC_EXTERNAL);
    iack();
    io_write8(UART0 + 1, 0);
    eoi();
    report_eq("level: cause gone: no more", soon(MSR_EE), TRAP_NONE);

    io_write32(MPIC_IVPR(42), VPR_MSK);
    if (is_20())
        io_write32(MPIC_IDR(42), IDR_CI0);
    else
        io_write32(MPIC_ILR(42), 1);
    io_write32(MPIC_IVPR(42), VPR_P | VPR_S | VPR(5, 0x42));
    io_write8(UART0 + 1, 2);
    report_eq("critical output: not by EE", soon(MSR_EE), TRAP_NONE);
    report_eq("critical output: critical input interrupt", trap_run(spin_enough, MSR_CE, 200000000, 0, 0, 0).vector, VEC_CRITICAL);
    io_write8(UART0 + 1, 0);
    report_eq("critical output: cause gone", soon(MSR_CE | MSR_EE), TRAP_NONE);
    io_write32(MPIC_IVPR(42), VPR_MSK);
    if (is_20())
        io_write32(MPIC_IDR(42), 1);
    else
        io_write32(MPIC_ILR(42), 0);
}

static void proxy_absent(void)
{
    io_write32(MPIC_GCR, GCR_PROXY);
    report_eq("external proxy: not in version 2.0", io_read32(MPIC_GCR), GCR_MIXED);
    io_write32(MPIC_CTPR, 0);
    io_write32(MPIC_IPIVPR(1), VPR(5, 0x51));
    io_write32(MPIC_IPIDR(1), 1);
    Trap t = external();
    report_eq("interrupt", t.vector, VEC_EXTERNAL);
    report_eq("IACK gives the vector", iack(), 0x51);
    eoi();
}

static void proxy(void)
{
    io_write32(MPIC_GCR, GCR_PROXY);
    io_write32(MPIC_CTPR, 0);
    io_write32(MPIC_IPIVPR(1), VPR(5, 0x51));
    io_write32(MPIC_IPIDR(1), 1);
    Trap t = external();
    report_eq("external proxy: interrupt", t.vector, VEC_EXTERNAL);
    report_eq("external proxy: EPR is the vector", t.epr, 0x51);
    report_eq("external proxy: it was acknowledged", soon(MSR_EE), TRAP_NONE);
    io_write32(MPIC_IPIVPR(2), VPR(9, 0x59));
    io_write32(MPIC_IPIDR(2), 1);
    report_eq("external proxy: a higher one nests", external().epr, 0x59);
    eoi();
    eoi();
    io_write32(MPIC_GCR, GCR_MIXED);
    io_write32(MPIC_IPIDR(1), 1);
    external();
    report_eq("back in mixed mode IACK gives the vector", iack(), 0x51);
    eoi();
}

void guest_main(void)
{
    identity();
    spurious();
    ipis();
    timers();
    messages();
    levels();
    if (is_20())
        proxy_absent();
    else
        proxy();
}
