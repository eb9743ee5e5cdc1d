/* SPDX-License-Identifier: MIT */
#include "platform/image/layout.h"

#include "tests/unit/unit.h"

#define MIB (UINT64_C(1) << 20)

static void assert_apart(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
    g_assert_true(a_size == 0 || b_size == 0 || a + a_size <= b || b + b_size <= a);
}

/* What holds of every layout that was found. */
static void assert_sound(const Layout *l)
{
    const uint64_t program = l->high - l->low;
    g_assert_cmpuint(l->dtb % MIB, ==, 0);
    g_assert_cmpuint(l->dtb + LAYOUT_DTB_SIZE, <=, l->ram_size);
    g_assert_cmpuint(l->kernel + l->kernel_size, <=, l->ram_size);
    g_assert_cmpuint(l->initrd + l->initrd_size, <=, l->ram_size);
    assert_apart(l->dtb, LAYOUT_DTB_SIZE, l->low, program);
    assert_apart(l->dtb, LAYOUT_DTB_SIZE, l->kernel, l->kernel_size);
    assert_apart(l->dtb, LAYOUT_DTB_SIZE, l->initrd, l->initrd_size);
    assert_apart(l->initrd, l->initrd_size, l->low, program);
    assert_apart(l->initrd, l->initrd_size, l->kernel, l->kernel_size);
    assert_apart(l->kernel, l->kernel_size, l->low, program);
    bool early = l->dtb / LAYOUT_EARLY_MAP == l->low / LAYOUT_EARLY_MAP;
    g_assert_true(l->is_firmware || early != l->dtb_beyond);
}

/* QEMU 7.2's -M ppce500 by `info roms` and r3, in MiB; where its tree is out of Linux's reach or under the initrd, ours. */
static void test_places(void)
{
    static const struct {
        const char *what;
        uint64_t ram, high, initrd_size, initrd, dtb;
        bool beyond;
    } rows[] = {
        {"nothing", 128, 0, 0, 0, 24, false},
        {"a small kernel, as QEMU", 256, 4, 3, 64, 28, false},
        {"the stock kernel, as QEMU", 256, 18, 3, 64, 42, false},
        {"the stock kernel without an initrd, as QEMU", 128, 18, 0, 0, 42, false},
        {"the smallest machine, as QEMU", 64, 4, 0, 0, 28, false},
        {"QEMU's tree would be the initrd's first bytes", 256, 40, 3, 64, 63, false},
        {"QEMU's tree would be beyond the early mapping", 256, 60, 3, 80, 63, false},
        {"the largest kernel whose tree Linux finds", 256, 63, 3, 80, 63, false},
        {"a larger one", 256, 64, 3, 96, 88, true},
        {"an initrd in a small machine ends with RAM", 64, 18, 20, 44, 42, false},
        {"a larger one moves the tree down", 64, 18, 40, 24, 23, false},
        {"the largest that fits", 64, 18, 45, 19, 18, false},
        {"an initrd that fills a large machine", 256, 18, 200, 56, 42, false},
    };
    FOR_ROWS (i, rows) {
        Layout l = {.ram_size = rows[i].ram * MIB, .high = rows[i].high * MIB, .initrd_size = rows[i].initrd_size * MIB};
        g_test_message("%s", rows[i].what);
        g_assert_true(layout_find(&l));
        g_assert_cmpuint(l.dtb, ==, rows[i].dtb * MIB);
        g_assert_cmpuint(l.initrd, ==, rows[i].initrd * MIB);
        g_assert_true(l.dtb_beyond == rows[i].beyond);
        assert_sound(&l);
    }
}

