/* SPDX-License-Identifier: MIT
 *
 * Requests about names: the way to a file, what a directory has, what is made and moved there and goes.
 */
#include "platform/share/priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* --- the way to a file */

/* One component on, or back by "..", of which there is none above the directory. */
static char *step(const char *path, const char *name)
{
    const char *slash = strrchr(path, '/');
    if (strcmp(name, ".."))
        return path_join(path, name);
    return slash ? g_strndup(path, (gsize)(slash - path)) : g_strdup("");
}

static bool is_walked(const char *name)
{
    return name && *name && strlen(name) <= NAME_BYTES_MAX && !strchr(name, '/') && strcmp(name, ".");
}

/* The qids of those that are there; the new fid is made if all are. */
int serve_walk(Share *s, Reader *r, Writer *w)
{
    enum { NAMES_MAX = 16 };
    const uint32_t from = (uint32_t)get_number(r, 4), to = (uint32_t)get_number(r, 4);
    const unsigned n = (unsigned)get_number(r, 2);
    Fid *fid = fid_find(s, from);
    struct stat st[NAMES_MAX];
    unsigned there = 0;
    int error = 0;
    if (r->bad || !fid || (to != from && fid_find(s, to)))
        return EBADF;
    if (n > NAMES_MAX)
        return EINVAL;
    g_autofree char *path = g_strdup(fid->path);
    for (; there < n && !error; there += !error) {
        g_autofree char *name = get_text(r);
        char *next = is_walked(name) ? step(path, name) : NULL;
        error = next ? path_stat(s, next, &st[there]) : r->bad ? EPROTO : ENOENT;
        g_free(path);
        path = next;
    }
    if (error && (!there || error == EPROTO))
        return error;
    put_number(w, 2, there);
    for (unsigned i = 0; i < there; i++)
        put_qid(w, s, &st[i]);
    if (there < n)
        return 0;
    const uint32_t uid = fid->uid;
    if (to == from)
        fid_drop(s, from);
    return fid_add(s, to, g_steal_pointer(&path), uid);
}

/* --- what a directory has */

/* As getdents64(2) has it. */
typedef struct Entry {
    uint64_t number;
    int64_t next;
    uint16_t size;
    uint8_t type;
    char name[];
} Entry;

static bool put_entry(Writer *w, const Share *s, const Entry *entry, dev_t dev)
{
    enum { FIXED = 13 + 8 + 1 + 2 };
    struct stat st = {.st_ino = entry->number, .st_dev = dev};
    if (FIXED + strlen(entry->name) > w->left)
        return false;
    st.st_mode = entry->type == 4 ? S_IFDIR : entry->type == 10 ? S_IFLNK : S_IFREG;
    put_qid(w, s, &st);
    put_number(w, 8, (uint64_t)entry->next);
    put_number(w, 1, entry->type);
    put_text(w, entry->name);
    return true;
}

int serve_readdir(Share *s, Reader *r, Writer *w)
{
    _Alignas(Entry) char entries[8192];
    const Fid *fid = fid_find(s, (uint32_t)get_number(r, 4));
    const uint64_t offset = get_number(r, 8), wanted = get_number(r, 4);
    struct stat st;
    if (r->bad || !fid || fid->fd < 0)
        return EBADF;
    if (w->left < IO_HEAD - HEAD)
        return EMSGSIZE;
    if (fstat(fid->fd, &st) || lseek(fid->fd, (off_t)offset, SEEK_SET) < 0)
        return errno;
    Writer data = {w->at + 4, MIN(wanted, w->left - 4), false};
    uint8_t *const begin = data.at;
    bool fits = true;
    for (long n = 1; n > 0 && fits;) {
        if ((n = syscall(SYS_getdents64, fid->fd, entries, sizeof(entries))) < 0)
            return errno;
        const Entry *entry;
        for (long at = 0; at < n && fits; at += entry->size) {
            entry = (const Entry *)(entries + at);
            fits = put_entry(&data, s, entry, st.st_dev);
        }
    }
    const size_t size = (size_t)(data.at - begin);
    if (!size && !fits)
        return EINVAL; /* no room for one of them: an empty answer would say that there are no more */
    put_number(w, 4, size);
    w->at += size;
    w->left -= size;
    return 0;
}

/* --- what is made there.  All begin with the directory and a name in it */

typedef struct Place {
    const Fid *fid;
    char *name, *path; /* of the entry */
    int dir;           /* −1 until place_open() */
} Place;

static void place_clear(Place *p)
{
    if (p->dir >= 0)
        close(p->dir);
    g_free(p->name);
    g_free(p->path);
}

static Place place_read(Share *s, Reader *r)
{
    Place p = {.fid = fid_find(s, (uint32_t)get_number(r, 4)), .dir = -1};
    p.name = get_name(r);
    return p;
}

