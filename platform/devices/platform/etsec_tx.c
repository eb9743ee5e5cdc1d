/* SPDX-License-Identifier: MIT
 *
 * Transmission: a ring of buffer descriptors, frames in pieces, and what TCP and IP leave to the controller.
 */
#include "platform/devices/platform/etsec_priv.h"

#include <string.h>

#include "cpu/log.h"
#include "platform/net/checksum.h"

/* What is done before others get the device lock, and what a frame may come to. */
enum { BURST = 512, PIECES_MAX = 256 };

/* Of the TxFCB's first byte (§14.6.4.2). */
enum {
    FCB_VLN = 0x80,
    FCB_IP = 0x40,
    FCB_IP6 = 0x20,
    FCB_TUP = 0x10,
    FCB_UDP = 0x08,
    FCB_CIP = 0x04,
    FCB_CTU = 0x02,
    FCB_NPH = 0x01
};

typedef struct Bd {
    uint64_t at;     /* gpa */
    uint32_t status; /* the upper 16 bits of its first word, … */
    uint32_t length; /* … and the lower */
    uint64_t buffer; /* gpa */
} Bd;

static bool bd_read(const Etsec *e, uint32_t pointer, Bd *bd)
{
    uint8_t raw[BD_SIZE];
    bd->at = (uint64_t)(REG(e, TBASEH) & 0xf) << 32 | pointer;
    if (!memory_contains(e->dma.memory, bd->at, BD_SIZE) || !dma_read(&e->dma, bd->at, raw, sizeof(raw)))
        return false;
    uint32_t first = memory_load32(e->dma.memory, bd->at);
    bd->status = first >> 16;
    bd->length = first & 0xffff;
    /* The pointer is read after the status that hands it over. */
    bd->buffer = (uint64_t)(REG(e, TBDBPH) & 0xf) << 32 | memory_load32(e->dma.memory, bd->at + 4);
    return true;
}

static uint32_t bd_next(const Etsec *e, uint32_t pointer, const Bd *bd)
{
    return bd->status & BD_WRAP ? REG(e, TBASE0) : pointer + BD_SIZE;
}

static void put16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

/* Fills in the checksums that the frame control block asks for.  Offsets in it are the guest's: what lies outside of the frame is left. */
static void fill_checksums(const Etsec *e, const uint8_t *fcb, uint8_t *frame, size_t length)
{
    size_t l3 = fcb[3], l4 = l3 + fcb[2], checksum = l4 + (fcb[0] & FCB_UDP ? 6 : 16);
    NetHeaders h = net_headers(frame, length);
    if ((fcb[0] & FCB_CIP) && (REG(e, TCTRL) & TCTRL_IPCSEN) && h.version == 4) {
        put16(frame + h.l3 + 10, 0);
        put16(frame + h.l3 + 10, net_checksum(net_sum(0, frame + h.l3, 4u * (frame[h.l3] & 0x0f))));
    }
    if (!(fcb[0] & FCB_CTU) || !(fcb[0] & FCB_TUP) || !(REG(e, TCTRL) & TCTRL_TUCSEN) || checksum + 2 > length)
        return;
    size_t end = h.version && h.end > checksum + 2 ? h.end : length;
    uint32_t sum = (uint32_t)(fcb[4] << 8 | fcb[5]);
    if (!(fcb[0] & FCB_NPH))
        sum = h.version ? net_sum_pseudo(frame, &h, end - l4) : 0;
    put16(frame + checksum, 0);
    uint16_t value = net_checksum(net_sum(sum, frame + l4, end - l4));
    put16(frame + checksum, value || !(fcb[0] & FCB_UDP) ? value : 0xffff); /* RFC 768: 0 would be none */
}

