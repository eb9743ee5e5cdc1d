/* SPDX-License-Identifier: MIT */
#include "platform/control/socket.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cpu/log.h"
#include "platform/base/listener.h"

struct ControlSocket {
    const ControlSocketOps *ops;
    void *opaque;
    const char *option; /* borrowed; for messages */
    Listener *listener;
    int fd; /* of the client; −1: none */
    guint source;
    GIOCondition watched;
    GByteArray *out;
    bool is_unix, wait; /* wait=on */
    bool heard;         /* the client said something */
    bool hang_up, warned_of_http;
};

enum { READ_MAX = 4096 };

typedef struct Spec {
    const char *option; /* for messages */
    bool is_unix, server, wait;
    char *path;        /* unix */
    char *host, *port; /* tcp; host NULL: loopback */
} Spec;

static void spec_clear(Spec *spec)
{
    g_free(spec->path);
    g_free(spec->host);
    g_free(spec->port);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Spec, spec_clear)

static bool fail(GError **error, const char *option, const char *format, ...) G_GNUC_PRINTF(3, 4);

static bool fail(GError **error, const char *option, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s: %s", option, text);
    return false;
}

/* ",server=on,wait=off" */
static bool parse_flags(Spec *spec, char **words, GError **error)
{
    for (; *words; words++) {
        const char *value = strchr(*words, '=');
        size_t n = value ? (size_t)(value - *words) : strlen(*words);
        bool *flag = n == 6 && !strncmp(*words, "server", n) ? &spec->server
                     : n == 4 && !strncmp(*words, "wait", n) ? &spec->wait
                                                             : NULL;
        if (!strcmp(*words, "nowait"))
            spec->wait = false;
        else if (g_str_has_prefix(*words, "nodelay") || g_str_has_prefix(*words, "delay"))
            continue; /* answers are sent as a whole anyway */
        else if (flag && (!value || !strcmp(value, "=on")))
            *flag = true;
        else if (flag && !strcmp(value, "=off"))
            *flag = false;
        else
            return fail(error, spec->option, "'%s' is not server=on|off or wait=on|off", *words);
    }
    return true;
}

/* "HOST:PORT", "[V6]:PORT", ":PORT" */
static bool parse_tcp(Spec *spec, const char *text, GError **error)
{
    const char *colon = strrchr(text, ':');
    guint64 port;

    if (!colon || !g_ascii_string_to_unsigned(colon + 1, 10, 0, 65535, &port, NULL))
        return fail(error, spec->option, "'tcp:%s' needs a host and a port: tcp:[HOST]:PORT", text);
    spec->port = g_strdup(colon + 1);
    if (text[0] == '[' && colon > text + 1 && colon[-1] == ']')
        spec->host = g_strndup(text + 1, (gsize)(colon - text) - 2);
    else if (colon > text)
        spec->host = g_strndup(text, (gsize)(colon - text));
    return true;
}

static bool spec_parse(Spec *spec, const char *text, const char *assume, GError **error)
{
    g_auto(GStrv) words = g_strsplit(text, ",", -1);
    g_auto(GStrv) assumed = g_strsplit(assume, ",", -1);

    if (!parse_flags(spec, assumed, error) || (words[0] && !parse_flags(spec, words + 1, error)))
        return false;
    if (words[0] && g_str_has_prefix(words[0], "unix:") && words[0][5]) {
        spec->is_unix = true;
        spec->path = g_strdup(words[0] + 5);
    } else if (words[0] && g_str_has_prefix(words[0], "tcp:")) {
        if (!parse_tcp(spec, words[0] + 4, error))
            return false;
    } else {
        return fail(error, spec->option, "'%s' is not tcp:[HOST]:PORT or unix:PATH", text);
    }
    if (!spec->server)
        return fail(error, spec->option, "'%s': not yet supported without server=on", text);
    return true;
}

static Listener *spec_listen(const Spec *spec, GError **error)
{
    return spec->is_unix ? listener_new_unix(spec->option, spec->path, error)
                         : listener_new_tcp(spec->option, spec->host, spec->port, "the guest", error);
}

static gboolean ready(gint fd, GIOCondition condition, gpointer opaque);

static bool is_full(const ControlSocket *sock)
{
    return sock->out->len >= CONTROL_SOCKET_FULL;
}

/* The source fits what there is to do: read only while the client takes what it asked for. */
static void watch(ControlSocket *sock)
{
    GIOCondition want =
        (!is_full(sock) && !sock->hang_up ? G_IO_IN : 0) | (sock->out->len || sock->hang_up ? G_IO_OUT : 0) | G_IO_HUP | G_IO_ERR;

    if (sock->fd < 0 || want == sock->watched)
        return;
    if (sock->source)
        g_source_remove(sock->source);
    sock->watched = want;
    sock->source = g_unix_fd_add(sock->fd, want, ready, sock);
}

