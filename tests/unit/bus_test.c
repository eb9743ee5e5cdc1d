/* SPDX-License-Identifier: MIT */
#include "platform/base/bus.h"
#include "tests/unit/unit.h"

typedef struct Probe {
    Device dev;
    bool refuse;
    unsigned region, size;
    uint64_t offset, value;
} Probe;

static bool probe_read(Device *dev, unsigned region, uint64_t offset, unsigned size, uint64_t *value)
{
    Probe *p = (Probe *)dev;
    p->region = region;
    p->offset = offset;
    p->size = size;
    *value = p->value;
    return !p->refuse;
}

static bool probe_write(Device *dev, unsigned region, uint64_t offset, unsigned size, uint64_t value)
{
    Probe *p = (Probe *)dev;
    p->region = region;
    p->offset = offset;
    p->size = size;
    p->value = value;
    return !p->refuse;
}

static const StateField probe_derived[] = {{.name = "all", .size = sizeof(Probe), .count = 1}};
STATE_STRUCT_DERIVED(Probe, probe);

static const DeviceOps probe_ops = {
    .name = "probe", .state = &probe_state, .read = probe_read, .write = probe_write, .describe = device_no_node};

static Probe *probe_new(const char *id)
{
    Probe *p = g_new0(Probe, 1);
    device_init(&p->dev, &probe_ops, id);
    return p;
}

static void map(Bus *bus, uint64_t gpa, uint64_t size, Probe *p, unsigned region)
{
    g_autoptr(GError) error = NULL;
    g_assert_true(bus_map(bus, gpa, size, &p->dev, region, &error));
    g_assert_no_error(error);
}

static void test_routes(void)
{
    Bus *bus = bus_new();
    Probe *a = probe_new("a"), *b = probe_new("b");
    uint64_t value;
    map(bus, 0xfe0004500, 0x100, b, 7);
    map(bus, 0xfe0003000, 0x14, a, 3); /* mapped in any order */
    a->value = 0x1234;
    g_assert_true(bus_read(bus, 0xfe0003010, 4, &value));
    g_assert_cmpuint(value, ==, 0x1234);
    g_assert_cmpuint(a->region, ==, 3);
    g_assert_cmpuint(a->offset, ==, 0x10);
    g_assert_cmpuint(a->size, ==, 4);
    g_assert_true(bus_write(bus, 0xfe00045ff, 1, 0xab));
    g_assert_cmpuint(b->region, ==, 7);
    g_assert_cmpuint(b->offset, ==, 0xff);
    g_assert_cmpuint(b->value, ==, 0xab);
    g_assert_cmpuint(bus_unmapped_count(bus), ==, 0);
    device_free(&a->dev);
    device_free(&b->dev);
    bus_free(bus);
}

static void test_unmapped(void)
{
    Bus *bus = bus_new();
    Probe *a = probe_new("a");
    uint64_t value = 5;
    map(bus, 0x1000, 0x14, a, 0);
    g_assert_false(bus_read(bus, 0xfff, 1, &value));
    g_assert_cmpuint(value, ==, 0);
    g_assert_false(bus_read(bus, 0x1010, 8, &value)); /* reaches beyond the range */
    g_assert_false(bus_write(bus, 0x1014, 4, 0));
    g_assert_false(bus_write(bus, UINT64_MAX, 1, 0));
    g_assert_cmpuint(bus_unmapped_count(bus), ==, 4);
    a->refuse = true;
    g_assert_false(bus_read(bus, 0x1000, 4, &value));
    g_assert_cmpuint(bus_unmapped_count(bus), ==, 5);
    bus_unmap(bus, &a->dev, 0);
    a->refuse = false;
    g_assert_false(bus_write(bus, 0x1000, 4, 0));
    device_free(&a->dev);
    bus_free(bus);
}

