/* SPDX-License-Identifier: MIT */
#include "platform/net/segment.h"

#include <glib.h>
#include <string.h>

/* Offsets in headers of IPv4, IPv6, TCP (RFC 9293) and UDP. */
enum {
    IPV4_LENGTH = 2,
    IPV4_ID = 4,
    IPV4_FLAGS = 6,
    IPV4_SUM = 10,
    IPV4_SIZE = 20,
    IPV6_LENGTH = 4,
    IPV6_SIZE = 40,
    IP_MAX = 65535
};
enum { SEQUENCE = 4, DATA_OFFSET = 12, FLAGS = 13, WINDOW = 14, TCP_SUM = 16, TCP_SIZE = 20, UDP_LENGTH = 4, UDP_SUM = 6 };
enum { FIN = 0x01, PSH = 0x08, ACK = 0x10 };

static unsigned get16(const uint8_t *at)
{
    return (unsigned)(at[0] << 8 | at[1]);
}

static uint32_t get32(const uint8_t *at)
{
    return (uint32_t)get16(at) << 16 | get16(at + 2);
}

static void put16(uint8_t *at, size_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
    put16(at, value >> 16);
    put16(at + 2, value & 0xffff);
}

/* --- cutting */

size_t net_cut_count(const NetCut *cut)
{
    return (cut->length - cut->header + cut->mss - 1) / cut->mss;
}

size_t net_cut_frame(const NetCut *cut, size_t n, uint8_t *frame)
{
    const size_t header = cut->header, from = n * cut->mss, left = cut->length - header - from;
    const size_t size = MIN(left, cut->mss), length = header + size;
    uint8_t *ip = frame + cut->l3, *l4 = frame + cut->l4;
    memcpy(frame, cut->packet, header);
    memcpy(frame + header, cut->packet + header + from, size);
    if (cut->is_ipv4 && cut->l3 + IPV4_FLAGS <= header) {
        put16(ip + IPV4_LENGTH, length - cut->l3);
        put16(ip + IPV4_ID, get16(ip + IPV4_ID) + n);
    } else if (!cut->is_ipv4 && cut->l3 + IPV6_SIZE <= header) {
        put16(ip + IPV6_LENGTH, length - cut->l3 - IPV6_SIZE);
    }
    if (cut->is_tcp && cut->l4 + WINDOW <= header) {
        put32(l4 + SEQUENCE, get32(l4 + SEQUENCE) + (uint32_t)from);
        l4[FLAGS] &= size == left ? 0xff : (uint8_t) ~(FIN | PSH);
    } else if (!cut->is_tcp && cut->l4 + UDP_SUM <= header) {
        put16(l4 + UDP_LENGTH, length - cut->l4);
    }
    return length;
}

/* The bytes of all headers; 0: they are not TCP's. */
static size_t headers_of_tcp(const uint8_t *frame, const NetHeaders *h)
{
    if (!h->l4 || h->protocol != NET_PROTOCOL_TCP || h->end - h->l4 < TCP_SIZE)
        return 0;
    size_t size = 4u * (frame[h->l4 + DATA_OFFSET] >> 4);
    return size >= TCP_SIZE && size <= h->end - h->l4 ? h->l4 + size : 0;
}

bool net_cut_of(const uint8_t *packet, size_t length, unsigned version, size_t mss, NetCut *cut)
{
    NetHeaders h = net_headers(packet, length);
    size_t header = headers_of_tcp(packet, &h);
    *cut = (NetCut){packet, h.end, header, mss, h.l3, h.l4, h.version == 4, true};
    return header && h.version == version && mss && header < h.end && header + mss <= NET_FRAME_MAX;
}

void net_fill_sums(uint8_t *frame, size_t length)
{
    NetHeaders h = net_headers(frame, length);
    const bool udp = h.protocol == NET_PROTOCOL_UDP;
    const size_t size = h.end - h.l4, at = h.l4 + (udp ? UDP_SUM : TCP_SUM);
    if (h.version == 4) {
        uint8_t *ip = frame + h.l3;
        put16(ip + IPV4_SUM, 0);
        put16(ip + IPV4_SUM, net_checksum(net_sum(0, ip, 4u * (ip[0] & 0x0f))));
    }
    if (!h.l4 || (!udp && h.protocol != NET_PROTOCOL_TCP) || at + 2 > h.end)
        return;
    put16(frame + at, 0);
    uint16_t sum = net_checksum(net_sum(net_sum_pseudo(frame, &h, size), frame + h.l4, size));
    put16(frame + at, sum ? sum : 0xffff); /* 0 says of UDP that there is none, and is the same number */
}

