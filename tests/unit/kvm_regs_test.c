/* SPDX-License-Identifier: MIT
 *
 * Registers in and out of KVM's structures, which only a PowerPC's headers have.
 */
#include <glib.h>
#include <string.h>

#include "tests/unit/unit.h"

#ifdef __powerpc__
#include "cpu/kvm/kvm.h"

enum {
    /* What an e500v2 host says, and all there is. */
    FEATURES_V2 = 0x4263,
    FEATURES_ALL = 0x7fff & ~KVM_SREGS_E_64,
};

/* Every register a value of its own, in range of the narrowest field. */
static void fill(E500State *s)
{
    memset(s, 0, sizeof(*s));
    s->pc = 0x11111110;
    s->lr = 0x22222220;
    s->ctr = 0x33333330;
    s->cr = 0x44444444;
    s->msr = 0x00029200;
    e500_set_xer(s, 0xe000007f);
    for (unsigned i = 0; i < 32; i++)
        s->gpr[i].w = 0xa0000000 + i;
    for (unsigned i = 0; i < E500_SPR_SLOTS; i++)
        s->spr[i] = 0x10000000 + i * 16;
}

static void regs_round(void)
{
    E500State from, to;
    struct kvm_regs regs;
    fill(&from);
    memset(&to, 0, sizeof(to));
    for (unsigned i = 0; i < 32; i++)
        to.gpr[i].h = 0x5a5a5a5a;
    kvm_regs_from_state(&regs, &from);
    kvm_regs_to_state(&to, &regs);
    g_assert_cmphex(to.pc, ==, from.pc);
    g_assert_cmphex(to.lr, ==, from.lr);
    g_assert_cmphex(to.ctr, ==, from.ctr);
    g_assert_cmphex(to.cr, ==, from.cr);
    g_assert_cmphex(to.msr, ==, from.msr);
    g_assert_cmphex(e500_xer(&to), ==, e500_xer(&from));
    for (unsigned i = 0; i < 32; i++) {
        g_assert_cmphex(to.gpr[i].w, ==, from.gpr[i].w);
        g_assert_cmphex(to.gpr[i].h, ==, 0x5a5a5a5a); /* KVM has no word for it */
    }
    static const E500SprSlot carried[] = {SPR_SRR0,  SPR_SRR1,  SPR_PID,   SPR_SPRG0, SPR_SPRG1, SPR_SPRG2,
                                          SPR_SPRG3, SPR_SPRG4, SPR_SPRG5, SPR_SPRG6, SPR_SPRG7};
    FOR_ROWS (i, carried)
        g_assert_cmphex(to.spr[carried[i]], ==, from.spr[carried[i]]);
}

static unsigned sregs_carry(uint32_t features, uint32_t fsl_features)
{
    E500State from, to;
    struct kvm_sregs sregs = {0};
    unsigned n = 0;
    fill(&from);
    memset(&to, 0, sizeof(to));
    sregs.u.e.features = features;
    sregs.u.e.impl_id = KVM_SREGS_E_IMPL_FSL;
    sregs.u.e.impl.fsl.features = fsl_features;
    kvm_sregs_from_state(&sregs, &from);
    kvm_sregs_to_state(&to, &sregs);
    for (unsigned i = 0; i < E500_SPR_SLOTS; i++) {
        if (!to.spr[i])
            continue;
        g_assert_cmphex(to.spr[i], ==, from.spr[i]); /* no two registers share a field */
        n++;
    }
    return n;
}

static void sregs_v2(void)
{
    /* 9 base, 4 ARCH206, 16 + 3 + 1 IVORs, 7 MAS, SVR HID0 MCAR MCARU */
    g_assert_cmpuint(sregs_carry(FEATURES_V2, 0), ==, 9 + 4 + 20 + 7 + 4);
}

static void sregs_all(void)
{
    g_assert_cmpuint(sregs_carry(FEATURES_ALL, KVM_SREGS_E_FSL_PIDn), ==, 44 + 1 + 3 + 8 + 2 + 2 + 2);
}

static void sregs_none(void)
{
    struct kvm_sregs sregs, before;
    E500State s;
    fill(&s);
    memset(&sregs, 0xa5, sizeof(sregs));
    sregs.u.e.features = 0;
    sregs.u.e.impl_id = KVM_SREGS_E_IMPL_NONE;
    before = sregs;
    kvm_sregs_from_state(&sregs, &s);
    g_assert_cmpmem(&sregs, sizeof(sregs), &before, sizeof(before));
}

/* "Reserved fields must be left untouched from a previous KVM_GET_SREGS"; what KVM alone says, too. */
static void sregs_untouched(void)
{
    struct kvm_sregs sregs;
    E500State s;
    fill(&s);
    memset(&sregs, 0xa5, sizeof(sregs));
    sregs.u.e.features = FEATURES_V2;
    sregs.u.e.impl_id = KVM_SREGS_E_IMPL_FSL;
    sregs.u.e.impl.fsl.features = 0;
    kvm_sregs_from_state(&sregs, &s);
    g_assert_cmphex(sregs.pvr, ==, 0xa5a5a5a5);
    g_assert_cmphex(sregs.u.e.pir, ==, 0xa5a5a5a5);
    g_assert_cmphex(sregs.u.e.mmucfg, ==, 0xa5a5a5a5);
    g_assert_cmphex(sregs.u.e.tlbcfg[0], ==, 0xa5a5a5a5);
    g_assert_cmphex(sregs.u.e.epcr, ==, 0xa5a5a5a5);
    g_assert_cmphex(sregs.u.e.sprg9, ==, G_GUINT64_CONSTANT(0xa5a5a5a5a5a5a5a5));
    g_assert_cmphex(sregs.u.e.ivor_high[4], ==, 0xa5a5a5a5);
    g_assert_cmphex(sregs.u.e.impl.fsl.pid1, ==, 0xa5a5a5a5);
    g_assert_cmphex(sregs.u.e.tb, ==, G_GUINT64_CONSTANT(0xa5a5a5a5a5a5a5a5));
}

static void mas_halves(void)
{
    struct kvm_sregs sregs = {0};
    E500State s;
    fill(&s);
    s.spr[SPR_MAS7] = 0xf;
    s.spr[SPR_MAS3] = 0x12345fff;
    sregs.u.e.features = KVM_SREGS_E_ARCH206_MMU;
    kvm_sregs_from_state(&sregs, &s);
    g_assert_cmphex(sregs.u.e.mas7_3, ==, G_GUINT64_CONSTANT(0xf12345fff));
}

UNIT_TESTS(kvm_regs)
{
    g_test_add_func("/kvm-regs/every-register-of-regs-comes-back", regs_round);
    g_test_add_func("/kvm-regs/an-e500v2-carries-44-sprs", sregs_v2);
    g_test_add_func("/kvm-regs/all-features-carry-each-register-once", sregs_all);
    g_test_add_func("/kvm-regs/no-feature-changes-nothing", sregs_none);
    g_test_add_func("/kvm-regs/what-nobody-names-goes-back-as-it-came", sregs_untouched);
    g_test_add_func("/kvm-regs/mas7-is-above-mas3", mas_halves);
}
#else
static void elsewhere(void)
{
    g_test_skip("KVM's structures for PowerPC are a PowerPC's");
}

UNIT_TESTS(kvm_regs)
{
    g_test_add_func("/kvm-regs/needs-a-powerpc", elsewhere);
}
#endif
