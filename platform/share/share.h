/* SPDX-License-Identifier: MIT
 *
 * A directory of the host that a guest reads and writes: -fsdev local, and the file server that speaks 9P2000.L about it.
 *
 * The guest is hostile: no name that it gives leads out of the directory.  Each component of a path is opened by itself, below the
 * directory before it and without following symbolic links, so a link inside that points outside is to the host what it is to the guest, a
 * text; and nothing but regular files and directories is ever opened.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Share Share;

/* Is an argument of -fsdev well-formed?  Opens nothing.  *id: g_free(). */
bool share_option_check(const char *text, char **id, GError **error);
Share *share_new(const char *text, GError **error); /* opens the directory */
void share_free(Share *share);

/*
 * The server of one client.  Not under the device lock, for it waits for the host's disks; from one thread at a time.
 */
enum { SHARE_MESSAGE_MAX = 512 << 10 /* bytes of a message of 9P */ };

/*
 * Serves one message; the answer, of at most room bytes, goes to reply.  Its length; 0: what came is no message, or there is no room for an
 * answer.
 */
size_t share_serve(Share *share, const uint8_t *message, size_t size, uint8_t *reply, size_t room);
void share_forget(Share *share);           /* the client is gone, and so is all it had open */
const char *share_id(const Share *share);  /* borrowed */
bool share_is_mounted(const Share *share); /* a client has something of it.  Any thread */
