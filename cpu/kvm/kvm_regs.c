/* SPDX-License-Identifier: MIT
 *
 * The table that says which field of KVM's structures holds which register.  Feature bits in struct kvm_sregs say which of them KVM
 * fills in and accepts.
 */
#include "cpu/kvm/kvm.h"

#include <string.h>

/* ROW(SPR, field of struct kvm_regs) */
#define REGS_TABLE(ROW) \
    ROW(SRR0, srr0)     \
    ROW(SRR1, srr1)     \
    ROW(PID, pid)       \
    ROW(SPRG0, sprg0)   \
    ROW(SPRG1, sprg1)   \
    ROW(SPRG2, sprg2)   \
    ROW(SPRG3, sprg3)   \
    ROW(SPRG4, sprg4)   \
    ROW(SPRG5, sprg5)   \
    ROW(SPRG6, sprg6)   \
    ROW(SPRG7, sprg7)

/* ROW(KVM_SREGS_E_… or KVM_SREGS_…, SPR, field of struct kvm_sregs u.e) */
#define SREGS_TABLE(ROW)              \
    ROW(E_BASE, CSRR0, csrr0)         \
    ROW(E_BASE, CSRR1, csrr1)         \
    ROW(E_BASE, MCSR, mcsr)           \
    ROW(E_BASE, ESR, esr)             \
    ROW(E_BASE, DEAR, dear)           \
    ROW(E_BASE, TSR, tsr)             \
    ROW(E_BASE, TCR, tcr)             \
    ROW(E_BASE, DEC, dec)             \
    ROW(E_BASE, USPRG0, vrsave)       \
    ROW(E_ARCH206, MCSRR0, mcsrr0)    \
    ROW(E_ARCH206, MCSRR1, mcsrr1)    \
    ROW(E_ARCH206, DECAR, decar)      \
    ROW(E_ARCH206, IVPR, ivpr)        \
    ROW(E_SPRG8, SPRG8, sprg8)        \
    ROW(E_ED, SPRG9, sprg9)           \
    ROW(E_ED, DSRR0, dsrr0)           \
    ROW(E_ED, DSRR1, dsrr1)           \
    ROW(E_DEBUG, DBSR, dbsr)          \
    ROW(E_DEBUG, DBCR0, dbcr[0])      \
    ROW(E_DEBUG, DBCR1, dbcr[1])      \
    ROW(E_DEBUG, DBCR2, dbcr[2])      \
    ROW(E_DEBUG, IAC1, iac[0])        \
    ROW(E_DEBUG, IAC2, iac[1])        \
    ROW(E_DEBUG, DAC1, dac[0])        \
    ROW(E_DEBUG, DAC2, dac[1])        \
    ROW(E_IVOR, IVOR0, ivor_low[0])   \
    ROW(E_IVOR, IVOR1, ivor_low[1])   \
    ROW(E_IVOR, IVOR2, ivor_low[2])   \
    ROW(E_IVOR, IVOR3, ivor_low[3])   \
    ROW(E_IVOR, IVOR4, ivor_low[4])   \
    ROW(E_IVOR, IVOR5, ivor_low[5])   \
    ROW(E_IVOR, IVOR6, ivor_low[6])   \
    ROW(E_IVOR, IVOR7, ivor_low[7])   \
    ROW(E_IVOR, IVOR8, ivor_low[8])   \
    ROW(E_IVOR, IVOR9, ivor_low[9])   \
    ROW(E_IVOR, IVOR10, ivor_low[10]) \
    ROW(E_IVOR, IVOR11, ivor_low[11]) \
    ROW(E_IVOR, IVOR12, ivor_low[12]) \
    ROW(E_IVOR, IVOR13, ivor_low[13]) \
    ROW(E_IVOR, IVOR14, ivor_low[14]) \
    ROW(E_IVOR, IVOR15, ivor_low[15]) \
    ROW(E_SPE, IVOR32, ivor_high[0])  \
    ROW(E_SPE, IVOR33, ivor_high[1])  \
    ROW(E_SPE, IVOR34, ivor_high[2])  \
    ROW(E_PM, IVOR35, ivor_high[3])   \
    ROW(E_PC, IVOR36, ivor_high[4])   \
    ROW(E_PC, IVOR37, ivor_high[5])   \
    ROW(E_PD, EPLC, eplc)             \
    ROW(E_PD, EPSC, epsc)             \
    ROW(E_ARCH206_MMU, MAS0, mas0)    \
    ROW(E_ARCH206_MMU, MAS1, mas1)    \
    ROW(E_ARCH206_MMU, MAS2, mas2)    \
    ROW(E_ARCH206_MMU, MAS4, mas4)    \
    ROW(E_ARCH206_MMU, MAS6, mas6)

