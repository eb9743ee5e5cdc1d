/* SPDX-License-Identifier: MIT
 *
 * Reception: which frames are for us, and where in the ring of buffer descriptors they go.
 */
#include "platform/devices/platform/etsec_priv.h"

#include <string.h>

#include "cpu/log.h"
#include "platform/net/checksum.h"

enum { PIECES_MAX = 256 };

/* Of the RxFCB's first 16 bits (§14.6.4.3). */
enum {
    FCB_VLN = 0x8000,
    FCB_IP = 0x4000,
    FCB_IP6 = 0x2000,
    FCB_TUP = 0x1000,
    FCB_CIP = 0x0800,
    FCB_CTU = 0x0400,
    FCB_EIP = 0x0200,
    FCB_ETU = 0x0100
};

/* --- addresses */

/* The CRC-32 of Ethernet over an address, its most significant bit first, as the hash tables are indexed by (§14.6.3.3). */
static uint32_t hash(const uint8_t *address)
{
    uint32_t crc = 0xffffffff;
    for (unsigned i = 0; i < NET_MAC_SIZE; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            bool one = (crc >> 31) ^ (address[i] >> bit & 1);
            crc = crc << 1 ^ (one ? 0x04c11db7 : 0);
        }
    return crc;
}

static bool is_station(const Etsec *e, unsigned offset, const uint8_t *to)
{
    uint32_t low = REG(e, offset), high = REG(e, offset + 4);
    const uint8_t mac[NET_MAC_SIZE] = {(uint8_t)(high >> 16), (uint8_t)(high >> 24), (uint8_t)low,
                                       (uint8_t)(low >> 8),   (uint8_t)(low >> 16),  (uint8_t)(low >> 24)};
    return !memcmp(mac, to, NET_MAC_SIZE);
}

/* 256 entries for groups and 256 for stations; with GHTX all 512 for groups. */
static bool in_hash_table(const Etsec *e, const uint8_t *to)
{
    bool group = to[0] & 1, extended = REG(e, RCTRL) & RCTRL_GHTX;
    if (!group && extended)
        return false;
    unsigned index = hash(to) >> (extended ? 23 : 24), word = index / 32;
    unsigned offset = extended ? (word < 8 ? IGADDR0 + 4 * word : GADDR0 + 4 * (word - 8)) : (group ? GADDR0 : IGADDR0) + 4 * word;
    return REG(e, offset) >> (31 - index % 32) & 1;
}

bool etsec_filter(const Etsec *e, const uint8_t *to, bool *missed)
{
    enum { EXACT = 15 };
    static const uint8_t broadcast[NET_MAC_SIZE] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    *missed = false;
    if (!memcmp(to, broadcast, NET_MAC_SIZE) && !(REG(e, RCTRL) & RCTRL_BC_REJ))
        return true;
    if (is_station(e, MACSTNADDR1, to) || in_hash_table(e, to))
        return true;
    for (unsigned i = 0; (REG(e, RCTRL) & RCTRL_EMEN) && i < EXACT; i++)
        if (is_station(e, MAC01ADDR1 + 8 * i, to))
            return true;
    *missed = true;
    return REG(e, RCTRL) & RCTRL_PROM;
}

/* --- statistics (§14.5.3.7) */

void etsec_count(Etsec *e, unsigned octets, unsigned packets, size_t length, const uint8_t *to)
{
    static const size_t upto[] = {64, 127, 255, 511, 1023, 1518, 1522};
    enum { MULTICAST = TMCA - TPKT, RX_MULTICAST = RMCA - RPKT };
    unsigned class = 0, group = packets + (packets == TPKT ? MULTICAST : RX_MULTICAST);
    while (class + 1 < G_N_ELEMENTS(upto) && length > upto[class])
        class ++;
    REG(e, TR64 + 4 * class)++;
    REG(e, octets) += (uint32_t)length;
    REG(e, packets)++;
    if (to[0] == 0xff)
        REG(e, group + 4)++; /* broadcast is the next one */
    else if (to[0] & 1)
        REG(e, group)++;
}

/* --- frames */

static void put16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

/* What the parser found, as far as RCTRL has it look: PRSDEP says up to which layer. */
static unsigned parse(const Etsec *e, const uint8_t *frame, size_t length)
{
    NetHeaders h = net_headers(frame, length);
    unsigned depth = (REG(e, RCTRL) & RCTRL_PRSDEP) >> 6, flags = 0;
    bool is_l4 = h.l4 && (h.protocol == NET_PROTOCOL_TCP || h.protocol == NET_PROTOCOL_UDP);
    if (depth < 2 || !h.version)
        return 0;
    flags |= FCB_IP | (h.version == 6 ? FCB_IP6 : 0);
    if (h.version == 4 && (REG(e, RCTRL) & RCTRL_IPCSEN))
        flags |= FCB_CIP | (net_ip_is_right(frame, &h) ? 0 : FCB_EIP);
    if (depth < 3 || !is_l4)
        return flags;
    flags |= FCB_TUP;
    if (REG(e, RCTRL) & RCTRL_TUCSEN)
        flags |= FCB_CTU | (net_l4_is_right(frame, &h) ? 0 : FCB_ETU);
    return flags;
}

