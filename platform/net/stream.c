/* SPDX-License-Identifier: MIT
 *
 * -netdev stream and -netdev socket with listen=, connect= or fd=: frames one after the other in a connection, each behind its length in four
 * bytes, as QEMU has them.
 */
#include "platform/net/priv.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cpu/log.h"
#include "platform/base/listener.h"
#include "platform/base/lock.h"

enum { HEAD = 4, OUT_MAX = 1 << 20 /* bytes that wait for a slow reader; then the card waits */ };

typedef struct Stream {
    Net net;
    int fd; /* −1: nobody is at the other end */
    Listener *listener;
    NetWatch *watch;
    NetAddr server;     /* that a client connects to again … */
    unsigned reconnect; /* … after so many seconds; 0: it does not */
    guint timer;        /* until then: of the main loop */
    int pending;        /* −1, or a connection that is being made, … */
    NetWatch *attempt;  /* … and who hears of it */
    GByteArray *out;
    guint in_n; /* bytes of `in` that are not delivered yet */
    uint8_t in[HEAD + NET_FRAME_MAX];
} Stream;

static void connect_later(Stream *s);

static void disconnect(Stream *s, const char *why)
{
    if (s->fd < 0)
        return;
    message_note("-netdev %s: %s", s->net.id, why);
    g_clear_pointer(&s->watch, net_watch_free);
    close(s->fd);
    s->fd = -1;
    s->in_n = 0;
    g_byte_array_set_size(s->out, 0);
    if (s->listener)
        listener_enable(s->listener, true);
    connect_later(s);
}

static void want(Stream *s)
{
    if (s->watch)
        net_watch_want(s->watch, (s->net.stopped ? 0 : G_IO_IN) | (s->out->len ? G_IO_OUT : 0));
}

/* --- sending */

/* Bytes that the socket took; what went wrong shows when it is read. */
static size_t push(Stream *s, const struct iovec *piece, unsigned n)
{
    struct msghdr message = {.msg_iov = (struct iovec *)piece, .msg_iovlen = n};
    ssize_t sent;
    do
        sent = sendmsg(s->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent > 0 ? (size_t)sent : 0;
}

static bool stream_send(Net *net, const struct iovec *piece, unsigned n, size_t length)
{
    Stream *s = (Stream *)net;
    const uint32_t head = GUINT32_TO_BE((uint32_t)length);
    struct iovec all[1 + 8] = {{(void *)&head, HEAD}};
    if (s->fd < 0)
        return true;
    if (s->out->len >= OUT_MAX)
        return false;
    g_assert(n < G_N_ELEMENTS(all));
    memcpy(all + 1, piece, n * sizeof(*piece));
    size_t sent = s->out->len ? 0 : push(s, all, n + 1);
    for (unsigned i = 0; i <= n; i++) {
        size_t skip = MIN(sent, all[i].iov_len);
        g_byte_array_append(s->out, (const guint8 *)all[i].iov_base + skip, (guint)(all[i].iov_len - skip));
        sent -= skip;
    }
    want(s);
    return true;
}

static void drain(Stream *s)
{
    const struct iovec piece = {s->out->data, s->out->len};
    g_byte_array_remove_range(s->out, 0, (guint)push(s, &piece, 1));
    if (s->out->len < OUT_MAX)
        net_sendable(&s->net);
}

/* --- receiving */

/* False: a length that no frame has. */
static bool take_frames(Stream *s)
{
    guint at = 0;
    uint32_t length;
    bool sound = true;
    while (s->in_n - at >= HEAD && !s->net.stopped) {
        memcpy(&length, s->in + at, HEAD);
        length = GUINT32_FROM_BE(length);
        sound = length <= NET_FRAME_MAX;
        if (!sound || s->in_n - at - HEAD < length)
            break;
        net_deliver(&s->net, s->in + at + HEAD, length);
        at += HEAD + length;
    }
    s->in_n -= at;
    memmove(s->in, s->in + at, s->in_n);
    return sound;
}

static void stream_ready(void *opaque, GIOCondition condition)
{
    Stream *s = opaque;
    if (condition & G_IO_OUT)
        drain(s);
    if (condition & (G_IO_IN | G_IO_HUP | G_IO_ERR) && !s->net.stopped) {
        ssize_t n = recv(s->fd, s->in + s->in_n, sizeof(s->in) - s->in_n, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
            disconnect(s, "the other end is gone");
            return;
        }
        s->in_n += n > 0 ? (guint)n : 0;
        if (!take_frames(s)) {
            disconnect(s, "the other end sends no frames");
            return;
        }
    } else if (condition & (G_IO_HUP | G_IO_ERR)) {
        disconnect(s, "the other end is gone");
        return;
    }
    want(s);
}

static void stream_resume(Net *net)
{
    Stream *s = (Stream *)net;
    if (s->fd >= 0 && !take_frames(s))
        disconnect(s, "the other end sends no frames");
    want(s);
}

/* --- opening */

static void connected(Stream *s, int fd)
{
    s->fd = fd;
    s->watch = net_watch_new(fd, stream_ready, s);
    want(s);
}

static void client_came(void *opaque)
{
    Stream *s = opaque;
    device_lock();
    int fd = listener_is_enabled(s->listener) ? listener_accept(s->listener) : -1;
    if (fd >= 0) {
        listener_enable(s->listener, false); /* one at a time */
        connected(s, fd);
    }
    device_unlock();
}

static bool serve(Stream *s, Listener *listener)
{
    if (!(s->listener = listener))
        return false;
    listener_watch(listener, client_came, s);
    listener_enable(listener, true);
    return true;
}

static bool join(Stream *s, const NetSpec *spec, const NetAddr *addr, GError **error)
{
    int fd = socket(addr->sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&addr->sa, addr->size) || fcntl(fd, F_SETFL, O_NONBLOCK)) {
        net_failed(spec, error, "connect");
        if (fd >= 0)
            close(fd);
        return false;
    }
    connected(s, fd);
    return true;
}

