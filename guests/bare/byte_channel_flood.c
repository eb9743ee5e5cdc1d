/* SPDX-License-Identifier: MIT
 * Outruns its host: as many bytes each way through the first byte channel as the command line says (-append), of a pattern that
 * both sides check.  tests/bytechan/run is the host; GO lines wait for a byte of it on the serial port. */
#include "hcall_guest.h"
#include "mpic_regs.h"

#define MAGIC 0xb7e5c0de

static uint32_t handle, rx_source, tx_source;
static uint32_t short_sends, refused, waits;

/* The pattern: 32-bit big-endian numbers, 0, 1, 2 ...; `at` counts bytes. */
static uint32_t word_at(uint32_t at)
{
    uint32_t n = at / 4, shift = at % 4 * 8;

    return shift ? n << shift | (n + 1) >> (32 - shift) : n;
}

/* Mostly sixteen; now and then another count, so that every alignment comes. */
static uint32_t next_count(uint32_t *turn)
{
    uint32_t n = ++*turn;

    return n % 64 ? 16 : 1 + n / 64 % 16;
}

static volatile bool woken;

static void on_external(TrapFrame *frame)
{
    uint32_t source = io_read32(MPIC_IACK);

    io_write32(MPIC_IVPR(source), VPR_MSK);
    io_write32(MPIC_EOI, 0);
    woken = true;
}

static void wait_for(uint32_t source)
{
    waits++;
    woken = false;
    io_write32(MPIC_IVPR(source), VPR(5, source) | VPR_S | VPR_P);
    mtmsr(mfmsr() | MSR_EE);
    while (!woken)
        ;
    mtmsr(mfmsr() & ~MSR_EE);
}

/* One call; false: the channel is full. */
static bool send_some(uint32_t *at, uint32_t end, uint32_t *turn)
{
    uint32_t count = next_count(turn), out[8];

    if (count > end - *at)
        count = end - *at;
    uint32_t args[6] = {handle, count, word_at(*at), word_at(*at + 4), word_at(*at + 8), word_at(*at + 12)};
    uint32_t status = call_EV_BYTE_CHANNEL_SEND(args, out);

    if (status == EV_SUCCESS ? out[0] == 0 || out[0] > count : status != EV_EAGAIN || out[0])
        report_eq("send: status and count agree", status, EV_SUCCESS);
    short_sends += status == EV_SUCCESS && out[0] < count;
    refused += status == EV_EAGAIN;
    *at += out[0];
    return status == EV_SUCCESS;
}

/* One call; false: there is nothing. */
static bool receive_some(uint32_t *at, uint32_t end, uint32_t *turn, uint32_t *wrong)
{
    uint32_t args[2] = {handle, next_count(turn)}, out[8];

    if (args[1] > end - *at)
        args[1] = end - *at;
    if (call_EV_BYTE_CHANNEL_RECEIVE(args, out) != EV_SUCCESS || out[0] > args[1]) {
        (*wrong)++;
        return false;
    }
    for (uint32_t i = 0; i < out[0]; i += 4) {
        uint32_t left = out[0] - i, ignore = left < 4 ? 0xffffffff >> left * 8 : 0;

        *wrong += ((out[1 + i / 4] ^ word_at(*at + i)) & ~ignore) != 0;
    }
    *at += out[0];
    return out[0] != 0;
}

/* With ",reset" on the command line the machine is reset while the channel is full; what it holds must come all the same. */
static uint32_t resume(void)
{
    if (keep_area[0] != MAGIC)
        return 0;
    keep_area[0] = 0;
    return keep_area[1];
}

static void reset_once(uint32_t at)
{
    keep_area[0] = MAGIC;
    keep_area[1] = at;
    call_KVM_HC_VM_RESET(NULL, NULL);
    report("a reset does not come back", false);
}

static void outrun(uint32_t total, bool resets)
{
    uint32_t at = resume(), turn = 0;
    bool again = at != 0;

    while (at < total && send_some(&at, total, &turn))
        ;
    if (resets && !again)
        reset_once(at);
    report("the host does not read: the channel is full", at < total && refused == 1);
    report_ask("GO read");
    wait_for(tx_source);
    report("there is room: the transmit interrupt", true);
    while (at < total)
        if (!send_some(&at, total, &turn))
            wait_for(tx_source);
    report_eq("all is sent", at, total);
}

static void be_outrun(uint32_t total)
{
    uint32_t at = 0, turn = 0, wrong = 0;

    report_ask("GO write");
    waits = 0;
    while (at < total)
        if (!receive_some(&at, total, &turn, &wrong))
            wait_for(rx_source);
    report_eq("all has come", at, total);
    report_eq("and none of it is wrong", wrong, 0);
}

static void both_ways(uint32_t total)
{
    uint32_t sent = 0, got = 0, turn = 0, wrong = 0;

    report_ask("GO both");
    while (sent < total || got < total) {
        bool moved = sent < total && send_some(&sent, total, &turn);

        moved |= got < total && receive_some(&got, total, &turn, &wrong);
        if (!moved)
            wait_for(got < total ? rx_source : tx_source);
    }
    report_eq("both ways: none of it is wrong", wrong, 0);
}

void guest_main(void)
{
    const char *p = fdt_property(fdt_node("/chosen"), "bootargs", NULL);
    int node = fdt_next_with(-1, "compatible", "epapr,hv-byte-channel");
    const uint32_t *interrupts = fdt_property(node, "interrupts", NULL);
    uint32_t total = 0;
    bool resets;

    for (; p && *p >= '0' && *p <= '9'; p++)
        total = total * 10 + (uint32_t)(*p - '0');
    resets = p && *p == ',';
    handle = *(const uint32_t *)fdt_property(node, "hv-handle", NULL);
    rx_source = interrupts[0];
    tx_source = interrupts[2];
    io_write32(MPIC_GCR, GCR_MIXED);
    io_write32(MPIC_CTPR, 0);
    io_write32(MPIC_IDR(rx_source), 1);
    io_write32(MPIC_IDR(tx_source), 1);
    trap_handle(VEC_EXTERNAL, on_external);
    if (keep_area[0] != MAGIC) {
        report_ask("GO start");
    }
    outrun(total, resets);
    be_outrun(total);
    both_ways(total);
    say("short %u, refused %u, waited %u\n", short_sends, refused, waits);
}
