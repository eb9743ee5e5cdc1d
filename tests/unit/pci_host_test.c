/* SPDX-License-Identifier: MIT */
#include "tests/unit/pci_fixture.h"
#include "tests/unit/unit.h"

enum { CONFIG_ADDR = 0, CONFIG_DATA = 4, ERR_DR = 0xe00, ERR_CAP_DR = 0xe04, ERR_EN = 0xe08, ERR_ADDR = 0xe10 };
#define ENABLE 0x80000000u

static Wire error_wire;

static Device *make(void)
{
    PciHostConfig config = {
        .memory_bus = 0xe0000000,
        .error = wire_input(&error_wire, 0, 24),
        .first_slot = 1,
        .n_slots = 31,
    };
    FOR_ROWS (pin, config.intx)
        config.intx[pin] = (IrqInput){{NULL, NULL, 0}, "mpic", {1 + pin, 1}, NULL};
    error_wire = (Wire){0};
    Device *h = pci_host_new("pci", &config);
    device_place(h, PCI_HOST_REGISTERS, UINT64_C(0xfe0008000), PCI_HOST_SIZE);
    device_place(h, PCI_HOST_MEMORY, UINT64_C(0xc00000000), PCI_HOST_MEMORY_SIZE);
    device_place(h, PCI_HOST_IO, UINT64_C(0xfe1000000), PCI_HOST_IO_SIZE);
    device_reset(h);
    return h;
}

static uint32_t config_get(Device *h, unsigned reg, unsigned size)
{
    return pci_test_get(h, 0, reg, size);
}

static void config_put(Device *h, unsigned reg, unsigned size, uint32_t value)
{
    pci_test_put(h, 0, reg, size, value);
}

static void test_bridge(void)
{
    Device *h = make();
    g_assert_cmphex(config_get(h, 0, 4), ==, 0x00301957);
    g_assert_cmphex(config_get(h, 0, 2), ==, 0x1957);
    g_assert_cmphex(config_get(h, 2, 2), ==, 0x0030);
    g_assert_cmphex(config_get(h, 1, 1), ==, 0x19);
    g_assert_cmphex(config_get(h, 8, 4), ==, 0x0b200000);
    g_assert_cmphex(config_get(h, 0xe, 1), ==, 0);
    g_assert_cmphex(config_get(h, 0xfc, 4), ==, 0);
    device_free(h);
}

static void test_writes(void)
{
    Device *h = make();
    config_put(h, 0, 4, 0xffffffff);
    g_assert_cmphex(config_get(h, 0, 4), ==, 0x00301957);
    config_put(h, 4, 2, 0xffff);
    g_assert_cmphex(config_get(h, 4, 2), ==, 0x0507);
    config_put(h, 0x10, 4, 0xffffffff);
    g_assert_cmphex(config_get(h, 0x10, 4), ==, 0xfff00000); /* 1 MiB */
    config_put(h, 0x14, 4, 0xffffffff);
    g_assert_cmphex(config_get(h, 0x14, 4), ==, 0);
    config_put(h, 0x3c, 1, 0x2a);
    config_put(h, 0x0d, 1, 0x40);
    g_assert_cmphex(config_get(h, 0x3c, 1), ==, 0x2a);
    g_assert_cmphex(config_get(h, 0x0c, 4), ==, 0x4000);
    device_reset(h);
    g_assert_cmphex(config_get(h, 0x10, 4), ==, 0);
    g_assert_cmphex(config_get(h, 4, 2), ==, 0);
    device_free(h);
}

