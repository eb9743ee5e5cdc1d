/* SPDX-License-Identifier: MIT
 *
 * Transmission (§3.3): legacy, context and data descriptors, checksums, TCP segmentation.
 */
#include "platform/devices/pci/e1000_priv.h"

#include <string.h>

#include "cpu/log.h"
#include "platform/net/segment.h"

/* What is done before others get the device lock, and the descriptors of one packet. */
enum { BURST = 512, PIECES_MAX = 256, FRAME_MIN = 60 };

/* Of a descriptor's third word: the command byte, and that of a context (TUCMD) where it differs. */
enum {
    CMD_EOP = 0x01000000,
    CMD_IC = 0x04000000,
    CMD_TSE = 0x04000000,
    CMD_RS = 0x08000000,
    CMD_DEXT = 0x20000000,
    CMD_VLE = 0x40000000,
    TUCMD_TCP = 0x01000000,
    TUCMD_IPV4 = 0x02000000,
    DTYP = 0x00f00000,
    DTYP_DATA = 0x00100000,
    POPTS_IXSM = 0x0100, /* of the fourth word */
    POPTS_TXSM = 0x0200,
    STATUS_DD = 0x01,
};

typedef struct Descriptor {
    uint64_t at; /* bus address */
    uint32_t word[4];
} Descriptor;

static bool is_legacy(const Descriptor *d)
{
    return !(d->word[2] & CMD_DEXT);
}

static bool is_context(const Descriptor *d)
{
    return !is_legacy(d) && (d->word[2] & DTYP) != DTYP_DATA;
}

static bool load(E1000 *e, uint32_t index, Descriptor *d)
{
    d->at = e1000_descriptor(e, TDBAL, index);
    if (!dma_read(&e->pci.dma, d->at, d->word, sizeof(d->word)))
        return false;
    for (unsigned i = 0; i < 4; i++)
        d->word[i] = GUINT32_FROM_LE(d->word[i]);
    return true;
}

static void put16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static unsigned get16(const uint8_t *at)
{
    return (unsigned)(at[0] << 8 | at[1]);
}

/* The sum from `start` up to `end`, or of all where that is 0, goes to `offset`.  They are the guest's: outside of the frame nothing is done. */
static void insert_sum(uint8_t *frame, size_t length, size_t start, size_t offset, size_t end)
{
    size_t stop = end && end + 1 < length ? end + 1 : length;
    if (start < stop && offset + 2 <= length)
        put16(frame + offset, net_checksum(net_sum(0, frame + start, stop - start)));
}

/* As the packet's first descriptor has it: §3.3.3 and §3.5.  popts: of a data descriptor. */
static void insert_sums(const E1000 *e, const Descriptor *first, const uint32_t *context, uint8_t *frame, size_t length)
{
    const uint32_t ip = context[0], tu = context[1];
    if (is_legacy(first)) {
        if (first->word[2] & CMD_IC)
            insert_sum(frame, length, first->word[3] >> 8 & 0xff, first->word[2] >> 16 & 0xff, 0);
        return;
    }
    if (first->word[3] & POPTS_TXSM)
        insert_sum(frame, length, tu & 0xff, tu >> 8 & 0xff, tu >> 16);
    if (first->word[3] & POPTS_IXSM)
        insert_sum(frame, length, ip & 0xff, ip >> 8 & 0xff, ip >> 16);
}

/* --- frames */

static bool send_frame(E1000 *e, const Descriptor *first, const Descriptor *last, const uint32_t *context, uint8_t *frame,
                       size_t length)
{
    uint8_t tag[4];
    insert_sums(e, first, context, frame, length);
    if ((REG(e, TCTL) & TCTL_PSP) && length < FRAME_MIN) {
        memset(frame + length, 0, FRAME_MIN - length);
        length = FRAME_MIN;
    }
    bool tagged = (last->word[2] & CMD_VLE) && (REG(e, CTRL) & CTRL_VME) && length > NET_HEADER;
    size_t header = tagged ? 2 * NET_MAC_SIZE : 0;
    put16(tag, REG(e, VET) & 0xffff);
    put16(tag + 2, last->word[3] >> 16);
    const struct iovec piece[] = {{frame, header}, {tag, tagged ? sizeof(tag) : 0}, {frame + header, length - header}};
    if (!net_send(e->net, piece, G_N_ELEMENTS(piece)))
        return false;
    if (length >= NET_HEADER)
        e1000_count(e, false, frame, length);
    return true;
}

