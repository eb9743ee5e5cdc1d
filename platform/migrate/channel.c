/* SPDX-License-Identifier: MIT */
#include "platform/migrate/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "platform/base/listener.h"

enum { SLICE_US = 50000 }; /* a limit holds for each of these */

typedef enum ChannelKind { TCP, UNIX, DESCRIPTOR, REGULAR } ChannelKind;

struct Channel {
    char *uri, *host, *path; /* host NULL: this host; path: of a file or a Unix socket, or the port */
    ChannelKind kind;
    int fd, cancel_fd; /* fd −1: not open */
    bool is_socket;
    Listener *listener;
    ChannelReady *ready;
    void *opaque;
    guint source;           /* calls ready where nobody has to connect; 0: none */
    uint64_t limit, moved;  /* atomic */
    int64_t slice_begin_us; /* of the limit, and what was written in it */
    uint64_t written_in_slice;
};

static const char answer[8] = "arrived"; /* with its 0 */

static bool fail(const Channel *channel, const char *why, GError **error)
{
    int code = errno;
    g_set_error(error, G_FILE_ERROR, why ? G_FILE_ERROR_FAILED : g_file_error_from_errno(code), "%s: %s", channel->uri,
                why ? why : g_strerror(code));
    return false;
}

/* ---- what the URI says ---- */

/* HOST:PORT, [HOST]:PORT or :PORT */
static bool split_address(Channel *channel, const char *text)
{
    const char *colon = strrchr(text, ':');
    bool bracketed = text[0] == '[' && colon && colon > text && colon[-1] == ']';
    if (!colon || !colon[1])
        return false;
    if (colon > text)
        channel->host = bracketed ? g_strndup(text + 1, (gsize)(colon - text - 2)) : g_strndup(text, (gsize)(colon - text));
    channel->path = g_strdup(colon + 1);
    return bracketed || !channel->host || !strchr(channel->host, ':');
}

static bool take_descriptor(Channel *channel, const char *text)
{
    char *end;
    errno = 0;
    long number = strtol(text, &end, 10);
    if (!g_ascii_isdigit(*text) || *end || errno || number <= STDERR_FILENO || number > INT_MAX || fcntl((int)number, F_GETFD) < 0)
        return false;
    channel->fd = (int)number;
    return true;
}

static bool understand(Channel *channel, const char *uri, GError **error)
{
    const char *rest = strchr(uri, ':');
    rest = rest ? rest + 1 : "";
    if (g_str_has_prefix(uri, "tcp:")) {
        channel->kind = TCP;
        return split_address(channel, rest) || fail(channel, "an address is HOST:PORT", error);
    }
    if (g_str_has_prefix(uri, "fd:")) {
        channel->kind = DESCRIPTOR;
        return take_descriptor(channel, rest) || fail(channel, "not the number of a descriptor that this process was given", error);
    }
    channel->kind = g_str_has_prefix(uri, "unix:") ? UNIX : REGULAR;
    channel->path = g_strdup(rest);
    if (g_str_has_prefix(uri, "exec:"))
        return fail(channel, "programs are not executed: file:PATH, unix:PATH, tcp:HOST:PORT and fd:NUMBER are there", error);
    if ((channel->kind == REGULAR && !g_str_has_prefix(uri, "file:")) || !*rest)
        return fail(channel, "not one of tcp:HOST:PORT, unix:PATH, fd:NUMBER and file:PATH", error);
    return true;
}

Channel *channel_new(const char *uri, GError **error)
{
    Channel *channel = g_new0(Channel, 1);
    channel->uri = g_utf8_make_valid(uri, -1);
    channel->fd = -1;
    channel->cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (channel->cancel_fd < 0)
        fail(channel, NULL, error);
    else if (understand(channel, uri, error))
        return channel;
    channel_free(channel);
    return NULL;
}

void channel_free(Channel *channel)
{
    if (!channel)
        return;
    if (channel->source)
        g_source_remove(channel->source);
    listener_free(channel->listener);
    if (channel->fd >= 0)
        close(channel->fd);
    if (channel->cancel_fd >= 0)
        close(channel->cancel_fd);
    g_free(channel->uri);
    g_free(channel->host);
    g_free(channel->path);
    g_free(channel);
}

