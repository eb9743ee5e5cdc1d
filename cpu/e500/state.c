/* SPDX-License-Identifier: MIT
 *
 * Core models, the state after power-on, and copying by write-back level.
 */
#include "cpu/e500/bits.h"
#include "cpu/e500/insn.h"
#include "cpu/e500/state.h"

#include <string.h>

#define E500V2(...)                                                                                                         \
    __VA_ARGS__, .svr = 0, .categories = CATS_E500V2, .core = E500_CORE_V2, .reserved_illegal = true,                       \
                 .msr_mask = MSR_UCLE | MSR_SPE | MSR_WE | MSR_CE | MSR_EE | MSR_PR | MSR_ME | MSR_UBLE | MSR_DE | MSR_IS | \
                             MSR_DS | MSR_PMM,                                                                              \
                 .tlb1_entries = 16, .cache_line = 32, .doc = "Freescale e500v2, 32 bits, SPE and embedded floating point"

static const E500Model models[] = {
    {
        .name = "e500mc",
        .pvr = 0x80230020,
        .svr = 0,
        .categories = CATS_E500MC,
        .core = E500_CORE_MC,
        .msr_mask =
            MSR_UCLE | MSR_CE | MSR_EE | MSR_PR | MSR_FP | MSR_ME | MSR_FE0 | MSR_DE | MSR_FE1 | MSR_IS | MSR_DS | MSR_PMM | MSR_RI,
        .tlb1_entries = 64,
        .cache_line = 64,
        .doc = "Freescale e500mc, 32 bits, classic floating point",
    },
    {E500V2(.name = "e500v2", .pvr = 0x80210022)},
    {E500V2(.name = "e500v2_v30", .pvr = 0x80210030)},
};

/* Registers that describe the core, and the few whose value after a reset is not 0 (core manuals, reset columns). */
static const struct {
    uint8_t core;
    E500SprSlot slot;
    uint32_t value;
} reset_values[] = {
    /* MAV 1.0, two TLBs, 8-bit PID, one PID register or three, 36-bit physical; LPIDSIZE 0: no
       category E.HV */
    {E500_CORE_MC, SPR_MMUCFG, 36 << 17 | 1 << 11 | 7 << 6 | 1 << 2},
    {E500_CORE_V2, SPR_MMUCFG, 36 << 17 | 3 << 11 | 7 << 6 | 1 << 2},
    {E500_CORE_ALL, SPR_TLB0CFG, 4 << 24 | 1 << 20 | 1 << 16 | 512},
    {E500_CORE_MC, SPR_TLB1CFG, 64 << 24 | 1 << 20 | 11 << 16 | 0xc000 | 64},
    {E500_CORE_V2, SPR_TLB1CFG, 16 << 24 | 1 << 20 | 11 << 16 | 0xc000 | 16},
    /* 32 KiB, 8 ways; pseudo-LRU, locking, parity; lines of 64 or 32 bytes */
    {E500_CORE_MC, SPR_L1CFG0, 1 << 23 | 1 << 21 | 1 << 20 | 1 << 19 | 7 << 11 | 32},
    {E500_CORE_MC, SPR_L1CFG1, 1 << 23 | 1 << 21 | 1 << 20 | 1 << 19 | 7 << 11 | 32},
    {E500_CORE_V2, SPR_L1CFG0, 1 << 21 | 1 << 20 | 1 << 19 | 7 << 11 | 32},
    {E500_CORE_V2, SPR_L1CFG1, 1 << 21 | 1 << 20 | 1 << 19 | 7 << 11 | 32},
    /* 128 KiB backside cache, 8 ways, 64-byte lines */
    {E500_CORE_MC, SPR_L2CFG0, 1 << 23 | 1 << 21 | 1 << 20 | 7 << 14 | 2},
    {E500_CORE_ALL, SPR_DBSR, 1 << 28}, /* MRR: reset happened */
};

/*
 * What firmware has set by the time it enters its client, as U-Boot's mpc85xx start code leaves it: caches and branch prediction are on, the
 * machine check input is enabled, the e500v2's time base counts and its tlbsx and tlbre write MAS7.  A kernel that reads back its own mapping
 * (Linux after kexec) relies on the last.
 */
static const struct {
    uint8_t core;
    E500SprSlot slot;
    uint32_t value;
} firmware_values[] = {
    {E500_CORE_MC, SPR_HID0, HID0_EMCP},
    {E500_CORE_V2, SPR_HID0, HID0_EMCP | HID0_TBEN | HID0_EN_MAS7_UPDATE},
    {E500_CORE_V2, SPR_HID1, HID1_ASTME | HID1_ABE},
    {E500_CORE_ALL, SPR_L1CSR0, L1CSR_CPE | L1CSR_CE},
    {E500_CORE_ALL, SPR_L1CSR1, L1CSR_CPE | L1CSR_CE},
    {E500_CORE_MC, SPR_L2CSR0, L2CSR0_L2E | L2CSR0_L2PE},
    {E500_CORE_MC, SPR_BUCSR, BUCSR_STAC_EN | BUCSR_LS_EN | BUCSR_BPEN},
    {E500_CORE_V2, SPR_BUCSR, BUCSR_BPEN},
};

const E500Model *e500_models(size_t *n)
{
    *n = sizeof models / sizeof models[0];
    return models;
}

const E500Model *e500_model_find(const char *name)
{
    for (size_t i = 0; i < sizeof models / sizeof models[0]; i++)
        if (!strcmp(models[i].name, name))
            return &models[i];
    return NULL;
}

void e500_state_reset(E500State *s, const E500Model *model, unsigned cpu_index)
{
    memset(s, 0, sizeof *s);
    for (size_t i = 0; i < sizeof reset_values / sizeof reset_values[0]; i++)
        if (reset_values[i].core & model->core)
            s->spr[reset_values[i].slot] = reset_values[i].value;
    s->spr[SPR_PVR] = model->pvr;
    s->spr[SPR_SVR] = model->svr;
    s->spr[SPR_PIR] = cpu_index;
}

void e500_state_firmware(E500State *s, const E500Model *model)
{
    for (size_t i = 0; i < sizeof firmware_values / sizeof firmware_values[0]; i++)
        if (firmware_values[i].core & model->core)
            s->spr[firmware_values[i].slot] = firmware_values[i].value;
}

static const uint8_t spr_level[E500_SPR_SLOTS] = {
#define SPR(number, NAME, cores, user, supv, mask, read, write, level, doc) STATE_##level,
#include "cpu/e500/spr.def"
#undef SPR
};

void e500_state_copy(E500State *dst, const E500State *src, StateLevel level)
{
#define COPY(member, at)     \
    if (level >= STATE_##at) \
        memcpy(&dst->member, &src->member, sizeof dst->member);
    E500_STATE_TABLE(COPY)
#undef COPY
    for (unsigned i = 0; i < E500_SPR_SLOTS; i++)
        if (level >= spr_level[i])
            dst->spr[i] = src->spr[i];
}
