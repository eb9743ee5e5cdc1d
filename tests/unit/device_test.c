/* SPDX-License-Identifier: MIT */
#include "platform/base/device.h"
#include "tests/unit/device_helper.h"
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

static const StateField thing_derived[] = {
    STATE_DERIVED(Thing, dev),
    STATE_DERIVED(Thing, resets),
    STATE_DERIVED(Thing, loads),
    STATE_DERIVED(Thing, config),
};
STATE_STRUCT(Thing, thing);

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
    .state = &thing_state,
    .version = 2,
    .reset = thing_reset,
    .post_load = thing_post_load,
    .describe = device_no_node,
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
    Thing *a = thing_new(), *b = thing_new();
    device_reset(&a->dev);
    for (uint32_t i = 0; i < 3; i++)
        a->u32[i] = i + 1;
    device_copy(&a->dev, &b->dev);
    g_assert_cmphex(b->u8, ==, 0x81);
    g_assert_cmphex(b->u16, ==, 0x1234);
    g_assert_cmpuint(b->u32[2], ==, 3);
    g_assert_cmphex(b->u64, ==, a->u64);
    g_assert_cmpuint(b->loads, ==, 1);
    device_free(&a->dev);
    device_free(&b->dev);
}

/* A section that something is wrong with, and what is said of it. */
static void refused(void (*write)(GByteArray *out), const char *why)
{
    Thing *t = thing_new();
    g_autoptr(GByteArray) state = g_byte_array_new();
    g_autoptr(GError) error = NULL;
    t->u16 = 0x5555;
    write(state);
    Sections *sections = sections_read(state->data, state->len, &error);
    if (sections) {
        bool loaded = device_load(&t->dev, sections);
        g_assert_false(sections_end(sections, &error));
        if (!loaded)
            g_assert_cmphex(t->u16, ==, 0x5555);
    }
    g_assert_nonnull(strstr(error->message, why));
    sections_free(sections);
    device_free(&t->dev);
}

static void write_newer(GByteArray *out)
{
    SectionWriter w = section_begin(out, "thing0", 3);
    section_end(&w);
}

static void write_other(GByteArray *out)
{
    SectionWriter w = section_begin(out, "thing1", 2);
    section_end(&w);
}

static void write_two(GByteArray *out)
{
    write_other(out);
    write_other(out);
}

static void write_unknown(GByteArray *out)
{
    SectionWriter w = section_begin(out, "thing0", 2);
    section_put_u64(&w, "colour", 7);
    section_end(&w);
}

static void write_large(GByteArray *out)
{
    SectionWriter w = section_begin(out, "thing0", 2);
    section_put_u64(&w, "u16", 0x10000);
    section_end(&w);
}

static void write_long(GByteArray *out)
{
    SectionWriter w = section_begin(out, "thing0", 2);
    section_put_bytes(&w, "u32", "1234", 4);
    section_end(&w);
}

static void write_surplus(GByteArray *out)
{
    SectionWriter w = section_begin(out, "thing0", 1);
    section_end(&w);
    write_other(out);
}

static void test_refused(void)
{
    refused(write_newer, "thing0: version 3; known up to 2");
    refused(write_other, "no section 'thing0'");
    refused(write_two, "section 'thing1' comes twice");
    refused(write_unknown, "thing0: unknown value 'colour'");
    refused(write_large, "thing0: u16 is too large");
    refused(write_long, "thing0: u32 has 4 elements, at most 3 fit");
    refused(write_surplus, "section 'thing1' is of nobody here");
}

/* Every cut and every changed length is noticed, or means something else that is valid: nothing is read beyond the end. */
/* Messages have it: as text it is printable, whoever wrote the file. */
static void test_text(void)
{
    static const struct {
        const char *text;
        bool ok;
    } rows[] = {{"two words", true}, {"", true}, {"a line\nand another", false}, {"\033[2J", false}, {"\xc3\xa9", false}};
    FOR_ROWS (i, rows) {
        g_autoptr(GByteArray) state = g_byte_array_new();
        g_autoptr(GError) error = NULL;
        SectionWriter w = section_begin(state, "head", 0);
        section_put_string(&w, "name", rows[i].text);
        section_end(&w);
        Sections *sections = sections_read(state->data, state->len, &error);
        g_assert_no_error(error);
        g_autofree char *text = section_get_string(sections_find(sections, "head", 0), "name", 64);
        g_assert_cmpstr(text, ==, rows[i].ok ? rows[i].text : NULL);
        g_assert_cmpint(sections_end(sections, &error), ==, rows[i].ok);
        if (error)
            g_assert_cmpstr(error->message, ==, "saved state: head: name is no text");
        sections_free(sections);
    }
}

