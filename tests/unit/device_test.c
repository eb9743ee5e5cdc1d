/* SPDX-License-Identifier: MIT */
#include "platform/base/device.h"
#include "tests/unit/unit.h"

#include <string.h>

typedef struct Thing {
    Device dev;
    uint8_t u8;
    uint16_t u16;
    uint32_t u32[3];
    uint64_t u64;
    unsigned resets, loads;
    uint32_t config; /* no state */
} Thing;

static const DeviceField thing_fields[] = {
    DEVICE_FIELD(Thing, u8, 0x81),
    DEVICE_FIELD(Thing, u16, 0x1234),
    DEVICE_ARRAY(Thing, u32, 0xdeadbeef),
    DEVICE_FIELD(Thing, u64, UINT64_C(0x0102030405060708)),
};

static void thing_reset(Device *dev)
{
    ((Thing *)dev)->resets++;
}

static void thing_post_load(Device *dev)
{
    ((Thing *)dev)->loads++;
}

static const DeviceOps thing_ops = {
    .name = "thing",
    .fields = thing_fields,
    .n_fields = G_N_ELEMENTS(thing_fields),
    .reset = thing_reset,
    .post_load = thing_post_load,
};

static Thing *thing_new(void)
{
    Thing *t = g_new0(Thing, 1);
    device_init(&t->dev, &thing_ops, "thing0");
    return t;
}

static void test_reset(void)
{
    Thing *t = thing_new();
    t->config = 7;
    device_reset(&t->dev);
    g_assert_cmphex(t->u8, ==, 0x81);
    g_assert_cmphex(t->u16, ==, 0x1234);
    for (int i = 0; i < 3; i++)
        g_assert_cmphex(t->u32[i], ==, 0xdeadbeef);
    g_assert_cmphex(t->u64, ==, UINT64_C(0x0102030405060708));
    g_assert_cmpuint(t->config, ==, 7);
    g_assert_cmpuint(t->resets, ==, 1);
    device_free(&t->dev);
}

static void test_save(void)
{
    static const uint8_t want[] = {0x81, 0x12, 0x34, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6, 7, 8};
    Thing *a = thing_new(), *b = thing_new();
    g_autoptr(GByteArray) state = g_byte_array_new();
    g_autoptr(GError) error = NULL;
    device_reset(&a->dev);
    for (uint32_t i = 0; i < 3; i++)
        a->u32[i] = i + 1;
    device_save(&a->dev, state);
    g_assert_cmpmem(state->data, state->len, want, sizeof(want));
    g_assert_true(device_load(&b->dev, state->data, state->len, &error));
    g_assert_no_error(error);
    g_assert_cmphex(b->u8, ==, 0x81);
    g_assert_cmphex(b->u16, ==, 0x1234);
    g_assert_cmpuint(b->u32[2], ==, 3);
    g_assert_cmphex(b->u64, ==, a->u64);
    g_assert_cmpuint(b->loads, ==, 1);
    device_free(&a->dev);
    device_free(&b->dev);
}

static void test_load_size(void)
{
    Thing *t = thing_new();
    g_autoptr(GByteArray) state = g_byte_array_new();
    device_reset(&t->dev);
    device_save(&t->dev, state);
    t->u16 = 0x5555;
    for (int off = -1; off <= 1; off += 2) {
        g_autoptr(GError) error = NULL;
        g_byte_array_set_size(state, (guint)(23 + off));
        g_assert_false(device_load(&t->dev, state->data, state->len, &error));
        g_assert_nonnull(strstr(error->message, "thing0"));
    }
    g_assert_cmphex(t->u16, ==, 0x5555);
    g_assert_cmpuint(t->loads, ==, 0);
    device_free(&t->dev);
}

UNIT_TESTS(device)
{
    g_test_add_func("/device/reset-sets-every-field-of-the-table-and-nothing-else", test_reset);
    g_test_add_func("/device/saved-state-is-big-endian-in-table-order-and-loads-back", test_save);
    g_test_add_func("/device/state-of-another-size-is-refused-and-changes-nothing", test_load_size);
}
