/* SPDX-License-Identifier: MIT
 *
 * What the files of this folder share; nobody else includes it.
 */
#pragma once

#include <sys/stat.h>

#include "platform/share/share.h"

enum {
    FIDS_MAX = 65536,     /* of a client */
    OPEN_MAX = 256,       /* files that it has open at a time: each is a descriptor of the process */
    NAME_BYTES_MAX = 255, /* of a component of a path */
    PATH_BYTES_MAX = 4096,
    MESSAGE_MIN = 4096,
    HEAD = 7,     /* of a message: its size, type and tag */
    IO_HEAD = 11, /* of an answer with data: the head, and their size */
};

/* What the client has a number for: an object of the directory, by its path, and the open file. */
typedef struct Fid {
    char *path;   /* below the directory, without a slash at its ends; "": the directory */
    int fd;       /* −1: it is not open */
    uint32_t uid; /* of who attached it */
} Fid;

struct Share {
    char *id;
    int root;
    bool readonly, passthrough; /* passthrough: that owners cannot be set is an error */
    dev_t dev;
    uint32_t message_max; /* as agreed with the client */
    GHashTable *fids;     /* number → Fid* */
    unsigned n_open;
    int is_mounted; /* atomic: there are fids */
};

/* --- message.c: numbers and texts of messages, little-endian */

typedef struct Reader {
    const uint8_t *at;
    size_t left;
    bool bad; /* it was shorter than what was asked of it */
} Reader;

typedef struct Writer {
    uint8_t *at;
    size_t left;
    bool bad; /* there is no room */
} Writer;

uint64_t get_number(Reader *r, unsigned bytes);
char *get_text(Reader *r); /* g_free(); NULL: bad, or a text with a NUL */
char *get_name(Reader *r); /* of an entry of a directory: NULL also if it is none */
void put_number(Writer *w, unsigned bytes, uint64_t value);
void put_text(Writer *w, const char *text);
void put_qid(Writer *w, const Share *s, const struct stat *st);

/* --- path.c: all return an errno, or 0 */

/* The directory that has the path's last component, which is *name: "." of the directory itself.  close() */
int path_parent(const Share *s, const char *path, int *dir, const char **name);
int path_directory(const Share *s, const char *path, int *dir);   /* the directory of this path.  close() */
int path_stat(const Share *s, const char *path, struct stat *st); /* of a link: the link */
/* A regular file or a directory, opened with these flags. */
int path_open(const Share *s, const char *path, int flags, int *fd);
/* A descriptor of the object itself, whatever it is, for changes of its attributes only. */
int path_handle(const Share *s, const char *path, int *fd);
char *path_join(const char *path, const char *name); /* g_free(); NULL: it would be too long */

/* --- files.c, folders.c: requests.  The answer behind the head goes to w; an errno, or 0 */

typedef int ShareRequest(Share *s, Reader *r, Writer *w);

ShareRequest serve_lopen, serve_lcreate, serve_read, serve_write, serve_fsync, serve_getattr, serve_setattr, serve_statfs,
    serve_lock, serve_getlock, serve_readlink;
ShareRequest serve_walk, serve_readdir, serve_mkdir, serve_mknod, serve_symlink, serve_link, serve_rename, serve_renameat,
    serve_unlinkat;

/* --- serve.c */

GHashTable *share_fids_new(void);
Fid *fid_find(const Share *s, uint32_t number); /* NULL: the client has no such */
int fid_add(Share *s, uint32_t number, char *path /* take */, uint32_t uid);
void fid_opened(Share *s, Fid *fid, int fd);
void fid_drop(Share *s, uint32_t number);
/* Paths of all fids follow an object that was moved. */
void fids_moved(Share *s, const char *from, const char *to);
