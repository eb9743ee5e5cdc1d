/* SPDX-License-Identifier: MIT
 *
 * The Internet's checksums (RFC 1071) in a frame, for cards that compute or check them for their driver.  Any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NET_PROTOCOL_TCP = 6, NET_PROTOCOL_UDP = 17 };

/* What a frame carries.  Everything lies inside of it. */
typedef struct NetHeaders {
    unsigned version;  /* of IP: 4 or 6; 0: none, and nothing below counts */
    size_t l3, l4;     /* where its header begins, and what it carries; l4 0: a fragment, or headers that are not known here */
    size_t end;        /* behind the IP packet: what follows is padding */
    unsigned protocol; /* of what it carries */
} NetHeaders;

NetHeaders net_headers(const uint8_t *frame, size_t length); /* behind VLAN tags, too */

/* Carries on with a sum of big-endian 16-bit numbers; `data` begins with the upper half of one. */
uint32_t net_sum(uint32_t sum, const uint8_t *data, size_t size);
uint32_t net_sum_pseudo(const uint8_t *frame, const NetHeaders *h,
                        size_t l4_length); /* of RFC 9293 and RFC 8200, of what l4 carries */
uint16_t net_checksum(uint32_t sum);       /* the field's value; of numbers whose checksum is right: 0 */
/* The sum of [start, end) of a frame goes to `at`, inside of it, as TCP and UDP have it: never 0. */
void net_insert_sum(uint8_t *frame, size_t start, size_t at, size_t end);

/* Are the checksums that the packet has right?  Of UDP none may be there: 0. */
bool net_ip_is_right(const uint8_t *frame, const NetHeaders *h); /* version 4 */
bool net_l4_is_right(const uint8_t *frame, const NetHeaders *h); /* l4 is not 0, and carries TCP or UDP */
