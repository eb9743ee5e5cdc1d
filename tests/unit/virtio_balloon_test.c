/* SPDX-License-Identifier: MIT */
#include "platform/devices/virtio/balloon.h"
#include "tests/unit/unit.h"
#include "tests/unit/virtio_fixture.h"

static void give(Driver *d, const uint32_t *pages, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        memory_store32(d->memory, DRIVER_DATA + 4 * (uint64_t)i, d->big ? pages[i] : GUINT32_SWAP_LE_BE(pages[i]));
    driver_desc(d, 0, 0, DRIVER_DATA, 4 * n, 0, 0);
    driver_offer(d, 0, 0);
    virtio_kick(d->v, 0);
}

static void test_inflates(void)
{
    static const uint32_t pages[] = {0x300, 0x301, 0x302, 0x305, UINT32_MAX, 0, 0x304, DRIVER_RAM >> 12};
    Driver d;
    driver_open(&d, virtio_balloon_new(&(VirtioBalloonConfig){true}));
    for (unsigned legacy = 0; legacy <= 1; legacy++) {
        driver_start(&d, legacy, 0);
        memory_fill(d.memory, 0x300000, 0xff, 0x6000);
        give(&d, pages, G_N_ELEMENTS(pages));
        g_assert_cmpuint(driver_used(&d, 0), ==, 1);
        g_assert_cmphex(memory_load64(d.memory, 0x300000), ==, 0);
        g_assert_cmphex(memory_load64(d.memory, 0x302ff8), ==, 0);
        g_assert_cmphex(memory_load64(d.memory, 0x303000), ==, UINT64_MAX);
        g_assert_cmphex(memory_load64(d.memory, 0x305ff8), ==, 0);
        give(&d, pages, 0);
        g_assert_cmpuint(driver_used(&d, 0), ==, 2);
    }
    driver_close(&d);
}

static void test_target(void)
{
    Driver d;
    uint8_t config[8];
    driver_open(&d, virtio_balloon_new(&(VirtioBalloonConfig){false}));
    driver_start(&d, true, 0);
    virtio_balloon_set_target(d.v, 5 << 12);
    g_assert_cmpuint(d.config_interrupts, ==, 1);
    virtio_config_read(d.v, 0, config, 8, true);
    g_assert_cmpmem(config, 8, "\5\0\0\0\0\0\0\0", 8); /* little-endian for legacy drivers, too */
    virtio_config_write(d.v, 4, (const uint8_t *)"\3\0\0\0", 4, true);
    virtio_config_write(d.v, 5, (const uint8_t *)"\1", 1, true);
    virtio_config_write(d.v, 0, (const uint8_t *)"\7\7\7\7", 4, true);
    g_assert_cmpuint(virtio_balloon_actual(d.v), ==, UINT64_C(0x103) << 12);
    driver_close(&d);
}

UNIT_TESTS(virtio_balloon)
{
    g_test_add_func("/virtio-balloon/pages-go-back-to-the-host", test_inflates);
    g_test_add_func("/virtio-balloon/the-host-says-how-many", test_target);
}
