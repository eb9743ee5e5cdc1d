/* SPDX-License-Identifier: MIT
 *
 * Core models, the state after power-on, and copying by write-back level.
 */
#include "cpu/e500/bits.h"
#include "cpu/e500/insn.h"
#include "cpu/e500/state.h"

#include <string.h>
#include <strings.h>

#define E500V2(svr_, ...)                                                                                                   \
    __VA_ARGS__, .svr = (svr_), .categories = CATS_E500V2, .core = E500_CORE_V2, .reserved_illegal = true,                  \
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
    {E500V2(0, .name = "e500v2", .pvr = 0x80210022)},
    {E500V2(0, .name = "e500v2_v30", .pvr = 0x80210030)},
};

/* The same core in other revisions, and in the chips that have it, under the names that users type; a chip adds its SVR. */
static const E500Model chips[] = {
    {E500V2(0x00000000, .name = "e500v2_v10", .pvr = 0x80210010)},
    {E500V2(0x00000000, .name = "e500v2_v20", .pvr = 0x80210020)},
    {E500V2(0x00000000, .name = "e500v2_v21", .pvr = 0x80210021)},
    {E500V2(0x80340010, .name = "mpc8533_v10", .pvr = 0x80210021)},
    {E500V2(0x80340011, .name = "mpc8533_v11", .pvr = 0x80210022)},
    {E500V2(0x803c0010, .name = "mpc8533e_v10", .pvr = 0x80210021)},
    {E500V2(0x803c0011, .name = "mpc8533e_v11", .pvr = 0x80210022)},
    {E500V2(0x80320010, .name = "mpc8543_v10", .pvr = 0x80210010)},
    {E500V2(0x80320011, .name = "mpc8543_v11", .pvr = 0x80210011)},
    {E500V2(0x80320020, .name = "mpc8543_v20", .pvr = 0x80210020)},
    {E500V2(0x80320021, .name = "mpc8543_v21", .pvr = 0x80210021)},
    {E500V2(0x803a0010, .name = "mpc8543e_v10", .pvr = 0x80210010)},
    {E500V2(0x803a0011, .name = "mpc8543e_v11", .pvr = 0x80210011)},
    {E500V2(0x803a0020, .name = "mpc8543e_v20", .pvr = 0x80210020)},
    {E500V2(0x803a0021, .name = "mpc8543e_v21", .pvr = 0x80210021)},
    {E500V2(0x80340110, .name = "mpc8544_v10", .pvr = 0x80210021)},
    {E500V2(0x80340111, .name = "mpc8544_v11", .pvr = 0x80210022)},
    {E500V2(0x803c0110, .name = "mpc8544e_v10", .pvr = 0x80210021)},
    {E500V2(0x803c0111, .name = "mpc8544e_v11", .pvr = 0x80210022)},
    {E500V2(0x80310220, .name = "mpc8545_v20", .pvr = 0x80210020)},
    {E500V2(0x80310221, .name = "mpc8545_v21", .pvr = 0x80210021)},
    {E500V2(0x80390220, .name = "mpc8545e_v20", .pvr = 0x80210020)},
    {E500V2(0x80390221, .name = "mpc8545e_v21", .pvr = 0x80210021)},
    {E500V2(0x80390120, .name = "mpc8547e_v20", .pvr = 0x80210020)},
    {E500V2(0x80390121, .name = "mpc8547e_v21", .pvr = 0x80210021)},
    {E500V2(0x80310010, .name = "mpc8548_v10", .pvr = 0x80210010)},
    {E500V2(0x80310011, .name = "mpc8548_v11", .pvr = 0x80210011)},
    {E500V2(0x80310020, .name = "mpc8548_v20", .pvr = 0x80210020)},
    {E500V2(0x80310021, .name = "mpc8548_v21", .pvr = 0x80210021)},
    {E500V2(0x80390010, .name = "mpc8548e_v10", .pvr = 0x80210010)},
    {E500V2(0x80390011, .name = "mpc8548e_v11", .pvr = 0x80210011)},
    {E500V2(0x80390020, .name = "mpc8548e_v20", .pvr = 0x80210020)},
    {E500V2(0x80390021, .name = "mpc8548e_v21", .pvr = 0x80210021)},
    {E500V2(0x80750111, .name = "mpc8567", .pvr = 0x80210022)},
    {E500V2(0x807d0111, .name = "mpc8567e", .pvr = 0x80210022)},
    {E500V2(0x80750011, .name = "mpc8568", .pvr = 0x80210022)},
    {E500V2(0x807d0011, .name = "mpc8568e", .pvr = 0x80210022)},
    {E500V2(0x80e00010, .name = "mpc8572", .pvr = 0x80210030)},
    {E500V2(0x80e80010, .name = "mpc8572e", .pvr = 0x80210030)},
    {E500V2(0x80e20021, .name = "p2020", .pvr = 0x80211051)},
    {E500V2(0x80ea0021, .name = "p2020e", .pvr = 0x80211051)},
};

/* Shorter names, in the alphabet's order: of a chip, its last revision. */
static const struct {
    const char *alias, *name;
} aliases[] = {
    {"e500", "e500v2"},           {"e500v2_v22", "e500v2"},     {"mpc8533", "mpc8533_v11"},   {"mpc8533e", "mpc8533e_v11"},
    {"mpc8543", "mpc8543_v21"},   {"mpc8543e", "mpc8543e_v21"}, {"mpc8544", "mpc8544_v11"},   {"mpc8544e", "mpc8544e_v11"},
    {"mpc8545", "mpc8545_v21"},   {"mpc8545e", "mpc8545e_v21"}, {"mpc8547e", "mpc8547e_v21"}, {"mpc8548", "mpc8548_v21"},
    {"mpc8548e", "mpc8548e_v21"},
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

const E500Model *e500_chips(size_t *n)
{
    *n = sizeof chips / sizeof chips[0];
    return chips;
}

const E500Model *e500_model_find(const char *name)
{
    for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++)
        if (!strcasecmp(aliases[i].alias, name))
            name = aliases[i].name;
    for (size_t i = 0; i < sizeof models / sizeof models[0]; i++)
        if (!strcasecmp(models[i].name, name))
            return &models[i];
    for (size_t i = 0; i < sizeof chips / sizeof chips[0]; i++)
        if (!strcasecmp(chips[i].name, name))
            return &chips[i];
    return NULL;
}

const char *e500_alias(size_t i, const char **name)
{
    if (i >= sizeof aliases / sizeof aliases[0])
        return NULL;
    *name = aliases[i].name;
    return aliases[i].alias;
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
