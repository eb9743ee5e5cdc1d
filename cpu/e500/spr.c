/* SPDX-License-Identifier: MIT
 *
 * mfspr, mtspr, mfpmr, mtpmr: spr.def's rows and the functions they name.
 */
#include "cpu/e500/debug.h"
#include "cpu/e500/interrupt.h"
#include "cpu/e500/mmu.h"
#include "cpu/e500/spr.h"
#include "cpu/e500/timers.h"

typedef enum SprAccess { SPR_NONE = 0, SPR_RO = 1, SPR_WO = 2, SPR_RW = 3 } SprAccess;

typedef E500Spr SprRead(E500 *c, E500SprSlot slot);
typedef ExecResult SprWrite(E500 *c, E500SprSlot slot, E500Spr value);

/* --- reading; what shows the time looks at the timers after it: no event that the value implies is missed --- */

static E500Spr spr_read_xer(E500 *c, E500SprSlot slot)
{
    return e500_xer(&c->s);
}

static E500Spr spr_read_lr(E500 *c, E500SprSlot slot)
{
    return c->s.lr;
}

static E500Spr spr_read_ctr(E500 *c, E500SprSlot slot)
{
    return c->s.ctr;
}

static E500Spr spr_read_dec(E500 *c, E500SprSlot slot)
{
    uint32_t value = e500_decrementer(c);

    e500_timers_look(c);
    return value;
}

static E500Spr spr_read_tbl(E500 *c, E500SprSlot slot)
{
    uint32_t value = (uint32_t)e500_timebase(c);

    e500_timers_look(c);
    return value;
}

static E500Spr spr_read_tbu(E500 *c, E500SprSlot slot)
{
    uint32_t value = (uint32_t)(e500_timebase(c) >> 32);

    e500_timers_look(c);
    return value;
}

static E500Spr spr_read_atbl(E500 *c, E500SprSlot slot)
{
    uint32_t value = (uint32_t)e500_alternate_timebase(c);

    e500_timers_look(c);
    return value;
}

static E500Spr spr_read_atbu(E500 *c, E500SprSlot slot)
{
    uint32_t value = (uint32_t)(e500_alternate_timebase(c) >> 32);

    e500_timers_look(c);
    return value;
}

/* USPRG3 … USPRG7 are SPRG3 … SPRG7. */
static E500Spr spr_read_sprg(E500 *c, E500SprSlot slot)
{
    return c->s.spr[SPR_SPRG3 + (slot - SPR_USPRG3)];
}

static E500Spr spr_read_tsr(E500 *c, E500SprSlot slot)
{
    e500_timers_update(c);
    return c->s.spr[slot];
}

static E500Spr spr_read_slot(E500 *c, E500SprSlot slot)
{
    return c->s.spr[slot];
}

/* --- writing: bits of value outside of the row's mask are the register's old ones --- */

static ExecResult spr_write_mask(E500 *c, E500SprSlot slot, E500Spr value)
{
    c->s.spr[slot] = value;
    return EXEC_NEXT;
}

/* Writing 1 clears a bit.  Such a register has no bits outside of its mask. */
static ExecResult spr_write_clear(E500 *c, E500SprSlot slot, E500Spr value)
{
    c->s.spr[slot] &= ~value;
    return EXEC_NEXT;
}

static ExecResult spr_write_none(E500 *c, E500SprSlot slot, E500Spr value)
{
    return EXEC_NEXT;
}

static ExecResult spr_write_xer(E500 *c, E500SprSlot slot, E500Spr value)
{
    e500_set_xer(&c->s, value);
    return EXEC_NEXT;
}

static ExecResult spr_write_lr(E500 *c, E500SprSlot slot, E500Spr value)
{
    c->s.lr = value;
    return EXEC_NEXT;
}

static ExecResult spr_write_ctr(E500 *c, E500SprSlot slot, E500Spr value)
{
    c->s.ctr = value;
    return EXEC_NEXT;
}

static ExecResult spr_write_dec(E500 *c, E500SprSlot slot, E500Spr value)
{
    e500_set_decrementer(c, value);
    return EXEC_NEXT;
}