bool channel_is_file(const Channel *channel)
{
    return channel->kind == REGULAR;
}

/* ---- opening ---- */

/* A regular file is never waited for; anything else is polled before each transfer. */
static void settle(Channel *channel)
{
    int type;
    socklen_t size = sizeof(type);
    channel->is_socket = getsockopt(channel->fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0;
    fcntl(channel->fd, F_SETFD, FD_CLOEXEC);
    fcntl(channel->fd, F_SETFL, fcntl(channel->fd, F_GETFL) | O_NONBLOCK);
}

static void connected(void *opaque)
{
    Channel *channel = opaque;
    if ((channel->fd = listener_accept(channel->listener)) < 0)
        return;
    listener_enable(channel->listener, false);
    settle(channel);
    channel->ready(channel->opaque);
}

static gboolean ready_at_once(gpointer opaque)
{
    Channel *channel = opaque;
    channel->source = 0;
    channel->ready(channel->opaque);
    return G_SOURCE_REMOVE;
}

bool channel_open_in(Channel *channel, ChannelReady *ready, void *opaque, GError **error)
{
    channel->ready = ready;
    channel->opaque = opaque;
    if (channel->kind == TCP || channel->kind == UNIX) {
        channel->listener = channel->kind == TCP
                                ? listener_new_tcp("-incoming", channel->host, channel->path, "the place of the machine", error)
                                : listener_new_unix("-incoming", channel->path, error);
        if (!channel->listener)
            return false;
        listener_watch(channel->listener, connected, channel);
        listener_enable(channel->listener, true);
        return true;
    }
    if (channel->kind == REGULAR && (channel->fd = open(channel->path, O_RDONLY | O_CLOEXEC)) < 0)
        return fail(channel, NULL, error);
    settle(channel);
    channel->source = g_idle_add(ready_at_once, channel);
    return true;
}

/* False: the channel was cancelled, or the host failed. */
static bool wait_until(Channel *channel, short events, int timeout_ms, GError **error)
{
    struct pollfd fds[] = {{.fd = channel->cancel_fd, .events = POLLIN}, {.fd = channel->fd, .events = events}};
    int n;
    do
        n = poll(fds, events ? 2 : 1, timeout_ms);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return fail(channel, NULL, error);
    return fds[0].revents ? fail(channel, "cancelled", error) : true;
}

static bool connect_to(Channel *channel, const struct sockaddr *address, socklen_t size, GError **error)
{
    int why = 0;
    socklen_t why_size = sizeof(why);
    if (channel->fd >= 0)
        close(channel->fd);
    channel->fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (channel->fd < 0)
        return fail(channel, NULL, error);
    if (connect(channel->fd, address, size) == 0)
        return true;
    if (errno != EINPROGRESS)
        return fail(channel, NULL, error);
    if (!wait_until(channel, POLLOUT, -1, error))
        return false;
    getsockopt(channel->fd, SOL_SOCKET, SO_ERROR, &why, &why_size);
    errno = why;
    return why == 0 || fail(channel, NULL, error);
}

static bool connect_tcp(Channel *channel, GError **error)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int why = getaddrinfo(channel->host ? channel->host : "127.0.0.1", channel->path, &hints, &found);
    if (why)
        return fail(channel, gai_strerror(why), error);
    bool ok = false;
    for (const struct addrinfo *a = found; a && !ok; a = a->ai_next) {
        g_clear_error(error);
        ok = connect_to(channel, a->ai_addr, a->ai_addrlen, error);
    }
    freeaddrinfo(found);
    return ok;
}

static bool connect_unix(Channel *channel, GError **error)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    errno = ENAMETOOLONG;
    return g_strlcpy(sun.sun_path, channel->path, sizeof(sun.sun_path)) < sizeof(sun.sun_path)
               ? connect_to(channel, (const struct sockaddr *)&sun, sizeof(sun), error)
               : fail(channel, NULL, error);
}