/* --- joining */

/* A frame of a connection that is open: data, in order as far as its own headers say, and right. */
static size_t data_of(const uint8_t *frame, size_t length, NetHeaders *h)
{
    *h = net_headers(frame, length);
    size_t header = headers_of_tcp(frame, h);
    if (!header || header == h->end || (frame[h->l4 + FLAGS] & ~PSH) != ACK || !net_l4_is_right(frame, h))
        return 0;
    if (h->version == 4 && (h->l4 - h->l3 != IPV4_SIZE || !net_ip_is_right(frame, h)))
        return 0;
    return header;
}

void net_join_begin(NetJoin *j, uint8_t *buffer, const uint8_t *first, size_t length)
{
    *j = (NetJoin){.buffer = buffer, .first = first, .length = length, .n = 1};
    size_t header = data_of(first, length, &j->headers);
    if (!header || first[j->headers.l4 + FLAGS] & PSH) {
        j->ended = true;
        return;
    }
    j->offload = (NetOffload){
        .sum_start = j->headers.l4,
        .sum_at = j->headers.l4 + TCP_SUM,
        .version = j->headers.version,
        .header = header,
        .mss = j->headers.end - header,
    };
    j->next = get32(first + j->headers.l4 + SEQUENCE) + (uint32_t)j->offload.mss;
}

/* Have the headers the same from `from` up to `to`? */
static bool is_same(const NetJoin *j, const uint8_t *frame, size_t from, size_t to)
{
    return !memcmp(j->first + from, frame + from, to - from);
}

/* Do they differ in nothing but what each frame has of its own: lengths, numbers, checksums, PSH and the window? */
static bool is_same_flow(const NetJoin *j, const uint8_t *frame)
{
    const size_t l3 = j->headers.l3, l4 = j->headers.l4;
    const bool ipv4 = j->headers.version == 4;
    return is_same(j, frame, 0, l3 + (ipv4 ? IPV4_LENGTH : IPV6_LENGTH)) &&
           (!ipv4 || is_same(j, frame, l3 + IPV4_FLAGS, l3 + IPV4_SUM)) &&
           is_same(j, frame, l3 + (ipv4 ? IPV4_SUM : IPV6_LENGTH) + 2, l4 + SEQUENCE) &&
           is_same(j, frame, l4 + SEQUENCE + 4, l4 + FLAGS) && is_same(j, frame, l4 + TCP_SIZE, j->offload.header);
}

bool net_join_add(NetJoin *j, const uint8_t *frame, size_t length)
{
    NetHeaders h;
    if (j->ended)
        return false;
    const size_t header = data_of(frame, length, &h), all = j->n > 1 ? j->length : j->headers.end;
    const size_t size = h.end - header;
    if (header != j->offload.header || h.version != j->headers.version || h.l4 != j->headers.l4 || size > j->offload.mss ||
        all + size - h.l3 > IP_MAX || get32(frame + h.l4 + SEQUENCE) != j->next || !is_same_flow(j, frame))
        return false;
    if (j->n++ == 1)
        memcpy(j->buffer, j->first, all);
    memcpy(j->buffer + all, frame + header, size);
    j->length = all + size;
    j->next += (uint32_t)size;
    memcpy(j->buffer + h.l4 + WINDOW, frame + h.l4 + WINDOW, 2);
    j->buffer[h.l4 + FLAGS] |= frame[h.l4 + FLAGS];
    j->ended = size < j->offload.mss || (frame[h.l4 + FLAGS] & PSH);
    return true;
}

/* The checksum of TCP is left to the receiver: its field has the sum of the pseudo-header. */
void net_join_end(NetJoin *j)
{
    NetHeaders *h = &j->headers;
    uint8_t *ip = j->buffer + h->l3;
    if (j->n == 1)
        return;
    h->end = j->length;
    if (h->version == 4) {
        put16(ip + IPV4_LENGTH, h->end - h->l3);
        put16(ip + IPV4_SUM, 0);
        put16(ip + IPV4_SUM, net_checksum(net_sum(0, ip, IPV4_SIZE)));
    } else {
        put16(ip + IPV6_LENGTH, h->end - h->l3 - IPV6_SIZE);
    }
    put16(j->buffer + j->offload.sum_at, (uint16_t)~net_checksum(net_sum_pseudo(j->buffer, h, h->end - h->l4)));
}