/* Sends what is in e->frame behind an FCB, if there is one.  False: not now. */
static bool send_frame(Etsec *e, const Bd *first, size_t length)
{
    bool toe = first->status & TXBD_TOE;
    uint8_t *fcb = e->frame, *frame = e->frame + (toe ? FCB_SIZE : 0), tag[4];
    bool adds_fcs = (first->status & (TXBD_CRC | TXBD_PAD_CRC)) || (REG(e, MACCFG2) & (MACCFG2_PAD_CRC | MACCFG2_CRC_EN));
    size_t without = (toe ? FCB_SIZE : 0) + (adds_fcs ? 0 : FCS_SIZE), header = 2 * NET_MAC_SIZE;
    if (length < without + NET_HEADER) {
        etsec_event(e, IEVENT_TXE);
        return true;
    }
    length -= without;
    if (toe)
        fill_checksums(e, fcb, frame, length);
    if (((first->status & TXBD_PAD_CRC) || (REG(e, MACCFG2) & MACCFG2_PAD_CRC)) && length < FRAME_MIN) {
        memset(frame + length, 0, FRAME_MIN - length);
        length = FRAME_MIN;
    }
    put16(tag, 0x8100);
    put16(tag + 2, toe && (fcb[0] & FCB_VLN) ? (unsigned)(fcb[6] << 8 | fcb[7]) : REG(e, DFVLAN) & 0xffff);
    bool tagged = (REG(e, TCTRL) & TCTRL_VLINS) && ((toe && (fcb[0] & FCB_VLN)) || (REG(e, DFVLAN) & 0xffff));
    const struct iovec piece[] = {{frame, header}, {tag, tagged ? sizeof(tag) : 0}, {frame + header, length - header}};
    if (!net_send(e->net, piece, G_N_ELEMENTS(piece)))
        return false;
    etsec_count(e, TBYT, TPKT, length + FCS_SIZE, frame);
    return true;
}

static void stop(Etsec *e, uint32_t events)
{
    REG(e, TSTAT) |= TSTAT_THLT0;
    if (events)
        etsec_event(e, events);
}

/* The frame whose first descriptor is this; *n counts descriptors.  False: none is left, or the ring cannot go on now. */
static bool take_frame(Etsec *e, unsigned *n)
{
    uint32_t pointer = REG(e, TBPTR0), events = 0;
    size_t length = 0;
    Bd bd[PIECES_MAX];
    unsigned pieces = 0;
    do {
        Bd *b = &bd[pieces];
        if (pieces == PIECES_MAX || !bd_read(e, pointer, b)) {
            LOG(LOG_GUEST_ERRORS, "%s: transmit ring: %s", e->dev.id, pieces == PIECES_MAX ? "a frame without end" : "not in RAM");
            stop(e, pieces == PIECES_MAX ? IEVENT_TXE : IEVENT_EBERR);
            return false;
        }
        if (!(b->status & BD_FULL)) { /* the end of what there is, be it in the middle of a frame */
            stop(e, 0);
            return false;
        }
        if (length + b->length > NET_FRAME_MAX || !dma_read(&e->dma, b->buffer, e->frame + length, b->length)) {
            LOG(LOG_GUEST_ERRORS, "%s: transmit ring: a buffer that is too long, or not in RAM", e->dev.id);
            stop(e, IEVENT_EBERR);
            return false;
        }
        length += b->length;
        pointer = bd_next(e, pointer, b);
    } while (!(bd[pieces++].status & BD_LAST));
    *n += pieces;
    if (!send_frame(e, &bd[0], length))
        return false; /* etsec_transmit() is called again when there is room */
    for (unsigned i = 0; i < pieces; i++) {
        uint32_t status = bd[i].status & ~(uint32_t)(BD_FULL | TXBD_RESULT);
        memory_store32(e->dma.memory, bd[i].at, status << 16 | bd[i].length);
        if (bd[i].status & BD_INTERRUPT)
            events |= i + 1 == pieces ? IEVENT_TXF : IEVENT_TXB;
    }
    REG(e, TBPTR0) = pointer;
    if (events & IEVENT_TXF)
        REG(e, TSTAT) |= TSTAT_TXF0;
    if (events)
        etsec_event(e, events);
    return true;
}

void etsec_transmit(Etsec *e)
{
    unsigned n = 0;
    if (!(REG(e, MACCFG1) & MACCFG1_TX_EN) || (REG(e, DMACTRL) & DMACTRL_GTS) || !(REG(e, TQUEUE) & TQUEUE_EN0) ||
        (REG(e, TSTAT) & TSTAT_THLT0))
        return;
    while (n < BURST && take_frame(e, &n))
        ;
    if (n >= BURST) /* a ring may have more in it, and another vCPU may fill it for ever */
        clock_timer_set(e->again, 0);
}