bool channel_open_out(Channel *channel, GError **error)
{
    GError *why = NULL;
    bool ok = true;
    switch (channel->kind) {
    case TCP:
        ok = connect_tcp(channel, &why);
        break;
    case UNIX:
        ok = connect_unix(channel, &why);
        break;
    case REGULAR:
        channel->fd = open(channel->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        ok = channel->fd >= 0 || fail(channel, NULL, &why);
        break;
    case DESCRIPTOR:
        break;
    }
    if (ok)
        settle(channel);
    else
        g_propagate_error(error, why);
    return ok;
}

/* ---- transfers ---- */

static bool again(void)
{
    return errno == EAGAIN || errno == EINTR;
}

bool channel_read(Channel *channel, void *to, size_t size, GError **error)
{
    for (size_t done = 0; done < size;) {
        if (!wait_until(channel, POLLIN, -1, error))
            return false;
        ssize_t n = read(channel->fd, (uint8_t *)to + done, size - done);
        if (n == 0)
            return fail(channel, "it ends too early", error);
        if (n < 0 && !again())
            return fail(channel, NULL, error);
        done += n > 0 ? (size_t)n : 0;
        __atomic_fetch_add(&channel->moved, n > 0 ? (uint64_t)n : 0, __ATOMIC_RELAXED);
    }
    return true;
}

/* Waits while what was written in this slice of time is as much as the limit has for one. */
static bool stay_below_the_limit(Channel *channel, GError **error)
{
    for (;;) {
        uint64_t limit = __atomic_load_n(&channel->limit, __ATOMIC_RELAXED);
        int64_t now = g_get_monotonic_time(), left = channel->slice_begin_us + SLICE_US - now;
        if (left <= 0) {
            channel->slice_begin_us = now;
            channel->written_in_slice = 0;
        }
        if (!limit || left <= 0 || channel->written_in_slice < limit / (1000000 / SLICE_US))
            return true;
        if (!wait_until(channel, 0, (int)(left / 1000 + 1), error))
            return false;
    }
}

static ssize_t put(const Channel *channel, const void *data, size_t size)
{
    return channel->is_socket ? send(channel->fd, data, size, MSG_NOSIGNAL) : write(channel->fd, data, size);
}

bool channel_write(Channel *channel, const void *data, size_t size, GError **error)
{
    for (size_t done = 0; done < size;) {
        if (!stay_below_the_limit(channel, error) || !wait_until(channel, POLLOUT, -1, error))
            return false;
        ssize_t n = put(channel, (const uint8_t *)data + done, size - done);
        if (n < 0 && !again())
            return fail(channel, NULL, error);
        done += n > 0 ? (size_t)n : 0;
        channel->written_in_slice += n > 0 ? (uint64_t)n : 0;
        __atomic_fetch_add(&channel->moved, n > 0 ? (uint64_t)n : 0, __ATOMIC_RELAXED);
    }
    return true;
}

bool channel_finish(Channel *channel, GError **error)
{
    char said[sizeof(answer)];
    if (channel->kind == REGULAR)
        return fsync(channel->fd) == 0 || fail(channel, NULL, error);
    if (!channel->is_socket)
        return true;
    if (!channel_read(channel, said, sizeof(said), error)) {
        g_prefix_error(error, "the other side does not say that the machine is there: ");
        return false;
    }
    return !memcmp(said, answer, sizeof(answer)) ||
           fail(channel, "the other side says something else than that the machine is there", error);
}

bool channel_answer(Channel *channel, GError **error)
{
    return !channel->is_socket || channel_write(channel, answer, sizeof(answer), error);
}

/* ---- any thread ---- */

void channel_cancel(Channel *channel)
{
    uint64_t one = 1;
    if (write(channel->cancel_fd, &one, sizeof(one)) < 0) {
        /* The counter is full, so it has been cancelled already. */
    }
}

void channel_set_limit(Channel *channel, uint64_t bytes_per_second)
{
    __atomic_store_n(&channel->limit, bytes_per_second, __ATOMIC_RELAXED);
}

uint64_t channel_moved(const Channel *channel)
{
    return __atomic_load_n(&channel->moved, __ATOMIC_RELAXED);
}