/* --- reconnect=: without waiting for the server, from the start on */

static void attempt_ends(Stream *s, int fd, int error)
{
    if (error) {
        close(fd);
        connect_later(s);
        return;
    }
    connected(s, fd);
    net_sendable(&s->net);
}

static void attempt_ready(void *opaque, GIOCondition condition)
{
    Stream *s = opaque;
    int fd = s->pending, error = 0;
    socklen_t size = sizeof(error);
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    g_clear_pointer(&s->attempt, net_watch_free);
    s->pending = -1;
    attempt_ends(s, fd, error);
}

static void attempt(Stream *s)
{
    int fd = socket(s->server.sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int error = fd < 0 || connect(fd, (const struct sockaddr *)&s->server.sa, s->server.size) ? errno : 0;
    if (fd < 0) {
        connect_later(s);
    } else if (error != EINPROGRESS) {
        attempt_ends(s, fd, error);
    } else {
        s->pending = fd;
        s->attempt = net_watch_new(fd, attempt_ready, s);
        net_watch_want(s->attempt, G_IO_OUT);
    }
}

static gboolean its_time(gpointer opaque)
{
    Stream *s = opaque;
    device_lock();
    s->timer = 0;
    attempt(s);
    device_unlock();
    return G_SOURCE_REMOVE;
}

static void connect_later(Stream *s)
{
    if (s->reconnect)
        s->timer = g_timeout_add_seconds(s->reconnect, its_time, s);
}

static bool inherit(Stream *s, const NetSpec *spec, const char *text, GError **error)
{
    int fd = net_fd_socket(spec, text, SOCK_STREAM, error);
    if (fd >= 0)
        connected(s, fd);
    return fd >= 0;
}

static void begin(Stream *s)
{
    s->fd = s->pending = -1;
    s->out = g_byte_array_new();
}

static bool stream_open(Net *net, const NetSpec *spec, GError **error)
{
    Stream *s = (Stream *)net;
    NetAddr addr;
    const char *type = net_spec_text(spec, "addr.type"), *path = net_spec_text(spec, "addr.path");
    const char *host = net_spec_text(spec, "addr.host"), *port = net_spec_text(spec, "addr.port");
    begin(s);
    if (!strcmp(type, "fd"))
        return inherit(s, spec, net_spec_text(spec, "addr.str"), error);
    if (net_spec_on(spec, "server", false))
        return serve(s, path ? listener_new_unix(spec->what, path, error)
                             : listener_new_tcp(spec->what, host, port, "the guest's network", error));
    if (!(path ? net_addr_unix(spec, path, &addr, error) : net_addr_inet(spec, host, port, SOCK_STREAM, &addr, error)))
        return false;
    s->server = addr;
    s->reconnect = net_spec_number(spec, "reconnect", 0);
    if (!s->reconnect)
        return join(s, spec, &addr, error);
    attempt(s);
    return true;
}

static void stream_close(Net *net)
{
    Stream *s = (Stream *)net;
    net_watch_free(s->watch);
    net_watch_free(s->attempt);
    if (s->timer)
        g_source_remove(s->timer);
    if (s->pending >= 0)
        close(s->pending);
    if (s->fd >= 0)
        close(s->fd);
    g_clear_pointer(&s->listener, listener_free);
    g_clear_pointer(&s->out, g_byte_array_unref);
}

static bool stream_check(const NetSpec *spec, GError **error)
{
    static const char *const needs[][2] = {{"inet", "addr.port"}, {"unix", "addr.path"}, {"fd", "addr.str"}};
    const char *type = net_spec_text(spec, "addr.type");
    for (size_t i = 0; type && i < G_N_ELEMENTS(needs); i++) {
        if (strcmp(type, needs[i][0]))
            continue;
        if (!net_spec_text(spec, needs[i][1]))
            return net_spec_bad(spec, error, "%s= is missing", needs[i][1]);
        if (net_spec_number(spec, "reconnect", 0) && (i == 2 || net_spec_on(spec, "server", false)))
            return net_spec_bad(spec, error, "reconnect= is a client's");
        return i == 1 || !net_spec_text(spec, "addr.path") ? true : net_spec_bad(spec, error, "addr.path= needs addr.type=unix");
    }
    return net_spec_bad(spec, error, "addr.type=inet, unix or fd is missing");
}

static const NetKey stream_keys[] = {
    {"addr.type", NET_KEY_TEXT, false},   {"addr.host", NET_KEY_TEXT, false}, {"addr.port", NET_KEY_PORT, false},
    {"addr.path", NET_KEY_TEXT, false},   {"addr.str", NET_KEY_TEXT, false},  {"server", NET_KEY_SWITCH, false},
    {"reconnect", NET_KEY_NUMBER, false}, {NULL, NET_KEY_TEXT, false},
};

const NetKind net_stream = {
    .name = "stream",
    .doc = "frames in a connection: TCP, a Unix socket, or an inherited one",
    .keys = stream_keys,
    .size = sizeof(Stream),
    .check = stream_check,
    .open = stream_open,
    .close = stream_close,
    .send = stream_send,
    .resume = stream_resume,
};

/* --- -netdev socket: the same by older names.  HOST:PORT, of which the host may be left out */

bool net_addr_split(const NetSpec *spec, const char *key, char **host, char **port, GError **error)
{
    const char *text = net_spec_text(spec, key), *colon = strrchr(text, ':');
    if (!colon || !colon[1])
        return net_spec_bad(spec, error, "%s=%s is not HOST:PORT", key, text);
    *host = colon == text ? NULL : g_strndup(text, (gsize)(colon - text));
    *port = g_strdup(colon + 1);
    return true;
}

static bool socket_open(Net *net, const NetSpec *spec, GError **error)
{
    Stream *s = (Stream *)net;
    NetAddr addr;
    g_autofree char *host = NULL, *port = NULL;
    const char *listens = net_spec_text(spec, "listen"), *fd = net_spec_text(spec, "fd");
    begin(s);
    if (fd)
        return inherit(s, spec, fd, error);
    if (!net_addr_split(spec, listens ? "listen" : "connect", &host, &port, error))
        return false;
    if (listens)
        return serve(s, listener_new_tcp(spec->what, host, port, "the guest's network", error));
    return net_addr_inet(spec, host, port, SOCK_STREAM, &addr, error) && join(s, spec, &addr, error);
}

static bool socket_check(const NetSpec *spec, GError **error)
{
    static const char *const ways[] = {"listen", "connect", "fd"};
    unsigned n = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(ways); i++) {
        g_autofree char *host = NULL, *port = NULL;
        if (!net_spec_text(spec, ways[i]))
            continue;
        n++;
        if (i < 2 && !net_addr_split(spec, ways[i], &host, &port, error))
            return false;
    }
    if (net_spec_text(spec, "localaddr"))
        return net_spec_bad(spec, error, "localaddr= needs mcast= or udp=");
    return n == 1 ? true : net_spec_bad(spec, error, "one of listen=, connect=, fd=, mcast= and udp= is needed");
}

const NetKey net_socket_keys[] = {
    {"listen", NET_KEY_TEXT, false}, {"connect", NET_KEY_TEXT, false}, {"fd", NET_KEY_TEXT, false},
    {"mcast", NET_KEY_TEXT, false},  {"udp", NET_KEY_TEXT, false},     {"localaddr", NET_KEY_TEXT, false},
    {NULL, NET_KEY_TEXT, false},
};

static const NetKind *socket_variant(const NetSpec *spec)
{
    return net_spec_text(spec, "mcast") || net_spec_text(spec, "udp") ? &net_socket_dgram : &net_socket;
}

const NetKind net_socket = {
    .name = "socket",
    .doc = "stream and dgram by older names: TCP, UDP, a multicast group, an inherited connection",
    .keys = net_socket_keys,
    .variant = socket_variant,
    .size = sizeof(Stream),
    .check = socket_check,
    .open = socket_open,
    .close = stream_close,
    .send = stream_send,
    .resume = stream_resume,
};
