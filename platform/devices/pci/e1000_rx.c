/* SPDX-License-Identifier: MIT
 *
 * Reception (§3.2): which frames are for us, and where in the ring of descriptors they go.
 */
#include "platform/devices/pci/e1000_priv.h"

#include <string.h>

#include "cpu/log.h"
#include "platform/net/checksum.h"

enum { FCS = 4, FRAME_MIN = 60, FRAME_LONG = 1522, FRAME_MAX = 16384, TAG = 4, PIECES_MAX = 64 };
enum {
    STATUS_DD = 0x01,
    STATUS_EOP = 0x02,
    STATUS_IXSM = 0x04,
    STATUS_VP = 0x08,
    STATUS_TCPCS = 0x20,
    STATUS_IPCS = 0x40,
    STATUS_PIF = 0x80,
    ERROR_TCPE = 0x2000,
    ERROR_IPE = 0x4000,
};

/* --- addresses (§3.2.1, §13.5) */

static bool is_station(const E1000 *e, const uint8_t *to)
{
    enum { STATIONS = 16 };
    uint32_t low = (uint32_t)to[3] << 24 | (uint32_t)to[2] << 16 | (uint32_t)to[1] << 8 | to[0],
             high = (uint32_t)(to[5] << 8 | to[4]);
    for (unsigned i = 0; i < STATIONS; i++)
        if ((REG(e, RA + 8 * i + 4) & RAH_AV) && REG(e, RA + 8 * i) == low && (REG(e, RA + 8 * i + 4) & 0xffff) == high)
            return true;
    return false;
}

/* The upper bits of an address are the index: which 12 of the last 16, RCTL says. */
static bool in_table(const E1000 *e, const uint8_t *to)
{
    static const uint8_t shift[] = {4, 3, 2, 0};
    unsigned index = (unsigned)(to[5] << 8 | to[4]) >> shift[REG(e, RCTL) >> 12 & 3] & 0xfff;
    return REG(e, MTA + 4 * (index >> 5)) >> (index & 31) & 1;
}

static bool is_tagged(const E1000 *e, const uint8_t *frame, size_t length)
{
    return length >= NET_HEADER + TAG && (unsigned)(frame[12] << 8 | frame[13]) == (REG(e, VET) & 0xffff);
}

static bool accepts(const E1000 *e, const uint8_t *frame, size_t length)
{
    static const uint8_t broadcast[NET_MAC_SIZE] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    uint32_t rctl = REG(e, RCTL);
    if ((rctl & RCTL_VFE) && is_tagged(e, frame, length)) {
        unsigned id = (unsigned)(frame[14] << 8 | frame[15]) & 0xfff;
        if (!(REG(e, VFTA + 4 * (id >> 5)) >> (id & 31) & 1))
            return false;
    }
    if (frame[0] & 1)
        return (rctl & RCTL_MPE) || (!memcmp(frame, broadcast, NET_MAC_SIZE) && (rctl & RCTL_BAM)) || is_station(e, frame) ||
               in_table(e, frame);
    return (rctl & RCTL_UPE) || is_station(e, frame);
}

/* --- descriptors */

static size_t buffer_size(const E1000 *e)
{
    unsigned size = REG(e, RCTL) >> 16 & 3;
    return REG(e, RCTL) & RCTL_BSEX && size ? 32768u >> size : 2048u >> size;
}

/* Status and errors of the last descriptor: what RXCSUM has us check. */
static uint32_t verdict(const E1000 *e, const uint8_t *frame, size_t length)
{
    NetHeaders h = net_headers(frame, length);
    uint32_t status = 0;
    if (h.version == 4 && (REG(e, RXCSUM) & RXCSUM_IPOFL))
        status |= STATUS_IPCS | (net_ip_is_right(frame, &h) ? 0 : ERROR_IPE);
    if (h.l4 && (h.protocol == NET_PROTOCOL_TCP || h.protocol == NET_PROTOCOL_UDP) && (REG(e, RXCSUM) & RXCSUM_TUOFL))
        status |= STATUS_TCPCS | (net_l4_is_right(frame, &h) ? 0 : ERROR_TCPE);
    return status ? status : STATUS_IXSM;
}

/* The frame as it goes into buffers: without a tag that is told of elsewhere, padded, with an FCS unless that is stripped. */
static size_t build(E1000 *e, const uint8_t *frame, size_t length, bool untag)
{
    enum { ADDRESSES = 2 * NET_MAC_SIZE };
    uint8_t *f = e->frame;
    size_t skip = untag ? TAG : 0;
    memcpy(f, frame, ADDRESSES);
    memcpy(f + ADDRESSES, frame + ADDRESSES + skip, length - ADDRESSES - skip);
    length -= skip;
    if (length < FRAME_MIN) {
        memset(f + length, 0, FRAME_MIN - length);
        length = FRAME_MIN;
    }
    if (REG(e, RCTL) & RCTL_SECRC)
        return length;
    memset(f + length, 0, FCS); /* drivers cut it off unseen */
    return length + FCS;
}

/* One descriptor and its buffer; false: they are not RAM. */
static bool fill(E1000 *e, uint32_t index, const uint8_t *data, size_t size, uint32_t status)
{
    uint64_t at = e1000_descriptor(e, RDBAL, index), buffer;
    if (!dma_read(&e->pci.dma, at, &buffer, sizeof(buffer)))
        return false;
    bool ok = dma_write(&e->pci.dma, GUINT64_FROM_LE(buffer), data, size);
    return e1000_store(e, at + 8, (uint32_t)size) && e1000_store(e, at + 12, status) && ok;
}

bool e1000_receive(void *e1000, const uint8_t *frame, size_t length)
{
    E1000 *e = e1000;
    uint32_t ring = e1000_ring(e, RDLEN), head = REG(e, RDH), tail = REG(e, RDT);
    if (!(REG(e, RCTL) & RCTL_EN) || !e1000_link(e) || head >= ring || tail >= ring || !accepts(e, frame, length))
        return true;
    if (length + FCS > (REG(e, RCTL) & RCTL_LPE ? FRAME_MAX : FRAME_LONG)) {
        REG(e, ROC)++;
        return true;
    }
    bool tagged = (REG(e, CTRL) & CTRL_VME) && is_tagged(e, frame, length);
    size_t size = buffer_size(e), whole = build(e, frame, length, tagged), n = (whole + size - 1) / size;
    uint32_t there = (tail + ring - head) % ring;
    if (n > there)
        return n > ring - 1; /* a ring that will never have so many loses it; another one is waited for */
    uint32_t last = STATUS_EOP | (frame[0] & 1 ? STATUS_PIF : 0) | verdict(e, frame, length) |
                    (tagged ? STATUS_VP | (uint32_t)(frame[14] << 8 | frame[15]) << 16 : 0);
    for (size_t i = 0; i < n; i++) {
        size_t part = MIN(size, whole - i * size);
        if (!fill(e, (uint32_t)((head + i) % ring), e->frame + i * size, part, STATUS_DD | (i + 1 == n ? last : 0)))
            LOG(LOG_GUEST_ERRORS, "%s: receive ring: a descriptor or buffer that is not RAM", e->pci.dev.id);
    }
    REG(e, RDH) = (uint32_t)((head + n) % ring);
    e1000_count(e, true, frame, length);
    uint32_t low = ring >> (1 + (REG(e, RCTL) >> 8 & 3));
    e1000_cause(e, ICR_RXT0 | (there - n <= low ? ICR_RXDMT0 : 0));
    return true;
}
