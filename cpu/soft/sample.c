/* SPDX-License-Identifier: MIT
 *
 * Samples for a profile.  The guest's stack is whatever the guest made of it: a frame is looked at only if it is translated and is RAM, and
 * there are at most PROFILE_CALLERS of them.  A frame need not lie above the one before: interrupts have stacks of their own.
 */
#include "cpu/e500/mmu.h"
#include "cpu/e500/ram.h"
#include "cpu/profile.h"
#include "cpu/soft/soft.h"

static bool load_word(const E500 *c, Ea ea, Ea *value)
{
    E500Translation t;
    const uint8_t *host;
    if (ea & 3 || e500_mmu_lookup(c, ea, c->ctx_data, ACCESS_READ, &t) != MMU_OK || !(host = e500_ram_host(c->vm, t.gpa, 4)))
        return false;
    *value = GUINT32_FROM_BE(__atomic_load_n((const uint32_t *)(const void *)host, __ATOMIC_RELAXED));
    return true;
}

static void sample(const E500 *c, Profile *profile)
{
    ProfileStack stack = {.user = c->s.msr & MSR_PR, .pc = c->s.pc, .lr = c->s.lr};
    Ea frame = (Ea)c->s.gpr[1].d & EA_MAX, above, caller;
    while (stack.n < PROFILE_CALLERS && load_word(c, frame, &above) && above && load_word(c, above + 4, &caller)) {
        stack.caller[stack.n++] = caller;
        frame = above;
    }
    profile_add(profile, &stack);
}

void soft_sample(SoftVcpu *vcpu)
{
    const E500 *c = &vcpu->core;
    Profile *profile = ((SoftVm *)vcpu->base.vm)->profile;
    uint64_t interval = profile_interval(profile);
    sample(c, profile);
    vcpu->next_sample = c->count.instructions + interval;
}
