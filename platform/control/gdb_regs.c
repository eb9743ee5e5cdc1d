/* SPDX-License-Identifier: MIT */
#include "platform/control/gdb_regs.h"

#include <glib.h>

typedef enum Access { ACCESS_NONE, ACCESS_RO, ACCESS_WO, ACCESS_RW } Access;

/* Where the value of an SPR is in E500State: in spr[], or in a member of its own, by which gdb sees it if it sees it at all. */
typedef enum Where {
    WHERE_slot,
    WHERE_dec = WHERE_slot,
    WHERE_tsr = WHERE_slot,
    WHERE_xer,
    WHERE_lr,
    WHERE_ctr,
    WHERE_tbl,
    WHERE_tbu,
    WHERE_atbl,
    WHERE_atbu,
    WHERE_sprg,
} Where;

static const struct {
    const char *name;
    uint8_t cores;
    uint32_t mask;
    Where where;
    Access supv;
    StateLevel level;
} sprs[E500_SPR_SLOTS] = {
#define SPR(number, NAME, cores, user, supv, mask, read, write, level, doc) \
    {#NAME, E500_CORE_##cores, mask, WHERE_##read, ACCESS_##supv, STATE_##level},
#include "cpu/e500/spr.def"
#undef SPR
};

static bool spr_shown(unsigned slot)
{
    return sprs[slot].where == WHERE_slot && (sprs[slot].supv & ACCESS_RO);
}

size_t gdb_reg_size(unsigned reg)
{
    if (reg >= GDB_REG_FPR0 && reg < GDB_REG_PC)
        return 8;
    if (reg < GDB_REG_SPR0 || (reg >= GDB_REG_EVH0 && reg < GDB_REG_ACC))
        return 4;
    if (reg >= GDB_REG_ACC)
        return reg == GDB_REG_ACC ? 8 : 0;
    return reg < GDB_REGS && spr_shown(reg - GDB_REG_SPR0) ? 4 : 0;
}

/* Without FPRs the general registers alone: the packet may end early, but skip nothing. */
unsigned gdb_g_regs(unsigned core)
{
    return core == E500_CORE_V2 ? GDB_REG_FPR0 : GDB_G_REGS;
}

uint64_t gdb_reg_get(const E500State *s, unsigned reg)
{
    if (reg < GDB_REG_FPR0)
        return s->gpr[reg].w;
    if (reg < GDB_REG_PC)
        return s->fpr[reg - GDB_REG_FPR0];
    if (reg >= GDB_REG_EVH0 && reg < GDB_REG_ACC)
        return s->gpr[reg - GDB_REG_EVH0].h;
    switch (reg) {
    case GDB_REG_PC:
        return s->pc;
    case GDB_REG_MSR:
        return s->msr;
    case GDB_REG_CR:
        return s->cr;
    case GDB_REG_LR:
        return s->lr;
    case GDB_REG_CTR:
        return s->ctr;
    case GDB_REG_XER:
        return e500_xer(s);
    case GDB_REG_FPSCR:
        return s->fpscr;
    case GDB_REG_ACC:
        return s->acc;
    default:
        return s->spr[reg - GDB_REG_SPR0];
    }
}

/*
 * Only registers of the level STATE_RUNTIME are written back before the guest goes on; a new value in another one would be lost, so it is
 * refused.  gdb writes every register back after it called a function of the guest: the value that a register has already is always
 * taken, and so is a new one for what the guest itself can only read (MCAR, EPR), because an interrupt during that call may have changed it.
 */
static bool spr_set(E500State *s, unsigned slot, uint32_t value)
{
    const uint32_t mask = sprs[slot].supv == ACCESS_RO ? UINT32_MAX : sprs[slot].mask;
    if (value == s->spr[slot])
        return true;
    if (sprs[slot].level != STATE_RUNTIME)
        return false;
    s->spr[slot] = (s->spr[slot] & ~mask) | (value & mask);
    return true;
}

bool gdb_reg_set(E500State *s, unsigned reg, uint64_t value)
{
    uint32_t word = (uint32_t)value;

    if (reg < GDB_REG_FPR0) {
        s->gpr[reg].w = word;
        return true;
    }
    if (reg < GDB_REG_PC) {
        s->fpr[reg - GDB_REG_FPR0] = value;
        return true;
    }
    if (reg >= GDB_REG_EVH0 && reg < GDB_REG_ACC) {
        s->gpr[reg - GDB_REG_EVH0].h = word;
        return true;
    }
    switch (reg) {
    case GDB_REG_PC:
        s->pc = word & ~3u;
        return true;
    case GDB_REG_MSR:
        s->msr = word;
        return true;
    case GDB_REG_CR:
        s->cr = word;
        return true;
    case GDB_REG_LR:
        s->lr = word;
        return true;
    case GDB_REG_CTR:
        s->ctr = word;
        return true;
    case GDB_REG_XER:
        e500_set_xer(s, word);
        return true;
    case GDB_REG_FPSCR:
        s->fpscr = word;
        return true;
    case GDB_REG_ACC:
        s->acc = value;
        return true;
    default:
        return spr_set(s, reg - GDB_REG_SPR0, word);
    }
}

static void xml_reg(GString *xml, const char *name, unsigned reg, const char *attributes)
{
    g_string_append_printf(xml, "<reg name=\"%s\" bitsize=\"%zu\" regnum=\"%u\" %s/>\n", name, gdb_reg_size(reg) * 8, reg,
                           attributes);
}

static void xml_numbered(GString *xml, const char *format, unsigned first, const char *attributes)
{
    for (unsigned i = 0; i < 32; i++) {
        g_autofree char *name = g_strdup_printf(format, i);
        xml_reg(xml, name, first + i, attributes);
    }
}

char *gdb_target_xml(unsigned core)
{
    GString *xml = g_string_new("<?xml version=\"1.0\"?>\n"
                                "<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n"
                                "<target><architecture>powerpc:common</architecture>\n"
                                "<feature name=\"org.gnu.gdb.power.core\">\n");

    xml_numbered(xml, "r%u", 0, "type=\"uint32\"");
    xml_reg(xml, "pc", GDB_REG_PC, "type=\"code_ptr\"");
    xml_reg(xml, "msr", GDB_REG_MSR, "type=\"uint32\"");
    xml_reg(xml, "cr", GDB_REG_CR, "type=\"uint32\"");
    xml_reg(xml, "lr", GDB_REG_LR, "type=\"code_ptr\"");
    xml_reg(xml, "ctr", GDB_REG_CTR, "type=\"uint32\"");
    xml_reg(xml, "xer", GDB_REG_XER, "type=\"uint32\"");
    if (core == E500_CORE_V2) {
        g_string_append(xml, "</feature>\n<feature name=\"org.gnu.gdb.power.spe\">\n");
        xml_numbered(xml, "ev%uh", GDB_REG_EVH0, "type=\"int\"");
        xml_reg(xml, "acc", GDB_REG_ACC, "type=\"int64\"");
        xml_reg(xml, "spefscr", GDB_REG_SPR0 + SPR_SPEFSCR, "type=\"int\"");
    } else {
        g_string_append(xml, "</feature>\n<feature name=\"org.gnu.gdb.power.fpu\">\n");
        xml_numbered(xml, "f%u", GDB_REG_FPR0, "type=\"ieee_double\" group=\"float\"");
        xml_reg(xml, "fpscr", GDB_REG_FPSCR, "type=\"uint32\" group=\"float\"");
    }
    g_string_append(xml, "</feature>\n<feature name=\"org.quoin.e500.spr\">\n");
    for (unsigned slot = 0; slot < E500_SPR_SLOTS; slot++) {
        if (!spr_shown(slot) || !(sprs[slot].cores & core) || slot == SPR_SPEFSCR)
            continue;
        g_autofree char *name = g_ascii_strdown(sprs[slot].name, -1);
        xml_reg(xml, name, GDB_REG_SPR0 + slot, "type=\"uint32\" group=\"spr\"");
    }
    g_string_append(xml, "</feature></target>\n");
    return g_string_free(xml, FALSE);
}