/* Several cores have one time base, which none of them can set: docs/decisions/010. */
static ExecResult write_timebase(E500 *c, uint64_t tb)
{
    if (c->vm->n_cores == 1)
        e500_set_timebase(c, tb);
    return EXEC_NEXT;
}

static ExecResult spr_write_tbl(E500 *c, E500SprSlot slot, E500Spr value)
{
    return write_timebase(c, (e500_timebase(c) & ~UINT64_C(0xffffffff)) | value);
}

static ExecResult spr_write_tbu(E500 *c, E500SprSlot slot, E500Spr value)
{
    return write_timebase(c, (uint64_t)value << 32 | (uint32_t)e500_timebase(c));
}

static ExecResult spr_write_timer(E500 *c, E500SprSlot slot, E500Spr value)
{
    e500_timers_update(c); /* timer events until now belong to the old value */
    c->s.spr[slot] = value;
    e500_timers_update(c);
    return EXEC_NEXT;
}

/* TCR[WRC] cannot be taken back once it is set (EREF 2.0 §3.7.1). */
static ExecResult spr_write_tcr(E500 *c, E500SprSlot slot, E500Spr value)
{
    uint32_t wrc = c->s.spr[slot] & 3u << 28;

    if (wrc)
        value = (value & ~(3u << 28)) | wrc;
    return spr_write_timer(c, slot, value);
}

static ExecResult spr_write_tsr(E500 *c, E500SprSlot slot, E500Spr value)
{
    e500_timers_update(c);
    c->s.spr[slot] &= ~value;
    e500_timers_update(c);
    return EXEC_NEXT;
}

static ExecResult spr_write_pid(E500 *c, E500SprSlot slot, E500Spr value)
{
    if (c->s.spr[slot] != value) {
        c->s.spr[slot] = value;
        e500_pid_changed(c);
    }
    return EXEC_NEXT;
}

/* The soft TLB is tagged with PID0 only, so a change of another PID flushes it. */
static ExecResult spr_write_pid_n(E500 *c, E500SprSlot slot, E500Spr value)
{
    if (c->s.spr[slot] != value) {
        c->s.spr[slot] = value;
        e500_soft_tlb_flush(c);
    }
    return EXEC_NEXT;
}

/* Once EN_L2MMU_MHD is set, a translation with a second match is a machine check, and the soft TLB may hold one. */
static ExecResult spr_write_hid0(E500 *c, E500SprSlot slot, E500Spr value)
{
    if ((c->s.spr[slot] ^ value) & HID0_EN_L2MMU_MHD)
        e500_soft_tlb_flush(c);
    c->s.spr[slot] = value;
    return EXEC_NEXT;
}

static ExecResult spr_write_debug(E500 *c, E500SprSlot slot, E500Spr value)
{
    c->s.spr[slot] = value;
    e500_debug_rewritten(c);
    return EXEC_NEXT;
}

/* RST ≠ 0 asks for a reset, at once. */
static ExecResult spr_write_dbcr0(E500 *c, E500SprSlot slot, E500Spr value)
{
    if (value & DBCR0_RST) {
        *c->exit = (VcpuExit){
            .kind = VCPU_EXIT_SHUTDOWN,
            .shutdown = {.reason = VCPU_SHUTDOWN_RESET},
        };
        return EXEC_EXIT;
    }
    return spr_write_debug(c, slot, value);
}

/* TLB0_FI and TLB1_FI invalidate at once, so they read as 0. */
static ExecResult spr_write_mmucsr0(E500 *c, E500SprSlot slot, E500Spr value)
{
    e500_tlb_flash(c, value & 4, value & 2);
    return EXEC_NEXT;
}

/* --- the table --- */

typedef struct SprRow {
    uint16_t number;
    uint8_t cores, user, supv;
    E500Spr mask;
    SprRead *read;
    SprWrite *write;
} SprRow;

