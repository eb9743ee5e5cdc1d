/* SPDX-License-Identifier: MIT
 *
 * What a monitor talks through: a socket of its own (socket.h) or a back end (chardev.h).  Main thread, never under the device lock.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#include "platform/control/socket.h"

typedef struct LinkType {
    void (*send)(void *end, const void *data, size_t size); /* queues what the other side does not take now */
    bool (*is_full)(const void *end);                       /* so much is queued that the other side is not read */
    void (*hang_up)(void *end);                             /* after sending what is queued, where the end can be closed at all */
    void (*drop)(void *end);                                /* the same without sending it */
    void (*free)(void *end);
} LinkType;

typedef struct Link {
    const LinkType *type;
    void *end;
    bool waits; /* the machine begins when the other side is there */
} Link;

/* Makes the link of an option ("-qmp", for messages); ops is called as socket.h says.  False: the error is set, and there is nothing to free. */
typedef bool LinkOpen(Link *link, const ControlSocketOps *ops, void *opaque, const void *how, GError **error);

/* how: a LinkSocket. */
typedef struct LinkSocket {
    const char *option, *spec; /* borrowed for the link's life */
    const char *assume;        /* as control_socket_new() has it */
} LinkSocket;
bool link_open_socket(Link *link, const ControlSocketOps *ops, void *opaque, const void *how, GError **error);

/* how: a LinkChardev.  Never fails. */
typedef struct LinkChardev {
    struct Chardev *chr;
    bool owned; /* and freed with the link */
    bool mux;   /* Ctrl-a c switches between the front end that it has, and the link */
} LinkChardev;
struct Chardev *link_find_chardev(const GPtrArray *chardevs /* NULL: none */, const char *label); /* NULL: there is none */
bool link_open_chardev(Link *link, const ControlSocketOps *ops, void *opaque, const void *how, GError **error);

static inline void link_send(const Link *link, const void *data, size_t size)
{
    link->type->send(link->end, data, size);
}

static inline bool link_is_full(const Link *link)
{
    return link->type->is_full(link->end);
}

static inline void link_hang_up(const Link *link)
{
    link->type->hang_up(link->end);
}

static inline void link_drop(const Link *link)
{
    link->type->drop(link->end);
}

void link_close(Link *link); /* of one that was never opened nothing happens */
