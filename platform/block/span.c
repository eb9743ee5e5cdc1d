/* SPDX-License-Identifier: MIT */
#include "platform/block/span.h"

#include <glib.h>
#include <string.h>

uint64_t span_room(const struct iovec *iov, unsigned n)
{
    uint64_t room = 0;
    for (unsigned i = 0; i < n; i++) {
        if (iov[i].iov_len > UINT64_MAX - room)
            return UINT64_MAX;
        room += iov[i].iov_len;
    }
    return room;
}

/* The next piece that has bytes left; nothing is done behind the end, which callers do not reach. */
static struct iovec piece(Span *s, uint64_t length)
{
    while (s->n && s->at == s->iov->iov_len) {
        s->iov++;
        s->n--;
        s->at = 0;
    }
    g_assert(s->n);
    return (struct iovec){(char *)s->iov->iov_base + s->at, (size_t)MIN(length, (uint64_t)(s->iov->iov_len - s->at))};
}

unsigned span_next(const Span *span, uint64_t length, struct iovec *out, unsigned max)
{
    Span s = *span;
    unsigned n = 0;
    for (; length && n < max; n++) {
        out[n] = piece(&s, length);
        s.at += out[n].iov_len;
        length -= out[n].iov_len;
    }
    return n;
}

bool span_is_zero(const Span *span, uint64_t length)
{
    Span s = *span;
    bool zero = true;
    while (length && zero) {
        struct iovec p = piece(&s, length);
        const char *bytes = p.iov_base;
        zero = !p.iov_len || (!*bytes && !memcmp(bytes, bytes + 1, p.iov_len - 1));
        s.at += p.iov_len;
        length -= p.iov_len;
    }
    return zero;
}

typedef void Move(void *memory, void *other, size_t length);

static void each(Span *s, char *other, uint64_t length, Move *move)
{
    while (length) {
        struct iovec p = piece(s, length);
        if (move)
            move(p.iov_base, other, p.iov_len);
        if (other)
            other += p.iov_len;
        s->at += p.iov_len;
        length -= p.iov_len;
    }
}

static void move_out(void *memory, void *other, size_t length)
{
    memcpy(other, memory, length);
}

static void move_in(void *memory, void *other, size_t length)
{
    memcpy(memory, other, length);
}

static void move_zero(void *memory, void *other, size_t length)
{
    memset(memory, 0, length);
}

void span_skip(Span *span, uint64_t length)
{
    each(span, NULL, length, NULL);
}

void span_get(Span *span, void *to, size_t length)
{
    each(span, to, length, move_out);
}

void span_put(Span *span, const void *from, size_t length)
{
    each(span, (char *)from, length, move_in);
}

void span_zero(Span *span, uint64_t length)
{
    each(span, NULL, length, move_zero);
}

Span span_of(struct iovec *iov, void *memory, size_t length)
{
    *iov = (struct iovec){memory, length};
    return (Span){iov, 1, 0};
}
