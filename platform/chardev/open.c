/* SPDX-License-Identifier: MIT
 *
 * Opening the back ends, and what each does when its other end goes away.
 */
#include "platform/chardev/priv.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "cpu/log.h"
#include "platform/base/lock.h"

static bool failed(const Chardev *chr, const char *doing, GError **error)
{
    int why = errno;
    g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(why), "%s: cannot %s: %s", chr->option, doing, g_strerror(why));
    return false;
}

static bool set_nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

/* --- stdio */

static const Chardev *stdio_owner;
static int stdio_flags[2] = {-1, -1}; /* the original flags of descriptors 0 and 1, where they had to be changed */

/*
 * O_NONBLOCK belongs to the open file description, which other programs (the shell) and standard error share.  So where it can be done,
 * this opens the file once more and gets a description of its own.
 */
int chardev_reopen(int fd, int mode)
{
    struct stat st;
    if (fstat(fd, &st))
        return -1;
    if (S_ISCHR(st.st_mode) || S_ISFIFO(st.st_mode)) {
        g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);
        int own = open(path, mode | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (own >= 0)
            return own;
    }
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (copy >= 0 && !S_ISREG(st.st_mode)) {
        if (fd < 2 && stdio_flags[fd] < 0)
            stdio_flags[fd] = fcntl(fd, F_GETFL);
        set_nonblocking(copy);
    }
    return copy;
}

static bool open_stdio(Chardev *chr, GError **error)
{
    if (stdio_owner) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_EXIST, "%s: standard input and output are already %s's", chr->option,
                    stdio_owner->label);
        return false;
    }
    int out = chardev_reopen(STDOUT_FILENO, O_WRONLY);
    if (out < 0)
        return failed(chr, "use standard output", error);
    stdio_owner = chr;
    int in = chardev_reopen(STDIN_FILENO, O_RDONLY); /* −1: standard input is closed, so there is nothing to read */
    chr->raw_tty = tty_make_raw(STDIN_FILENO, !chr->mux);
    chardev_connect(chr, in, out);
    return true;
}

static void close_stdio(Chardev *chr)
{
    if (stdio_owner != chr)
        return;
    stdio_owner = NULL;
    if (chr->raw_tty)
        tty_restore();
    for (int fd = 0; fd < 2; fd++) {
        if (stdio_flags[fd] >= 0)
            fcntl(fd, F_SETFL, stdio_flags[fd]);
        stdio_flags[fd] = -1;
    }
}

/* --- file */

static bool open_file(Chardev *chr, const ChardevSpec *spec, GError **error)
{
    const int common = O_NOCTTY | O_CLOEXEC | O_NONBLOCK;
    int in = -1;
    int out = open(spec->path, common | O_WRONLY | O_CREAT | (spec->append ? O_APPEND : O_TRUNC), 0666);
    if (out < 0)
        return failed(chr, "open the file", error);
    if (spec->input && (in = open(spec->input, common | O_RDONLY)) < 0) {
        failed(chr, "open the input file", error);
        close(out);
        return false;
    }
    chardev_connect(chr, in, out);
    return true;
}

/* --- pty: the master's POLLHUP says that nobody has the other side open */

static bool open_pty(Chardev *chr, GError **error)
{
    char name[64];
    struct termios termios;
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (master < 0)
        return failed(chr, "make a pseudo-terminal", error);
    chr->pty_fd = master;
    if (grantpt(master) || unlockpt(master) || ptsname_r(master, name, sizeof(name)))
        return failed(chr, "unlock the pseudo-terminal", error);
    /* Opening and closing the other side once makes it raw from the start, and lets the master report a hang-up until somebody opens it. */
    int slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave < 0)
        return failed(chr, "open the pseudo-terminal", error);
    if (tcgetattr(slave, &termios) == 0) {
        cfmakeraw(&termios);
        tcsetattr(slave, TCSANOW, &termios);
    }
    close(slave);
    g_free(chr->about);
    chr->about = g_strdup_printf("pty %s", name);
    printf("char device redirected to %s (label %s)\n", name, chr->label);
    fflush(stdout);
    chardev_lost(chr); /* not connected yet */
    return true;
}

void chardev_poll_connection(Chardev *chr)
{
    struct pollfd p = {.fd = chr->pty_fd};
    if (chr->kind != CHARDEV_PTY || chr->connected || chr->pty_fd < 0)
        return;
    if (poll(&p, 1, 0) < 0 || p.revents & POLLHUP)
        return;
    int fd = fcntl(chr->pty_fd, F_DUPFD_CLOEXEC, 3);
    if (fd < 0)
        return;
    chardev_unwatch(&chr->poll_timer);
    chardev_connect(chr, fd, fd);
}

