/* SPDX-License-Identifier: MIT */
#include "platform/net/checksum.h"

#include <glib.h>
#include <string.h>

#include "platform/net/net.h"

static unsigned get16(const uint8_t *at)
{
    return (unsigned)(at[0] << 8 | at[1]);
}

/* A sum in the host's byte order is the same number with its bytes swapped (RFC 1071 §2 B), so it adds words as they lie there. */
uint32_t net_sum(uint32_t sum, const uint8_t *data, size_t size)
{
    uint64_t words = 0;
    for (; size >= 8; data += 8, size -= 8) {
        uint32_t pair[2];
        memcpy(pair, data, sizeof(pair));
        words += (uint64_t)pair[0] + pair[1];
    }
    for (; size >= 2; data += 2, size -= 2) {
        uint16_t word;
        memcpy(&word, data, sizeof(word));
        words += word;
    }
    while (words >> 16)
        words = (words & 0xffff) + (words >> 16);
    sum += GUINT16_FROM_BE((uint16_t)words) + (size ? (uint32_t)*data << 8 : 0);
    return (sum & 0xffff) + (sum >> 16);
}

uint16_t net_checksum(uint32_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

void net_insert_sum(uint8_t *frame, size_t start, size_t at, size_t end)
{
    uint16_t sum = net_checksum(net_sum(0, frame + start, end - start));
    sum = sum ? sum : 0xffff; /* 0 says of UDP that there is none; it is the same number */
    frame[at] = (uint8_t)(sum >> 8);
    frame[at + 1] = (uint8_t)sum;
}

static void parse_ipv4(const uint8_t *frame, size_t length, NetHeaders *h)
{
    enum { MORE_OR_OFFSET = 0x3fff };
    const uint8_t *ip = frame + h->l3;
    size_t header = 4u * (ip[0] & 0x0f), total = get16(ip + 2);
    if (ip[0] >> 4 != 4 || header < 20 || total < header || h->l3 + total > length)
        return;
    h->version = 4;
    h->end = h->l3 + total;
    h->protocol = ip[9];
    h->l4 = get16(ip + 6) & MORE_OR_OFFSET ? 0 : h->l3 + header;
}

static void parse_ipv6(const uint8_t *frame, size_t length, NetHeaders *h)
{
    const uint8_t *ip = frame + h->l3;
    size_t total = 40u + get16(ip + 4);
    if (ip[0] >> 4 != 6 || h->l3 + total > length)
        return;
    h->version = 6;
    h->end = h->l3 + total;
    h->protocol = ip[6];
    h->l4 = ip[6] == NET_PROTOCOL_TCP || ip[6] == NET_PROTOCOL_UDP ? h->l3 + 40 : 0;
}

NetHeaders net_headers(const uint8_t *frame, size_t length)
{
    enum { TYPE = 12, TAG = 4, TAGS_MAX = 2, VLAN = 0x8100, IPV4 = 0x0800, IPV6 = 0x86dd };
    NetHeaders h = {0};
    size_t type = TYPE;
    for (unsigned tags = 0; tags < TAGS_MAX && type + 2 <= length && get16(frame + type) == VLAN; tags++)
        type += TAG;
    h.l3 = type + 2;
    if (h.l3 + 20 <= length && get16(frame + type) == IPV4)
        parse_ipv4(frame, length, &h);
    else if (h.l3 + 40 <= length && get16(frame + type) == IPV6)
        parse_ipv6(frame, length, &h);
    return h;
}

uint32_t net_sum_pseudo(const uint8_t *frame, const NetHeaders *h, size_t l4_length)
{
    const uint8_t *ip = frame + h->l3;
    uint32_t sum = h->protocol + (uint32_t)(l4_length >> 16) + (uint32_t)(l4_length & 0xffff);
    return h->version == 4 ? net_sum(sum, ip + 12, 8) : net_sum(sum, ip + 8, 32);
}

bool net_ip_is_right(const uint8_t *frame, const NetHeaders *h)
{
    return net_checksum(net_sum(0, frame + h->l3, 4u * (frame[h->l3] & 0x0f))) == 0;
}

bool net_l4_is_right(const uint8_t *frame, const NetHeaders *h)
{
    size_t size = h->end - h->l4;
    bool udp = h->protocol == NET_PROTOCOL_UDP;
    if (size < (udp ? 8 : 20))
        return false;
    if (udp && h->version == 4 && !get16(frame + h->l4 + 6))
        return true;
    return net_checksum(net_sum(net_sum_pseudo(frame, h, size), frame + h->l4, size)) == 0;
}
