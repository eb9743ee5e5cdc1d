/* SPDX-License-Identifier: MIT */
#include "platform/base/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "cpu/log.h"
#include "platform/base/process.h"

enum { REST_US = 1000000 };

struct Listener {
    char *who, *path; /* path: of a Unix socket, once it is bound */
    int fd;
    bool warned;
    bool enabled; /* atomic */
    GSource *source;
    gpointer tag;
    ListenerReady *ready;
    void *opaque;
};

static Listener *listener_alloc(const char *who)
{
    Listener *l = g_new0(Listener, 1);
    l->who = g_strdup(who);
    l->fd = -1;
    return l;
}

/* Takes l. */
static Listener *failed(Listener *l, const char *where, GError **error)
{
    int why = errno;
    g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(why), "%s: cannot listen on %s: %s", l->who, where, g_strerror(why));
    listener_free(l);
    return NULL;
}

/* --- Unix sockets */

/*
 * Whether nobody listens at this socket file any more, so that it may be replaced.  To find out by connecting would give a listener a client
 * that goes away at once.  A datagram socket cannot connect to a stream socket, but the kernel tries it only if somebody listens: it answers
 * EPROTOTYPE then and ECONNREFUSED otherwise, and a listener notices nothing.
 */
static bool is_stale(const struct sockaddr_un *sun)
{
    struct stat st;
    if (lstat(sun->sun_path, &st) || !S_ISSOCK(st.st_mode))
        return false;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool stale = fd >= 0 && connect(fd, (const struct sockaddr *)sun, sizeof(*sun)) && errno == ECONNREFUSED;
    if (fd >= 0)
        close(fd);
    return stale;
}

bool listener_bind(int fd, const struct sockaddr_un *sun)
{
    const struct sockaddr *sa = (const struct sockaddr *)sun;
    if (bind(fd, sa, sizeof(*sun)) == 0)
        return true;
    if (errno != EADDRINUSE)
        return false;
    if (is_stale(sun) && unlink(sun->sun_path) == 0)
        return bind(fd, sa, sizeof(*sun)) == 0;
    errno = EADDRINUSE;
    return false;
}

Listener *listener_new_unix(const char *who, const char *path, GError **error)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    Listener *l = listener_alloc(who);
    errno = ENAMETOOLONG;
    if (g_strlcpy(sun.sun_path, path, sizeof(sun.sun_path)) >= sizeof(sun.sun_path))
        return failed(l, path, error);
    l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (l->fd < 0 || !listener_bind(l->fd, &sun))
        return failed(l, path, error);
    l->path = g_strdup(path);
    process_own_file(path);
    if (listen(l->fd, 1) < 0)
        return failed(l, path, error);
    return l;
}

/* --- TCP */

static bool is_loopback(const struct sockaddr *sa)
{
    if (sa->sa_family == AF_INET)
        return (ntohl(((const struct sockaddr_in *)sa)->sin_addr.s_addr) >> 24) == 127;
    return sa->sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)sa)->sin6_addr);
}

Listener *listener_new_tcp(const char *who, const char *host, const char *port, const char *gives, GError **error)
{
    const struct addrinfo hints = {.ai_family = host ? AF_UNSPEC : AF_INET, .ai_socktype = SOCK_STREAM};
    g_autofree char *where = g_strdup_printf("%s:%s", host ? host : "127.0.0.1", port);
    struct addrinfo *found = NULL;
    int one = 1, why = getaddrinfo(host, port, &hints, &found);
    if (why) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "%s: %s: %s", who, where, gai_strerror(why));
        return NULL;
    }
    Listener *l = listener_alloc(who);
    l->fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool ok = l->fd >= 0 && setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0 &&
              bind(l->fd, found->ai_addr, found->ai_addrlen) == 0 && listen(l->fd, 1) == 0;
    if (ok && !is_loopback(found->ai_addr))
        message_warning("%s: whoever can reach %s gets %s; unix:PATH is for this host's users alone", who, where, gives);
    int saved = errno;
    freeaddrinfo(found);
    errno = saved;
    return ok ? l : failed(l, where, error);
}

Listener *listener_new_fd(const char *who, int fd)
{
    Listener *l = listener_alloc(who);
    l->fd = fd;
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    return l;
}

/* --- clients */

static gboolean dispatch(GSource *source, GSourceFunc callback, gpointer opaque)
{
    Listener *l = opaque;
    if (g_source_get_ready_time(source) != -1) {
        g_source_set_ready_time(source, -1);
        if (listener_is_enabled(l))
            g_source_modify_unix_fd(source, l->tag, G_IO_IN);
    } else if (listener_is_enabled(l)) {
        l->ready(l->opaque);
    }
    return G_SOURCE_CONTINUE;
}

void listener_watch(Listener *l, ListenerReady *ready, void *opaque)
{
    static GSourceFuncs funcs = {.dispatch = dispatch};
    l->ready = ready;
    l->opaque = opaque;
    l->source = g_source_new(&funcs, sizeof(GSource));
    l->tag = g_source_add_unix_fd(l->source, l->fd, 0);
    g_source_set_callback(l->source, G_SOURCE_FUNC(ready), l, NULL);
    g_source_attach(l->source, NULL);
}

void listener_enable(Listener *l, bool on)
{
    if (listener_is_enabled(l) == on)
        return;
    __atomic_store_n(&l->enabled, on, __ATOMIC_SEQ_CST);
    g_source_set_ready_time(l->source, -1);
    g_source_modify_unix_fd(l->source, l->tag, on ? G_IO_IN : 0);
}

bool listener_is_enabled(const Listener *l)
{
    return __atomic_load_n(&l->enabled, __ATOMIC_SEQ_CST);
}

int listener_accept(Listener *l)
{
    int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    int why = errno;
    if (fd >= 0 || (why != EMFILE && why != ENFILE && why != ENOBUFS && why != ENOMEM))
        return fd;
    if (!l->warned)
        message_warning("%s: a client waits: %s", l->who, g_strerror(why));
    l->warned = true;
    if (l->source && listener_is_enabled(l)) {
        g_source_modify_unix_fd(l->source, l->tag, 0);
        g_source_set_ready_time(l->source, g_get_monotonic_time() + REST_US);
    }
    return -1;
}

int listener_wait(Listener *l)
{
    struct pollfd p = {.fd = l->fd, .events = POLLIN};
    int fd;
    while ((fd = listener_accept(l)) < 0) {
        int n = poll(&p, 1, -1);
        if (n > 0 && (fd = listener_accept(l)) >= 0)
            break;
        if (n > 0)
            poll(NULL, 0, REST_US / 1000); /* no descriptor for it, or it went away again */
    }
    return fd;
}

int listener_fd(const Listener *l)
{
    return l->fd;
}

void listener_free(Listener *l)
{
    if (!l)
        return;
    if (l->source) {
        g_source_destroy(l->source);
        g_source_unref(l->source);
    }
    if (l->fd >= 0)
        close(l->fd);
    if (l->path)
        process_remove_file(l->path);
    g_free(l->path);
    g_free(l->who);
    g_free(l);
}
