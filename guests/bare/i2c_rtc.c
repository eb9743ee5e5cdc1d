/* SPDX-License-Identifier: MIT
 * I2C controller and the clock chip at 0x68: start, address, acknowledge, bytes both ways, stop;
 * time in BCD; MPIC source 43.  The runner starts the clock at 2020-02-28T12:34:56. */
#include "mpic_regs.h"

enum { ADR = 0, FDR = 4, CR = 8, SR = 12, DR = 16 };
enum { CR_MEN = 0x80, CR_MIEN = 0x40, CR_MSTA = 0x20, CR_MTX = 0x10, CR_TXAK = 8, CR_RSTA = 4 };
enum { SR_MCF = 0x80, SR_MBB = 0x20, SR_MIF = 2, SR_RXAK = 1 };
enum { RTC = 0x68, SOURCE = 43 };

static uint8_t rd(unsigned reg)
{
    return io_read8(I2C + reg);
}

static void wr(unsigned reg, unsigned v)
{
    io_write8(I2C + reg, (uint8_t)v);
}

static bool done(void)
{
    for (unsigned n = 0; n < 10000000; n++)
        if (rd(SR) & SR_MIF) {
            wr(SR, 0);
            return true;
        }
    return false;
}

static void stop(void)
{
    wr(CR, CR_MEN);
    while (rd(SR) & SR_MBB)
        ;
}

/* One byte out; true when it was acknowledged. */
static bool put(unsigned byte)
{
    wr(DR, byte);
    return done() && !(rd(SR) & SR_RXAK);
}

static bool start(unsigned address, bool read)
{
    wr(SR, 0);
    wr(CR, CR_MEN | CR_MSTA | CR_MTX);
    return put(address << 1 | read);
}

static bool restart_read(void)
{
    wr(CR, CR_MEN | CR_MSTA | CR_MTX | CR_RSTA);
    return put(RTC << 1 | 1);
}

static bool rtc_write(unsigned reg, const uint8_t *bytes, unsigned n)
{
    bool ok = start(RTC, false) && put(reg);

    for (unsigned i = 0; ok && i < n; i++)
        ok = put(bytes[i]);
    stop();
    return ok;
}

static bool rtc_read(unsigned reg, uint8_t *bytes, unsigned n)
{
    bool ok = start(RTC, false) && put(reg) && restart_read();

    wr(CR, CR_MEN | CR_MSTA | (n == 1 ? CR_TXAK : 0));
    rd(DR); /* starts the first byte */
    for (unsigned i = 0; ok && i < n; i++) {
        ok = done();
        if (i + 2 == n)
            wr(CR, CR_MEN | CR_MSTA | CR_TXAK);
        if (i + 1 == n)
            wr(CR, CR_MEN | CR_MTX); /* stop before the last read: it would start another byte */
        bytes[i] = rd(DR);
    }
    stop();
    return ok;
}

static bool bcd(uint8_t v)
{
    return (v & 15) < 10 && v >> 4 < 10;
}

static void controller(void)
{
    report_eq("disabled after reset", rd(CR) & CR_MEN, 0);
    report_eq("bus free after reset", rd(SR) & (SR_MBB | SR_MCF), SR_MCF);
    wr(FDR, 0x31);
    report_eq("FDR reads back", rd(FDR), 0x31);
    wr(ADR, 0x42);
    report_eq("ADR reads back", rd(ADR), 0x42);
    wr(CR, CR_MEN);
    report("the clock chip acknowledges", start(RTC, false));
    report_eq("the bus is busy meanwhile", rd(SR) & SR_MBB, SR_MBB);
    stop();
    report_eq("and free after stop", rd(SR) & SR_MBB, 0);
    report("address 0x50 is not acknowledged", !start(0x50, false));
    stop();
}

static void time(void)
{
    uint8_t now[7], later[7], set[7] = {0x30, 0x59, 0x23, 0x05, 0x31, 0x12, 0x26};

    report("time is read", rtc_read(0, now, 7));
    bool all_bcd = true;
    for (unsigned i = 0; i < 7; i++)
        all_bcd &= bcd(now[i]);
    report("in BCD", all_bcd);
    report("the year, month and date given", now[6] == 0x20 && now[5] == 0x02 && now[4] == 0x28);
    report_eq("the hour given, of 24", now[2], 0x12);
    report("the minute given, or a little later", now[1] >= 0x34 && now[1] < 0x45);
    rtc_write(0, set, 7);
    rtc_read(0, later, 7);
    report("a time set is kept: date", later[6] == 0x26 && later[5] == 0x12 && later[4] == 0x31 && later[3] == 5);
    report("a time set is kept: hour, minute", later[2] == 0x23 && later[1] == 0x59);
    report("a time set is kept: it goes on from the second", later[0] >= 0x30 && later[0] < 0x60);
    uint8_t first = later[0];
    do
        rtc_read(0, later, 1);
    while (later[0] == first);
    report("seconds go on", bcd(later[0]));
}

static void memory(void)
{
    uint8_t in[8] = {1, 2, 3, 0xaa, 0x55, 0xff, 0, 9}, out[8] = {0};

    rtc_write(0x20, in, 8);
    rtc_read(0x20, out, 8);
    report("the chip's memory keeps bytes", !memcmp(in, out, 8));
    rtc_read(0x21, out, 2);
    report("from any of its registers", out[0] == 2 && out[1] == 3);
}

PROBE(spin_enough, "mtctr 3; 1: bdnz 1b");

static void interrupt(void)
{
    io_write32(MPIC_GCR, GCR_MIXED);
    io_write32(MPIC_CTPR, 0);
    io_write32(MPIC_IDR(SOURCE), 1);
    io_write32(MPIC_IVPR(SOURCE), VPR_P | VPR_S | VPR(5, 0x43));
    wr(SR, 0);
    wr(CR, CR_MEN | CR_MIEN | CR_MSTA | CR_MTX);
    wr(DR, RTC << 1);
    Trap t = trap_run(spin_enough, MSR_EE, 100000000, 0, 0, 0);
    report_eq("a byte sent: interrupt", t.vector, VEC_EXTERNAL);
    report_eq("MPIC vector", io_read32(MPIC_IACK), 0x43);
    wr(SR, 0);
    io_write32(MPIC_EOI, 0);
    stop();
    report_eq("SR cleared: no more", trap_run(spin_enough, MSR_EE, 1000, 0, 0, 0).vector, TRAP_NONE);
}

void guest_main(void)
{
    controller();
    time();
    memory();
    interrupt();
}
