/* SPDX-License-Identifier: MIT
 * FH_…: Freescale's partition calls, for the guest's own partition. */
#include "suite.h"

#define NONE    0x7ffffff0u
#define NOWHERE 0xf /* upper word of an address that is not RAM */

static uint8_t source[64], target[64];
static char buffer[256] __attribute__((aligned(8)));
static uint32_t record[188];
static uint32_t list[2][8] __attribute__((aligned(32)));
static volatile uint32_t nmis[CPUS_MAX], napped;

#define ADDRESS(p) ((uint32_t)(p))

/* ---- state ---- */

static void states(void)
{
    uint32_t out[8];

    if (succeeds(CALL_FH_PARTITION_GET_STATUS, "oneself", IN(SELF), out))
        check(CALL_FH_PARTITION_GET_STATUS, VALID, "runs", out[0] == 1);
    same_outputs(CALL_FH_PARTITION_GET_STATUS, IN(SELF));
    fails(CALL_FH_PARTITION_GET_STATUS, "a partition that is none", IN(NONE), EV_EINVAL);
    fails(CALL_FH_PARTITION_RESTART, "a partition that is none", IN(NONE), EV_EINVAL);
    fails(CALL_FH_PARTITION_STOP, "a partition that is none", IN(NONE), EV_EINVAL);
    fails(CALL_FH_PARTITION_START, "a partition that is none", IN(NONE), EV_EINVAL);
    fails(CALL_FH_PARTITION_START, "oneself: it runs", IN(SELF), EV_INVALID_STATE);
    fails(CALL_FH_PARTITION_STOP_DMA, "a partition that is none", IN(NONE), EV_EINVAL);
    fails(CALL_FH_PARTITION_STOP_DMA, "oneself: it runs", IN(SELF), EV_INVALID_STATE);
    fails(CALL_FH_DMA_ENABLE, "a LIODN that is none", IN(NONE), EV_EINVAL);
    fails(CALL_FH_DMA_DISABLE, "a LIODN that is none", IN(NONE), EV_EINVAL);
    fails(CALL_FH_VMPIC_GET_MSIR, "an interrupt that is none", IN(NONE), EV_EINVAL);
    fails(CALL_FH_CLAIM_DEVICE, "a device that is none", IN(NONE), EV_EINVAL);
}

/* ---- memory ---- */

static void entry(unsigned n, uint32_t from_high, const void *from, const void *to, uint32_t size, uint32_t reserved)
{
    const uint32_t words[8] = {from_high, ADDRESS(from), 0, ADDRESS(to), 0, size, 0, reserved};
    memcpy(list[n], words, sizeof words);
}

static void copies(void)
{
    const CallId id = CALL_FH_PARTITION_MEMCPY;
    const uint32_t at = ADDRESS(list);

    for (unsigned i = 0; i < 64; i++) {
        source[i] = (uint8_t)(i + 1);
        target[i] = 0;
    }
    entry(0, 0, source, target, 16, 0);
    entry(1, 0, source + 40, target + 17, 3, 0);
    succeeds(id, "two pieces", IN(SELF, SELF, at, 0, 2), NULL);
    check(id, VALID, "two pieces: they and nothing else arrive",
          !memcmp(source, target, 16) && target[16] == 0 && !memcmp(source + 40, target + 17, 3) && target[20] == 0);
    entry(0, 0, source, source + 4, 32, 0);
    succeeds(id, "onto itself", IN(SELF, SELF, at, 0, 1), NULL);
    check(id, VALID, "onto itself: as if read first", source[4] == 1 && source[35] == 32);
    succeeds(id, "no piece", IN(SELF, SELF, at, 0, 0), NULL);
    fails(id, "a source that is none", IN(NONE, SELF, at, 0, 1), EV_EINVAL);
    fails(id, "a target that is none", IN(SELF, NONE, at, 0, 1), EV_EINVAL);
    fails(id, "a list that is not aligned", IN(SELF, SELF, at + 8, 0, 1), EV_EINVAL);
    fails(id, "a list that is not in memory", IN(SELF, SELF, at, NOWHERE, 1), EV_EFAULT);
    entry(0, NOWHERE, source, target, 16, 0);
    fails(id, "from where there is no memory", IN(SELF, SELF, at, 0, 1), EV_EFAULT);
    entry(0, 0xffffffff, (void *)0xfffffff8, target, 16, 0);
    fails(id, "over the end of 64 bits", IN(SELF, SELF, at, 0, 1), EV_EFAULT);
    entry(0, 0, source, target, 16, 1);
    fails(id, "a reserved word that is not 0", IN(SELF, SELF, at, 0, 1), EV_EINVAL);
}

