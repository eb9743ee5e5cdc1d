/* SPDX-License-Identifier: MIT
 *
 * A network card and the back end that its cable leads to, in QEMU's spellings of -netdev.
 *
 * All functions under the device lock (but new and free: main thread, before and after the machine runs).  What a card gives is called
 * under it from the main thread, and never from inside of a function that the card called.  Frames are Ethernet frames without FCS.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "platform/base/section.h"

typedef struct Net Net; /* a back end */

enum {
    NET_MAC_SIZE = 6,
    NET_HEADER = 14,                   /* destination, source, type: no frame is shorter */
    NET_FRAME_MAX = NET_HEADER + 65536 /* bytes; none is longer, whatever a card or the other end says */
};

/* What is left to whoever gets a frame: as struct virtio_net_hdr has it, VIRTIO 1.1 §5.1.6. */
typedef struct NetOffload {
    size_t sum_start,
        sum_at; /* the sum from sum_start to the end goes to sum_at, where that of the pseudo-header is; sum_at 0: none does */
    unsigned version; /* of IP, where mss is not 0 */
    size_t header,
        mss; /* a TCP packet, whose headers have so many bytes, that was or is to be cut into pieces of mss; 0: a frame */
} NetOffload;

/* What a card gives. */
typedef struct NetPort {
    /*
     * A frame of NET_HEADER to NET_FRAME_MAX bytes, for the time of the call.  False: there is no room for it now; it is kept, and offered
     * again after net_flush().  What the card does not want it takes all the same, and drops it.
     */
    bool (*receive)(void *opaque, const uint8_t *frame, size_t length);
    /*
     * TCP packets that several frames were joined to, none longer than NET_FRAME_MAX: bit 4 says that the driver takes them over IPv4,
     * bit 6 over IPv6.  NULL: it takes none.
     */
    unsigned (*joins)(void *opaque);
    bool (*receive_joined)(void *opaque, const uint8_t *packet, size_t length, const NetOffload *offload); /* as receive() */
    void (*sendable)(void *opaque);      /* after net_send() returned false: it may be tried again; may be NULL */
    void (*link)(void *opaque, bool up); /* the cable was plugged in or pulled out; may be NULL */
} NetPort;

/* Is an argument of -netdev well-formed?  Opens nothing.  *id: g_free(). */
bool net_option_check(const char *text, char **id, GError **error);
void net_option_help(void); /* the kinds there are, on standard output */
Net *net_new(const char *text, GError **error);
void net_free(Net *net);
const char *net_id(const Net *net); /* borrowed */

/* The card at the other end of the cable; port: as long as it is attached.  One at a time. */
void net_attach(Net *net, const NetPort *port, void *opaque);
void net_detach(Net *net);

/*
 * Sends one frame, which may lie in n pieces.  False: the back end has no room for it now, and calls sendable() later: the card keeps the
 * frame, or drops it.  True: it was sent, or dropped as on a cable that is loose, for a length that no frame has or for what the host said.
 * Nothing is delivered meanwhile.  net may be NULL, a socket without a cable.
 */
bool net_send(Net *net, const struct iovec *piece, unsigned n);
/* The same of a frame that is not complete, or of a packet of at most NET_FRAME_MAX bytes; of offload->header nothing is believed. */
bool net_send_offload(Net *net, const struct iovec *piece, unsigned n, const NetOffload *offload);
void net_flush(Net *net);      /* the card has room again: what was kept is delivered soon, by the main thread.  NULL: nothing */
bool net_link_is_up(Net *net); /* NULL: no */
void net_set_link(Net *net, bool up);

/* Frames that wait for the card, and what the back end knows of the guest. */
void net_save(Net *net, SectionWriter *to);
void net_load(Net *net, Section *from);

/* 52:54:00:12:34:56 or with dashes, as a unicast address.  what: for the error, "-device eTSEC mac" */
bool net_mac_parse(const char *what, const char *text, uint8_t mac[NET_MAC_SIZE], GError **error);
