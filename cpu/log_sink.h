/* SPDX-License-Identifier: MIT
 *
 * Where lines go: a descriptor that somebody outside may stop reading.  Private to log*.c and their test.
 *
 * A line is written at once as long as the descriptor takes it.  What a pipe, a terminal or a socket does not take now waits in a
 * bounded queue, and a thread of the sink writes it later.  No function here waits for a reader, but for log_sink_put() with
 * `patient` and log_sink_close(), which both give up on a reader that takes nothing.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

enum { LOG_SINK_QUEUE = 256 << 10 }; /* bytes that wait for a slow reader */

typedef struct LogSink LogSink;

enum { LOG_SINK_PATIENCE_MS = 1000 };

/*
 * patience_ms: for how long a reader may take nothing before it is given up; −1: for ever.
 * fd is borrowed and stays open as long as the sink.  lost: called once, when writing fails for another reason than a slow reader
 * (no space, file too large, nobody at the other end), with the errno; any thread, no lock of the sink held.
 */
LogSink *log_sink_new(int fd, int patience_ms, void (*lost)(void *opaque, int why), void *opaque);
/*
 * One line, with its newline; any thread.  Lines of one thread keep their order.  A line for which there is no room is dropped and
 * counted; patient: only after the reader took nothing at all for patience_ms.
 */
void log_sink_put(LogSink *sink, const char *line, size_t size, bool patient);
/* Writes out what waits, until the reader takes nothing for patience_ms, ten seconds at most.  The sink can still be used. */
void log_sink_flush(LogSink *sink);
void log_sink_free(LogSink *sink); /* for tests: the program's sinks live as long as it does */