static void test_absent(void)
{
    static const uint32_t where[] = {0x800, 0x100, 0x10000, 0xfff800};
    Device *h = make();
    FOR_ROWS (i, where) {
        reg_write(h, CONFIG_ADDR, 4, ENABLE | where[i]);
        g_assert_cmphex(reg_read(h, CONFIG_DATA, 4), ==, 0xffffffff);
        g_assert_cmphex(reg_read(h, CONFIG_DATA + 2, 2), ==, 0xffff);
        g_assert_cmphex(reg_read(h, CONFIG_DATA + 3, 1), ==, 0xff);
        reg_write(h, CONFIG_DATA, 4, 0);
    }
    reg_write(h, CONFIG_ADDR, 4, 0); /* not enabled */
    g_assert_cmphex(reg_read(h, CONFIG_DATA, 4), ==, 0xffffffff);
    g_assert_cmphex(config_get(h, 6, 2), ==, 0x2000); /* received master abort */
    config_put(h, 6, 2, 0x2000);
    g_assert_cmphex(config_get(h, 6, 2), ==, 0);
    device_free(h);
}

static void test_windows(void)
{
    Device *h = make();
    uint64_t value = 0;
    g_assert_true(h->ops->read(h, PCI_HOST_MEMORY, 0x1000, 4, &value));
    g_assert_cmphex(value, ==, 0xffffffff);
    g_assert_cmphex(reg_read(h, ERR_DR, 4), ==, 0x40);
    g_assert_cmphex(reg_read(h, ERR_ADDR, 4), ==, 0xe0001000);
    g_assert_true(h->ops->read(h, PCI_HOST_IO, 0x10, 1, &value));
    g_assert_cmphex(value, ==, 0xff);
    g_assert_true(h->ops->read(h, PCI_HOST_MEMORY, 0, 8, &value));
    g_assert_cmphex(value, ==, UINT64_MAX);
    g_assert_true(h->ops->write(h, PCI_HOST_IO, 0x10, 2, 0));
    g_assert_cmphex(reg_read(h, ERR_DR, 4), ==, 0x80000040); /* several */
    g_assert_cmphex(reg_read(h, ERR_ADDR, 4), ==, 0xe0001000);
    device_free(h);
}

static void test_errors(void)
{
    Device *h = make();
    uint64_t value;
    h->ops->read(h, PCI_HOST_MEMORY, 0, 4, &value);
    g_assert_false(error_wire.level);
    reg_write(h, ERR_EN, 4, 0x40);
    g_assert_true(error_wire.level);
    reg_write(h, ERR_DR, 4, 0x40);
    g_assert_false(error_wire.level);
    reg_write(h, ERR_CAP_DR, 4, 0x40);
    h->ops->read(h, PCI_HOST_MEMORY, 0, 4, &value);
    g_assert_false(error_wire.level);
    g_assert_cmphex(reg_read(h, ERR_DR, 4), ==, 0);
    reg_write(h, ERR_CAP_DR, 4, 0);
    h->ops->read(h, PCI_HOST_MEMORY, 0, 4, &value);
    g_assert_true(error_wire.level);
    device_reset(h);
    g_assert_false(error_wire.level);
    device_free(h);
}

static void test_atmu(void)
{
    static const uint16_t kept[] = {0xc00, 0xc10, 0xc20, 0xc24, 0xc28, 0xc30, 0xc88, 0xc90, 0xda0, 0xda8, 0xdac, 0xdb0, 0xdf0};
    static const uint16_t holes[] = {0xc0c, 0xc2c, 0xc34, 0xca0, 0xd00, 0xda4, 0xdb4, 0xe40, 0x10, 0xff8};
    Device *h = make();
    FOR_ROWS (i, kept)
        reg_write(h, kept[i], 4, 0x8004401c + i);
    FOR_ROWS (i, kept)
        g_assert_cmphex(reg_read(h, kept[i], 4), ==, 0x8004401c + i);
    FOR_ROWS (i, holes) {
        reg_write(h, holes[i], 4, 0xffffffff);
        g_assert_cmphex(reg_read(h, holes[i], 4), ==, 0);
    }
    device_reset(h); /* as the tree says, and all RAM for devices */
    static const struct {
        unsigned at;
        uint32_t value;
    } firmware[] = {{0xc20, 0xe0000},    {0xc28, 0xc00000},   {0xc30, 0x8004401c}, {0xc40, 0},
                    {0xc48, 0xfe1000},   {0xc50, 0x8008800f}, {0xde0, 0},          {0xde8, 0},
                    {0xdf0, 0xa0f5501e}, {0xdc8, 0x80000},    {0xdd0, 0xa0f5501d}, {0xdb0, 0}};
    FOR_ROWS (i, firmware)
        g_assert_cmphex(reg_read(h, firmware[i].at, 4), ==, firmware[i].value);
    g_assert_true(reg_answers(h, CONFIG_DATA, 1));
    g_assert_false(reg_answers(h, CONFIG_ADDR, 2));
    g_assert_false(reg_answers(h, CONFIG_ADDR, 8));
    g_assert_false(reg_answers(h, 0xc00, 8));
    device_free(h);
}

