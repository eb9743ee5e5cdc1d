/* SPDX-License-Identifier: MIT
 *
 * The transport, as a driver finds it on the bus: with the device rng behind it.
 */
#include "platform/devices/virtio/pci.h"

#include "platform/base/device_bus.h"
#include "platform/devices/pci/query.h"
#include "platform/devices/virtio/rng.h"
#include "tests/unit/pci_fixture.h"
#include "tests/unit/unit.h"

enum { SLOT = 1 << 3, IO = 0x1000, DATA = 0x100000, RINGS = 0x10000 };
#define BASE UINT64_C(0x10000) /* of BAR 4 in the memory window */

typedef struct World {
    PciTest pci;
    TestClock clock;
    Entropy *entropy;
} World;

static void open_with(World *w, bool legacy, bool modern, unsigned vectors)
{
    const VirtioPciConfig config = {.name = "rng0", .legacy = legacy, .modern = modern, .vectors = vectors};
    pci_test_open(&w->pci);
    test_clock_init(&w->clock);
    w->entropy = entropy_new_repeated();
    const VirtioRngConfig rng = {w->entropy, w->clock.clock, UINT64_MAX, 1000};
    pci_host_plug(w->pci.host, virtio_pci_new("virtio-rng-pci@01.0", virtio_rng_new(&rng), &config), SLOT);
    pci_test_put(w->pci.host, SLOT, 0x10, 4, IO);
    pci_test_put(w->pci.host, SLOT, 0x14, 4, 0xe0020000);
    pci_test_put(w->pci.host, SLOT, 0x20, 4, (uint32_t)(0xe0000000 + BASE));
    pci_test_put(w->pci.host, SLOT, 0x24, 4, 0);
    pci_test_put(w->pci.host, SLOT, 4, 2, PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

static void open_world(World *w, bool legacy, bool modern)
{
    open_with(w, legacy, modern, 0);
}

static void close_world(World *w)
{
    pci_test_close(&w->pci);
    entropy_free(w->entropy);
    clock_free(w->clock.clock);
}

static uint32_t get(World *w, uint64_t at, unsigned size)
{
    return (uint32_t)pci_test_in(w->pci.host, PCI_HOST_MEMORY, BASE + at, size);
}

static void put(World *w, uint64_t at, unsigned size, uint32_t value)
{
    pci_test_out(w->pci.host, PCI_HOST_MEMORY, BASE + at, size, value);
}

static uint32_t io_get(World *w, uint64_t at, unsigned size)
{
    return (uint32_t)pci_test_in(w->pci.host, PCI_HOST_IO, IO + at, size);
}

static void io_put(World *w, uint64_t at, unsigned size, uint32_t value)
{
    pci_test_out(w->pci.host, PCI_HOST_IO, IO + at, size, value);
}

static void test_identity(void)
{
    static const struct {
        bool legacy, modern;
        uint32_t id, subsystem, bar0, bar4;
    } rows[] = {
        {true, true, 0x10051af4, 0x00041af4, IO | 1, 0xe0010004},
        {true, false, 0x10051af4, 0x00041af4, IO | 1, 0},
        {false, true, 0x10441af4, 0x11001af4, 0, 0xe0010004},
    };
    FOR_ROWS (i, rows) {
        World w;
        open_world(&w, rows[i].legacy, rows[i].modern);
        Device *host = w.pci.host;
        g_assert_cmphex(pci_test_get(host, SLOT, 0, 4), ==, rows[i].id);
        g_assert_cmphex(pci_test_get(host, SLOT, 0x2c, 4), ==, rows[i].subsystem);
        g_assert_cmphex(pci_test_get(host, SLOT, 0x10, 4), ==, rows[i].bar0);
        g_assert_cmphex(pci_test_get(host, SLOT, 0x20, 4), ==, rows[i].bar4);
        unsigned structures = 0;
        for (unsigned at = pci_test_get(host, SLOT, 0x34, 1); at; at = pci_test_get(host, SLOT, at + 1, 1)) {
            g_assert_cmphex(pci_test_get(host, SLOT, at, 1), ==, 9);
            structures |= 1u << pci_test_get(host, SLOT, at + 3, 1);
        }
        g_assert_cmphex(structures, ==, rows[i].modern ? 0x3e : 0);
        close_world(&w);
    }
}

/* One request of 16 bytes, written by the device into DATA. */
static void make_request(World *w, bool big)
{
    Memory *memory = w->pci.memory;
    memory_store64(memory, RINGS, big ? DATA : GUINT64_SWAP_LE_BE(DATA));
    memory_store32(memory, RINGS + 8, big ? 16 : GUINT32_SWAP_LE_BE(16));
    memory_store16(memory, RINGS + 12, big ? 2 : GUINT16_SWAP_LE_BE(2));
    memory_store16(memory, RINGS + 16 * 8 + 2, big ? 1 : GUINT16_SWAP_LE_BE(1));
}

static void test_modern(void)
{
    World w;
    open_world(&w, true, true);
    put(&w, 0x14, 1, 3);
    put(&w, 0, 4, 1);
    g_assert_cmphex(get(&w, 4, 4), ==, 1); /* VERSION_1 */
    put(&w, 0, 4, 2);
    g_assert_cmphex(get(&w, 4, 4), ==, 0);
    put(&w, 8, 4, 1);
    put(&w, 0xc, 4, 1);
    g_assert_cmphex(get(&w, 0xc, 4), ==, 1);
    put(&w, 0x14, 1, 0xb);
    g_assert_cmphex(get(&w, 0x14, 1), ==, 0xb);
    g_assert_cmphex(get(&w, 0x12, 2), ==, 1); /* queues */
    put(&w, 0x16, 2, 1);
    g_assert_cmphex(get(&w, 0x18, 2), ==, 0); /* no second one */
    put(&w, 0x1c, 2, 1);
    put(&w, 0x16, 2, 0xffff);
    put(&w, 0x1c, 2, 1);
    g_assert_cmphex(get(&w, 0x1c, 2), ==, 0);
    put(&w, 0x16, 2, 0);
    g_assert_cmphex(get(&w, 0x18, 2), ==, 8);
    put(&w, 0x18, 2, 16); /* too many, and no power of two */
    put(&w, 0x18, 2, 3);
    g_assert_cmphex(get(&w, 0x18, 2), ==, 8);
    put(&w, 0x20, 4, RINGS);
    put(&w, 0x28, 4, RINGS + 16 * 8);
    put(&w, 0x30, 4, RINGS + 0x1000);
    put(&w, 0x34, 4, 0);
    put(&w, 0x1c, 2, 1);
    put(&w, 0x20, 4, 0); /* too late */
    g_assert_cmphex(get(&w, 0x20, 4), ==, RINGS);
    put(&w, 0x14, 1, 0xf);
    make_request(&w, false);
    put(&w, 0x3000, 2, 0);
    g_assert_cmphex(memory_load64(w.pci.memory, DATA), !=, 0);
    g_assert_cmphex(memory_load16(w.pci.memory, RINGS + 0x1002), ==, 0x0100);
    g_assert_true(w.pci.wire[1].level);
    g_assert_cmphex(get(&w, 0x1000, 1), ==, 1); /* which says why and lowers the wire */
    g_assert_false(w.pci.wire[1].level);
    g_assert_cmphex(get(&w, 0x1000, 1), ==, 0);
    put(&w, 0x14, 1, 0);
    g_assert_cmphex(get(&w, 0x14, 1), ==, 0);
    g_assert_cmphex(get(&w, 0x1c, 2), ==, 0);
    close_world(&w);
}

static void test_legacy(void)
{
    World w;
    open_world(&w, true, true);
    io_put(&w, 0x12, 1, 3);
    g_assert_cmphex(io_get(&w, 0, 4) & 1u << 28, ==, 1u << 28);
    io_put(&w, 4, 4, UINT32_MAX); /* what was not offered is not taken */
    g_assert_cmphex(io_get(&w, 4, 4), ==, io_get(&w, 0, 4));
    io_put(&w, 4, 4, 0);
    g_assert_cmphex(io_get(&w, 0xc, 2), ==, 8);
    io_put(&w, 0xe, 2, 1);
    g_assert_cmphex(io_get(&w, 0xc, 2), ==, 0);
    io_put(&w, 8, 4, RINGS >> 12);
    io_put(&w, 0xe, 2, 0);
    io_put(&w, 8, 4, RINGS >> 12);
    g_assert_cmphex(io_get(&w, 8, 4), ==, RINGS >> 12);
    io_put(&w, 0x12, 1, 7);
    make_request(&w, true); /* in the driver's byte order */
    io_put(&w, 0x10, 2, 0);
    g_assert_cmphex(memory_load64(w.pci.memory, DATA), !=, 0);
    g_assert_cmphex(memory_load16(w.pci.memory, RINGS + 0x1002), ==, 1);
    g_assert_true(w.pci.wire[1].level);
    g_assert_cmphex(io_get(&w, 0x13, 1), ==, 1);
    g_assert_false(w.pci.wire[1].level);
    io_put(&w, 8, 4, 0); /* resets */
    g_assert_cmphex(io_get(&w, 0x12, 1), ==, 0);
    close_world(&w);
}

/* Switches MSI-X on, with the message of vector 1, and the bridge's BAR for it. */
static void msix_on(World *w, unsigned cap)
{
    Device *host = w->pci.host;
    pci_test_put(host, 0, 0x10, 4, 0xdff00000);
    pci_test_put(host, 0, 4, 2, PCI_COMMAND_MEMORY);
    g_assert_cmphex(pci_test_in(host, PCI_HOST_MEMORY, 0x2001c, 4), ==, 1); /* masked */
    pci_test_out(host, PCI_HOST_MEMORY, 0x20010, 4, 0xdff41740);
    pci_test_out(host, PCI_HOST_MEMORY, 0x20018, 4, 0x21);
    pci_test_put(host, SLOT, cap + 2, 2, 0x8000);
}

static void test_msix(void)
{
    World w;
    open_with(&w, true, true, 2);
    Device *host = w.pci.host;
    unsigned cap = pci_test_get(host, SLOT, 0x34, 1);
    while (pci_test_get(host, SLOT, cap, 1) != 0x11)
        cap = pci_test_get(host, SLOT, cap + 1, 1);
    g_assert_cmphex(pci_test_get(host, SLOT, cap + 2, 2), ==, 1);
    io_put(&w, 0x12, 1, 3);
    io_put(&w, 8, 4, RINGS >> 12);
    msix_on(&w, cap);
    io_put(&w, 0x16, 2, 2); /* no such vector */
    g_assert_cmphex(io_get(&w, 0x16, 2), ==, 0xffff);
    io_put(&w, 0x14, 2, 0);
    io_put(&w, 0x16, 2, 1);
    g_assert_cmphex(io_get(&w, 0x16, 2), ==, 1);
    g_assert_cmphex(get(&w, 0x1a, 2), ==, 1);
    g_assert_cmphex(get(&w, 0x10, 2), ==, 0);
    io_put(&w, 0x12, 1, 7);
    make_request(&w, true);
    io_put(&w, 0x10, 2, 0);
    g_assert_cmpuint(w.pci.messages, ==, 0);
    g_assert_cmphex(pci_test_in(host, PCI_HOST_MEMORY, 0x20800, 4), ==, 2); /* pending */
    pci_test_out(host, PCI_HOST_MEMORY, 0x2001c, 4, 0);
    g_assert_cmpuint(w.pci.messages, ==, 1);
    g_assert_cmphex(w.pci.message_value, ==, 0x21000000);
    g_assert_cmphex(pci_test_in(host, PCI_HOST_MEMORY, 0x20800, 4), ==, 0);
    g_assert_false(w.pci.wire[1].level);
    pci_test_put(host, SLOT, cap + 2, 2, 0xc000); /* all of them masked */
    memory_store16(w.pci.memory, RINGS + 16 * 8 + 2, 2);
    io_put(&w, 0x10, 2, 0);
    g_assert_cmpuint(w.pci.messages, ==, 1);
    pci_test_put(host, SLOT, cap + 2, 2, 0x8000);
    g_assert_cmpuint(w.pci.messages, ==, 2);
    pci_test_out(host, PCI_HOST_MEMORY, 0x20020, 4, UINT32_MAX); /* behind the table */
    g_assert_cmphex(pci_test_in(host, PCI_HOST_MEMORY, 0x20020, 4), ==, 0);
    device_load_ones(device_bus_get(host->below, 0));
    close_world(&w);
}

static void test_window(void)
{
    World w;
    unsigned at;
    open_world(&w, false, true);
    Device *host = w.pci.host;
    for (at = pci_test_get(host, SLOT, 0x34, 1); pci_test_get(host, SLOT, at + 3, 1) != 5;)
        at = pci_test_get(host, SLOT, at + 1, 1);
    pci_test_put(host, SLOT, at + 4, 1, 4);
    pci_test_put(host, SLOT, at + 8, 4, 0x12);
    pci_test_put(host, SLOT, at + 12, 4, 2);
    g_assert_cmphex(pci_test_get(host, SLOT, at + 16, 4), ==, 1); /* queues */
    pci_test_put(host, SLOT, at + 8, 4, 0x14);
    pci_test_put(host, SLOT, at + 12, 4, 1);
    pci_test_put(host, SLOT, at + 16, 4, 3);
    g_assert_cmphex(get(&w, 0x14, 1), ==, 3);
    static const uint32_t wrong[][3] = {{0, 0, 4}, {5, 0, 4}, {255, 0, 4}, {4, 0x4000, 4},  {4, UINT32_MAX, 1},
                                        {4, 2, 4}, {4, 0, 3}, {4, 0, 0},   {4, 0, 1u << 31}};
    FOR_ROWS (i, wrong) {
        pci_test_put(host, SLOT, at + 4, 1, wrong[i][0]);
        pci_test_put(host, SLOT, at + 8, 4, wrong[i][1]);
        pci_test_put(host, SLOT, at + 12, 4, wrong[i][2]);
        pci_test_put(host, SLOT, at + 16, 4, 0x12345678);
        g_assert_cmphex(pci_test_get(host, SLOT, at + 16, 4), ==, 0x12345678);
    }
    close_world(&w);
}

static void test_save(void)
{
    World w, x;
    open_world(&w, true, true);
    open_world(&x, true, true);
    device_reset(x.pci.host);
    io_put(&w, 0x12, 1, 3);
    io_put(&w, 8, 4, RINGS >> 12);
    io_put(&w, 0x12, 1, 7);
    make_request(&w, true);
    io_put(&w, 0x10, 2, 0);
    device_copy(w.pci.host, x.pci.host);
    g_assert_true(x.pci.wire[1].level);
    g_assert_cmphex(io_get(&x, 0x13, 1), ==, 1);
    g_assert_cmphex(io_get(&x, 8, 4), ==, RINGS >> 12);
    make_request(&x, true);
    memory_store16(x.pci.memory, RINGS + 16 * 8 + 2, 2); /* the second one */
    io_put(&x, 0x10, 2, 0);
    g_assert_cmphex(memory_load16(x.pci.memory, RINGS + 0x1002), ==, 2);
    close_world(&w);
    close_world(&x);
}

/* As the guest has placed it, and as it was before. */
static void test_query(void)
{
    World w;
    open_world(&w, true, true);
    pci_test_put(w.pci.host, SLOT, 0x3c, 1, 9);
    for (unsigned placed = 2; placed-- > 0;) {
        g_autoptr(GVariant) got = g_variant_ref_sink(pci_host_query(w.pci.host));
        g_autofree char *text = g_variant_print(got, FALSE);
        const char *device = strstr(text, "rng0");
        g_assert_nonnull(device);
        g_assert_nonnull(strstr(text, "'vendor': <int64 6900>")); /* 1af4 */
        g_assert_nonnull(strstr(text, "'irq': <int64 9>"));
        g_assert_true(placed == !!strstr(text, "'address': <int64 4096>"));
        g_assert_true(placed == !!strstr(text, "'address': <int64 3758161920>")); /* e0010000 */
        g_assert_true(placed == !!strstr(text, "'mem_type_64': <true>"));
        pci_test_put(w.pci.host, SLOT, 4, 2, 0);
    }
    close_world(&w);
}

UNIT_TESTS(virtio_pci)
{
    g_test_add_func("/virtio-pci/identity-says-which-drivers-it-is-for", test_identity);
    g_test_add_func("/virtio-pci/a-modern-driver-is-served", test_modern);
    g_test_add_func("/virtio-pci/a-legacy-driver-is-served", test_legacy);
    g_test_add_func("/virtio-pci/messages-instead-of-a-wire", test_msix);
    g_test_add_func("/virtio-pci/the-window-of-configuration-space-reaches-bars-alone", test_window);
    g_test_add_func("/virtio-pci/query-pci-tells-where-it-answers", test_query);
    g_test_add_func("/virtio-pci/saved-state-goes-on-elsewhere", test_save);
}
