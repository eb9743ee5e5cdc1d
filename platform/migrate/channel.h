/* SPDX-License-Identifier: MIT
 *
 * The way that a machine takes to another program: what the URI of `migrate` and -incoming names.  It is opened by the main thread, then read or
 * written by one other thread, which waits here and nowhere else; channel_cancel() ends that.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Channel Channel;

/* The main thread: there is somebody to read from. */
typedef void ChannelReady(void *opaque);

/* tcp:HOST:PORT, unix:PATH, fd:NUMBER (which it takes) or file:PATH.  Nothing is opened yet. */
Channel *channel_new(const char *uri, GError **error);
void channel_free(Channel *channel); /* NULL: nothing */
bool channel_is_file(const Channel *channel);
/* Listens, or opens what is there already; ready is called once, from the main loop. */
bool channel_open_in(Channel *channel, ChannelReady *ready, void *opaque, GError **error);

/* --- of the other thread.  False: the error names the URI */

bool channel_open_out(Channel *channel, GError **error);
bool channel_read(Channel *channel, void *to, size_t size, GError **error);
bool channel_write(Channel *channel, const void *data, size_t size, GError **error);
/*
 * The end of what is written: it is on the disk, or the other side has said that the machine is there, if there is a way back (a socket).
 * The other side says so by channel_answer().
 */
bool channel_finish(Channel *channel, GError **error);
bool channel_answer(Channel *channel, GError **error);

/* --- any thread */

void channel_cancel(Channel *channel);                               /* what waits ends with an error, now and from now on */
void channel_set_limit(Channel *channel, uint64_t bytes_per_second); /* of writing; 0: none */
uint64_t channel_moved(const Channel *channel);                      /* bytes read or written */
