/* SPDX-License-Identifier: MIT
 *
 * Character back ends: stdio, mon:stdio, null, file:PATH, pty, unix:PATH[,server=on|off][,wait=on|off] (QEMU's spellings).
 *
 * All functions under the device lock (but new/free: main thread, before and after the machine runs); handlers are called under it,
 * from the main thread.  Input which the front end cannot take stays with the host: nothing is dropped.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Chardev Chardev;

typedef enum ChardevEvent { CHARDEV_OPENED, CHARDEV_CLOSED, CHARDEV_BREAK } ChardevEvent;

typedef struct ChardevHandlers {
    size_t (*can_receive)(void *opaque); /* how many bytes the front end takes now */
    void (*receive)(void *opaque, const uint8_t *data, size_t size);
    void (*writable)(void *opaque); /* after a short write: room again; may be NULL */
    void (*event)(void *opaque, ChardevEvent event); /* may be NULL */
} ChardevHandlers;

bool chardev_check(const char *spec, GError **error); /* is it well-formed?  Opens nothing */
Chardev *chardev_new(const char *label, const char *spec, GError **error); /* label: "serial0" */
void chardev_free(Chardev *chr);
/* What Ctrl-a x on mon:stdio does; the other keys are the chardev's own. */
void chardev_set_quit(Chardev *chr, void (*quit)(void *opaque), void *opaque);
void chardev_set_handlers(Chardev *chr, const ChardevHandlers *handlers, void *opaque);
size_t chardev_write(Chardev *chr, const uint8_t *data, size_t size); /* bytes accepted, may be short; never blocks */
void chardev_accept_input(Chardev *chr); /* can_receive may have grown */
void chardev_flush(Chardev *chr);        /* before exit: writes out what is queued, bounded */
const char *chardev_describe(const Chardev *chr); /* "pty /dev/pts/3"; borrowed */
