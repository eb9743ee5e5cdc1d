/* SPDX-License-Identifier: MIT
 * EV_DOORBELL_SEND: on the first doorbell that the guest may send; where both of its ends are here and the controller is the
 * hypervisor's, what it sends must come. */
#include "suite.h"

#define NONE 0x7ffffff0u

PROBE(doorbell_spin, "mtctr 3; 1: bdnz 1b");

static bool same_label(int one, int other)
{
    const char *a = fdt_property(one, "label", NULL), *b = fdt_property(other, "label", NULL);

    return a && b && !strcmp(a, b);
}

static int receiving_end(int sending)
{
    int node = -1;

    while ((node = fdt_next_with(node, "compatible", "epapr,hv-receive-doorbell")) >= 0)
        if (same_label(sending, node))
            break;
    return node;
}

/* The doorbell was sent: its interrupt. */
static void comes(uint32_t n)
{
    bool proxy = fdt_property(fdt_next_with(-1, "compatible", "epapr,hv-pic"), "has-external-proxy", NULL);
    uint32_t out[8] = {0};

    ask(CALL_EV_INT_SET_MASK, IN(n, 0), NULL);
    Trap t = trap_run(doorbell_spin, MSR_EE, 200000000, 0, 0, 0);
    if (!proxy)
        ask(CALL_EV_INT_IACK, IN(0), out);
    check(CALL_EV_DOORBELL_SEND, VALID, "its interrupt comes", t.vector == VEC_EXTERNAL && (proxy ? t.epr : out[0]) == n);
    ask(CALL_EV_INT_EOI, IN(n), NULL);
    ask(CALL_EV_INT_SET_MASK, IN(n, 1), NULL);
}

void check_doorbells(void)
{
    int sending = fdt_next_with(-1, "compatible", "epapr,hv-send-doorbell"), receiving = receiving_end(sending);
    const uint32_t *send = cells(sending, "hv-handle", 1), *receive = cells(receiving, "hv-handle", 1);
    const uint32_t *interrupt = cells(receiving, "interrupts", 2);

    if (sending < 0)
        return;
    check(CALL_EV_DOORBELL_SEND, VALID, "the node has a handle", send != NULL);
    if (send && succeeds(CALL_EV_DOORBELL_SEND, "a doorbell", IN(*send), NULL) && interrupt && promised(CALL_EV_INT_SET_MASK))
        comes(interrupt[0]);
    if (receive)
        fails(CALL_EV_DOORBELL_SEND, "the receiving end", IN(*receive), EV_EINVAL);
    fails(CALL_EV_DOORBELL_SEND, "a handle that is none", IN(NONE), EV_EINVAL);
}