static int place_open(const Share *s, Place *p)
{
    if (!p->fid)
        return EBADF;
    if (!p->name || !(p->path = path_join(p->fid->path, p->name)))
        return EINVAL;
    return path_directory(s, p->fid->path, &p->dir);
}

/* Gives what was made its mode and owner, and tells of it. */
static int finish(const Share *s, const Place *p, const mode_t *mode, gid_t gid, Writer *w)
{
    struct stat st;
    int fd = openat(p->dir, p->name, O_PATH | O_NOFOLLOW | O_CLOEXEC), error = 0;
    if (fd < 0)
        return errno;
    g_autofree char *handle = g_strdup_printf("/proc/self/fd/%d", fd);
    if ((mode && chmod(handle, *mode)) || (fchownat(fd, "", p->fid->uid, gid, AT_EMPTY_PATH) && s->passthrough) || fstat(fd, &st))
        error = errno;
    close(fd);
    if (!error)
        put_qid(w, s, &st);
    return error;
}

int serve_mkdir(Share *s, Reader *r, Writer *w)
{
    Place p = place_read(s, r);
    const mode_t mode = get_number(r, 4) & 07777;
    const gid_t gid = (gid_t)get_number(r, 4);
    int error = r->bad ? EINVAL : place_open(s, &p);
    if (!error)
        error = mkdirat(p.dir, p.name, mode) ? errno : finish(s, &p, &mode, gid, w);
    place_clear(&p);
    return error;
}

/* Devices would be the host's, whoever opens them there. */
int serve_mknod(Share *s, Reader *r, Writer *w)
{
    Place p = place_read(s, r);
    const mode_t whole = (mode_t)get_number(r, 4), mode = whole & 07777;
    get_number(r, 8);
    const gid_t gid = (gid_t)get_number(r, 4);
    int error = r->bad ? EINVAL : place_open(s, &p);
    if (!error && !S_ISREG(whole) && !S_ISFIFO(whole) && !S_ISSOCK(whole))
        error = EPERM;
    if (!error)
        error = mknodat(p.dir, p.name, whole & (S_IFMT | 07777), 0) ? errno : finish(s, &p, &mode, gid, w);
    place_clear(&p);
    return error;
}

int serve_symlink(Share *s, Reader *r, Writer *w)
{
    Place p = place_read(s, r);
    g_autofree char *target = get_text(r);
    const gid_t gid = (gid_t)get_number(r, 4);
    int error = r->bad || !target ? EINVAL : place_open(s, &p);
    if (!error)
        error = symlinkat(target, p.dir, p.name) ? errno : finish(s, &p, NULL, gid, w);
    place_clear(&p);
    return error;
}

int serve_link(Share *s, Reader *r, Writer *w)
{
    Place p = {.fid = fid_find(s, (uint32_t)get_number(r, 4)), .dir = -1};
    const Fid *fid = fid_find(s, (uint32_t)get_number(r, 4));
    const char *name;
    int from;
    p.name = get_name(r);
    int error = !fid ? EBADF : place_open(s, &p);
    if (!error && !(error = path_parent(s, fid->path, &from, &name))) {
        error = linkat(from, name, p.dir, p.name, 0) ? errno : 0;
        close(from);
    }
    place_clear(&p);
    return error;
}

/* --- what is moved, and goes */

static int move(Share *s, const char *from, Place *to)
{
    const char *name;
    int dir, error = *from ? path_parent(s, from, &dir, &name) : EBUSY;
    if (error)
        return error;
    error = renameat(dir, name, to->dir, to->name) ? errno : 0;
    close(dir);
    if (!error)
        fids_moved(s, from, to->path);
    return error;
}

int serve_rename(Share *s, Reader *r, Writer *w)
{
    const Fid *fid = fid_find(s, (uint32_t)get_number(r, 4));
    Place to = place_read(s, r);
    int error = !fid ? EBADF : place_open(s, &to);
    if (!error) {
        g_autofree char *from = g_strdup(fid->path); /* which changes with it */
        error = move(s, from, &to);
    }
    place_clear(&to);
    return error;
}

int serve_renameat(Share *s, Reader *r, Writer *w)
{
    Place from = place_read(s, r), to = place_read(s, r);
    int error = place_open(s, &from);
    if (!error)
        error = place_open(s, &to);
    if (!error)
        error = move(s, from.path, &to);
    place_clear(&from);
    place_clear(&to);
    return error;
}

int serve_unlinkat(Share *s, Reader *r, Writer *w)
{
    enum { REMOVE_DIRECTORY = 0x200 };
    Place p = place_read(s, r);
    const uint64_t flags = get_number(r, 4);
    int error = r->bad ? EINVAL : place_open(s, &p);
    if (!error)
        error = unlinkat(p.dir, p.name, flags & REMOVE_DIRECTORY ? AT_REMOVEDIR : 0) ? errno : 0;
    place_clear(&p);
    return error;
}