/* FCB, padding, frame and FCS, as they go into the buffers; the length. */
static size_t build(Etsec *e, const uint8_t *frame, size_t length)
{
    enum { ADDRESSES = 2 * NET_MAC_SIZE, TAG = 4 };
    uint8_t *at = e->frame;
    size_t pal = REG(e, RCTRL) >> RCTRL_PAL_SHIFT & 0x1f;
    bool tagged = (REG(e, RCTRL) & RCTRL_VLEX) && length >= NET_HEADER + TAG && frame[12] == 0x81 && frame[13] == 0x00;
    if (REG(e, RCTRL) & RCTRL_PRSDEP) {
        memset(at, 0, FCB_SIZE);
        put16(at, parse(e, frame, length) | (tagged ? FCB_VLN : 0));
        if (tagged)
            memcpy(at + 6, frame + 14, 2);
        at += FCB_SIZE;
    } else {
        tagged = false; /* there is nowhere to put the tag */
    }
    memset(at, 0, pal);
    at += pal;
    memcpy(at, frame, ADDRESSES);
    memcpy(at + ADDRESSES, frame + ADDRESSES + (tagged ? TAG : 0), length - ADDRESSES - (tagged ? TAG : 0));
    at += length - (tagged ? TAG : 0);
    if (length < FRAME_MIN) {
        memset(at, 0, FRAME_MIN - length);
        at += FRAME_MIN - length;
    }
    memset(at, 0, FCS_SIZE); /* drivers cut it off unseen */
    return (size_t)(at + FCS_SIZE - e->frame);
}

static void halt(Etsec *e, uint32_t event)
{
    REG(e, RSTAT) |= RSTAT_QHLT0;
    etsec_event(e, event);
}

typedef struct RxBd {
    uint64_t at, buffer; /* gpa */
    uint32_t status;     /* the upper 16 bits of its first word */
} RxBd;

/* The descriptors of n buffers, all of them empty.  False: there are none now, or no RAM, and reception has halted. */
static bool find_buffers(Etsec *e, RxBd *bd, unsigned n, size_t size)
{
    const Memory *memory = e->dma.memory;
    uint32_t pointer = REG(e, RBPTR0);
    for (unsigned i = 0; i < n; i++) {
        bd[i].at = (uint64_t)(REG(e, RBASEH) & 0xf) << 32 | pointer;
        if (!memory_contains(memory, bd[i].at, BD_SIZE)) {
            halt(e, IEVENT_EBERR);
            return false;
        }
        bd[i].status = memory_load32(memory, bd[i].at) >> 16;
        bd[i].buffer = (uint64_t)(REG(e, RBDBPH) & 0xf) << 32 | memory_load32(memory, bd[i].at + 4);
        if (!(bd[i].status & BD_FULL)) {
            halt(e, IEVENT_BSY);
            return false;
        }
        if (!memory_contains(memory, bd[i].buffer, size)) {
            halt(e, IEVENT_EBERR);
            return false;
        }
        pointer = bd[i].status & BD_WRAP ? REG(e, RBASE0) : pointer + BD_SIZE;
    }
    REG(e, RBPTR0) = pointer;
    return true;
}

static void fill_buffers(Etsec *e, const RxBd *bd, unsigned n, size_t size, size_t length, uint32_t flags)
{
    uint32_t events = 0;
    for (unsigned i = 0; i < n; i++) {
        bool last = i + 1 == n;
        size_t part = last ? length - i * size : size;
        uint32_t status = (bd[i].status & (BD_WRAP | BD_INTERRUPT)) | (i ? 0 : RXBD_FIRST) | (last ? BD_LAST | flags : 0);
        dma_write(&e->dma, bd[i].buffer, e->frame + i * size, part);
        memory_store32(e->dma.memory, bd[i].at, status << 16 | (uint32_t)(last ? length : part));
        if (bd[i].status & BD_INTERRUPT)
            events |= last ? IEVENT_RXF : IEVENT_RXB;
    }
    if (events & IEVENT_RXF)
        REG(e, RSTAT) |= RSTAT_RXF0;
    if (events)
        etsec_event(e, events);
}

bool etsec_receive(void *etsec, const uint8_t *frame, size_t length)
{
    Etsec *e = etsec;
    RxBd bd[PIECES_MAX];
    size_t size = REG(e, MRBLR) & 0xffc0, whole;
    bool missed;
    if (!(REG(e, MACCFG1) & MACCFG1_RX_EN) || !(REG(e, RQUEUE) & RQUEUE_EN0) || (REG(e, DMACTRL) & DMACTRL_GRS) || !size)
        return true;
    if (REG(e, RSTAT) & RSTAT_QHLT0)
        return false;
    if (!etsec_filter(e, frame, &missed))
        return true;
    if (length + FCS_SIZE > (REG(e, MAXFRM) & 0xffff) && !(REG(e, MACCFG2) & MACCFG2_HUGE)) {
        REG(e, RFLR)++;
        return true;
    }
    whole = build(e, frame, length);
    unsigned n = (unsigned)((whole + size - 1) / size);
    if (n > PIECES_MAX || whole > 0xffff) {
        REG(e, RDRP)++;
        return true;
    }
    if (!find_buffers(e, bd, n, size))
        return false;
    etsec_count(e, RBYT, RPKT, length + FCS_SIZE, frame);
    uint32_t flags = (missed ? RXBD_MISS : 0) | (frame[0] == 0xff ? RXBD_BROADCAST : frame[0] & 1 ? RXBD_MULTICAST : 0);
    fill_buffers(e, bd, n, size, whole, flags);
    return true;
}