/* As `-bios u-boot -kernel FILE`: the file at 32 MiB, as QEMU; the tree not inside of it, as QEMU's would be from 7 MiB on. */
static void test_firmware(void)
{
    Layout l = {
        .ram_size = 256 * MIB,
        .low = 15 * MIB,
        .high = 16 * MIB,
        .is_firmware = true,
        .kernel_size = 18 * MIB,
        .initrd_size = 3 * MIB,
    };
    g_assert_true(layout_find(&l));
    g_assert_cmpuint(l.kernel, ==, 32 * MIB);
    g_assert_cmpuint(l.initrd, ==, 80 * MIB);
    g_assert_cmpuint(l.dtb, ==, 63 * MIB);
    assert_sound(&l);
}

/* A program that was linked high: the 64 MiB that it lies in, not the first ones. */
static void test_high(void)
{
    Layout l = {.ram_size = 1024 * MIB, .low = 512 * MIB, .high = 518 * MIB, .initrd_size = 3 * MIB};
    g_assert_true(layout_find(&l));
    g_assert_cmpuint(l.dtb, ==, 542 * MIB);
    assert_sound(&l);
    l = (Layout){.ram_size = 1024 * MIB, .low = 512 * MIB, .high = 570 * MIB, .initrd_size = 3 * MIB};
    g_assert_true(layout_find(&l));
    g_assert_cmpuint(l.dtb, ==, 575 * MIB);
    assert_sound(&l);
}

/* r3 has 32 bits: a tree beyond them could not be handed over, however much RAM there is. */
static void test_reach(void)
{
    Layout l = {.ram_size = 8192 * MIB, .low = 4000 * MIB, .high = 4095 * MIB, .initrd_size = 3 * MIB};
    g_assert_true(layout_find(&l));
    g_assert_cmpuint(l.dtb, ==, 4095 * MIB);
    assert_sound(&l);
    l.high++;
    g_assert_false(layout_find(&l));
    g_assert_true(l.dtb_too_high);
}

/* Every combination of sizes around all limits: what is found is sound, and what is refused does not fit by any order. */
static void test_all(void)
{
    static const uint64_t rams[] = {64, 65, 80, 128, 256};
    static const uint64_t odd[] = {0, 1, MIB - 1};
    unsigned found = 0, refused = 0;
    FOR_ROWS (r, rams) {
        for (uint64_t high = 0; high <= 90; high++) {
            for (uint64_t initrd = 0; initrd <= 90; initrd++) {
                for (unsigned o = 0; o < 3 * 3 * 2; o++) {
                    Layout l = {
                        .ram_size = rams[r] * MIB,
                        .high = high * MIB + odd[o % 3],
                        .initrd_size = initrd * MIB + odd[o / 3 % 3],
                        .is_firmware = o >= 9,
                        .kernel_size = o >= 9 ? 5 * MIB + 3 : 0,
                    };
                    if (layout_find(&l)) {
                        found++;
                        assert_sound(&l);
                        g_assert_true(!l.dtb_beyond || l.high > LAYOUT_EARLY_MAP - LAYOUT_DTB_SIZE);
                    } else {
                        refused++;
                        g_assert_cmpuint(l.needed, >, l.ram_size);
                    }
                }
            }
        }
    }
    g_test_message("%u found, %u refused", found, refused);
    g_assert_cmpuint(found, >, 1000);
    g_assert_cmpuint(refused, >, 1000);
}

/* Sizes near the end of the address space: refused, nothing wraps. */
static void test_huge(void)
{
    Layout l = {.ram_size = 64 * MIB, .initrd_size = UINT64_C(1) << 62};
    g_assert_false(layout_find(&l));
    l = (Layout){.ram_size = 64 * MIB, .kernel_size = UINT64_C(1) << 62, .is_firmware = true};
    g_assert_false(layout_find(&l));
}

UNIT_TESTS(layout)
{
    g_test_add_func("/layout/places", test_places);
    g_test_add_func("/layout/firmware", test_firmware);
    g_test_add_func("/layout/a-program-that-was-linked-high", test_high);
    g_test_add_func("/layout/a-tree-is-within-reach-of-r3", test_reach);
    g_test_add_func("/layout/all-sizes-around-the-limits", test_all);
    g_test_add_func("/layout/huge-sizes-are-refused", test_huge);
}
