/* SPDX-License-Identifier: MIT */
#include "platform/share/share.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROOM = 8192, HEAD = 7, ROOT = 1 };
enum { STATFS = 8, LOPEN = 12, LCREATE = 14, SYMLINK = 16, MKNOD = 18, RENAME = 20, READLINK = 22, GETATTR = 24, SETATTR = 26 };
enum {
    READDIR = 40,
    LINK = 70,
    MKDIR = 72,
    RENAMEAT = 74,
    UNLINKAT = 76,
    VERSION = 100,
    ATTACH = 104,
    WALK = 110,
    READ = 116,
    WRITE = 118
};
enum { CLUNK = 120, REMOVE = 122 };

/* A directory with a file `in`, beside a file `out` that is not in it. */
typedef struct Fixture {
    char *parent, *root;
    Share *share;
    uint8_t reply[ROOM];
    size_t size; /* of the reply, whose contents begin at HEAD */
} Fixture;

/*
 * What the server says to a message; 0 or its errno.  form: a letter for each argument: b, w, d, q are numbers of 1, 2, 4 and 8 bytes (int,
 * but q: int64_t), s a text, n bytes that follow as they are: their number, and where they are.
 */
static unsigned say(Fixture *f, unsigned type, const char *form, ...)
{
    uint8_t message[ROOM];
    size_t at = HEAD;
    va_list args;
    va_start(args, form);
    for (; *form; form++) {
        const unsigned width = *form == 'b' ? 1 : *form == 'w' || *form == 's' ? 2 : *form == 'd' ? 4 : *form == 'q' ? 8 : 0;
        size_t bytes = *form == 'n' ? va_arg(args, unsigned) : 0;
        const char *text = *form == 's' || *form == 'n' ? va_arg(args, const char *) : NULL;
        uint64_t value = text ? strlen(text) : *form == 'q' ? (uint64_t)va_arg(args, int64_t) : (uint64_t)va_arg(args, int);
        bytes = *form == 's' ? strlen(text) : bytes;
        for (unsigned i = 0; i < width; i++, value >>= 8)
            message[at++] = (uint8_t)value;
        memcpy(message + at, text ? text : "", bytes);
        at += bytes;
    }
    va_end(args);
    memcpy(message, (uint8_t[]){(uint8_t)at, (uint8_t)(at >> 8), 0, 0, (uint8_t)type, 0x34, 0x12}, HEAD);
    f->size = share_serve(f->share, message, at, f->reply, sizeof(f->reply));
    g_assert_cmpuint(f->size, >=, HEAD);
    g_assert_cmpuint((unsigned)(f->reply[0] | f->reply[1] << 8), ==, f->size);
    g_assert_cmpmem(f->reply + 5, 2, "\x34\x12", 2);
    if (f->reply[4] == 7)
        return f->reply[HEAD];
    g_assert_cmpuint(f->reply[4], ==, type + 1);
    return 0;
}

