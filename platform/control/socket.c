/* SPDX-License-Identifier: MIT */
#include "platform/control/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct ControlSocket {
    const ControlSocketOps *ops;
    void *opaque;
    char *path;        /* unix: removed at the end */
    int listen_fd, fd; /* fd −1: no client */
    guint listen_source, source;
    GIOCondition watched;
    GByteArray *out;
    bool wait; /* wait=on */
    bool hang_up;
};

enum { READ_MAX = 4096, OUT_HIGH = 256 * 1024 };

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

static bool fail_errno(GError **error, const Spec *spec, const char *what, const char *where)
{
    int err = errno;

    g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(err), "%s: %s %s: %s", spec->option, what, where, g_strerror(err));
    return false;
}

/* A socket that an earlier run left behind is in the way; any other file is somebody's. */
static bool listen_unix(ControlSocket *sock, const Spec *spec, GError **error)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    struct stat st;

    if (strlen(spec->path) >= sizeof name.sun_path)
        return fail(error, spec->option, "unix:%s: the path is longer than %zu bytes", spec->path, sizeof name.sun_path - 1);
    strcpy(name.sun_path, spec->path);
    if (lstat(spec->path, &st) == 0 && S_ISSOCK(st.st_mode))
        unlink(spec->path);
    sock->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (sock->listen_fd < 0 || bind(sock->listen_fd, (struct sockaddr *)&name, sizeof name) < 0)
        return fail_errno(error, spec, "cannot listen on", spec->path);
    sock->path = g_strdup(spec->path);
    if (listen(sock->listen_fd, 1) < 0)
        return fail_errno(error, spec, "cannot listen on", spec->path);
    return true;
}

static bool listen_tcp(ControlSocket *sock, const Spec *spec, GError **error)
{
    bool v6 = spec->host && strchr(spec->host, ':');
    struct addrinfo hints = {.ai_family = v6 ? AF_INET6 : AF_INET, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    g_autofree char *where = g_strdup_printf("%s:%s", spec->host ? spec->host : "127.0.0.1", spec->port);
    int one = 1, err = getaddrinfo(spec->host, spec->port, &hints, &list);

    if (err)
        return fail(error, spec->option, "%s: %s", where, gai_strerror(err));
    sock->listen_fd = socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool ok = sock->listen_fd >= 0 && setsockopt(sock->listen_fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 &&
              bind(sock->listen_fd, list->ai_addr, list->ai_addrlen) == 0 && listen(sock->listen_fd, 1) == 0;
    if (!ok)
        fail_errno(error, spec, "cannot listen on", where);
    freeaddrinfo(list);
    return ok;
}

static gboolean ready(gint fd, GIOCondition condition, gpointer opaque);

/* The source fits what there is to do: read only while the client takes what it asked for. */
static void watch(ControlSocket *sock)
{
    GIOCondition want = (sock->out->len < OUT_HIGH && !sock->hang_up ? G_IO_IN : 0) |
                        (sock->out->len || sock->hang_up ? G_IO_OUT : 0) | G_IO_HUP | G_IO_ERR;

    if (sock->fd < 0 || want == sock->watched)
        return;
    if (sock->source)
        g_source_remove(sock->source);
    sock->watched = want;
    sock->source = g_unix_fd_add(sock->fd, want, ready, sock);
}

static gboolean accept_client(gint fd, GIOCondition condition, gpointer opaque);

static void watch_listener(ControlSocket *sock)
{
    if (!sock->listen_source)
        sock->listen_source = g_unix_fd_add(sock->listen_fd, G_IO_IN, accept_client, sock);
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

static gboolean ready(gint fd, GIOCondition condition, gpointer opaque)
{
    ControlSocket *sock = opaque;
    guint mine = sock->source;
    char data[READ_MAX];
    bool alive = flush(sock);

    if (alive && sock->hang_up && !sock->out->len)
        alive = false;
    if (alive && !sock->hang_up && (condition & (G_IO_IN | G_IO_HUP | G_IO_ERR))) {
        ssize_t n = recv(fd, data, sizeof data, 0);
        if (n > 0)
            sock->ops->received(sock->opaque, data, (size_t)n);
        else if (n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))
            alive = false;
    }
    if (!alive) {
        drop_client(sock);
        sock->ops->closed(sock->opaque);
        watch_listener(sock);
    } else {
        watch(sock);
    }
    return sock->source == mine; /* else it was removed already */
}

static gboolean accept_client(gint fd, GIOCondition condition, gpointer opaque)
{
    ControlSocket *sock = opaque;
    int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (client < 0)
        return G_SOURCE_CONTINUE;
    sock->fd = client;
    sock->listen_source = 0;
    watch(sock);
    sock->ops->opened(sock->opaque);
    return G_SOURCE_REMOVE; /* one at a time: the next waits until this one is gone */
}

void control_socket_send(ControlSocket *sock, const void *data, size_t size)
{
    if (sock->fd < 0 || sock->hang_up)
        return;
    g_byte_array_append(sock->out, data, (guint)size);
    flush(sock); /* a client that is gone is found by the watch */
    watch(sock);
}

void control_socket_hang_up(ControlSocket *sock)
{
    if (sock->fd < 0)
        return;
    sock->hang_up = true;
    watch(sock);
}

void control_socket_wait(ControlSocket *sock)
{
    struct pollfd pfd = {.fd = sock->listen_fd, .events = POLLIN};

    if (!sock->wait)
        return;
    if (sock->listen_source)
        g_source_remove(sock->listen_source);
    while (sock->fd < 0)
        if (poll(&pfd, 1, -1) > 0)
            accept_client(sock->listen_fd, G_IO_IN, sock);
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
    sock->fd = sock->listen_fd = -1;
    sock->out = g_byte_array_new();
    if (!(spec.is_unix ? listen_unix : listen_tcp)(sock, &spec, error)) {
        control_socket_free(sock);
        return NULL;
    }
    watch_listener(sock);
    sock->wait = spec.wait;
    return sock;
}

void control_socket_free(ControlSocket *sock)
{
    if (!sock)
        return;
    if (sock->fd >= 0)
        flush(sock);
    drop_client(sock);
    if (sock->listen_source)
        g_source_remove(sock->listen_source);
    if (sock->listen_fd >= 0)
        close(sock->listen_fd);
    if (sock->path)
        unlink(sock->path);
    g_free(sock->path);
    g_byte_array_unref(sock->out);
    g_free(sock);
}
