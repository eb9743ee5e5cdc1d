/* SPDX-License-Identifier: MIT
 * The PCI host bridge: configuration cycles by CONFIG_ADDR and CONFIG_DATA, its own header, address
 * translation registers.  MPC8544E Reference Manual §17. */
#include "guest.h"

static uint32_t swap(uint32_t v)
{
    return v >> 24 | (v >> 8 & 0xff00) | (v << 8 & 0xff0000) | v << 24;
}

static void address(unsigned bus, unsigned device, unsigned function, unsigned reg)
{
    io_write32(PCI_HOST, 0x80000000 | bus << 16 | device << 11 | function << 8 | (reg & 0xfc));
}

static uint32_t config_read(unsigned bus, unsigned device, unsigned function, unsigned reg)
{
    address(bus, device, function, reg);
    return swap(io_read32(PCI_HOST + 4));
}

static void config_write(unsigned bus, unsigned device, unsigned function, unsigned reg, uint32_t v)
{
    address(bus, device, function, reg);
    io_write32(PCI_HOST + 4, swap(v));
}

static uint16_t io_read16(uint32_t ea)
{
    return *(volatile uint16_t *)ea;
}

static void header(void)
{
    report_eq("the bridge is 1957:0030", config_read(0, 0, 0, 0), 0x00301957);
    report_eq("its class is a PowerPC processor", config_read(0, 0, 0, 8) >> 8, 0x0b2000);
    report_eq("CONFIG_ADDR reads back", (address(0, 0, 0, 8), io_read32(PCI_HOST)), 0x80000008);
    address(0, 0, 0, 0);
    report_eq("a byte of CONFIG_DATA: vendor's low", io_read8(PCI_HOST + 4), 0x57);
    report_eq("a byte of CONFIG_DATA: device's low", io_read8(PCI_HOST + 6), 0x30);
    report_eq("a half of CONFIG_DATA: vendor", io_read16(PCI_HOST + 4), 0x5719);
    config_write(0, 0, 0, 0, 0xffffffff);
    report_eq("identity cannot be written", config_read(0, 0, 0, 0), 0x00301957);
    config_write(0, 0, 0, 4, 6);
    report_eq("command reads back: memory, bus master", config_read(0, 0, 0, 4) & 0xffff, 6);
    config_write(0, 0, 0, 0x3c, 0x5a);
    report_eq("interrupt line reads back", config_read(0, 0, 0, 0x3c) & 0xff, 0x5a);
}

static void absent(void)
{
    unsigned there = 0;

    for (unsigned device = 1; device < 32; device++)
        there += config_read(0, device, 0, 0) != 0xffffffff;
    report_eq("no other device on bus 0", there, 0);
    report_eq("no other function of the bridge", config_read(0, 0, 1, 0), 0xffffffff);
    report_eq("no bus 1", config_read(1, 0, 0, 0), 0xffffffff);
    io_write32(PCI_HOST, 0);
    report_eq("without the enable bit: nothing", io_read32(PCI_HOST + 4), 0xffffffff);
    config_write(0, 31, 7, 0x10, 0x12345678);
    report("a write to an absent device is harmless", config_read(0, 0, 0, 0) == 0x00301957);
}

static void translation(void)
{
    static const struct {
        const char *name;
        uint32_t reg, value;
    } rows[] = {
        {"POTAR1 reads back", 0xc20, 0x000c0000}, {"POWBAR1 reads back", 0xc28, 0x000c0000},
        {"POWAR1 reads back", 0xc30, 0x8004401c}, {"POTAR2 reads back", 0xc40, 0x00000000},
        {"PITAR1 reads back", 0xde0, 0x00000000}, {"PIWAR1 reads back", 0xdf0, 0xa0f5501e},
    };

    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        io_write32(PCI_HOST + rows[i].reg, rows[i].value);
        report_eq(rows[i].name, io_read32(PCI_HOST + rows[i].reg), rows[i].value);
    }
}

void guest_main(void)
{
    header();
    absent();
    translation();
}
