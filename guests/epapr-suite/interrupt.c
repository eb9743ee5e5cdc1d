/* SPDX-License-Identifier: MIT
 * EV_INT_… and EV_MSGSND: on the transmit interrupt of a byte channel, which is active while there is room to send. */
#include "suite.h"

#define NONE     0x7ffffff0u
#define PRIORITY 9
#define NOTHING  0xdeadu

PROBE(suite_spin, "mtctr 3; 1: bdnz 1b");

static bool proxy, iacks_fail;
static uint32_t pic;

/* The interrupt that comes, acknowledged. */
static uint32_t comes(uint32_t spins)
{
    Trap t = trap_run(suite_spin, MSR_EE, spins, 0, 0, 0);
    uint32_t out[8];

    if (t.vector != VEC_EXTERNAL)
        return NOTHING;
    if (proxy)
        return t.epr;
    iacks_fail |= ask(CALL_EV_INT_IACK, IN(0), out) != EV_SUCCESS;
    return out[0];
}

static void configuration(uint32_t n, uint32_t config)
{
    uint32_t out[8];

    succeeds(CALL_EV_INT_SET_MASK, "off", IN(n, 1), NULL);
    succeeds(CALL_EV_INT_SET_CONFIG, "configuration, priority and CPU", IN(n, config, PRIORITY, 0), NULL);
    if (succeeds(CALL_EV_INT_GET_CONFIG, "what was set", IN(n), out))
        check(CALL_EV_INT_GET_CONFIG, VALID, "is as it was set", out[0] == config && out[1] == PRIORITY && out[2] == 0);
    same_outputs(CALL_EV_INT_GET_CONFIG, IN(n));
    if (succeeds(CALL_EV_INT_GET_MASK, "a mask", IN(n), out))
        check(CALL_EV_INT_GET_MASK, VALID, "is as it was set", out[0] == 1);
    same_outputs(CALL_EV_INT_GET_MASK, IN(n));

    fails(CALL_EV_INT_SET_CONFIG, "an interrupt that is none", IN(NONE, config, PRIORITY, 0), EV_EINVAL);
    fails(CALL_EV_INT_SET_CONFIG, "a CPU that is none", IN(n, config, PRIORITY, 99), EV_EINVAL);
    fails(CALL_EV_INT_SET_CONFIG, "a priority that is none", IN(n, config, 16, 0), EV_EINVAL);
    fails(CALL_EV_INT_GET_CONFIG, "an interrupt that is none", IN(NONE), EV_EINVAL);
    fails(CALL_EV_INT_SET_MASK, "an interrupt that is none", IN(NONE, 1), EV_EINVAL);
    fails(CALL_EV_INT_SET_MASK, "a mask that is none", IN(n, 2), EV_EINVAL);
    fails(CALL_EV_INT_GET_MASK, "an interrupt that is none", IN(NONE), EV_EINVAL);
}

static void delivery(uint32_t n)
{
    fails(CALL_EV_INT_EOI, "an interrupt that is not in service", IN(n), EV_INVALID_STATE);
    fails(CALL_EV_INT_EOI, "an interrupt that is none", IN(NONE), EV_EINVAL);
    check(CALL_EV_INT_SET_MASK, VALID, "masked: nothing comes", comes(1000) == NOTHING);
    succeeds(CALL_EV_INT_SET_MASK, "on", IN(n, 0), NULL);
    check(CALL_EV_INT_SET_MASK, VALID, "the interrupt comes", comes(200000000) == n);
    succeeds(CALL_EV_INT_SET_MASK, "off again", IN(n, 1), NULL);
    succeeds(CALL_EV_INT_EOI, "what is in service", IN(n), NULL);
    if (proxy) {
        fails(CALL_EV_INT_IACK, "the core acknowledges", IN(0), EV_INVALID_STATE);
        fails(CALL_EV_INT_IACK, "the core acknowledges; by handle", IN(pic), EV_INVALID_STATE);
    } else {
        uint32_t out[8];
        check(CALL_EV_INT_IACK, VALID, "names the interrupt that came", !iacks_fail);
        if (succeeds(CALL_EV_INT_IACK, "nothing is there", IN(0), out))
            check(CALL_EV_INT_IACK, VALID, "nothing is there: 0xffff", out[0] == 0xffff);
        same_outputs(CALL_EV_INT_IACK, IN(pic));
    }
    fails(CALL_EV_INT_IACK, "a controller that is none", IN(NONE), EV_EINVAL);
}