/* The packet that e->packet has is cut as the context says (§3.5.4).  False: not all of it was sent now; e->segments says how much. */
static bool send_segments(E1000 *e, const Descriptor *first, const Descriptor *last, const uint32_t *context, size_t length)
{
    const NetCut cut = {
        .packet = e->packet,
        .length = length,
        .header = context[3] >> 8 & 0xff,
        .mss = context[3] >> 16,
        .l3 = context[0] & 0xff,
        .l4 = context[1] & 0xff,
        .is_ipv4 = context[2] & TUCMD_IPV4,
        .is_tcp = context[2] & TUCMD_TCP,
    };
    const size_t field = context[1] >> 8 & 0xff;
    if (!cut.mss || cut.header < NET_HEADER || length <= cut.header || cut.header + cut.mss > NET_FRAME_MAX ||
        (length - cut.header) / cut.mss >= E1000_PACKET / 64) {
        LOG(LOG_GUEST_ERRORS, "%s: a packet of %zu bytes cannot be cut: header %zu, MSS %zu", e->pci.dev.id, length, cut.header,
            cut.mss);
        return true;
    }
    for (const size_t count = net_cut_count(&cut); e->segments < count; e->segments++) {
        size_t whole = net_cut_frame(&cut, e->segments, e->frame);
        if (field + 2 <= cut.header && cut.l4 < whole) { /* the driver gives the pseudo-header's sum without a length */
            uint32_t sum = get16(e->frame + field) + (uint32_t)(whole - cut.l4);
            put16(e->frame + field, (sum & 0xffff) + (sum >> 16));
        }
        if (!send_frame(e, first, last, context, e->frame, whole))
            return false;
    }
    REG(e, TSCTC)++;
    return true;
}

/* --- the ring */

/* The packet from TDH on, complete or not: its descriptors, and its bytes in e->packet.  0: it has no end yet. */
static unsigned gather(E1000 *e, Descriptor *d, uint32_t ring, size_t *length, bool *broken)
{
    uint32_t at = REG(e, TDH);
    unsigned n = 0;
    *length = 0;
    *broken = false;
    do {
        if (at == REG(e, TDT))
            return 0;
        if (n == PIECES_MAX || !load(e, at, &d[n])) {
            *broken = true;
            return n;
        }
        size_t size = d[n].word[2] & (is_legacy(&d[n]) ? 0xffff : 0xfffff);
        uint64_t buffer = (uint64_t)d[n].word[1] << 32 | d[n].word[0];
        if (size > E1000_PACKET - *length || !dma_read(&e->pci.dma, buffer, e->packet + *length, size))
            *broken = true;
        else
            *length += size;
        at = at + 1 >= ring ? 0 : at + 1;
    } while (!(d[n++].word[2] & CMD_EOP));
    return n;
}

static uint32_t finish(E1000 *e, const Descriptor *d)
{
    if (!(d->word[2] & CMD_RS))
        return 0;
    e1000_store(e, d->at + 12, d->word[3] | STATUS_DD);
    return ICR_TXDW;
}

static void advance(E1000 *e, uint32_t ring, unsigned n)
{
    REG(e, TDH) = (REG(e, TDH) + n) % ring;
    e->segments = 0;
}

/* The next context or packet; *done counts descriptors.  False: nothing more now. */
static bool take(E1000 *e, uint32_t ring, unsigned *done)
{
    Descriptor d[PIECES_MAX];
    size_t length;
    bool broken;
    uint32_t causes = 0;
    if (REG(e, TDH) == REG(e, TDT) || REG(e, TDH) >= ring || REG(e, TDT) >= ring)
        return false;
    if (load(e, REG(e, TDH), &d[0]) && is_context(&d[0])) {
        memcpy(&e->context[d[0].word[2] & CMD_TSE ? E1000_CONTEXT : 0], d[0].word, sizeof(d[0].word));
        advance(e, ring, 1);
        *done += 1;
        e1000_cause(e, finish(e, &d[0]) | (REG(e, TDH) == REG(e, TDT) ? ICR_TXQE : 0));
        return true;
    }
    unsigned n = gather(e, d, ring, &length, &broken);
    if (n == 0 && !broken)
        return false;
    if (broken) {
        LOG(LOG_GUEST_ERRORS, "%s: transmit ring: a descriptor or buffer that is not RAM, or a packet too long", e->pci.dev.id);
    } else {
        bool cut = !is_legacy(&d[0]) && (d[0].word[2] & CMD_TSE);
        const uint32_t *context = &e->context[cut ? E1000_CONTEXT : 0];
        if (cut ? !send_segments(e, &d[0], &d[n - 1], context, length)
                : !send_frame(e, &d[0], &d[n - 1], context, e->packet, length))
            return false; /* e1000_transmit() is called again when there is room */
    }
    for (unsigned i = 0; i < n; i++)
        causes |= finish(e, &d[i]);
    advance(e, ring, MAX(n, 1u));
    *done += MAX(n, 1u);
    e1000_cause(e, causes | (REG(e, TDH) == REG(e, TDT) ? ICR_TXQE : 0));
    return true;
}

void e1000_transmit(E1000 *e)
{
    uint32_t ring = e1000_ring(e, TDLEN);
    unsigned done = 0;
    if (!(REG(e, TCTL) & TCTL_EN))
        return;
    while (done < BURST && take(e, ring, &done))
        ;
    if (done >= BURST) /* a ring may have more in it, and another vCPU may fill it for ever */
        clock_timer_set(e->again, 0);
}
