/* SPDX-License-Identifier: MIT
 *
 * An eventfd(2): signalled from anywhere, by this program or by a kernel for a guest's store, and heard by whoever listens: the kernel
 * (AccelEventfd) or, with event_listen(), the main loop.  Signals before it listens again count as one.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct Event Event;

Event *event_new(GError **error);
void event_free(Event *event); /* main thread */
int event_fd(const Event *event);
void event_signal(Event *event); /* any thread, with or without the device lock */
/* fn runs in the main thread, under the device lock. */
void event_listen(Event *event, void (*fn)(void *opaque), void *opaque);
void event_settle(Event *event); /* calls the listener now if it was signalled; main thread, under the device lock */
