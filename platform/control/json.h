/* SPDX-License-Identifier: MIT
 *
 * As much of JSON (RFC 8259) as a control socket needs: find where a value ends in a stream, check it strictly, and look up
 * members of an object.  Values stay text: a JsonSpan points into the caller's.  Pure; any thread.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct JsonSpan {
    const char *text; /* NULL: none */
    size_t size;
} JsonSpan;

enum { JSON_DEPTH_MAX = 64 };

typedef enum JsonFrame {
    JSON_FRAME_MORE,  /* the value is not complete yet */
    JSON_FRAME_VALUE, /* *used bytes hold white space and one value, perhaps a wrong one */
    JSON_FRAME_NONE,  /* *used bytes are white space only */
} JsonFrame;

/* Where the first value of a stream ends.  What is not an object or array ends with its line. */
JsonFrame json_frame(const char *text, size_t size, size_t *used);
/* Strict: one value, white space around it, UTF-8, at most JSON_DEPTH_MAX deep. */
bool json_check(const char *text, size_t size);
/* The rest only on text that json_check() let through. */
bool json_is_object(JsonSpan value);
JsonSpan json_member(JsonSpan object, const char *name); /* first of that name; names with escapes are not found */
bool json_equals(JsonSpan value, const char *text); /* a string that is `text`, written without escapes */
void json_quote(GString *out, const char *text); /* appends "…", escaped */