static gboolean pty_tick(gpointer opaque)
{
    Chardev *chr = opaque;
    device_lock();
    if (chr->poll_timer)
        chardev_poll_connection(chr);
    device_unlock();
    return G_SOURCE_CONTINUE;
}

/* --- sockets */

static bool socket_accept(Chardev *chr, int fd)
{
    if (fd < 0)
        return false;
    listener_enable(chr->listener, false); /* one client at a time */
    chardev_connect(chr, fd, fd);
    return true;
}

static void client_came(void *opaque)
{
    Chardev *chr = opaque;
    device_lock();
    if (listener_is_enabled(chr->listener))
        socket_accept(chr, listener_accept(chr->listener));
    device_unlock();
}

/* Takes fd. */
static bool socket_join(Chardev *chr, int fd, const struct sockaddr *sa, socklen_t size, GError **error)
{
    if (connect(fd, sa, size)) {
        failed(chr, "connect", error);
        close(fd);
        return false;
    }
    set_nonblocking(fd);
    chardev_connect(chr, fd, fd);
    return true;
}

/* Takes listener; NULL: the error is set. */
static bool socket_serve(Chardev *chr, Listener *listener, bool wait)
{
    if (!listener)
        return false;
    chr->listener = listener;
    listener_watch(listener, client_came, chr);
    if (wait) {
        message_note("%s waits for a client on %s", chr->label, chr->about);
        socket_accept(chr, listener_wait(listener));
    } else {
        chardev_lost(chr);
    }
    return true;
}

static bool open_unix(Chardev *chr, const ChardevSpec *spec, GError **error)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    if (spec->server)
        return socket_serve(chr, listener_new_unix(chr->option, spec->path, error), spec->wait);
    errno = ENAMETOOLONG;
    if (g_strlcpy(sun.sun_path, spec->path, sizeof(sun.sun_path)) >= sizeof(sun.sun_path))
        return failed(chr, "use the path", error);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return fd < 0 ? failed(chr, "make a socket", error) : socket_join(chr, fd, (struct sockaddr *)&sun, sizeof(sun), error);
}

static bool open_tcp(Chardev *chr, const ChardevSpec *spec, GError **error)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    if (spec->server)
        return socket_serve(chr, listener_new_tcp(chr->option, spec->host, spec->port, "this console", error), spec->wait);
    int why = getaddrinfo(spec->host, spec->port, &hints, &found);
    if (why) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "%s: %s", chr->option, gai_strerror(why));
        return false;
    }
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok = fd < 0 ? failed(chr, "make a socket", error) : socket_join(chr, fd, found->ai_addr, found->ai_addrlen, error);
    freeaddrinfo(found);
    return ok;
}

static bool open_ring(Chardev *chr, const ChardevSpec *spec, GError **error)
{
    /* The kernel gives zeroed pages as they are first written to, so a large ring costs nothing until it is used. */
    chr->ring = (ChardevRing){.data = g_try_malloc0(spec->ring_size), .size = spec->ring_size};
    errno = ENOMEM;
    return chr->ring.data ? true : failed(chr, "have its memory", error);
}

/* --- all of them */

void chardev_lost(Chardev *chr)
{
    chardev_disconnect(chr);
    if (chr->listener) {
        listener_enable(chr->listener, true);
    } else if (chr->kind == CHARDEV_PTY && !chr->poll_timer) {
        chr->poll_timer = g_timeout_source_new(1000);
        g_source_set_callback(chr->poll_timer, pty_tick, chr, NULL);
        g_source_attach(chr->poll_timer, NULL);
    }
}

bool chardev_open(Chardev *chr, const ChardevSpec *spec, GError **error)
{
    switch (spec->kind) {
    case CHARDEV_NULL:
        return true;
    case CHARDEV_STDIO:
        return open_stdio(chr, error);
    case CHARDEV_FILE:
        return open_file(chr, spec, error);
    case CHARDEV_PTY:
        return open_pty(chr, error);
    case CHARDEV_SOCKET:
        return spec->port ? open_tcp(chr, spec, error) : open_unix(chr, spec, error);
    case CHARDEV_RINGBUF:
        return open_ring(chr, spec, error);
    }
    g_assert_not_reached();
}

void chardev_close_ends(Chardev *chr)
{
    close_stdio(chr);
    if (chr->pty_fd >= 0)
        close(chr->pty_fd);
    g_clear_pointer(&chr->listener, listener_free);
}