static void test_save(void)
{
    Device *h = make(), *other = make();
    uint64_t value;
    config_put(h, 0x10, 4, 0xdff00000);
    reg_write(h, 0xc28, 4, 0xc00000);
    reg_write(h, ERR_EN, 4, 0x40);
    h->ops->read(h, PCI_HOST_MEMORY, 0, 4, &value);
    error_wire = (Wire){0};
    device_copy(h, other);
    g_assert_true(error_wire.level);
    g_assert_cmphex(config_get(other, 0x10, 4), ==, 0xdff00000);
    g_assert_cmphex(reg_read(other, 0xc28, 4), ==, 0xc00000);
    device_free(h);
    device_free(other);
}

static void test_node(void)
{
    const char *path = "/pci@fe0008000";
    Device *h = make();
    g_autoptr(GBytes) tree = device_tree(h, 2, (const char *const[]){"mpic", "msi", NULL});
    g_assert_true(tree_compatible(tree, path, "fsl,mpc8540-pci"));
    static const uint32_t ranges[] = {0x02000000, 0, 0xe0000000, 0xc, 0,          0, 0x20000000,
                                      0x01000000, 0, 0,          0xf, 0xe1000000, 0, 0x10000};
    FOR_ROWS (i, ranges)
        g_assert_cmphex(tree_cell(tree, path, "ranges", i), ==, ranges[i]);
    g_assert_cmpuint(tree_cell(tree, path, "interrupts", 0), ==, 24);
    g_assert_cmphex(tree_cell(tree, path, "interrupt-map-mask", 0), ==, 0xf800);
    for (unsigned slot = 1; slot < 32; slot++) {
        for (unsigned pin = 0; pin < 4; pin++) {
            unsigned at = ((slot - 1) * 4 + pin) * 7;
            g_assert_cmphex(tree_cell(tree, path, "interrupt-map", at), ==, slot << 11);
            g_assert_cmpuint(tree_cell(tree, path, "interrupt-map", at + 3), ==, pin + 1);
            g_assert_cmphex(tree_cell(tree, path, "interrupt-map", at + 4), ==, tree_cell(tree, "/mpic", "phandle", 0));
            g_assert_cmpuint(tree_cell(tree, path, "interrupt-map", at + 5), ==, (slot + pin) % 4 + 1);
            g_assert_cmpuint(tree_cell(tree, path, "interrupt-map", at + 6), ==, 1);
        }
    }
    g_assert_cmphex(tree_cell(tree, path, "fsl,msi", 0), ==, tree_cell(tree, "/msi", "phandle", 0));
    device_free(h);
}

UNIT_TESTS(pci_host)
{
    g_test_add_func("/pci-host/the-bridge-is-device-0-in-pci-byte-order", test_bridge);
    g_test_add_func("/pci-host/only-writable-bits-of-the-bridge-change", test_writes);
    g_test_add_func("/pci-host/absent-devices-read-all-ones", test_absent);
    g_test_add_func("/pci-host/empty-windows-read-all-ones-and-record-the-abort", test_windows);
    g_test_add_func("/pci-host/an-enabled-error-interrupts-until-cleared", test_errors);
    g_test_add_func("/pci-host/translation-windows-are-kept-until-reset-gives-them-the-firmwares", test_atmu);
    g_test_add_func("/pci-host/saved-state-goes-on-elsewhere", test_save);
    g_test_add_func("/pci-host/describes-itself", test_node);
}