/* ---- the tree ---- */

static void properties(void)
{
    static const char root[] = "/", compatible[] = "compatible", none[] = "/none/such", new[] = "/chosen/suite",
                      name[] = "suite,value", value[] = "seven\0words";
    const CallId get = CALL_FH_PARTITION_GET_DTPROP, set = CALL_FH_PARTITION_SET_DTPROP;
    uint32_t length, out[8];
    const void *want = fdt_property(fdt_node(root), compatible, &length);

#define PROPERTY(path, prop, to, n) IN(SELF, 0, ADDRESS(path), 0, ADDRESS(prop), 0, ADDRESS(to), n)
    if (succeeds(get, "a property", PROPERTY(root, compatible, buffer, sizeof buffer), out))
        check(get, VALID, "is that of the tree", out[0] == length && !memcmp(buffer, want, length));
    same_outputs(get, PROPERTY(root, compatible, buffer, sizeof buffer));
    uint32_t status = ask(get, PROPERTY(root, compatible, buffer, 1), out);
    check(get, ERROR, "no room for it: EV_BUFFER_OVERFLOW and its length", status == EV_BUFFER_OVERFLOW && out[0] == length);
    fails(get, "a partition that is none", IN(NONE, 0, ADDRESS(root), 0, ADDRESS(compatible), 0, ADDRESS(buffer), 8), EV_EINVAL);
    fails(get, "a node that is none", PROPERTY(none, compatible, buffer, 8), EV_ENOENT);
    fails(get, "a property that is none", PROPERTY(root, none, buffer, 8), EV_ENOENT);
    fails(get, "more than 32768 bytes", PROPERTY(root, compatible, buffer, 32769), EV_EINVAL);
    fails(get, "a path that is not in memory", IN(SELF, NOWHERE, 0, 0, ADDRESS(compatible), 0, ADDRESS(buffer), sizeof buffer),
          EV_EFAULT);
    fails(get, "a value that would not be in memory", IN(SELF, 0, ADDRESS(root), 0, ADDRESS(compatible), NOWHERE, 0, sizeof buffer),
          EV_EFAULT);

    succeeds(set, "a property of a new node", PROPERTY(new, name, value, sizeof value), NULL);
    if (succeeds(get, "what was set", PROPERTY(new, name, buffer, sizeof buffer), out))
        check(set, VALID, "can be read", out[0] == sizeof value && !memcmp(buffer, value, sizeof value));
    succeeds(set, "an empty property", PROPERTY(new, name, value, 0), NULL);
    if (succeeds(get, "an empty property", PROPERTY(new, name, buffer, 0), out))
        check(set, VALID, "replaces it", out[0] == 0);
    fails(set, "a partition that is none", IN(NONE, 0, ADDRESS(new), 0, ADDRESS(name), 0, ADDRESS(value), 8), EV_EINVAL);
    fails(set, "more than 32768 bytes", PROPERTY(new, name, value, 0xffffffff), EV_EINVAL);
    fails(set, "a value that is not in memory", IN(SELF, 0, ADDRESS(new), 0, ADDRESS(name), NOWHERE, 0, 8), EV_EFAULT);
    fails(set, "a path that is none", PROPERTY(name, name, value, 4), EV_EINVAL);
}

/* ---- vCPUs ---- */

static void count_nmi(TrapFrame *frame)
{
    mtspr(SPR_MCSR, mfspr(SPR_MCSR));
    nmis[cpu_index()]++;
}

/* Turns of a loop that waits: far more than anything here takes, so that a missing answer is a failed case and not a hang. */
enum { PATIENCE = 100000000 };

static bool nmi_came(unsigned cpu)
{
    for (unsigned n = 0; n < PATIENCE && !nmis[cpu]; n++)
        sync();
    return nmis[cpu] == 1;
}

static void take_nmi(unsigned cpu)
{
    mtmsr(mfmsr() | MSR_ME);
    nmi_came(cpu);
    mtmsr(mfmsr() & ~MSR_ME);
}

static void nap_until_woken(unsigned cpu)
{
    if (cpu != 1)
        return;
    const uint32_t args[2] = {SELF, 1};
    napped = call_FH_ENTER_NAP(args, NULL) == EV_SUCCESS ? 1 : 2;
}

