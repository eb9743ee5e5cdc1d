/* SPDX-License-Identifier: MIT
 *
 * TCP packets that are larger than frames: one is cut into frames, as a card does for its driver, or frames are joined to one, which costs
 * a guest less to receive.  Lengths and offsets are the guest's or the network's: whatever they are, nothing outside of a frame is touched.
 * Any thread.
 */
#pragma once

#include "platform/net/checksum.h"
#include "platform/net/net.h"

/* A packet that is cut: each frame has its headers, and a part of what they carry. */
typedef struct NetCut {
    const uint8_t *packet;
    size_t length, header; /* of the packet, and of its headers in it: less than all */
    size_t mss;            /* bytes behind the headers of a frame, at least 1; header + mss is at most NET_FRAME_MAX */
    size_t l3, l4;         /* where the headers of IP and of TCP or UDP begin */
    bool is_ipv4, is_tcp;
} NetCut;

size_t net_cut_count(const NetCut *cut);
/* The nth of the frames, into NET_FRAME_MAX bytes; its length.  Its lengths and numbers are its own, its checksums are the packet's. */
size_t net_cut_frame(const NetCut *cut, size_t n, uint8_t *frame);
/* As the headers of an Ethernet frame say; false: they are not TCP's over IP of this version, or there is nothing to cut. */
bool net_cut_of(const uint8_t *packet, size_t length, unsigned version, size_t mss, NetCut *cut);
void net_fill_sums(uint8_t *frame, size_t length); /* of IP and TCP or UDP, where its headers say that it has them */

/* Frames that are joined. */
typedef struct NetJoin {
    uint8_t *buffer; /* NET_FRAME_MAX bytes, borrowed: the packet, once n > 1 */
    const uint8_t *first;
    size_t length;
    NetOffload offload; /* what the packet leaves to its receiver, once n > 1 */
    NetHeaders headers;
    uint32_t next; /* sequence number of what may follow */
    unsigned n;    /* frames in it */
    bool ended;    /* nothing may follow */
} NetJoin;

/* first: borrowed until net_join_end(). */
void net_join_begin(NetJoin *join, uint8_t *buffer, const uint8_t *first, size_t length);
bool net_join_add(NetJoin *join, const uint8_t *frame,
                  size_t length); /* false: it is not the rest of the same, and stays by itself */
void net_join_end(NetJoin *join); /* completes the headers of a packet of n > 1 */
