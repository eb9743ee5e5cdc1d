/* SPDX-License-Identifier: MIT
 * 16550: registers, loopback, FIFO, interrupts through MPIC source 42.  UART0 is the console too,
 * so the reports wait until it is over. */
#include "mpic_regs.h"

enum { RBR = 0, IER = 1, IIR = 2, FCR = 2, LCR = 3, MCR = 4, LSR = 5, MSR = 6, SCR = 7, DLL = 0, DLM = 1 };
enum { LSR_DR = 1, LSR_OE = 2, LSR_THRE = 0x20, LSR_TEMT = 0x40 };
enum { MCR_LOOP = 0x10 };
enum { SOURCE = 42 };

#define VECTOR 0x42

static uint8_t rd(unsigned reg)
{
    return io_read8(UART0 + reg);
}

static void wr(unsigned reg, uint8_t v)
{
    io_write8(UART0 + reg, v);
}

static void registers(void)
{
    wr(SCR, 0xa5);
    report_eq("scratch holds a5", rd(SCR), 0xa5);
    wr(SCR, 0x5a);
    report_eq("scratch holds 5a", rd(SCR), 0x5a);
    report_eq("IER is 0 after reset", rd(IER), 0);
    report_eq("IIR: nothing pending", rd(IIR) & 0xf, 1);
    report_eq("LSR: empty, nothing received", rd(LSR) & (LSR_DR | LSR_THRE | LSR_TEMT), LSR_THRE | LSR_TEMT);
    wr(LCR, 0x83);
    wr(DLL, 0x34);
    wr(DLM, 0x12);
    report("the divisor reads back behind DLAB", rd(DLL) == 0x34 && rd(DLM) == 0x12);
    wr(DLL, 1);
    wr(DLM, 0);
    wr(LCR, 0x03);
    report_eq("LCR reads back", rd(LCR), 0x03);
    wr(IER, 0xff);
    report_eq("IER has four bits", rd(IER), 0x0f);
    wr(IER, 0);
    wr(FCR, 1);
    report_eq("IIR says FIFOs are on", rd(IIR) & 0xc0, 0xc0);
    wr(FCR, 0);
    report_eq("IIR says FIFOs are off", rd(IIR) & 0xc0, 0);
    wr(FCR, 7);
}

static bool received(uint8_t *byte)
{
    for (unsigned n = 0; n < 100000000; n++)
        if (rd(LSR) & LSR_DR) {
            *byte = rd(RBR);
            return true;
        }
    return false;
}

static void loopback(void)
{
    uint8_t byte = 0;

    wr(MCR, MCR_LOOP | 0xf);
    report_eq("loopback: outputs come back as inputs", rd(MSR) & 0xf0, 0xf0);
    wr(MCR, MCR_LOOP | 1);
    report_eq("loopback: DTR is DSR", rd(MSR) & 0xf0, 0x20);
    wr(MCR, MCR_LOOP | 2);
    report_eq("loopback: RTS is CTS", rd(MSR) & 0xf0, 0x10);
    wr(RBR, 'x');
    bool came = received(&byte);
    report("loopback: a byte comes back", came && byte == 'x');
    report_eq("loopback: no more than that", rd(LSR) & LSR_DR, 0);

    /* sixteen in, sixteen out, in order */
    bool ordered = true;
    for (unsigned i = 0; i < 16; i++) {
        while (!(rd(LSR) & LSR_TEMT))
            ;
        wr(RBR, (uint8_t)(0x40 + i));
    }
    while (!(rd(LSR) & LSR_TEMT))
        ;
    for (unsigned i = 0; i < 16; i++)
        ordered &= received(&byte) && byte == 0x40 + i;
    report("FIFO: sixteen bytes in order", ordered);
    report_eq("FIFO: empty afterwards", rd(LSR) & LSR_DR, 0);
    for (unsigned i = 0; i < 3; i++)
        wr(RBR, 'y');
    while (!(rd(LSR) & LSR_TEMT))
        ;
    wr(FCR, 3);
    report_eq("FCR empties the receive FIFO", rd(LSR) & LSR_DR, 0);
    wr(FCR, 7);
}

PROBE(spin_enough, "mtctr 3; 1: bdnz 1b");

static Trap external(void)
{
    return trap_run(spin_enough, MSR_EE, 100000000, 0, 0, 0);
}

static Trap no_external(void)
{
    return trap_run(spin_enough, MSR_EE, 1000, 0, 0, 0);
}

static void served(void)
{
    io_write32(MPIC_EOI, 0);
}

static void interrupts(void)
{
    io_write32(MPIC_GCR, GCR_MIXED);
    io_write32(MPIC_CTPR, 0);
    io_write32(MPIC_IDR(SOURCE), 1);
    io_write32(MPIC_IVPR(SOURCE), VPR_P | VPR_S | VPR(5, VECTOR));
    report_eq("no interrupt before any is enabled", no_external().vector, TRAP_NONE);

    wr(IER, 2);
    report_eq("transmitter empty: interrupt", external().vector, VEC_EXTERNAL);
    report_eq("transmitter empty: MPIC vector", io_read32(MPIC_IACK), VECTOR);
    report_eq("transmitter empty: IIR", rd(IIR) & 0xf, 2);
    report_eq("reading IIR takes it back", rd(IIR) & 0xf, 1);
    served();
    report_eq("and no other comes", no_external().vector, TRAP_NONE);

    wr(MCR, MCR_LOOP | 8);
    wr(IER, 1);
    wr(RBR, 'z');
    report_eq("received: interrupt", external().vector, VEC_EXTERNAL);
    report_eq("received: MPIC vector", io_read32(MPIC_IACK), VECTOR);
    report_eq("received: IIR", rd(IIR) & 7, 4);
    report_eq("received: the byte", rd(RBR), 'z');
    report_eq("received: IIR is clear then", rd(IIR) & 0xf, 1);
    served();
    report_eq("received: no other comes", no_external().vector, TRAP_NONE);

    wr(FCR, 0xc7); /* trigger at 14: one byte comes by time-out */
    wr(RBR, 't');
    report_eq("time-out: interrupt", external().vector, VEC_EXTERNAL);
    io_read32(MPIC_IACK);
    report_eq("time-out: IIR", rd(IIR) & 0xf, 0xc);
    report_eq("time-out: the byte", rd(RBR), 't');
    served();

    wr(FCR, 0); /* no FIFO: the second byte runs over the first */
    wr(IER, 4);
    wr(RBR, '1');
    while (!(rd(LSR) & LSR_TEMT))
        ;
    wr(RBR, '2');
    report_eq("overrun: interrupt", external().vector, VEC_EXTERNAL);
    io_read32(MPIC_IACK);
    report_eq("overrun: IIR", rd(IIR) & 0xf, 6);
    report_eq("overrun: LSR[OE]", rd(LSR) & LSR_OE, LSR_OE);
    report_eq("overrun: reading LSR clears it", rd(LSR) & LSR_OE, 0);
    served();
    wr(IER, 0);
    rd(RBR);
    io_write32(MPIC_IVPR(SOURCE), VPR_MSK);
    wr(IER, 2);
    report_eq("masked in the MPIC: none comes", no_external().vector, TRAP_NONE);
    wr(IER, 0);
}

void guest_main(void)
{
    report_hold();
    registers();
    loopback();
    interrupts();
    wr(MCR, 3);
    report_unhold();
}