static void nmi(void)
{
    const CallId id = CALL_FH_SEND_NMI;

    trap_handle(VEC_MCHECK, count_nmi);
    mtmsr(mfmsr() | MSR_ME);
    succeeds(id, "to oneself", IN(1), NULL);
    check(id, VALID, "to oneself: a machine check, once", nmi_came(0));
    succeeds(id, "to nobody", IN(0), NULL);
    if (cpus_count() == 2) {
        cpus_begin(take_nmi);
        succeeds(id, "to the other", IN(2), NULL);
        cpus_end();
        check(id, VALID, "to the other: a machine check there, once", nmis[1] == 1 && nmis[0] == 1);
    } else {
        skip(id, VALID, "to the other", "it takes two CPUs");
    }
    mtmsr(mfmsr() & ~MSR_ME);
    trap_handle(VEC_MCHECK, NULL);
    fails(id, "to a CPU that is none", IN(0x80000000), EV_EINVAL);
}

static bool other_naps(void)
{
    uint32_t out[8] = {0};

    for (unsigned n = 0; n < PATIENCE / 100 && out[0] != 2; n++)
        ask(CALL_FH_GET_CORE_STATE, IN(SELF, 1), out);
    return out[0] == 2;
}

static void naps(void)
{
    uint32_t out[8];

    if (succeeds(CALL_FH_GET_CORE_STATE, "oneself", IN(SELF, 0), out))
        check(CALL_FH_GET_CORE_STATE, VALID, "runs", out[0] == 0);
    same_outputs(CALL_FH_GET_CORE_STATE, IN(SELF, 0));
    if (cpus_count() == 2) {
        cpus_begin(nap_until_woken);
        check(CALL_FH_ENTER_NAP, VALID, "the CPU naps", other_naps() && !napped);
        succeeds(CALL_FH_EXIT_NAP, "a CPU that naps", IN(SELF, 1), NULL);
        cpus_end();
        check(CALL_FH_EXIT_NAP, VALID, "it goes on, with success", napped == 1);
    } else {
        skip(CALL_FH_ENTER_NAP, VALID, "the CPU naps", "it takes two CPUs");
    }
    succeeds(CALL_FH_EXIT_NAP, "a CPU that does not nap", IN(SELF, 0), NULL);
    fails(CALL_FH_GET_CORE_STATE, "a CPU that is none", IN(SELF, 99), EV_EINVAL);
    fails(CALL_FH_GET_CORE_STATE, "a partition that is none", IN(NONE, 0), EV_EINVAL);
    fails(CALL_FH_ENTER_NAP, "the boot CPU", IN(SELF, 0), EV_EINVAL);
    fails(CALL_FH_ENTER_NAP, "another CPU", IN(SELF, 1), EV_EINVAL);
    fails(CALL_FH_ENTER_NAP, "a partition that is none", IN(NONE, 0), EV_EINVAL);
    fails(CALL_FH_EXIT_NAP, "a CPU that is none", IN(SELF, 99), EV_EINVAL);
    fails(CALL_FH_EXIT_NAP, "a partition that is none", IN(NONE, 0), EV_EINVAL);
}

/* ---- errors ---- */

PROBE(suite_load, "lwz 3,0(3)");

static void errors(void)
{
    const CallId id = CALL_FH_ERR_GET_INFO;
    const uint32_t at = ADDRESS(record), size = sizeof record;
    uint32_t out[8];

    tlb1_map(5, TEST_EA | MAS2_I | MAS2_G, 0xffffff000ull, 2, MAS3_SR | MAS3_SW);
    bool broke = trap_run(suite_load, MSR_ME, TEST_EA, 0, 0, 0).vector == VEC_MCHECK;
    mtspr(SPR_MCSR, mfspr(SPR_MCSR));
    tlb1_unmap(5);
    if (broke) {
        if (succeeds(id, "a look at an error", IN(0, size, 0, at, 1), out))
            check(id, VALID, "it is of the machine check that was", out[0] <= size && !strcmp((char *)record, "machine check"));
        same_outputs(id, IN(0, size, 0, at, 1));
        fails(id, "not in memory", IN(0, size, NOWHERE, 0, 0), EV_EFAULT);
        succeeds(id, "the error itself", IN(0, size, 0, at, 0), NULL);
    }
    fails(id, "the queue is empty", IN(0, size, 0, at, 0), EV_ENOENT);
    fails(id, "a queue that is none", IN(NONE, size, 0, at, 0), EV_EINVAL);
    fails(id, "no room", IN(0, 16, 0, at, 0), EV_EINVAL);
    fails(id, "neither look nor take", IN(0, size, 0, at, 2), EV_EINVAL);
}

void check_partition(void)
{
    if (!promised(CALL_FH_PARTITION_GET_STATUS))
        return;
    states();
    copies();
    properties();
    errors();
    nmi();
    naps();
}
