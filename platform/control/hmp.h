/* SPDX-License-Identifier: MIT
 *
 * The human monitor: lines of text in, text out, as QEMU's people and scripts type and parse them.  Main thread, not under the device lock.
 */
#pragma once

#include <glib.h>

#include "platform/control/link.h"
#include "platform/control/view.h"

/* Who executes lines: it remembers the current vCPU and the last format of x. */
typedef struct HmpSession {
    const ControlView *view;
    unsigned cpu;
    char format;
    unsigned size; /* bytes: 1, 2, 4, 8 */
} HmpSession;

void hmp_session_init(HmpSession *session, const ControlView *view);
/* Executes one line, and returns what it prints: lines that end in \r\n, UTF-8, of HMP_OUTPUT_MAX bytes at most.  g_free */
char *hmp_execute(HmpSession *session, const char *line);
enum { HMP_OUTPUT_MAX = 1 << 20, HMP_LINE_MAX = 4096 };

/* A monitor at a link: banner, prompt, echo. */
typedef struct Hmp Hmp;
Hmp *hmp_new(LinkOpen *open, const void *how, const ControlView *view, GError **error);
void hmp_free(Hmp *hmp); /* NULL: nothing */
