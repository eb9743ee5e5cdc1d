/* SPDX-License-Identifier: MIT */
#include "platform/share/priv.h"

#include <string.h>

/* --- reading */

static const uint8_t *take(Reader *r, size_t size)
{
    const uint8_t *at = r->at;
    if (r->bad || size > r->left) {
        r->bad = true;
        return NULL;
    }
    r->at += size;
    r->left -= size;
    return at;
}

uint64_t get_number(Reader *r, unsigned bytes)
{
    const uint8_t *at = take(r, bytes);
    uint64_t value = 0;
    for (unsigned i = bytes; at && i-- > 0;)
        value = value << 8 | at[i];
    return value;
}

char *get_text(Reader *r)
{
    size_t size = get_number(r, 2);
    const uint8_t *at = take(r, size);
    if (!at || memchr(at, 0, size))
        return NULL;
    return g_strndup((const char *)at, size);
}

char *get_name(Reader *r)
{
    char *name = get_text(r);
    if (name && *name && strlen(name) <= NAME_BYTES_MAX && !strchr(name, '/') && strcmp(name, ".") && strcmp(name, ".."))
        return name;
    g_free(name);
    return NULL;
}

/* --- writing */

static uint8_t *make_room(Writer *w, size_t size)
{
    uint8_t *at = w->at;
    if (w->bad || size > w->left) {
        w->bad = true;
        return NULL;
    }
    w->at += size;
    w->left -= size;
    return at;
}

void put_number(Writer *w, unsigned bytes, uint64_t value)
{
    uint8_t *at = make_room(w, bytes);
    for (unsigned i = 0; at && i < bytes; i++, value >>= 8)
        at[i] = (uint8_t)value;
}

void put_text(Writer *w, const char *text)
{
    size_t size = strlen(text);
    put_number(w, 2, size);
    uint8_t *at = make_room(w, size);
    if (at)
        memcpy(at, text, size);
}

/* What the file is, a number that changes with its contents, and one that is its own. */
void put_qid(Writer *w, const Share *s, const struct stat *st)
{
    enum { DIRECTORY = 0x80, LINK = 0x02 };
    uint64_t number = st->st_ino;
    if (st->st_dev != s->dev) /* another file system below: its numbers are to differ from those of the first */
        number ^= (uint64_t)st->st_dev * UINT64_C(0x9e3779b97f4a7c15);
    put_number(w, 1, S_ISDIR(st->st_mode) ? DIRECTORY : S_ISLNK(st->st_mode) ? LINK : 0);
    put_number(w, 4, (uint64_t)st->st_mtim.tv_sec ^ (uint64_t)st->st_mtim.tv_nsec ^ (uint64_t)st->st_size << 8);
    put_number(w, 8, number);
}