static void priorities(void)
{
    uint32_t out[8];

    succeeds(CALL_EV_INT_SET_TASK_PRIORITY, "a task priority", IN(pic, 5), NULL);
    if (succeeds(CALL_EV_INT_GET_TASK_PRIORITY, "a task priority", IN(pic), out))
        check(CALL_EV_INT_GET_TASK_PRIORITY, VALID, "is as it was set", out[0] == 5);
    same_outputs(CALL_EV_INT_GET_TASK_PRIORITY, IN(0));
    succeeds(CALL_EV_INT_SET_TASK_PRIORITY, "the lowest again", IN(0, 0), NULL);
    fails(CALL_EV_INT_SET_TASK_PRIORITY, "a controller that is none", IN(NONE, 5), EV_EINVAL);
    fails(CALL_EV_INT_SET_TASK_PRIORITY, "a priority that is none", IN(pic, 16), EV_EINVAL);
    fails(CALL_EV_INT_GET_TASK_PRIORITY, "a controller that is none", IN(NONE), EV_EINVAL);
}

static void ipis(const uint32_t *ipi)
{
    if (ipi) {
        succeeds(CALL_EV_INT_SET_CONFIG, "an IPI", IN(ipi[0], 0, PRIORITY, 0), NULL);
        succeeds(CALL_EV_INT_SET_MASK, "an IPI", IN(ipi[0], 0), NULL);
        succeeds(CALL_EV_INT_SEND_IPI, "to oneself", IN(0, 1), NULL);
        check(CALL_EV_INT_SEND_IPI, VALID, "comes", comes(200000000) == ipi[0]);
        succeeds(CALL_EV_INT_EOI, "an IPI", IN(ipi[0]), NULL);
        succeeds(CALL_EV_INT_SET_MASK, "an IPI off", IN(ipi[0], 1), NULL);
    }
    fails(CALL_EV_INT_SEND_IPI, "an IPI that is none", IN(4, 1), EV_EINVAL);
    fails(CALL_EV_INT_SEND_IPI, "to nobody", IN(0, 0), EV_EINVAL);
    fails(CALL_EV_INT_SEND_IPI, "to a CPU that is none", IN(0, 0x80000000), EV_EINVAL);
}

static void msgsnd(void)
{
    if (!promised(CALL_EV_MSGSND))
        return;
    succeeds(CALL_EV_MSGSND, "a doorbell to oneself", IN(0), NULL);
    check(CALL_EV_MSGSND, VALID, "comes", trap_run(suite_spin, MSR_EE, 200000000, 0, 0, 0).vector == 36);
    fails(CALL_EV_MSGSND, "a type that is none", IN(31u << 27), EV_EINVAL);
    fails(CALL_EV_MSGSND, "a reserved bit", IN(1 << 20), EV_EINVAL);
}

void check_interrupts(void)
{
    int node = fdt_next_with(-1, "compatible", "epapr,hv-pic");
    const uint32_t *handle = cells(node, "hv-handle", 1);
    const uint32_t *wires = cells(fdt_next_with(-1, "compatible", "epapr,hv-byte-channel"), "interrupts", 4);

    msgsnd();
    if (node < 0)
        return;
    proxy = fdt_property(node, "has-external-proxy", NULL) != NULL;
    pic = handle ? *handle : 0;
    if (wires) {
        configuration(wires[2], wires[3] & 3);
        delivery(wires[2]);
    }
    priorities();
    ipis(cells(node, "quoin,ipi-interrupts", 4));
}
