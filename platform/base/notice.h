/* SPDX-License-Identifier: MIT
 *
 * What happened in the machine, for whoever looks in from outside: QMP's events, beside those of the run state.
 */
#pragma once

#include <glib.h>

typedef struct Notices Notices;

/* In the main thread, not under the device lock. */
typedef void NoticeListener(void *opaque, const char *event, const char *subject, GVariant *data);

Notices *notices_new(void); /* main thread, as are free and listen */
void notices_free(Notices *notices);
/*
 * event: a name of qmp.def, static.  subject: which of several things it happened to ("serial0"); "" where there is one.  data: as that row says;
 * takes a floating one, NULL: none.  Any thread, any lock held but the listeners'.  However often an event happens to
 * a subject before the main loop tells of it, the last one is told, once.  No more than 64 wait: where there are so many, another is not told.
 */
void notices_post(Notices *notices, const char *event, const char *subject, GVariant *data);
void notices_listen(Notices *notices, NoticeListener *fn, void *opaque); /* fn NULL: whoever has this opaque hears no more */
void notices_settle(Notices *notices); /* tells now what waits: main thread, not under the device lock */
