/* SPDX-License-Identifier: MIT
 *
 * An e500mc with 1 MiB of RAM at 0 on a virtual clock, EA = physical address in AS 0, for tests of
 * cpu/e500.
 */
#pragma once

#include <glib.h>
#include <string.h>

#include "cpu/e500/mem.h"
#include "cpu/e500/mmu.h"
#include "cpu/e500/ram.h"

enum { FIXTURE_RAM = 1 << 20, FIXTURE_CORES = 3 };
#define FIXTURE_DEVICE UINT64_C(0xfe0000000)

typedef struct Fixture {
    TimeSource time;
    E500Vm vm;
    E500 *core[FIXTURE_CORES];
    uint8_t *ram;
    VcpuExit exit;
    unsigned woken; /* bit per core */
} Fixture;

static inline void fixture_wake(void *opaque, unsigned index)
{
    ((Fixture *)opaque)->woken |= 1u << index;
}

/* tlbwe of TLB1[esel]; permissions as MAS3 has them */
static inline void fixture_map(E500 *c, unsigned esel, unsigned tsize, Ea ea, uint64_t gpa, uint32_t mas1_more, uint32_t attr_perm)
{
    c->s.spr[SPR_MAS0] = 1u << 28 | esel << 16;
    c->s.spr[SPR_MAS1] = 1u << 31 | tsize << 8 | mas1_more;
    c->s.spr[SPR_MAS2] = ea | (attr_perm >> 16);
    c->s.spr[SPR_MAS3] = (uint32_t)gpa | (attr_perm & 0x3f);
    c->s.spr[SPR_MAS7] = (uint32_t)(gpa >> 32);
    e500_tlbwe(c);
}

enum {
    MAP_UX = 0x20,
    MAP_SX = 0x10,
    MAP_UW = 8,
    MAP_SW = 4,
    MAP_UR = 2,
    MAP_SR = 1,
    MAP_SUPERVISOR = MAP_SX | MAP_SW | MAP_SR,
    MAP_ALL = 0x3f,
    MAP_LITTLE_ENDIAN = MAS2_E << 16,
    MAP_GUARDED = MAS2_G << 16,
    MAP_TS = 1 << 12,
    MAP_IPROT = 1 << 30,
};

static inline void fixture_up(Fixture *f, gconstpointer unused)
{
    memset(f, 0, sizeof *f);
    time_source_init(&f->time, true, 0);
    f->ram = g_aligned_alloc(1, FIXTURE_RAM, 4096);
    memset(f->ram, 0, FIXTURE_RAM);
    f->vm = (E500Vm){
        .model = e500_model_find("e500mc"),
        .time = &f->time,
        .tb_hz = NS_PER_SECOND, /* one tick a nanosecond */
        .wake = fixture_wake,
        .wake_opaque = f,
        .n_cores = FIXTURE_CORES,
    };
    e500_ram_add(&f->vm, &(AccelRam){.gpa = 0, .size = FIXTURE_RAM, .hva = f->ram});
    for (unsigned i = 0; i < FIXTURE_CORES; i++) {
        f->core[i] = g_new0(E500, 1);
        e500_core_init(f->core[i], &f->vm, i);
        f->core[i]->exit = &f->exit;
        f->vm.core[i] = f->core[i];
        fixture_map(f->core[i], 0, 5, 0, 0, MAP_IPROT, MAP_SUPERVISOR);
        f->core[i]->attention = 0;
    }
}

static inline void fixture_down(Fixture *f, gconstpointer unused)
{
    for (unsigned i = 0; i < FIXTURE_CORES; i++)
        g_free(f->core[i]);
    e500_ram_free(&f->vm);
    g_aligned_free(f->ram);
}

#define TEST(path, function) g_test_add(path, Fixture, NULL, fixture_up, function, fixture_down)