static void put_file(const char *directory, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static Fixture begin(const char *more)
{
    Fixture f = {.parent = g_dir_make_tmp("share-XXXXXX", NULL)};
    f.root = g_build_filename(f.parent, "root", NULL);
    g_assert_cmpint(mkdir(f.root, 0755), ==, 0);
    put_file(f.root, "in", "inside");
    put_file(f.parent, "out", "secret");
    g_autofree char *text = g_strdup_printf("local,id=f,path=%s,security_model=none%s", f.root, more);
    g_autoptr(GError) error = NULL;
    f.share = share_new(text, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(say(&f, VERSION, "ds", ROOM, "9P2000.L"), ==, 0);
    g_assert_cmpuint(say(&f, ATTACH, "ddssd", ROOT, -1, "root", "", 0), ==, 0);
    return f;
}

static void end(Fixture *f)
{
    share_free(f->share);
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", f->parent);
    g_assert_cmpint(system(command), ==, 0);
    g_free(f->parent);
    g_free(f->root);
}

/* fid becomes the entry of this name. */
static unsigned walk(Fixture *f, unsigned fid, const char *name)
{
    return say(f, WALK, "ddws", ROOT, fid, 1, name);
}

static void test_files(void)
{
    Fixture f = begin("");
    g_assert_true(share_is_mounted(f.share));
    g_assert_cmpuint(walk(&f, 2, "in"), ==, 0);
    g_assert_cmpuint(say(&f, READ, "dqd", 2, (int64_t)0, 100), ==, EBADF); /* it is not open */
    g_assert_cmpuint(say(&f, LOPEN, "dd", 2, 2), ==, 0);
    g_assert_cmpuint(say(&f, LOPEN, "dd", 2, 2), ==, EBADF);
    g_assert_cmpuint(say(&f, READ, "dqd", 2, (int64_t)2, 100), ==, 0);
    g_assert_cmpmem(f.reply + HEAD, f.size - HEAD, "\4\0\0\0side", 8);
    g_assert_cmpuint(say(&f, WRITE, "dqdn", 2, (int64_t)4, 3, 3, "out"), ==, 0);
    g_assert_cmpuint(say(&f, READ, "dqd", 2, (int64_t)0, 3), ==, 0);
    g_assert_cmpmem(f.reply + HEAD, f.size - HEAD, "\3\0\0\0ins", 7);
    g_assert_cmpuint(say(&f, WRITE, "dqdn", 2, (int64_t)0, 300, 3, "out"), ==, EINVAL); /* more than there is */
    g_assert_cmpuint(say(&f, CLUNK, "d", 2), ==, 0);
    g_assert_cmpuint(say(&f, CLUNK, "d", 2), ==, EBADF);
    g_assert_cmpuint(say(&f, WALK, "ddw", ROOT, 3, 0), ==, 0);
    g_assert_cmpuint(say(&f, LCREATE, "dsddd", 3, "new", 1, 0640, 0), ==, 0);
    g_assert_cmpuint(say(&f, WRITE, "dqdn", 3, (int64_t)0, 4, 4, "data"), ==, 0);
    g_assert_cmpuint(say(&f, MKDIR, "dsdd", ROOT, "d", 0700, 0), ==, 0);
    g_assert_cmpuint(say(&f, RENAMEAT, "dsds", ROOT, "new", ROOT, "moved"), ==, 0);
    g_assert_cmpuint(say(&f, GETATTR, "dq", 3, (int64_t)0x7ff), ==, 0);
    g_assert_cmpuint(walk(&f, 4, "moved"), ==, 0);
    g_assert_cmpuint(say(&f, SETATTR, "dddddqqqqq", 4, 8, 0, 0, 0, (int64_t)2, (int64_t)0, (int64_t)0, (int64_t)0, (int64_t)0), ==,
                     0);
    g_assert_cmpuint(say(&f, UNLINKAT, "dsd", ROOT, "d", 0), ==, EISDIR);
    g_assert_cmpuint(say(&f, UNLINKAT, "dsd", ROOT, "d", 0x200), ==, 0);
    g_autofree char *path = g_build_filename(f.root, "moved", NULL), *contents = NULL;
    struct stat st;
    g_assert_true(g_file_get_contents(path, &contents, NULL, NULL));
    g_assert_cmpstr(contents, ==, "da");
    g_assert_cmpint(stat(path, &st), ==, 0);
    g_assert_cmphex(st.st_mode & 0777, ==, 0640);
    share_forget(f.share);
    g_assert_false(share_is_mounted(f.share));
    g_assert_cmpuint(say(&f, GETATTR, "dq", ROOT, (int64_t)0x7ff), ==, EPROTO);
    end(&f);
}

/* Fids of what is below a directory that is moved go along. */
static void test_moves(void)
{
    Fixture f = begin("");
    g_assert_cmpuint(say(&f, MKDIR, "dsdd", ROOT, "a", 0755, 0), ==, 0);
    g_assert_cmpuint(walk(&f, 2, "a"), ==, 0);
    g_assert_cmpuint(say(&f, MKDIR, "dsdd", 2, "b", 0755, 0), ==, 0);
    g_assert_cmpuint(say(&f, WALK, "ddws", 2, 3, 1, "b"), ==, 0);
    g_assert_cmpuint(say(&f, MKDIR, "dsdd", ROOT, "ab", 0755, 0), ==, 0);
    g_assert_cmpuint(walk(&f, 4, "ab"), ==, 0);
    g_assert_cmpuint(say(&f, RENAME, "dds", 2, ROOT, "c"), ==, 0);
    for (unsigned fid = 2; fid <= 4; fid++)
        g_assert_cmpuint(say(&f, GETATTR, "dq", fid, (int64_t)0x7ff), ==, 0);
    g_assert_cmpuint(walk(&f, 5, "a"), ==, ENOENT);
    g_assert_cmpuint(say(&f, WALK, "ddwss", ROOT, 5, 2, "c", "b"), ==, 0);
    g_assert_cmpuint(say(&f, RENAME, "dds", ROOT, 2, "self"), ==, EBUSY);
    end(&f);
}

/* No name leads out: neither "..", nor a slash, nor a link, whoever made it. */
static void test_nothing_outside(void)
{
    static const char *const names[] = {"..", "../out", "in/../../out", "/", "", ".", "a/b"};
    Fixture f = begin("");
    g_autofree char *out = g_build_filename(f.parent, "out", NULL), *link = g_build_filename(f.root, "link", NULL);
    g_autofree char *up = g_build_filename(f.root, "up", NULL), *contents = NULL;
    struct stat st, root;
    g_assert_cmpint(symlink(out, link), ==, 0);
    g_assert_cmpint(symlink("..", up), ==, 0);
    g_assert_cmpint(stat(f.root, &root), ==, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        unsigned said = walk(&f, 2, names[i]);
        g_assert_cmpuint(said, ==, i ? ENOENT : 0); /* above the directory it is itself */
        if (!said) {
            uint64_t number;
            memcpy(&number, f.reply + HEAD + 2 + 5, sizeof(number));
            g_assert_cmpuint(GUINT64_FROM_LE(number), ==, root.st_ino);
            g_assert_cmpuint(say(&f, CLUNK, "d", 2), ==, 0);
        }
        g_assert_cmpuint(say(&f, MKDIR, "dsdd", ROOT, names[i], 0777, 0), ==, EINVAL);
        g_assert_cmpuint(say(&f, UNLINKAT, "dsd", ROOT, names[i], 0), ==, EINVAL);
        g_assert_cmpuint(say(&f, RENAMEAT, "dsds", ROOT, "in", ROOT, names[i]), ==, EINVAL);
        g_assert_cmpuint(say(&f, LCREATE, "dsddd", ROOT, names[i], 1, 0666, 0), ==, EINVAL);
    }
    g_assert_cmpuint(walk(&f, 3, "link"), ==, 0); /* a link is a text */
    g_assert_cmpuint(say(&f, LOPEN, "dd", 3, 0), ==, ELOOP);
    g_assert_cmpuint(say(&f, READLINK, "d", 3), ==, 0);
    g_assert_cmpuint(say(&f, SETATTR, "dddddqqqqq", 3, 1 | 8, 0, 0, 0, (int64_t)0, (int64_t)0, (int64_t)0, (int64_t)0, (int64_t)0),
                     !=, 0);
    g_assert_cmpuint(say(&f, WALK, "ddw", ROOT, 4, 0), ==, 0);
    g_assert_cmpuint(say(&f, LCREATE, "dsddd", 4, "link", 1 | 01000, 0666, 0), ==, ELOOP);
    g_assert_cmpuint(say(&f, WALK, "ddwss", ROOT, 5, 2, "up", "out"), ==, 0); /* one of two: no fid */
    g_assert_cmpuint(say(&f, GETATTR, "dq", 5, (int64_t)0x7ff), ==, EBADF);
    g_assert_cmpuint(walk(&f, 6, "up"), ==, 0);
    g_assert_cmpuint(say(&f, MKDIR, "dsdd", 6, "new", 0777, 0), ==, ENOTDIR);
    g_assert_cmpuint(say(&f, LINK, "dds", ROOT, 3, "hard"), ==, 0); /* of the link */
    g_assert_true(g_file_get_contents(out, &contents, NULL, NULL));
    g_assert_cmpstr(contents, ==, "secret");
    g_assert_cmpint(stat(out, &st), ==, 0);
    g_assert_cmphex(st.st_mode & 0777, !=, 0);
    end(&f);
}

/* Nothing but files and directories is opened, and no device is made. */
static void test_special_files(void)
{
    Fixture f = begin("");
    g_assert_cmpuint(say(&f, MKNOD, "dsdddd", ROOT, "fifo", S_IFIFO | 0666, 0, 0, 0), ==, 0);
    g_assert_cmpuint(say(&f, MKNOD, "dsdddd", ROOT, "null", S_IFCHR | 0666, 1, 3, 0), ==, EPERM);
    g_assert_cmpuint(say(&f, MKNOD, "dsdddd", ROOT, "disk", S_IFBLK | 0666, 8, 0, 0), ==, EPERM);
    g_assert_cmpuint(walk(&f, 2, "fifo"), ==, 0);
    g_assert_cmpuint(say(&f, LOPEN, "dd", 2, 0), ==, ENXIO);
    end(&f);
}

static void test_directories(void)
{
    Fixture f = begin("");
    unsigned n = 0;
    for (unsigned i = 0; i < 500; i++) {
        g_autofree char *name = g_strdup_printf("file-with-a-long-name-%u", i);
        put_file(f.root, name, "");
    }
    g_assert_cmpuint(say(&f, WALK, "ddw", ROOT, 2, 0), ==, 0);
    g_assert_cmpuint(say(&f, READDIR, "dqd", 2, (int64_t)0, 4000), ==, EBADF);
    g_assert_cmpuint(say(&f, LOPEN, "dd", 2, 0), ==, 0);
    g_assert_cmpuint(say(&f, READDIR, "dqd", 2, (int64_t)0, 10), ==, EINVAL); /* no room for one */
    for (int64_t next = 0;;) {
        g_assert_cmpuint(say(&f, READDIR, "dqd", 2, next, 4000), ==, 0);
        g_assert_cmpuint(f.size, <=, 4000 + HEAD + 4);
        if (f.size == HEAD + 4)
            break;
        for (const uint8_t *at = f.reply + HEAD + 4; at < f.reply + f.size; n++) {
            memcpy(&next, at + 13, sizeof(next));
            next = GINT64_FROM_LE(next);
            at += 24 + (at[22] | at[23] << 8);
        }
    }
    g_assert_cmpuint(n, ==, 503); /* with "in", "." and ".." */
    end(&f);
}

static void test_bounds(void)
{
    Fixture f = begin("");
    unsigned n = 2, said = 0;
    for (; n < 1000 && !said; n++) {
        g_assert_cmpuint(walk(&f, n, "in"), ==, 0);
        said = say(&f, LOPEN, "dd", n, 0);
    }
    g_assert_cmpuint(said, ==, ENFILE);
    g_assert_cmpuint(n, <, 300);
    for (said = 0; n < 100000 && !said; n++)
        said = walk(&f, n, "in");
    g_assert_cmpuint(said, ==, ENFILE);
    end(&f);
}

static void test_read_only(void)
{
    Fixture f = begin(",readonly=on");
    g_assert_cmpuint(walk(&f, 2, "in"), ==, 0);
    g_assert_cmpuint(say(&f, LOPEN, "dd", 2, 1), ==, EROFS);
    g_assert_cmpuint(say(&f, LOPEN, "dd", 2, 01000), ==, EROFS);
    g_assert_cmpuint(say(&f, LOPEN, "dd", 2, 0), ==, 0);
    g_assert_cmpuint(say(&f, MKDIR, "dsdd", ROOT, "d", 0777, 0), ==, EROFS);
    g_assert_cmpuint(say(&f, UNLINKAT, "dsd", ROOT, "in", 0), ==, EROFS);
    g_assert_cmpuint(say(&f, WRITE, "dqdn", 2, (int64_t)0, 1, 1, "x"), ==, EROFS);
    end(&f);
}

static void test_what_is_no_message(void)
{
    Fixture f = begin("");
    g_autoptr(GRand) rand = g_rand_new_with_seed(9);
    uint8_t bytes[64] = {0};
    g_assert_cmpuint(share_serve(f.share, bytes, 6, f.reply, ROOM), ==, 0);
    memcpy(bytes, "\x40\0\0\0\x18\0\0", 7);
    g_assert_cmpuint(share_serve(f.share, bytes, 63, f.reply, ROOM), ==, 0); /* it says that it has 64 bytes */
    g_assert_cmpuint(share_serve(f.share, bytes, 64, f.reply, 10), ==, 0);   /* no room for an error */
    for (unsigned i = 0; i < 20000; i++) {
        const size_t size = (size_t)g_rand_int_range(rand, 7, sizeof(bytes) + 1);
        uint8_t *message = g_malloc(size); /* a sanitizer sees what is behind it */
        for (size_t n = 0; n < size; n++)
            message[n] = (uint8_t)(g_rand_int(rand) & (g_rand_boolean(rand) ? 0x03 : 0xff));
        memcpy(message, (uint8_t[]){(uint8_t)size, 0, 0, 0, (uint8_t)(2 * g_rand_int_range(rand, 0, 64))}, 5);
        const size_t room = (size_t)g_rand_int_range(rand, 0, 200);
        g_autofree uint8_t *reply = g_malloc(room);
        g_assert_cmpuint(share_serve(f.share, message, size, reply, room), <=, room);
        g_free(message);
    }
    end(&f);
}

static void test_arguments(void)
{
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"local,id=f,path=/,security_model=none", NULL},
        {"local,id=f,path=/,security_model=passthrough,readonly=on,writeout=immediate,multidevs=remap", NULL},
        {"local,path=/,security_model=none", "id= is missing"},
        {"local,id=f,security_model=none", "path= is missing"},
        {"local,id=f,path=/", "security_model= is missing"},
        {"local,id=f,path=/,security_model=mapped-xattr", "owners and modes are the host's own"},
        {"local,id=f,path=/,security_model=x", "none or passthrough"},
        {"local,id=f,path=/,security_model=none,readonyl=on", "did you mean 'readonly'"},
        {"local,id=f,path=/,security_model=none,readonly=maybe", "maybe"},
        {"local,id=f,path=/,security_model=none,writeout=later", "immediate"},
        {"proxy,id=f,socket=s", "'proxy' is not supported"},
        {"synth,id=f", "'synth' is not supported"},
    };
    FOR_ROWS (i, rows) {
        g_autofree char *id = NULL;
        g_autoptr(GError) error = NULL;
        g_assert_cmpint(share_option_check(rows[i].text, &id, &error), ==, !rows[i].says);
        if (rows[i].says)
            g_assert_nonnull(strstr(error->message, rows[i].says));
        else
            g_assert_cmpstr(id, ==, "f");
    }
    g_autoptr(GError) error = NULL;
    g_assert_null(share_new("local,id=f,path=/nowhere,security_model=none", &error));
    g_assert_nonnull(strstr(error->message, "cannot open '/nowhere'"));
}

UNIT_TESTS(share)
{
    g_test_add_func("/share/files-are-read-and-changed", test_files);
    g_test_add_func("/share/numbers-follow-what-is-moved", test_moves);
    g_test_add_func("/share/no-name-leads-out", test_nothing_outside);
    g_test_add_func("/share/nothing-but-files-is-opened", test_special_files);
    g_test_add_func("/share/a-directory-is-read-in-pieces", test_directories);
    g_test_add_func("/share/a-client-has-bounds", test_bounds);
    g_test_add_func("/share/read-only", test_read_only);
    g_test_add_func("/share/what-is-no-message", test_what_is_no_message);
    g_test_add_func("/share/arguments", test_arguments);
}