static const SprRow rows[E500_SPR_SLOTS] = {
#define SPR(number, NAME, cores, user, supv, mask, read, write, level, doc) \
    {number, E500_CORE_##cores, SPR_##user, SPR_##supv, mask, spr_read_##read, spr_write_##write},
#include "cpu/e500/spr.def"
#undef SPR
};

static const uint8_t slot_of[1024] = {
/* slot + 1; 0: none */
#define SPR(number, NAME, ...) [number] = SPR_##NAME + 1,
#include "cpu/e500/spr.def"
#undef SPR
};

G_STATIC_ASSERT(E500_SPR_SLOTS < 255);

/* Bit 5 of the number makes it a supervisor's: the problem state is told "privileged", else
 * "illegal" (EREF 2.0 §3.2.2). */
static ExecResult no_access(E500 *c, const char *kind, unsigned number, const char *access)
{
    return (c->s.msr & MSR_PR) && (number & 0x10) ? e500_privileged(c) : e500_no_register(c, kind, number, access);
}

static const SprRow *row_of(const E500Model *model, unsigned number, bool user, SprAccess access)
{
    unsigned slot = slot_of[number & 1023];
    const SprRow *row;

    if (!slot)
        return NULL;
    row = &rows[slot - 1];
    if (!(row->cores & model->core))
        return NULL;
    return (user ? row->user : row->supv) & access ? row : NULL;
}

static const SprRow *row_for(const E500 *c, unsigned number, SprAccess access)
{
    return row_of(c->model, number, c->s.msr & MSR_PR, access);
}

bool e500_spr_is_plain(const E500Model *model, unsigned number, bool user, bool is_write, E500SprSlot *slot, E500Spr *mask)
{
    const SprRow *row = row_of(model, number, user, is_write ? SPR_WO : SPR_RO);

    if (!row || (is_write ? row->write != spr_write_mask : row->read != spr_read_slot))
        return false;
    *slot = (E500SprSlot)(row - rows);
    *mask = row->mask;
    return true;
}

ExecResult e500_mfspr(E500 *c, unsigned number, E500Spr *value)
{
    const SprRow *row = row_for(c, number, SPR_RO);

    if (!row)
        return no_access(c, "SPR", number, "read");
    *value = row->read(c, (E500SprSlot)(row - rows));
    return EXEC_NEXT;
}

ExecResult e500_mtspr(E500 *c, unsigned number, E500Spr value)
{
    const SprRow *row = row_for(c, number, SPR_WO);
    E500SprSlot slot;

    if (!row)
        return no_access(c, "SPR", number, "written");
    slot = (E500SprSlot)(row - rows);
    return row->write(c, slot, (c->s.spr[slot] & ~row->mask) | (value & row->mask));
}

/* --- performance monitor: the registers are there, nothing counts (docs/decisions) --- */

/* A counter's number is its supervisor's; less 16 it is the user's read-only view.  Slots: PMGC0,
 * PMC0–3, PMLCa0–3, PMLCb0–3. */
static int pmr_slot(unsigned number)
{
    static const struct {
        uint16_t first, n, slot;
    } range[] = {{400, 1, 0}, {16, 4, 1}, {144, 4, 5}, {272, 4, 9}};

    for (unsigned i = 0; i < G_N_ELEMENTS(range); i++)
        if (number >= range[i].first && number - range[i].first < range[i].n)
            return (int)(range[i].slot + number - range[i].first);
    return -1;
}

ExecResult e500_mfpmr(E500 *c, unsigned number, E500Spr *value)
{
    int slot = pmr_slot(number | 0x10);

    if (slot < 0 || ((number & 0x10) && (c->s.msr & MSR_PR)))
        return no_access(c, "PMR", number, "read");
    *value = c->s.pmr[slot];
    return EXEC_NEXT;
}

ExecResult e500_mtpmr(E500 *c, unsigned number, E500Spr value)
{
    int slot = number & 0x10 ? pmr_slot(number) : -1;

    if (slot < 0 || (c->s.msr & MSR_PR))
        return no_access(c, "PMR", number, "written");
    c->s.pmr[slot] = value;
    return EXEC_NEXT;
}