/* The same for registers that KVM reports and does not let us set. */
#define SREGS_CONFIG_TABLE(ROW)            \
    ROW(E_ARCH206, PIR, pir)               \
    ROW(E_ARCH206_MMU, MMUCFG, mmucfg)     \
    ROW(E_ARCH206_MMU, TLB0CFG, tlbcfg[0]) \
    ROW(E_ARCH206_MMU, TLB1CFG, tlbcfg[1])

void kvm_regs_from_state(struct kvm_regs *regs, const E500State *state)
{
    memset(regs, 0, sizeof(*regs));
    regs->pc = state->pc;
    regs->cr = state->cr;
    regs->ctr = state->ctr;
    regs->lr = state->lr;
    regs->xer = e500_xer(state);
    regs->msr = state->msr;
    for (unsigned i = 0; i < 32; i++)
        regs->gpr[i] = state->gpr[i].w;
#define ROW(SPR, field) regs->field = state->spr[SPR_##SPR];
    REGS_TABLE(ROW)
#undef ROW
}

/* KVM's structures do not hold the upper halves of the GPRs (SPE), so those keep the values of the copy. */
void kvm_regs_to_state(E500State *state, const struct kvm_regs *regs)
{
    state->pc = (Ea)regs->pc;
    state->cr = (uint32_t)regs->cr;
    state->ctr = (Ea)regs->ctr;
    state->lr = (Ea)regs->lr;
    e500_set_xer(state, (uint32_t)regs->xer);
    state->msr = (uint32_t)regs->msr;
    for (unsigned i = 0; i < 32; i++)
        state->gpr[i].w = (uint32_t)regs->gpr[i];
#define ROW(SPR, field) state->spr[SPR_##SPR] = (E500Spr)regs->field;
    REGS_TABLE(ROW)
#undef ROW
}

void kvm_sregs_from_state(struct kvm_sregs *sregs, const E500State *state)
{
    uint32_t features = sregs->u.e.features;
#define ROW(feature, SPR, field)        \
    if (features & KVM_SREGS_##feature) \
        sregs->u.e.field = state->spr[SPR_##SPR];
    SREGS_TABLE(ROW)
#undef ROW
    if (features & KVM_SREGS_E_ARCH206_MMU)
        sregs->u.e.mas7_3 = (uint64_t)state->spr[SPR_MAS7] << 32 | state->spr[SPR_MAS3];
    if (sregs->u.e.impl_id != KVM_SREGS_E_IMPL_FSL)
        return;
    sregs->u.e.impl.fsl.svr = state->spr[SPR_SVR];
    sregs->u.e.impl.fsl.hid0 = state->spr[SPR_HID0];
    sregs->u.e.impl.fsl.mcar = (uint64_t)state->spr[SPR_MCARU] << 32 | state->spr[SPR_MCAR];
    if (sregs->u.e.impl.fsl.features & KVM_SREGS_E_FSL_PIDn) {
        sregs->u.e.impl.fsl.pid1 = state->spr[SPR_PID1];
        sregs->u.e.impl.fsl.pid2 = state->spr[SPR_PID2];
    }
}

void kvm_sregs_to_state(E500State *state, const struct kvm_sregs *sregs)
{
    uint32_t features = sregs->u.e.features;
    state->spr[SPR_PVR] = sregs->pvr;
#define ROW(feature, SPR, field)        \
    if (features & KVM_SREGS_##feature) \
        state->spr[SPR_##SPR] = (E500Spr)sregs->u.e.field;
    SREGS_TABLE(ROW)
    SREGS_CONFIG_TABLE(ROW)
#undef ROW
    if (features & KVM_SREGS_E_ARCH206_MMU) {
        state->spr[SPR_MAS3] = (E500Spr)sregs->u.e.mas7_3;
        state->spr[SPR_MAS7] = (uint32_t)(sregs->u.e.mas7_3 >> 32);
    }
    if (features & KVM_SREGS_E_BASE)
        state->tb = sregs->u.e.tb;
    if (sregs->u.e.impl_id != KVM_SREGS_E_IMPL_FSL)
        return;
    state->spr[SPR_SVR] = sregs->u.e.impl.fsl.svr;
    state->spr[SPR_HID0] = sregs->u.e.impl.fsl.hid0;
    state->spr[SPR_MCAR] = (E500Spr)sregs->u.e.impl.fsl.mcar;
    state->spr[SPR_MCARU] = (uint32_t)(sregs->u.e.impl.fsl.mcar >> 32);
    if (sregs->u.e.impl.fsl.features & KVM_SREGS_E_FSL_PIDn) {
        state->spr[SPR_PID1] = sregs->u.e.impl.fsl.pid1;
        state->spr[SPR_PID2] = sregs->u.e.impl.fsl.pid2;
    }
}
