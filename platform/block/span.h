/* SPDX-License-Identifier: MIT
 *
 * A place in host memory that is scattered over an iovec, from which or to which bytes are moved one piece after the other.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

typedef struct Span {
    const struct iovec *iov; /* the piece it is in */
    unsigned n;              /* pieces from there on */
    size_t at;               /* bytes of that piece which are behind it */
} Span;

uint64_t span_room(const struct iovec *iov, unsigned n); /* bytes in all; UINT64_MAX: more than fit into 64 bits */
unsigned span_next(const Span *span, uint64_t length, struct iovec *out,
                   unsigned max); /* the next `length` bytes, or what `max` pieces hold */
void span_skip(Span *span, uint64_t length);
void span_get(Span *span, void *to, size_t length); /* out of the memory */
void span_put(Span *span, const void *from, size_t length);
void span_zero(Span *span, uint64_t length);
bool span_is_zero(const Span *span, uint64_t length);
/* Memory in one piece, as a span: lives as long as `iov` does. */
Span span_of(struct iovec *iov, void *memory, size_t length);
