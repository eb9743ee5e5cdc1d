/* SPDX-License-Identifier: MIT
 *
 * Character back ends, in QEMU's spellings: those of -serial (stdio, mon:stdio, null, file:PATH, pty, unix:PATH,…, tcp:HOST:PORT,…) and of
 * -chardev (stdio|file|pty|socket|udp|pipe|serial|null|ringbuf,id=ID,…).
 *
 * All functions under the device lock (but new/free: main thread, before and after the machine runs); handlers are called under it,
 * from the main thread.  Input which the front end cannot take stays with the host: nothing is dropped.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "platform/base/section.h"

typedef struct Chardev Chardev;

typedef enum ChardevEvent { CHARDEV_OPENED, CHARDEV_CLOSED, CHARDEV_BREAK } ChardevEvent;

typedef struct ChardevHandlers {
    size_t (*can_receive)(void *opaque); /* how many bytes the front end takes now */
    void (*receive)(void *opaque, const uint8_t *data, size_t size);
    void (*writable)(void *opaque);                  /* after a short write: room again; may be NULL */
    void (*event)(void *opaque, ChardevEvent event); /* may be NULL */
} ChardevHandlers;

bool chardev_check(const char *spec, GError **error); /* is it well-formed?  Opens nothing */
bool chardev_serves(const char *spec);                /* a well-formed one of a plain socket that listens */
/* option: "-serial", for messages; label: "serial0" */
Chardev *chardev_new(const char *option, const char *label, const char *spec, GError **error);
/* The same for an argument of -chardev, whose id is the label.  id may be NULL, else g_free(). */
bool chardev_option_check(const char *text, char **id, GError **error);
Chardev *chardev_option_new(const char *text, GError **error);
const char *chardev_label(const Chardev *chr); /* borrowed */
void chardev_free(Chardev *chr);
/* What Ctrl-a x on mon:stdio does; the other keys are the chardev's own. */
void chardev_set_quit(Chardev *chr, void (*quit)(void *opaque), void *opaque);
void chardev_set_handlers(Chardev *chr, const ChardevHandlers *handlers, void *opaque);
/*
 * A second front end, of a mux: Ctrl-a c switches the input between the two, and what it gets first is the other one's if there is one.
 * Its event() hears OPENED whenever it gets the input.  Both write.
 */
void chardev_set_monitor(Chardev *chr, const ChardevHandlers *handlers, void *opaque);
void chardev_set_escape(Chardev *chr, uint8_t key); /* a mux's, in place of Ctrl-a */
bool chardev_is_mux(const Chardev *chr);
size_t chardev_write(Chardev *chr, const uint8_t *data, size_t size); /* bytes accepted, may be short; never blocks */
size_t chardev_room(const Chardev *chr);  /* bytes that a write certainly accepts; may be more than any queue */
bool chardev_is_used(const Chardev *chr); /* a front end has set its handlers */
void chardev_send_break(Chardev *chr);    /* as somebody at the other end may */
bool chardev_is_open(const Chardev *chr); /* somebody is at the other end; else output is dropped, as on a loose cable */
void chardev_accept_input(Chardev *chr);  /* can_receive may have grown */
/* What a ringbuf holds, the oldest first, up to size bytes; they leave it.  False: it is not one. */
bool chardev_ring_read(Chardev *chr, GByteArray *to, size_t size);
void chardev_flush(Chardev *chr);                 /* before exit: writes out what is queued, bounded */
const char *chardev_describe(const Chardev *chr); /* "pty:/dev/pts/3"; borrowed */
char *chardev_filename(const Chardev *chr); /* the same as QEMU's queries say it, with "disconnected:" before a socket's; g_free */

/* What waits in its queues; the other end is none of the machine's.  What is loaded and there is nobody for is dropped. */
void chardev_save(const Chardev *chr, SectionWriter *to);
void chardev_load(Chardev *chr, Section *from);

const char *chardev_kind_name(unsigned i); /* the i-th kind that -chardev makes; NULL: there are no more.  Any thread */
