/* SPDX-License-Identifier: MIT
 *
 * The client's numbers, and one message after the other: 9P2000 with the requests of 9P2000.L, as Linux's driver makes them.
 */
#include "platform/share/priv.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* --- fids */

Fid *fid_find(const Share *s, uint32_t number)
{
    return g_hash_table_lookup(s->fids, GUINT_TO_POINTER(number));
}

int fid_add(Share *s, uint32_t number, char *path, uint32_t uid)
{
    g_autofree char *taken = path;
    if (fid_find(s, number))
        return EBADF;
    if (g_hash_table_size(s->fids) >= FIDS_MAX)
        return ENFILE;
    Fid *fid = g_new0(Fid, 1);
    *fid = (Fid){.path = g_steal_pointer(&taken), .fd = -1, .uid = uid};
    g_hash_table_insert(s->fids, GUINT_TO_POINTER(number), fid);
    return 0;
}

void fid_opened(Share *s, Fid *fid, int fd)
{
    fid->fd = fd;
    s->n_open++;
}

static void fid_free(gpointer fid)
{
    Fid *f = fid;
    if (f->fd >= 0)
        close(f->fd);
    g_free(f->path);
    g_free(f);
}

void fid_drop(Share *s, uint32_t number)
{
    const Fid *fid = fid_find(s, number);
    s->n_open -= fid && fid->fd >= 0;
    g_hash_table_remove(s->fids, GUINT_TO_POINTER(number));
}

void fids_moved(Share *s, const char *from, const char *to)
{
    const size_t length = strlen(from);
    GHashTableIter at;
    gpointer value;
    g_hash_table_iter_init(&at, s->fids);
    while (g_hash_table_iter_next(&at, NULL, &value)) {
        Fid *fid = value;
        if (strncmp(fid->path, from, length) || (fid->path[length] && fid->path[length] != '/'))
            continue;
        char *moved = g_strconcat(to, fid->path + length, NULL);
        g_free(fid->path);
        fid->path = moved;
    }
}

bool share_is_mounted(const Share *s)
{
    return g_atomic_int_get(&s->is_mounted);
}

void share_forget(Share *s)
{
    g_hash_table_remove_all(s->fids);
    s->n_open = 0;
    s->message_max = 0;
    g_atomic_int_set(&s->is_mounted, 0);
}

/* --- the session */

static int serve_version(Share *s, Reader *r, Writer *w)
{
    const uint64_t wanted = get_number(r, 4);
    g_autofree char *version = get_text(r);
    if (!version)
        return EPROTO;
    share_forget(s);
    bool known = !strcmp(version, "9P2000.L") && wanted >= MESSAGE_MIN;
    s->message_max = known ? (uint32_t)MIN(wanted, SHARE_MESSAGE_MAX) : 0;
    put_number(w, 4, known ? s->message_max : MIN(wanted, SHARE_MESSAGE_MAX));
    put_text(w, known ? version : "unknown");
    return 0;
}

/* Who it is counts as the owner of what is made, where owners are kept; which tree, does not, for there is one. */
static int serve_attach(Share *s, Reader *r, Writer *w)
{
    struct stat st;
    const uint32_t fid = (uint32_t)get_number(r, 4);
    get_number(r, 4); /* the fid of an authentication, of which there is none */
    g_autofree char *user = get_text(r), *tree = get_text(r);
    const uint32_t uid = (uint32_t)get_number(r, 4);
    if (r->bad || !user || !tree)
        return EPROTO;
    int error = path_stat(s, "", &st);
    if (error || (error = fid_add(s, fid, g_strdup(""), uid)))
        return error;
    put_qid(w, s, &st);
    return 0;
}

/* Requests are served one after the other: the one that it names was answered. */
static int serve_flush(Share *s, Reader *r, Writer *w)
{
    get_number(r, 2);
    return 0;
}

static int serve_clunk(Share *s, Reader *r, Writer *w)
{
    const uint32_t fid = (uint32_t)get_number(r, 4);
    if (!fid_find(s, fid))
        return EBADF;
    fid_drop(s, fid);
    return 0;
}

/* Clients of 9P2000.L remove by the directory, and come here where that is not known. */
static int serve_remove(Share *s, Reader *r, Writer *w)
{
    int error = serve_clunk(s, r, w);
    return error ? error : EOPNOTSUPP;
}

static int serve_none(Share *s, Reader *r, Writer *w)
{
    return EOPNOTSUPP;
}

/* --- messages */

enum { RLERROR = 7, TVERSION = 100, TLAST = 122 };

static const struct {
    ShareRequest *serve;
    bool changes; /* nothing that is read-only allows */
} requests[TLAST + 1] = {
    [8] = {serve_statfs, false},         [12] = {serve_lopen, false}, [14] = {serve_lcreate, true},   [16] = {serve_symlink, true},
    [18] = {serve_mknod, true},          [20] = {serve_rename, true}, [22] = {serve_readlink, false}, [24] = {serve_getattr, false},
    [26] = {serve_setattr, true},        [30] = {serve_none, false},  [32] = {serve_none, false}, /* extended attributes */
    [40] = {serve_readdir, false},       [50] = {serve_fsync, false}, [52] = {serve_lock, false},     [54] = {serve_getlock, false},
    [70] = {serve_link, true},           [72] = {serve_mkdir, true},  [74] = {serve_renameat, true},  [76] = {serve_unlinkat, true},
    [TVERSION] = {serve_version, false}, [102] = {serve_none, false}, [104] = {serve_attach, false},  [108] = {serve_flush, false},
    [110] = {serve_walk, false},         [116] = {serve_read, false}, [118] = {serve_write, true},    [120] = {serve_clunk, false},
    [TLAST] = {serve_remove, false},
};

static int serve(Share *s, unsigned type, Reader *r, Writer *w)
{
    if (type > TLAST || !requests[type].serve)
        return EOPNOTSUPP;
    if (type != TVERSION && !s->message_max)
        return EPROTO; /* the client has not said how it speaks */
    if (s->readonly && requests[type].changes)
        return EROFS;
    int error = requests[type].serve(s, r, w);
    return error ? error : r->bad ? EPROTO : w->bad ? EMSGSIZE : 0;
}

static size_t put_head(uint8_t *reply, size_t size, unsigned type, uint64_t tag)
{
    Writer head = {reply, HEAD, false};
    put_number(&head, 4, size);
    put_number(&head, 1, type);
    put_number(&head, 2, tag);
    return size;
}

size_t share_serve(Share *s, const uint8_t *message, size_t size, uint8_t *reply, size_t room)
{
    enum { ERROR_SIZE = HEAD + 4 };
    Reader r = {message, size, false};
    const uint64_t length = get_number(&r, 4);
    const unsigned type = (unsigned)get_number(&r, 1);
    const uint64_t tag = get_number(&r, 2);
    if (r.bad || length < HEAD || length > size || room < ERROR_SIZE)
        return 0;
    r.left = (size_t)length - HEAD;
    room = MIN(room, s->message_max ? s->message_max : MESSAGE_MIN);
    Writer w = {reply + HEAD, room - HEAD, false};
    int error = serve(s, type, &r, &w);
    g_atomic_int_set(&s->is_mounted, g_hash_table_size(s->fids) > 0);
    if (!error)
        return put_head(reply, (size_t)(w.at - reply), type + 1, tag);
    w = (Writer){reply + HEAD, room - HEAD, false};
    put_number(&w, 4, (unsigned)error);
    return put_head(reply, ERROR_SIZE, RLERROR, tag);
}

GHashTable *share_fids_new(void)
{
    return g_hash_table_new_full(NULL, NULL, NULL, fid_free);
}