static void drop_client(ControlSocket *sock)
{
    if (sock->fd < 0)
        return;
    if (sock->source)
        g_source_remove(sock->source);
    close(sock->fd);
    sock->source = 0;
    sock->watched = 0;
    sock->fd = -1;
    sock->hang_up = false;
    g_byte_array_set_size(sock->out, 0);
}

/* Writes what the client takes now.  False: it is gone. */
static bool flush(ControlSocket *sock)
{
    while (sock->out->len) {
        ssize_t n = send(sock->fd, sock->out->data, sock->out->len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK;
        g_byte_array_remove_range(sock->out, 0, (guint)n);
    }
    return true;
}

/*
 * A browser connects to any port of this host that a web page names, and sends what the page tells it behind a request line.  Such a
 * line begins with a method, a word of capital letters; no packet of gdb's and no JSON object does.
 */
static bool is_http(ControlSocket *sock, char first)
{
    if (sock->is_unix || sock->heard || !g_ascii_isupper(first))
        return false;
    if (!sock->warned_of_http)
        message_warning("%s: a client that speaks HTTP was hung up on", sock->option);
    sock->warned_of_http = true;
    return true;
}

/* False: the client is gone, or sent away. */
static bool receive(ControlSocket *sock)
{
    char data[READ_MAX];
    ssize_t n = recv(sock->fd, data, sizeof data, 0);

    if (n < 0)
        return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
    if (n == 0 || is_http(sock, data[0]))
        return false;
    sock->heard = true;
    sock->ops->received(sock->opaque, data, (size_t)n);
    return true;
}

static gboolean ready(gint fd, GIOCondition condition, gpointer opaque)
{
    ControlSocket *sock = opaque;
    guint mine = sock->source;
    bool was_full = is_full(sock), alive = flush(sock);

    if (alive && was_full && !is_full(sock) && sock->ops->drained)
        sock->ops->drained(sock->opaque);
    if (alive && sock->hang_up && !sock->out->len)
        alive = false;
    if (alive && !sock->hang_up && !is_full(sock) && (condition & (G_IO_IN | G_IO_HUP | G_IO_ERR)))
        alive = receive(sock);
    if (!alive) {
        drop_client(sock);
        sock->ops->closed(sock->opaque);
        listener_enable(sock->listener, true);
    } else {
        watch(sock);
    }
    return sock->source == mine; /* otherwise the callback removed the source already */
}

static void accept_client(void *opaque)
{
    ControlSocket *sock = opaque;
    int client = listener_accept(sock->listener);

    if (client < 0)
        return;
    sock->fd = client;
    sock->heard = false;
    listener_enable(sock->listener, false); /* one at a time: the next waits until this one is gone */
    watch(sock);
    sock->ops->opened(sock->opaque);
}

void control_socket_send(ControlSocket *sock, const void *data, size_t size)
{
    if (sock->fd < 0 || sock->hang_up)
        return;
    g_byte_array_append(sock->out, data, (guint)size);
    flush(sock); /* a client that is gone is found by the watch */
    watch(sock);
}

bool control_socket_is_full(const ControlSocket *sock)
{
    return is_full(sock);
}

void control_socket_hang_up(ControlSocket *sock)
{
    if (sock->fd < 0)
        return;
    sock->hang_up = true;
    watch(sock);
}

void control_socket_drop(ControlSocket *sock)
{
    if (sock->fd < 0)
        return;
    g_byte_array_set_size(sock->out, 0);
    control_socket_hang_up(sock);
    shutdown(sock->fd, SHUT_RDWR); /* even while the kernel still holds data for it */
}

bool control_socket_has_client(const ControlSocket *sock)
{
    return sock->fd >= 0;
}

bool control_socket_waits(const ControlSocket *sock)
{
    return sock->wait;
}

ControlSocket *control_socket_new(const char *option, const char *text, const char *assume, const ControlSocketOps *ops,
                                  void *opaque, GError **error)
{
    g_auto(Spec) spec = {.option = option};

    if (!spec_parse(&spec, text, assume, error))
        return NULL;
    ControlSocket *sock = g_new0(ControlSocket, 1);
    sock->ops = ops;
    sock->opaque = opaque;
    sock->option = option;
    sock->is_unix = spec.is_unix;
    sock->wait = spec.wait;
    sock->fd = -1;
    sock->out = g_byte_array_new();
    sock->listener = spec_listen(&spec, error);
    if (!sock->listener) {
        control_socket_free(sock);
        return NULL;
    }
    listener_watch(sock->listener, accept_client, sock);
    listener_enable(sock->listener, true);
    return sock;
}

void control_socket_free(ControlSocket *sock)
{
    if (!sock)
        return;
    if (sock->fd >= 0)
        flush(sock);
    drop_client(sock);
    listener_free(sock->listener);
    g_byte_array_unref(sock->out);
    g_free(sock);
}
