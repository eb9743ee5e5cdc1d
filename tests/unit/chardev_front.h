/* SPDX-License-Identifier: MIT
 *
 * A front end of a back end, for tests of back ends, and what they open and type.
 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "platform/base/lock.h"
#include "platform/chardev/priv.h"

/* A front end with a bounded receiver that records what it is told. */
typedef struct Front {
    Chardev *chr;
    size_t room;
    GString *got;
    unsigned opened, closed, breaks, writable, quits;
} Front;

static inline size_t front_can_receive(void *opaque)
{
    return ((Front *)opaque)->room;
}

static inline void front_receive(void *opaque, const uint8_t *data, size_t size)
{
    Front *f = opaque;
    g_assert_true(device_lock_held());
    g_assert_cmpuint(size, <=, f->room);
    f->room -= size;
    g_string_append_len(f->got, (const char *)data, (gssize)size);
}

static inline void front_writable(void *opaque)
{
    g_assert_true(device_lock_held());
    ((Front *)opaque)->writable++;
}

static inline void front_event(void *opaque, ChardevEvent event)
{
    Front *f = opaque;
    f->opened += event == CHARDEV_OPENED;
    f->closed += event == CHARDEV_CLOSED;
    f->breaks += event == CHARDEV_BREAK;
}

static inline void front_quit(void *opaque)
{
    ((Front *)opaque)->quits++;
}

static const ChardevHandlers handlers = {front_can_receive, front_receive, front_writable, front_event};

static inline Front *front_new(Chardev *chr, size_t room)
{
    Front *f = g_new0(Front, 1);
    f->chr = chr;
    f->room = room;
    f->got = g_string_new(NULL);
    device_lock();
    chardev_set_quit(chr, front_quit, f);
    chardev_set_handlers(chr, &handlers, f);
    device_unlock();
    return f;
}

static inline void front_free(Front *f)
{
    chardev_free(f->chr);
    g_string_free(f->got, TRUE);
    g_free(f);
}

/* Runs the main loop until the condition holds; it always comes, or the test hangs and says where.
 */
#define RUN_UNTIL(condition) \
    while (!(condition))     \
    g_main_context_iteration(NULL, TRUE)

/* Runs what is ready now, for conditions that must not come. */
static inline void run_pending(void)
{
    while (g_main_context_iteration(NULL, FALSE))
        ;
}

static inline void pipe_pair(int ends[2])
{
    g_assert_true(g_unix_open_pipe(ends, FD_CLOEXEC, NULL));
}

/* A chardev of pipes: ours[0] reads what it writes, ours[1] is what it reads. */
static inline Chardev *piped(int ours[2], bool mux)
{
    int out[2], in[2];
    pipe_pair(out);
    pipe_pair(in);
    g_unix_set_fd_nonblocking(out[1], TRUE, NULL);
    g_unix_set_fd_nonblocking(in[0], TRUE, NULL);
    Chardev *chr = chardev_alloc("serial0", CHARDEV_STDIO);
    chr->mux = mux;
    chardev_connect(chr, in[0], out[1]);
    ours[0] = out[0];
    ours[1] = in[1];
    return chr;
}

static inline size_t locked_write(Chardev *chr, const void *data, size_t size)
{
    device_lock();
    size_t n = chardev_write(chr, data, size);
    device_unlock();
    return n;
}

static inline void give_room(Front *f, size_t room)
{
    device_lock();
    f->room += room;
    chardev_accept_input(f->chr);
    device_unlock();
}

static inline void type(int fd, const char *text)
{
    g_assert_cmpint(write(fd, text, strlen(text)), ==, strlen(text));
}

static inline void expect_output(int fd, const char *text)
{
    g_autofree char *got = g_malloc0(strlen(text) + 1);
    for (size_t n = 0; n < strlen(text);) {
        ssize_t r = read(fd, got + n, strlen(text) - n);
        g_assert_cmpint(r, >, 0);
        n += (size_t)r;
    }
    g_assert_cmpstr(got, ==, text);
}

static inline Chardev *open_spec(const char *spec)
{
    g_autoptr(GError) error = NULL;
    Chardev *chr = chardev_new("-serial", "serial0", spec, &error);
    g_assert_no_error(error);
    return chr;
}

static inline char *temp_dir(void)
{
    return g_dir_make_tmp("quoin-chardev-XXXXXX", NULL);
}

static inline Front *open_option(const char *text, size_t room)
{
    g_autoptr(GError) error = NULL;
    Chardev *chr = chardev_option_new(text, &error);
    g_assert_no_error(error);
    return front_new(chr, room);
}

static inline int client(const char *path)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_strlcpy(sun.sun_path, path, sizeof(sun.sun_path));
    g_assert_cmpint(connect(fd, (struct sockaddr *)&sun, sizeof(sun)), ==, 0);
    return fd;
}
