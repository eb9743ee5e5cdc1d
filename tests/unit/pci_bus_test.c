/* SPDX-License-Identifier: MIT */
#include "tests/unit/pci_fixture.h"
#include "tests/unit/unit.h"

enum { SLOT1 = 1 << 3, SLOT2 = 2 << 3, SLOT3 = 3 << 3, MEMORY_BAR = 0, IO_BAR = 1, WIDE_BAR = 2 };
enum { POTAR1 = 0xc20, POWBAR1 = 0xc28, POWAR1 = 0xc30, POWAR2 = 0xc50, POTAR0 = 0xc00, STRIDE = 0x20 };
enum { PITAR1 = 0xde0, PIWBAR1 = 0xde8, PIWBEAR1 = 0xdec, PIWAR1 = 0xdf0, PIWAR2 = 0xdd0, PITAR2 = 0xdc0, PIWBAR2 = 0xdc8 };
enum { MASTER_ON = PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER };

/* Its BARs remember what was written to them and read their number and offset. */
typedef struct Probe {
    PciDevice pci;
    unsigned bar, size;
    uint64_t offset, value;
    unsigned writes, configs;
} Probe;

static const StateField probe_fields[] = {PCI_DEVICE_FIELDS(Probe, pci)};
static const StateField probe_derived[] = {
    PCI_DEVICE_DERIVED(Probe, pci), STATE_DERIVED(Probe, bar),    STATE_DERIVED(Probe, size),    STATE_DERIVED(Probe, offset),
    STATE_DERIVED(Probe, value),    STATE_DERIVED(Probe, writes), STATE_DERIVED(Probe, configs),
};
STATE_STRUCT(Probe, probe);

static uint32_t probe_read(PciDevice *dev, unsigned bar, uint64_t offset, unsigned size)
{
    return (0xa0000000u | dev->devfn << 16 | bar << 12 | (uint32_t)offset) & (uint32_t)(UINT64_C(0xffffffff) >> (32 - 8 * size));
}

static void probe_write(PciDevice *dev, unsigned bar, uint64_t offset, unsigned size, uint32_t value)
{
    Probe *p = (Probe *)dev;
    p->bar = bar;
    p->size = size;
    p->offset = offset;
    p->value = value;
    p->writes++;
}

static void probe_config_written(PciDevice *dev, unsigned at, unsigned size)
{
    ((Probe *)dev)->configs++;
}

static void probe_reset(Device *dev)
{
    pci_device_reset((PciDevice *)dev);
}

static void probe_post_load(Device *dev)
{
    pci_device_post_load((PciDevice *)dev);
}

static void probe_free(Device *dev)
{
    pci_device_unplug((PciDevice *)dev);
    g_free(dev);
}

static Probe *probe_new(const char *id, unsigned pin)
{
    static const DeviceOps ops = {
        .name = "probe",
        .state = &probe_state,
        .reset = probe_reset,
        .post_load = probe_post_load,
        .describe = device_no_node,
        .free = probe_free,
    };
    static const PciDeviceOps pci_ops = {probe_read, probe_write, NULL, probe_config_written};
    const PciIdentity identity = {0x1234, 0x5678, 0x010203, 0xabcd, 0xef01, 9, (uint8_t)pin};
    Probe *p = g_new0(Probe, 1);
    pci_device_init(&p->pci, &ops, &pci_ops, id, &identity);
    pci_config_add_bar(&p->pci.config, MEMORY_BAR, PCI_BAR_MEMORY, 0x1000);
    pci_config_add_bar(&p->pci.config, IO_BAR, PCI_BAR_IO, 0x40);
    pci_config_add_bar(&p->pci.config, WIDE_BAR, PCI_BAR_MEMORY64, 0x4000);
    return p;
}

static Probe *plug(PciTest *t, const char *id, unsigned devfn)
{
    Probe *p = probe_new(id, 1);
    pci_host_plug(t->host, &p->pci, devfn);
    return p;
}

