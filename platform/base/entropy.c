/* SPDX-License-Identifier: MIT */
#include "platform/base/entropy.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "platform/base/keyval.h"
#include "platform/base/lock.h"
#include "platform/base/suggest.h"

typedef struct Waiter {
    void (*ready)(void *opaque);
    void *opaque;
} Waiter;

struct Entropy {
    GRand *repeated; /* NULL: another source */
    int fd;          /* −1: the host's generator */
    guint source;    /* watches fd while somebody waits; 0: nobody does */
    GArray *waiting; /* of Waiter */
};

static Entropy *new_source(GRand *repeated, int fd)
{
    Entropy *e = g_new0(Entropy, 1);
    *e = (Entropy){repeated, fd, 0, g_array_new(FALSE, FALSE, sizeof(Waiter))};
    return e;
}

Entropy *entropy_new_host(void)
{
    return new_source(NULL, -1);
}

Entropy *entropy_new_repeated(void)
{
    return new_source(g_rand_new_with_seed(0), -1);
}

Entropy *entropy_new_file(const char *path, GError **error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd >= 0)
        return new_source(NULL, fd);
    g_set_error(error, G_FILE_ERROR, (gint)g_file_error_from_errno(errno), "%s: %s", path, g_strerror(errno));
    return NULL;
}

/* --- as an object of the command line */

typedef struct Object {
    const char *type, *id, *path; /* of pairs */
} Object;

static bool bad(GError **error, const char *text, const char *why, const char *word)
{
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "-object %s: %s%s", text, why, word);
    return false;
}

static bool object_read(const char *text, const GPtrArray *pairs, Object *o, GError **error)
{
    const KeyVal *first = pairs->pdata[0];
    *o = (Object){.type = first->value};
    if (*first->key && strcmp(first->key, "qom-type"))
        return bad(error, text, "the type comes first", "");
    if (strcmp(o->type, "rng-builtin") && strcmp(o->type, "rng-random")) {
        g_autofree char *hint = suggest_phrase(o->type, (const char *[]){"rng-builtin", "rng-random"}, 2);
        return bad(error, text, "unknown or not yet supported; there are rng-builtin and rng-random", hint);
    }
    for (guint i = 1; i < pairs->len; i++) {
        const KeyVal *pair = pairs->pdata[i];
        if (!strcmp(pair->key, "id"))
            o->id = pair->value;
        else if (!strcmp(pair->key, "filename") && !strcmp(o->type, "rng-random"))
            o->path = pair->value;
        else
            return bad(error, text, "unknown property ", *pair->key ? pair->key : pair->value);
    }
    return (o->id && *o->id) || bad(error, text, "id= is missing", "");
}

bool entropy_option_check(const char *text, char **id, GError **error)
{
    g_autoptr(GPtrArray) pairs = keyval_split(text);
    Object o;
    if (!object_read(text, pairs, &o, error))
        return false;
    *id = g_strdup(o.id);
    return true;
}

Entropy *entropy_new(const char *text, GError **error)
{
    g_autoptr(GPtrArray) pairs = keyval_split(text);
    Object o;
    if (!object_read(text, pairs, &o, error))
        return NULL;
    if (!strcmp(o.type, "rng-builtin"))
        return entropy_new_host();
    Entropy *e = entropy_new_file(o.path ? o.path : "/dev/urandom", error);
    if (!e)
        g_prefix_error(error, "-object %s: ", text);
    return e;
}

void entropy_free(Entropy *e)
{
    if (e->source)
        g_source_remove(e->source);
    if (e->fd >= 0)
        close(e->fd);
    g_clear_pointer(&e->repeated, g_rand_free);
    g_array_free(e->waiting, TRUE);
    g_free(e);
}

/* Whoever finds nothing once more waits again. */
static gboolean fd_ready(gint fd, GIOCondition condition, gpointer opaque)
{
    Entropy *e = opaque;
    device_lock();
    g_autoptr(GArray) waited = e->waiting;
    e->waiting = g_array_new(FALSE, FALSE, sizeof(Waiter));
    e->source = 0;
    for (guint i = 0; i < waited->len; i++) {
        const Waiter *w = &g_array_index(waited, Waiter, i);
        w->ready(w->opaque);
    }
    device_unlock();
    return G_SOURCE_REMOVE;
}

void entropy_forget(Entropy *e, void *opaque)
{
    for (guint i = e->waiting->len; i-- > 0;)
        if (g_array_index(e->waiting, Waiter, i).opaque == opaque)
            g_array_remove_index(e->waiting, i);
}

static size_t get_file(Entropy *e, void *to, size_t size, void (*ready)(void *opaque), void *opaque)
{
    ssize_t n = read(e->fd, to, size);
    const Waiter waiter = {ready, opaque};
    if (n > 0)
        return (size_t)n;
    if (n == 0 || (errno != EAGAIN && errno != EINTR)) /* a file that ended: it will not have more */
        return 0;
    entropy_forget(e, opaque);
    g_array_append_val(e->waiting, waiter);
    if (!e->source)
        e->source = g_unix_fd_add(e->fd, G_IO_IN, fd_ready, e);
    return 0;
}

size_t entropy_get(Entropy *e, void *to, size_t size, void (*ready)(void *opaque), void *opaque)
{
    uint8_t *bytes = to;
    if (e->fd >= 0)
        return get_file(e, to, size, ready, opaque);
    for (size_t i = 0; e->repeated && i < size; i++)
        bytes[i] = (uint8_t)g_rand_int(e->repeated);
    for (size_t done = 0; !e->repeated && done < size;) {
        ssize_t n = getrandom(bytes + done, size - done, 0);
        if (n > 0)
            done += (size_t)n;
        else if (errno != EINTR)
            return done;
    }
    return size;
}
