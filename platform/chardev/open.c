/* SPDX-License-Identifier: MIT
 *
 * Opening the back ends, and what each does when its other end goes away.
 */
#include "platform/chardev/priv.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "cpu/log.h"
#include "platform/base/lock.h"

bool chardev_failed(const Chardev *chr, const char *doing, GError **error)
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

static bool open_stdio(Chardev *chr, const ChardevSpec *spec, GError **error)
{
    if (stdio_owner) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_EXIST, "%s: standard input and output are already %s's", chr->option,
                    stdio_owner->label);
        return false;
    }
    int out = chardev_reopen(STDOUT_FILENO, O_WRONLY);
    if (out < 0)
        return chardev_failed(chr, "use standard output", error);
    stdio_owner = chr;
    int in = chardev_reopen(STDIN_FILENO, O_RDONLY); /* −1: standard input is closed, so there is nothing to read */
    chr->raw_tty = tty_make_raw(STDIN_FILENO, !chr->mux && !spec->no_signals);
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
        return chardev_failed(chr, "open the file", error);
    if (spec->input && (in = open(spec->input, common | O_RDONLY)) < 0) {
        chardev_failed(chr, "open the input file", error);
        close(out);
        return false;
    }
    chardev_connect(chr, in, out);
    return true;
}

/* --- pipe: FILE.in and FILE.out, or FILE for both ways.  Open for both ways each, so that it neither waits for the other end nor ends with it. */

static bool open_pipe(Chardev *chr, const ChardevSpec *spec, GError **error)
{
    const int mode = O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK;
    g_autofree char *in_path = g_strconcat(spec->path, ".in", NULL), *out_path = g_strconcat(spec->path, ".out", NULL);
    int in = open(in_path, mode), out = open(out_path, mode);
    if (in >= 0 && out >= 0) {
        chardev_connect(chr, in, out);
        return true;
    }
    if (in >= 0)
        close(in);
    if (out >= 0)
        close(out);
    int both = open(spec->path, mode);
    if (both < 0)
        return chardev_failed(chr, "open the pipe", error);
    chardev_connect(chr, both, both);
    return true;
}

/* --- a character device of the host, at 115200 baud, 8N1, where it is a serial line: what the guest sets is its own UART's */

static bool open_serial(Chardev *chr, const ChardevSpec *spec, GError **error)
{
    struct termios termios;
    int fd = open(spec->path, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return chardev_failed(chr, "open the device", error);
    if (tcgetattr(fd, &termios) == 0) {
        cfmakeraw(&termios);
        cfsetspeed(&termios, B115200);
        termios.c_cflag = (termios.c_cflag & ~(tcflag_t)(CSTOPB | CRTSCTS)) | CLOCAL | CREAD;
        tcsetattr(fd, TCSANOW, &termios);
    }
    chardev_connect(chr, fd, fd);
    return true;
}

/* --- pty: the master's POLLHUP says that nobody has the other side open */

static bool open_pty(Chardev *chr, GError **error)
{
    char name[64];
    struct termios termios;
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (master < 0)
        return chardev_failed(chr, "make a pseudo-terminal", error);
    chr->pty_fd = master;
    if (grantpt(master) || unlockpt(master) || ptsname_r(master, name, sizeof(name)))
        return chardev_failed(chr, "unlock the pseudo-terminal", error);
    /* Opening and closing the other side once makes it raw from the start, and lets the master report a hang-up until somebody opens it. */
    int slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave < 0)
        return chardev_failed(chr, "open the pseudo-terminal", error);
    if (tcgetattr(slave, &termios) == 0) {
        cfmakeraw(&termios);
        tcsetattr(slave, TCSANOW, &termios);
    }
    close(slave);
    g_free(chr->about);
    chr->about = g_strdup_printf("pty:%s", name);
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

static bool open_ring(Chardev *chr, const ChardevSpec *spec, GError **error)
{
    /* The kernel gives zeroed pages as they are first written to, so a large ring costs nothing until it is used. */
    chr->ring = (ChardevRing){.data = g_try_malloc0(spec->ring_size), .size = spec->ring_size};
    errno = ENOMEM;
    return chr->ring.data ? true : chardev_failed(chr, "have its memory", error);
}

/* --- all of them */

static gboolean tick(gpointer opaque)
{
    Chardev *chr = opaque;
    device_lock();
    if (chr->poll_timer && chr->kind == CHARDEV_PTY)
        chardev_poll_connection(chr);
    else if (chr->poll_timer)
        chardev_connect_later(chr);
    device_unlock();
    return G_SOURCE_CONTINUE;
}

void chardev_lost(Chardev *chr)
{
    unsigned seconds = chr->kind == CHARDEV_PTY ? 1 : chr->reconnect;
    chardev_disconnect(chr);
    if (chr->listener) {
        listener_enable(chr->listener, true);
    } else if (seconds && !chr->poll_timer) {
        chr->poll_timer = g_timeout_source_new_seconds(seconds);
        g_source_set_callback(chr->poll_timer, tick, chr, NULL);
        g_source_attach(chr->poll_timer, NULL);
    }
}

static bool open_log(Chardev *chr, const ChardevSpec *spec, GError **error)
{
    const int how = O_WRONLY | O_CREAT | O_NOCTTY | O_CLOEXEC;
    if (spec->log && (chr->log_fd = open(spec->log, how | (spec->log_append ? O_APPEND : O_TRUNC), 0666)) < 0)
        return chardev_failed(chr, "open the log file", error);
    return true;
}

bool chardev_open(Chardev *chr, const ChardevSpec *spec, GError **error)
{
    if (!open_log(chr, spec, error))
        return false;
    switch (spec->kind) {
    case CHARDEV_NULL:
        return true;
    case CHARDEV_STDIO:
        return open_stdio(chr, spec, error);
    case CHARDEV_FILE:
        return open_file(chr, spec, error);
    case CHARDEV_PTY:
        return open_pty(chr, error);
    case CHARDEV_SOCKET:
        return chardev_open_socket(chr, spec, error);
    case CHARDEV_UDP:
        return chardev_open_udp(chr, spec, error);
    case CHARDEV_PIPE:
        return open_pipe(chr, spec, error);
    case CHARDEV_SERIAL:
        return open_serial(chr, spec, error);
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
    if (chr->log_fd >= 0)
        close(chr->log_fd);
    chardev_close_socket(chr);
}