static void test_damaged(void)
{
    Thing *t = thing_new();
    g_autoptr(GByteArray) state = g_byte_array_new();
    device_reset(&t->dev);
    device_save(&t->dev, state);
    for (guint size = 1; size < state->len; size++) {
        g_autoptr(GError) error = NULL;
        g_autofree uint8_t *exact = g_malloc(size); /* so that a sanitizer sees a byte too far */
        memcpy(exact, state->data, size);
        g_assert_null(sections_read(exact, size, &error));
        g_assert_nonnull(error);
    }
    for (guint i = 0; i < state->len; i++) {
        for (unsigned flip = 0; flip < 8; flip++) {
            g_autoptr(GError) error = NULL;
            state->data[i] ^= (uint8_t)(1u << flip);
            Sections *sections = sections_read(state->data, state->len, &error);
            if (sections)
                device_load(&t->dev, sections);
            g_assert_true((sections != NULL) == (error == NULL));
            sections_free(sections);
            state->data[i] ^= (uint8_t)(1u << flip);
        }
    }
    device_free(&t->dev);
}

/* What an older version wrote: a member less, another one narrower, an array shorter. */
static void test_older(void)
{
    Thing *t = thing_new();
    g_autoptr(GByteArray) state = g_byte_array_new();
    SectionWriter w = section_begin(state, "thing0", 1);
    section_put_bytes(&w, "u16", "\x42", 1);
    section_put_bytes(&w, "u32", "\x01\x02", 2);
    section_end(&w);
    Sections *sections = sections_read(state->data, state->len, NULL);
    g_assert_true(device_load(&t->dev, sections));
    g_assert_true(sections_end(sections, NULL));
    g_assert_cmphex(t->u8, ==, 0x81);
    g_assert_cmphex(t->u16, ==, 0x42);
    g_assert_cmphex(t->u32[1], ==, 2);
    g_assert_cmphex(t->u32[2], ==, 0xdeadbeef);
    g_assert_cmphex(t->u64, ==, UINT64_C(0x0102030405060708));
    sections_free(sections);
    device_free(&t->dev);
}

/* A member that is in no table is noticed, and named by the one before it. */
static void test_forgotten(void)
{
    FOR_ROWS (left_out, thing_derived) {
        StateField derived[G_N_ELEMENTS(thing_derived)];
        StateStruct without = thing_state;
        without.derived = derived;
        without.n_derived = 0;
        FOR_ROWS (i, thing_derived)
            if (i != left_out)
                derived[without.n_derived++] = thing_derived[i];
        g_autofree char *hole = state_hole(&without);
        g_assert_nonnull(hole);
    }
    StateStruct without = thing_state;
    without.n_fields--;
    g_autofree char *hole = state_hole(&without), *none = state_hole(&thing_state);
    g_assert_true(g_str_has_suffix(hole, ", behind 'u32', is neither saved nor listed as derived"));
    g_assert_null(none);
    without = thing_state;
    without.derived = &thing_fields[1];
    without.n_derived = 1;
    g_autofree char *twice = state_hole(&without);
    g_assert_cmpstr(twice, ==, "Thing: 'u16' is told twice");
}

UNIT_TESTS(device)
{
    g_test_add_func("/device/reset-sets-every-field-of-the-table-and-nothing-else", test_reset);
    g_test_add_func("/device/saved-state-loads-back", test_save);
    g_test_add_func("/device/what-is-wrong-with-a-section-is-said-by-name", test_refused);
    g_test_add_func("/device/damaged-state-is-noticed", test_damaged);
    g_test_add_func("/device/text-of-a-section-is-printable", test_text);
    g_test_add_func("/device/state-of-an-older-version-loads", test_older);
    g_test_add_func("/device/a-forgotten-member-is-named", test_forgotten);
}
