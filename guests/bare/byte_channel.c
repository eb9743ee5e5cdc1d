/* SPDX-License-Identifier: MIT
 * Byte channels: their nodes, statuses, registers and interrupts.  ePAPR 1.1 §7.5.  The first channel takes all and gives
 * nothing; the second gives a text that begins with "MIT License". */
#include "hcall_guest.h"
#include "mpic_regs.h"

PROBE(spin_enough, "mtctr 3; 1: bdnz 1b");

typedef struct {
    int node;
    uint32_t handle, rx, tx; /* rx, tx: sources of the controller */
} Channel;

static Channel channels[2];
static unsigned n_channels;

static void find_channels(void)
{
    for (int node = -1; (node = fdt_next_with(node, "compatible", "epapr,hv-byte-channel")) >= 0;) {
        uint32_t size = 0;
        const uint32_t *handle = fdt_property(node, "hv-handle", NULL);
        const uint32_t *interrupts = fdt_property(node, "interrupts", &size);
        if (n_channels < 2 && handle && interrupts && size == 16)
            channels[n_channels] = (Channel){node, *handle, interrupts[0], interrupts[2]};
        n_channels++;
    }
}

static void nodes(void)
{
    const char *label = fdt_property(channels[1].node, "label", NULL);
    const uint32_t *reg = fdt_property(channels[1].node, "reg", NULL);

    report_eq("two channels", n_channels, 2);
    report_eq("the first has handle 0", channels[0].handle, 0);
    report("the other has another", channels[1].handle != 0);
    report("reg is the handle", reg && *reg == channels[1].handle);
    report("no label without a name", !fdt_property(channels[0].node, "label", NULL));
    report("a label with one", label && !strcmp(label, "text"));
}

static uint32_t send(uint32_t handle, uint32_t count, uint32_t out[8])
{
    uint32_t args[6] = {handle, count, 0x61626364, 0x65666768, 0x696a6b6c, 0x6d6e6f0a};

    return call_EV_BYTE_CHANNEL_SEND(args, out);
}

static uint32_t receive(uint32_t handle, uint32_t count, uint32_t out[8])
{
    uint32_t args[2] = {handle, count};

    return call_EV_BYTE_CHANNEL_RECEIVE(args, out);
}

static uint32_t poll(uint32_t handle, uint32_t out[8])
{
    return call_EV_BYTE_CHANNEL_POLL(&handle, out);
}

static void sending(void)
{
    uint32_t out[8], handle = channels[0].handle;

    report_eq("send 16", send(handle, 16, out), EV_SUCCESS);
    report_eq("send 16: all accepted", out[0], 16);
    report("send keeps r5 to r11",
           out[1] == 0x61626364 && out[4] == 0x6d6e6f0a && out[5] == 0 && out[6] == 0 && out[7] == TOKEN_EV_BYTE_CHANNEL_SEND);
    report_eq("send 1", send(handle, 1, out), EV_SUCCESS);
    report_eq("send 1: accepted", out[0], 1);
    report_eq("send 0", send(handle, 0, out), EV_SUCCESS);
    report_eq("send 0: none accepted", out[0], 0);
    report_eq("send 17 is invalid", send(handle, 17, out), EV_EINVAL);
    report_eq("send 2^32 - 1 is invalid", send(handle, 0xffffffff, out), EV_EINVAL);
    report_eq("poll", poll(handle, out), EV_SUCCESS);
    report_eq("poll: nothing to receive", out[0], 0);
    report("poll: room to send", out[1] >= 16);
}

static void bad_handles(void)
{
    static const uint32_t bad[] = {2, 0x7fffffff, 0xffffffff};
    uint32_t out[8];
    bool sends = true, receives = true, polls = true;

    for (unsigned i = 0; i < 3; i++) {
        sends &= send(bad[i], 16, out) == EV_EINVAL;
        receives &= receive(bad[i], 16, out) == EV_EINVAL;
        polls &= poll(bad[i], out) == EV_EINVAL;
    }
    report("send: a bad handle is invalid", sends);
    report("receive: a bad handle is invalid", receives);
    report("poll: a bad handle is invalid", polls);
}

static void unmask(uint32_t source, uint32_t vector)
{
    io_write32(MPIC_IDR(source), 1);
    io_write32(MPIC_IVPR(source), VPR(5, vector) | VPR_S | VPR_P);
}

static void mask(uint32_t source)
{
    io_write32(MPIC_IVPR(source), VPR_MSK);
}

static uint32_t soon(void)
{
    return trap_run(spin_enough, MSR_EE, 1000, 0, 0, 0).vector;
}

/* Vector of the interrupt that comes, or is there. */
static uint32_t taken(void)
{
    return trap_run(spin_enough, MSR_EE, 2000000000, 0, 0, 0).vector == VEC_EXTERNAL ? io_read32(MPIC_IACK) : 0xdead;
}

static void eoi(void)
{
    io_write32(MPIC_EOI, 0);
}

static void interrupts(void)
{
    uint32_t out[8], handle = channels[1].handle;

    io_write32(MPIC_GCR, GCR_MIXED);
    io_write32(MPIC_CTPR, 0);
    report_eq("all masked: no interrupt", soon(), TRAP_NONE);
    unmask(channels[0].rx, 0x20);
    report_eq("nothing to receive: no interrupt", soon(), TRAP_NONE);
    unmask(channels[0].tx, 0x21);
    report_eq("room to send: the transmit interrupt", taken(), 0x21);
    eoi();
    report_eq("it is a level", taken(), 0x21);
    mask(channels[0].tx);
    eoi();
    report_eq("masked: no more", soon(), TRAP_NONE);

    unmask(channels[1].rx, 0x22);
    report_eq("bytes to receive: the receive interrupt", taken(), 0x22);
    eoi();
    report_eq("receive 0", receive(handle, 0, out), EV_SUCCESS);
    report_eq("receive 0: none", out[0], 0);
    report_eq("still bytes: again", taken(), 0x22);
    eoi();
    report_eq("receive 3", receive(handle, 3, out), EV_SUCCESS);
    report("receive 3: bytes in order, the rest zero",
           out[0] == 3 && out[1] == 0x4d495400 && out[2] == 0 && out[3] == 0 && out[4] == 0);
    report("receive keeps r9 to r11", out[5] == 0 && out[6] == 0 && out[7] == TOKEN_EV_BYTE_CHANNEL_RECEIVE);
    report_eq("receive 1000", receive(handle, 1000, out), EV_SUCCESS);
    report("receive 1000: sixteen at most", out[0] == 16 && out[1] == 0x204c6963 && out[2] == 0x656e7365);
    report_eq("poll the second", poll(handle, out), EV_SUCCESS);
    report("poll the second: more", out[0] > 100);
    do
        receive(handle, 16, out);
    while (out[0]);
    report_eq("emptied: no interrupt", soon(), TRAP_NONE);
    poll(handle, out);
    report_eq("emptied: poll", out[0], 0);
    mask(channels[0].rx);
    mask(channels[1].rx);
}

void guest_main(void)
{
    find_channels();
    nodes();
    sending();
    bad_handles();
    interrupts();
}