static void test_header(void)
{
    PciTest t;
    pci_test_open(&t);
    Probe *p = plug(&t, "one", SLOT1);
    g_assert_cmphex(pci_test_get(t.host, SLOT1, 0, 4), ==, 0x56781234);
    g_assert_cmphex(pci_test_get(t.host, SLOT1, 8, 4), ==, 0x01020309);
    g_assert_cmphex(pci_test_get(t.host, SLOT1, 0x2c, 4), ==, 0xef01abcd);
    g_assert_cmphex(pci_test_get(t.host, SLOT1, 0x3c, 4), ==, 0x00000100);
    g_assert_cmphex(pci_test_get(t.host, SLOT1, 0x0e, 1), ==, 0);
    g_assert_cmphex(pci_test_get(t.host, SLOT2, 0, 4), ==, 0xffffffff);
    g_assert_cmphex(pci_test_get(t.host, SLOT1 + 1, 0, 4), ==, 0xffffffff);
    for (unsigned at = 0; at < PCI_CONFIG_SIZE; at += 4)
        pci_test_put(t.host, SLOT1, at, 4, 0xffffffff);
    g_assert_cmpuint(p->configs, ==, PCI_CONFIG_SIZE / 4);
    static const struct {
        unsigned at;
        uint32_t value;
    } ones[] = {{0, 0x56781234},    {4, 0x00000547},    {0x0c, 0x0000ffff}, {0x10, 0xfffff000}, {0x14, 0xffffffc1},
                {0x18, 0xffffc004}, {0x1c, 0xffffffff}, {0x20, 0},          {0x24, 0},          {0x28, 0},
                {0x30, 0},          {0x34, 0},          {0x3c, 0x000001ff}, {0x40, 0},          {0xfc, 0}};
    FOR_ROWS (i, ones)
        g_assert_cmphex(pci_test_get(t.host, SLOT1, ones[i].at, 4), ==, ones[i].value);
    device_reset(t.host);
    g_assert_cmphex(pci_test_get(t.host, SLOT1, 4, 4), ==, 0);
    g_assert_cmphex(pci_test_get(t.host, SLOT1, 0x18, 4), ==, 4);
    pci_test_close(&t);
}

static void test_capabilities(void)
{
    PciConfig c;
    pci_config_init(&c, &(PciIdentity){.vendor = 1});
    unsigned first = pci_config_add_capability(&c, 9, 0x11), second = pci_config_add_capability(&c, 5, 10);
    g_assert_cmphex(first, ==, 0x40);
    g_assert_cmphex(second, ==, 0x54);
    pci_config_set(&c, second + 4, 4, 0x12345678);
    pci_config_allow(&c, second + 4, 2, 0xff00);
    pci_config_reset(&c);
    g_assert_cmphex(pci_config_read(&c, PCI_CAPABILITIES, 1), ==, second);
    g_assert_cmphex(pci_config_read(&c, second, 2), ==, first << 8 | 5);
    g_assert_cmphex(pci_config_read(&c, first, 2), ==, 9);
    g_assert_cmphex(pci_config_read(&c, PCI_STATUS, 2), ==, PCI_STATUS_CAPABILITIES);
    pci_config_write(&c, second + 4, 4, 0xffffffff);
    g_assert_cmphex(pci_config_read(&c, second + 4, 4), ==, 0x1234ff78);
    memset(c.bytes, 0xff, sizeof(c.bytes));
    pci_config_post_load(&c);
    g_assert_cmphex(pci_config_read(&c, second + 4, 4), ==, 0x1234ff78);
    g_assert_cmphex(pci_config_read(&c, PCI_VENDOR, 2), ==, 1);
}

static void test_functions(void)
{
    PciTest t;
    pci_test_open(&t);
    plug(&t, "one.0", SLOT1);
    g_assert_cmpint(pci_bus_free_slot(pci_host_bus(t.host), 1), ==, 2);
    plug(&t, "one.3", SLOT1 + 3);
    plug(&t, "two", SLOT2);
    g_assert_cmpint(pci_bus_free_slot(pci_host_bus(t.host), 1), ==, 3);
    g_assert_cmphex(pci_test_get(t.host, SLOT1, 0x0e, 1), ==, 0x80);
    g_assert_cmphex(pci_test_get(t.host, SLOT1 + 3, 0, 4), ==, 0x56781234);
    g_assert_cmphex(pci_test_get(t.host, SLOT2, 0x0e, 1), ==, 0);
    for (unsigned slot = 3; slot < PCI_SLOTS; slot++) {
        g_autofree char *id = g_strdup_printf("slot%u", slot);
        plug(&t, id, slot << 3);
    }
    g_assert_cmpint(pci_bus_free_slot(pci_host_bus(t.host), 1), ==, -1);
    pci_test_close(&t);
}