/* Zeros where they are told to be, for holes and for what a device refuses. */
static void test_zeros(void)
{
    enum { HOLE = 0x5000 };
    Bus *bus = bus_new();
    Probe *a = probe_new("a");
    uint64_t value = 5;
    map(bus, 0x4000, 0x100, a, 0);
    bus_set_zeros(bus, 0x1000, 0x5fff);
    g_assert_true(bus_read(bus, HOLE, 4, &value));
    g_assert_cmpuint(value, ==, 0);
    g_assert_true(bus_write(bus, 0x5ff8, 8, 7));
    a->refuse = true;
    a->value = value = 9;
    g_assert_true(bus_read(bus, 0x4010, 4, &value));
    g_assert_cmpuint(value, ==, 0);
    g_assert_true(bus_write(bus, 0x4010, 4, 9));
    a->refuse = false;
    g_assert_true(bus_read(bus, 0x4010, 4, &value)); /* a register that is there is read */
    g_assert_cmpuint(value, ==, 9);
    g_assert_false(bus_read(bus, 0xff8, 8, &value)); /* outside, at both ends and across them */
    g_assert_false(bus_read(bus, 0x5ffe, 4, &value));
    g_assert_false(bus_read(bus, 0x6000, 1, &value));
    g_assert_cmpuint(bus_unmapped_count(bus), ==, 7);
    device_free(&a->dev);
    bus_free(bus);
}

static void overlap(uint64_t gpa, uint64_t size)
{
    Bus *bus = bus_new();
    Probe *a = probe_new("first"), *b = probe_new("second");
    g_autoptr(GError) error = NULL;
    map(bus, 0x1000, 0x1000, a, 0);
    g_assert_false(bus_map(bus, gpa, size, &b->dev, 0, &error));
    g_assert_nonnull(error);
    g_assert_nonnull(strstr(error->message, "first"));
    g_assert_nonnull(strstr(error->message, "second"));
    device_free(&a->dev);
    device_free(&b->dev);
    bus_free(bus);
}

static void test_overlaps(void)
{
    overlap(0x1000, 0x1000);
    overlap(0x0fff, 2);
    overlap(0x1fff, 1);
    overlap(0x1400, 4);
    overlap(0, UINT64_MAX);
}

static void test_edges(void)
{
    Bus *bus = bus_new();
    Probe *a = probe_new("a");
    g_autoptr(GError) error = NULL;
    g_assert_true(bus_reserve(bus, 0, 0x10000000, "RAM", &error));
    map(bus, 0x10000000, 0x1000, a, 0); /* touches, does not overlap */
    map(bus, UINT64_MAX - 0xfff, 0x1000, a, 1);
    g_assert_false(bus_map(bus, UINT64_MAX - 0xfff, 0x1001, &a->dev, 2, &error));
    g_assert_nonnull(error);
    g_clear_error(&error);
    g_assert_false(bus_map(bus, 0x20000000, 0, &a->dev, 2, &error));
    g_assert_nonnull(error);
    g_clear_error(&error);
    g_assert_false(bus_map(bus, 0xfffffff, 2, &a->dev, 2, &error));
    g_assert_nonnull(strstr(error->message, "RAM"));
    uint64_t value;
    g_assert_false(bus_read(bus, 0x100, 4, &value)); /* a reservation answers nothing */
    g_assert_true(bus_read(bus, UINT64_MAX, 1, &value));
    g_assert_cmpuint(a->region, ==, 1);
    device_free(&a->dev);
    bus_free(bus);
}

static gpointer initiator_thread(gpointer opaque)
{
    bus_set_initiator(3);
    return GUINT_TO_POINTER(bus_initiator());
}

static void test_initiator(void)
{
    bus_set_initiator(1);
    GThread *thread = g_thread_new("vCPU", initiator_thread, NULL);
    g_assert_cmpuint(GPOINTER_TO_UINT(g_thread_join(thread)), ==, 3);
    g_assert_cmpuint(bus_initiator(), ==, 1);
}

UNIT_TESTS(bus)
{
    g_test_add_func("/bus/an-access-reaches-the-device-mapped-there", test_routes);
    g_test_add_func("/bus/an-access-nobody-answers-is-refused-and-counted", test_unmapped);
    g_test_add_func("/bus/zeros-where-they-are-told-to-be", test_zeros);
    g_test_add_func("/bus/an-overlap-is-an-error-that-names-both", test_overlaps);
    g_test_add_func("/bus/ranges-may-touch-and-end-at-the-last-byte", test_edges);
    g_test_add_func("/bus/each-thread-has-its-own-initiator", test_initiator);
}
