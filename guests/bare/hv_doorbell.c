/* SPDX-License-Identifier: MIT
 * Doorbells (ePAPR 1.1 §7.6), by the tree: "own" rings here; "pair" rings another guest, where one waits at the other end.
 * bootargs: "store" sends "own" by stores, without a hypercall;
 * "ping" rings the other and waits for the answer, ROUNDS times, then until nobody is there; "pong" answers.  On either
 * interrupt controller. */
#include "hcall_guest.h"
#include "mpic_regs.h"

enum { ROUNDS = 1000 };

PROBE(spin_enough, "mtctr 3; 1: bdnz 1b");

/* Both ends of one doorbell; handles 0xffffffff: no such end. */
typedef struct {
    uint32_t send, receive;
    uint32_t interrupt, sense;
    uint64_t store; /* where a store of `send` rings; 0: nowhere */
} Doorbell;

static bool on_mpic;

static uint32_t ring(uint32_t handle)
{
    return call_EV_DOORBELL_SEND(&handle, NULL);
}

static bool labelled(int node, const char *label)
{
    const char *p = fdt_property(node, "label", NULL);

    return p && !strcmp(p, label);
}

static uint32_t cell(int node, const char *property, unsigned i)
{
    uint32_t length;
    const uint32_t *p = fdt_property(node, property, &length);

    return p && length >= 4 * (i + 1) ? p[i] : 0xffffffff;
}

static bool find(const char *label, Doorbell *d)
{
    bool found = false;

    *d = (Doorbell){0xffffffff, 0xffffffff, 0, 0, 0};
    for (int n = -1; (n = fdt_next_with(n, "compatible", "epapr,hv-send-doorbell")) >= 0;)
        if (labelled(n, label)) {
            d->send = cell(n, "hv-handle", 0);
            if (fdt_property(n, "quoin,store", NULL))
                d->store = (uint64_t)cell(n, "quoin,store", 0) << 32 | cell(n, "quoin,store", 1);
        }
    for (int n = -1; (n = fdt_next_with(n, "compatible", "epapr,hv-receive-doorbell")) >= 0;) {
        if (!labelled(n, label))
            continue;
        found = true;
        d->receive = cell(n, "hv-handle", 0);
        d->interrupt = cell(n, "interrupts", 0);
        d->sense = cell(n, "interrupts", 1);
    }
    return found && d->send != 0xffffffff;
}

static void unmask(const Doorbell *d)
{
    if (on_mpic) {
        io_write32(MPIC_GCR, GCR_MIXED);
        io_write32(MPIC_CTPR, 0);
        io_write32(MPIC_IDR(d->interrupt), 1);
        io_write32(MPIC_IVPR(d->interrupt), VPR_P | VPR(8, d->interrupt));
    } else {
        call_EV_INT_SET_MASK((const uint32_t[2]){d->interrupt, 0}, NULL);
    }
}

/* The interrupt that comes, dealt with; 0: none. */
static uint32_t taken(uint32_t spins)
{
    Trap t = trap_run(spin_enough, MSR_EE, spins, 0, 0, 0);
    uint32_t n = t.epr;

    if (t.vector != VEC_EXTERNAL)
        return 0;
    if (on_mpic) {
        n = io_read32(MPIC_IACK);
        io_write32(MPIC_EOI, 0);
        return n;
    }
    call_EV_INT_EOI(&n, NULL);
    return n;
}

static uint32_t wait_for(void)
{
    uint32_t n;

    while (!(n = taken(200000000)))
        ;
    return n;
}

static void own(void)
{
    Doorbell d;

    report("a doorbell with both ends", find("own", &d));
    report("its interrupt is an edge", on_mpic ? d.sense == 0 || d.sense == 3 : !(d.sense & 2));
    report("each end has a handle", d.send != d.receive && d.receive != 0xffffffff);
    report_eq("sent while masked", ring(d.send), EV_SUCCESS);
    report_eq("nothing comes", taken(1000), 0);
    unmask(&d);
    report_eq("unmasked: it comes", wait_for(), d.interrupt);
    report_eq("once", taken(1000), 0);
    report_eq("sent again", ring(d.send), EV_SUCCESS);
    report_eq("and again before it is taken", ring(d.send), EV_SUCCESS);
    report_eq("both are one interrupt", wait_for(), d.interrupt);
    report_eq("not two", taken(1000), 0);
    report_eq("the receiving end sends nothing", ring(d.receive), EV_EINVAL);
    report_eq("nor does a handle of nobody", ring(0xfffe), EV_EINVAL);
    report_eq("nor does handle 0", ring(0), EV_EINVAL);
    report_eq("and no interrupt came of it", taken(1000), 0);
}

static void by_store(void)
{
    Doorbell d;

    report("a doorbell with both ends", find("own", &d));
    report("it is sent by a store", d.store != 0);
    tlb1_map(5, TEST_EA | MAS2_I | MAS2_G, d.store & ~0xfffull, 1, 0x3f);
    const uint32_t page = TEST_EA + ((uint32_t)d.store & 0xfff);
    report_eq("the register reads 0", io_read32(page), 0);
    io_write32(page, d.send);
    report_eq("sent while masked: nothing comes", taken(1000), 0);
    unmask(&d);
    report_eq("unmasked: it comes", wait_for(), d.interrupt);
    report_eq("once", taken(1000), 0);
    io_write32(page, d.send);
    report_eq("sent again: it comes again", wait_for(), d.interrupt);
    io_write32(page, d.receive);
    io_write32(page, 0xfffe);
    io_write32(page, 0);
    report_eq("other handles ring nothing", taken(1000), 0);
}

static void ping(void)
{
    Doorbell d;
    unsigned n, sent = 0;

    report("a doorbell with both ends", find("pair", &d));
    unmask(&d);
    for (n = 0; n < ROUNDS; n++) {
        sent += ring(d.send) == EV_SUCCESS;
        if (wait_for() != d.interrupt)
            break;
    }
    report_eq("every ring was sent", sent, ROUNDS);
    report_eq("and every one answered", n, ROUNDS);
    while (ring(d.send) != EV_CONFIG)
        ;
    report("nobody is at the other end any more: EV_CONFIG", true);
}

static void pong(void)
{
    Doorbell d;
    unsigned n, sent = 0;

    report("a doorbell with both ends", find("pair", &d));
    unmask(&d);
    for (n = 0; n < ROUNDS && wait_for() == d.interrupt; n++)
        sent += ring(d.send) == EV_SUCCESS;
    report_eq("every ring came", n, ROUNDS);
    report_eq("and every answer was sent", sent, ROUNDS);
}

void guest_main(void)
{
    on_mpic = board_has("/soc");
    if (told_to("ping"))
        ping();
    else if (told_to("pong"))
        pong();
    else if (told_to("store"))
        by_store();
    else
        own();
}