static void test_bars(void)
{
    PciTest t;
    pci_test_open(&t);
    Probe *p = plug(&t, "one", SLOT1);
    pci_test_put(t.host, SLOT1, 0x10, 4, 0xe0010000);
    pci_test_put(t.host, SLOT1, 0x14, 4, 0x1000);
    g_assert_cmphex(pci_test_in(t.host, PCI_HOST_MEMORY, 0x10010, 4), ==, 0xffffffff); /* COMMAND lets neither answer */
    pci_test_put(t.host, SLOT1, 4, 2, PCI_COMMAND_MEMORY);
    g_assert_cmphex(pci_test_in(t.host, PCI_HOST_MEMORY, 0x10010, 4), ==, 0xa0080010);
    g_assert_cmphex(pci_test_in(t.host, PCI_HOST_MEMORY, 0x10ffe, 2), ==, 0x0ffe);
    g_assert_cmphex(pci_test_in(t.host, PCI_HOST_MEMORY, 0x10018, 8), ==, UINT64_C(0xa008001ca0080018));
    g_assert_cmphex(pci_test_in(t.host, PCI_HOST_MEMORY, 0x11000, 4), ==, 0xffffffff);
    g_assert_cmphex(pci_test_in(t.host, PCI_HOST_IO, 0x1004, 4), ==, 0xffffffff);
    pci_test_put(t.host, SLOT1, 4, 2, PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
    g_assert_cmphex(pci_test_in(t.host, PCI_HOST_IO, 0x1004, 4), ==, 0xa0081004);
    g_assert_cmphex(pci_test_in(t.host, PCI_HOST_IO, 0x103f, 1), ==, 0x3f);
    pci_test_out(t.host, PCI_HOST_MEMORY, 0x10020, 2, 0x1234);
    g_assert_cmpuint(p->writes, ==, 1);
    g_assert_cmphex(p->value, ==, 0x1234);
    g_assert_cmphex(p->offset, ==, 0x20);
    g_assert_cmpuint(p->size, ==, 2);
    pci_test_out(t.host, PCI_HOST_MEMORY, 0x10028, 8, UINT64_C(0x1122334455667788));
    g_assert_cmpuint(p->writes, ==, 3);
    g_assert_cmphex(p->value, ==, 0x11223344);
    g_assert_cmphex(p->offset, ==, 0x2c);
    pci_test_put(t.host, SLOT1, 0x10, 4, 0xe0020000); /* elsewhere now */
    g_assert_cmphex(pci_test_in(t.host, PCI_HOST_MEMORY, 0x10010, 4), ==, 0xffffffff);
    g_assert_cmphex(pci_test_in(t.host, PCI_HOST_MEMORY, 0x20010, 4), ==, 0xa0080010);
    device_reset(t.host);
    g_assert_cmphex(pci_test_in(t.host, PCI_HOST_MEMORY, 0x20010, 4), ==, 0xffffffff);
    pci_test_close(&t);
}

static void test_overlap(void)
{
    PciTest t;
    pci_test_open(&t);
    plug(&t, "two", SLOT2);
    plug(&t, "one", SLOT1);
    for (unsigned slot = 1; slot <= 2; slot++) {
        pci_test_put(t.host, slot << 3, 0x10, 4, 0xe0000000);
        pci_test_put(t.host, slot << 3, 0x18, 4, 0xe0000000);
        pci_test_put(t.host, slot << 3, 4, 2, MASTER_ON);
    }
    g_assert_cmphex(pci_test_in(t.host, PCI_HOST_MEMORY, 0, 4), ==, 0xa0080000);      /* the lowest slot's lowest BAR */
    g_assert_cmphex(pci_test_in(t.host, PCI_HOST_MEMORY, 0x1000, 4), ==, 0xa0083000); /* which ends here */
    pci_test_put(t.host, SLOT1, 4, 2, 0);
    g_assert_cmphex(pci_test_in(t.host, PCI_HOST_MEMORY, 0, 4), ==, 0xa0100000);
    for (unsigned i = 0; i < 6; i++) { /* everywhere, at the top of the address space, over RAM as devices see it */
        static const uint32_t where[] = {0xffffffff, 0xfffff000, 0, 0x00100000, 0xdff00000, 0xe0000ffc};
        for (unsigned bar = 0x10; bar < 0x28; bar += 4)
            pci_test_put(t.host, SLOT2, bar, 4, where[i]);
        pci_test_in(t.host, PCI_HOST_MEMORY, 0, 8);
        pci_test_in(t.host, PCI_HOST_IO, 0xfffc, 4);
        pci_test_in(t.host, PCI_HOST_MEMORY, PCI_HOST_MEMORY_SIZE - 8, 8);
    }
    pci_test_close(&t);
}

static void test_outbound(void)
{
    PciTest t;
    pci_test_open(&t);
    plug(&t, "one", SLOT1);
    pci_test_put(t.host, SLOT1, 0x10, 4, 0x80000000);
    pci_test_put(t.host, SLOT1, 0x14, 4, 0x2000);
    pci_test_put(t.host, SLOT1, 4, 2, MASTER_ON);
    /* As Linux programs them: the memory window in window 1, of 64 MiB here, I/O in window 2. */
    for (unsigned i = 0; i < 4; i++)
        reg_write(t.host, POWAR1 + STRIDE * i, 4, 0);
    g_assert_cmphex(pci_test_in(t.host, PCI_HOST_MEMORY, 0, 4), ==, 0xffffffff);
    reg_write(t.host, POTAR1, 4, 0x80000);
    reg_write(t.host, POWBAR1, 4, 0xc00000);
    reg_write(t.host, POWAR1, 4, 0x80044000 | 25);
    g_assert_cmphex(pci_test_in(t.host, PCI_HOST_MEMORY, 0x14, 4), ==, 0xa0080014);
    g_assert_cmphex(pci_test_in(t.host, PCI_HOST_MEMORY, 64 << 20, 4), ==, 0xffffffff); /* the window ends there */
    g_assert_cmphex(pci_test_in(t.host, PCI_HOST_IO, 0x2004, 4), ==, 0xa0081004);       /* I/O answers without a window, too */
    reg_write(t.host, POTAR1 + STRIDE, 4, 2);
    reg_write(t.host, POWBAR1 + STRIDE, 4, 0xfe1000);
    reg_write(t.host, POWAR2, 4, 0x80088000 | 15);
    g_assert_cmphex(pci_test_in(t.host, PCI_HOST_IO, 4, 4), ==, 0xa0081004);
    reg_write(t.host, POTAR1 + 2 * STRIDE, 4, 0x12345); /* window 3 covers window 1, which counts */
    reg_write(t.host, POWBAR1 + 2 * STRIDE, 4, 0xc00000);
    reg_write(t.host, POWAR1 + 2 * STRIDE, 4, 0x80044000 | 28);
    g_assert_cmphex(pci_test_in(t.host, PCI_HOST_MEMORY, 0x18, 4), ==, 0xa0080018);
    for (unsigned i = 0; i < 4; i++)
        reg_write(t.host, POWAR1 + STRIDE * i, 4, 0);
    reg_write(t.host, POTAR0, 4, 0x80000); /* what no window takes, the default one does: low 32 bits, from there on */
    g_assert_cmphex(pci_test_in(t.host, PCI_HOST_MEMORY, 0x1c, 4), ==, 0xa008001c);
    for (unsigned i = 0; i < 4; i++) { /* all bits: one window over everything */
        reg_write(t.host, POWAR1 + STRIDE * i, 4, 0xffffffff);
        reg_write(t.host, POTAR1 + STRIDE * i, 4, 0xffffffff);
        reg_write(t.host, POTAR1 + 4 + STRIDE * i, 4, 0xffffffff);
        pci_test_in(t.host, PCI_HOST_MEMORY, PCI_HOST_MEMORY_SIZE - 8, 8);
    }
    pci_test_close(&t);
}

static void test_inbound(void)
{
    PciTest t;
    uint64_t length = 0x100, gpa;
    char text[8] = "";
    pci_test_open(&t);
    Probe *p = plug(&t, "one", SLOT1);
    const Dma *dma = &p->pci.dma;
    memory_write(t.memory, 0x1000, "guest", 6);
    g_assert_false(dma_read(dma, 0x1000, text, 6)); /* COMMAND forbids it */
    pci_test_put(t.host, SLOT1, 4, 2, PCI_COMMAND_MASTER);
    g_assert_true(dma_read(dma, 0x1000, text, 6)); /* as boot firmware leaves it: RAM at 0 */
    g_assert_cmpstr(text, ==, "guest");
    g_assert_false(dma_read(dma, PCI_TEST_RAM - 4, text, 6)); /* beyond the end of RAM */
    g_assert_cmphex(pci_test_get(t.host, SLOT1, 4, 4) >> 16, ==, 0);
    g_assert_false(dma_write(dma, 0xe0000000, text, 4)); /* no window is there */
    g_assert_false(dma_read(dma, UINT64_MAX - 2, text, 6));
    g_assert_cmphex(pci_test_get(t.host, SLOT1, 4, 4) >> 16, ==, PCI_STATUS_MASTER_ABORT);
    /* Window 1: 1 MiB of RAM from 2 MiB on, at bus 0x80000000; window 2: RAM from 0, at the same place and beyond. */
    reg_write(t.host, PITAR1, 4, 0x200);
    reg_write(t.host, PIWBAR1, 4, 0x80000);
    reg_write(t.host, PIWAR1, 4, 0xa0f55000 | 19);
    reg_write(t.host, PITAR2, 4, 0);
    reg_write(t.host, PIWBAR2, 4, 0x7ff00 & ~0x1ffu);
    reg_write(t.host, PIWAR2, 4, 0xa0f55000 | 22);
    g_assert_true(dma_translate(dma, 0x80000ff0, &length, &gpa));
    g_assert_cmphex(gpa, ==, 0x200ff0);
    g_assert_cmphex(length, ==, 0x100);
    length = 0x100000;
    g_assert_true(dma_translate(dma, 0x80080000, &length, &gpa));
    g_assert_cmphex(length, ==, 0x80000); /* the end of the window */
    g_assert_true(dma_write(dma, 0x80000010, "dma", 4));
    g_assert_true(memory_read(t.memory, 0x200010, text, 4));
    g_assert_cmpstr(text, ==, "dma");
    reg_write(t.host, PIWAR1, 4, 0xa0055000 | 19); /* not to RAM */
    g_assert_false(dma_write(dma, 0x80000010, "dma", 4));
    reg_write(t.host, PIWAR1, 4, 0x20f55000 | 19); /* not there */
    g_assert_false(dma_write(dma, 0x80000010, "dma", 4));
    for (unsigned i = 0xda0; i < 0xe00; i += 4)
        reg_write(t.host, i, 4, 0xffffffff);
    dma_write(dma, 0x80000010, "dma", 4);
    dma_write(dma, UINT64_MAX - 7, "dma", 4);
    pci_test_close(&t);
}

/* A window that begins inside of another one, which has a higher number, takes its part. */
static void test_inbound_overlap(void)
{
    PciTest t;
    uint64_t length = 0x3000, gpa;
    pci_test_open(&t);
    Probe *p = plug(&t, "one", SLOT1);
    pci_test_put(t.host, SLOT1, 4, 2, PCI_COMMAND_MASTER);
    reg_write(t.host, PITAR1, 4, 0x200);
    reg_write(t.host, PIWBAR1, 4, 0x101);
    reg_write(t.host, PIWAR1, 4, 0xa0f55000 | 11);
    reg_write(t.host, PITAR2, 4, 0);
    reg_write(t.host, PIWBAR2, 4, 0);
    reg_write(t.host, PIWAR2, 4, 0xa0f55000 | 30);
    g_assert_true(dma_translate(&p->pci.dma, 0x100000, &length, &gpa));
    g_assert_cmphex(gpa, ==, 0x100000);
    g_assert_cmphex(length, ==, 0x1000);
    length = 0x3000;
    g_assert_true(dma_translate(&p->pci.dma, 0x101000, &length, &gpa));
    g_assert_cmphex(gpa, ==, 0x200000);
    g_assert_cmphex(length, ==, 0x1000);
    pci_test_close(&t);
}

static void test_messages(void)
{
    PciTest t;
    uint64_t length = 0x2000, gpa;
    pci_test_open(&t);
    Probe *p = plug(&t, "one", SLOT1);
    pci_send_message(&p->pci, 0xdff41740, 0x45);
    pci_test_put(t.host, SLOT1, 4, 2, PCI_COMMAND_MASTER);
    pci_test_put(t.host, 0, 0x10, 4, 0xdff00000);
    pci_send_message(&p->pci, 0xdff41740, 0x45);
    g_assert_cmpuint(t.messages, ==, 0); /* the bridge does not answer yet */
    pci_test_put(t.host, 0, 4, 2, PCI_COMMAND_MEMORY);
    pci_send_message(&p->pci, 0xdff41740, 0x45);
    g_assert_cmpuint(t.messages, ==, 1);
    g_assert_cmphex(t.message_offset, ==, 0x41740);
    g_assert_cmphex(t.message_value, ==, 0x45000000); /* MSIIR is big-endian: its upper byte */
    pci_send_message(&p->pci, 0xdff41742, 0x45);
    g_assert_cmpuint(t.messages, ==, 1);
    pci_send_message(&p->pci, 0x2000, 0x11223344); /* a write to RAM as any other */
    g_assert_cmphex(memory_load32(t.memory, 0x2000), ==, 0x44332211);
    pci_test_put(t.host, 0, 0x10, 4, 0x00100000); /* over RAM: comes first */
    g_assert_true(dma_translate(&p->pci.dma, 0xff000, &length, &gpa));
    g_assert_cmphex(length, ==, 0x1000);
    g_assert_false(dma_translate(&p->pci.dma, 0x100000, &length, &gpa));
    pci_test_close(&t);
}

static void test_wires(void)
{
    PciTest t;
    pci_test_open(&t);
    Probe *one = plug(&t, "one", SLOT1), *five = plug(&t, "five", 5 << 3), *two = plug(&t, "two", SLOT2);
    pci_set_intx(&one->pci, true);
    g_assert_true(t.wire[1].level); /* slot 1, INTA# → INTB of the bridge */
    g_assert_cmphex(pci_test_get(t.host, SLOT1, 4, 4) >> 16, ==, PCI_STATUS_INTX);
    pci_set_intx(&five->pci, true);
    pci_set_intx(&one->pci, false);
    g_assert_true(t.wire[1].level); /* shared */
    pci_set_intx(&two->pci, true);
    g_assert_true(t.wire[2].level);
    pci_test_put(t.host, 5 << 3, 4, 2, PCI_COMMAND_INTX_OFF);
    g_assert_false(t.wire[1].level);
    g_assert_cmphex(pci_test_get(t.host, 5 << 3, 4, 4) >> 16, ==, PCI_STATUS_INTX);
    pci_test_put(t.host, 5 << 3, 4, 2, 0);
    g_assert_true(t.wire[1].level);
    g_assert_cmpuint(t.wire[1].rises, ==, 2);
    device_reset(t.host);
    for (unsigned i = 0; i < PCI_PINS; i++)
        g_assert_false(t.wire[i].level);
    pci_test_close(&t);
}

static void test_save(void)
{
    PciTest t, u;
    pci_test_open(&t);
    pci_test_open(&u);
    Probe *p = plug(&t, "one", SLOT1);
    plug(&u, "one", SLOT1);
    pci_test_put(t.host, SLOT1, 0x10, 4, 0xe0010000);
    pci_test_put(t.host, SLOT1, 4, 2, MASTER_ON);
    pci_test_put(t.host, 0, 0x10, 4, 0xdff00000);
    pci_set_intx(&p->pci, true);
    device_copy(t.host, u.host);
    g_assert_true(u.wire[1].level);
    g_assert_cmphex(pci_test_in(u.host, PCI_HOST_MEMORY, 0x10010, 4), ==, 0xa0080010);
    g_assert_cmphex(pci_test_get(u.host, 0, 0x10, 4), ==, 0xdff00000);
    device_load_ones(&p->pci.dev);
    g_assert_cmphex(pci_test_get(t.host, SLOT1, 0, 4), ==, 0x56781234);
    pci_test_close(&t);
    pci_test_close(&u);
}

UNIT_TESTS(pci_bus)
{
    g_test_add_func("/pci-bus/a-header-changes-where-it-may", test_header);
    g_test_add_func("/pci-bus/capabilities-are-a-list", test_capabilities);
    g_test_add_func("/pci-bus/slots-are-found-and-several-functions-told", test_functions);
    g_test_add_func("/pci-bus/bars-answer-where-the-guest-put-them", test_bars);
    g_test_add_func("/pci-bus/of-bars-that-overlap-the-first-counts", test_overlap);
    g_test_add_func("/pci-bus/outbound-windows-translate", test_outbound);
    g_test_add_func("/pci-bus/inbound-windows-translate-and-only-masters-pass", test_inbound);
    g_test_add_func("/pci-bus/of-inbound-windows-that-overlap-the-first-counts", test_inbound_overlap);
    g_test_add_func("/pci-bus/messages-reach-the-interrupt-controller", test_messages);
    g_test_add_func("/pci-bus/wires-turn-by-slot-and-are-shared", test_wires);
    g_test_add_func("/pci-bus/saved-state-goes-on-elsewhere", test_save);
}
