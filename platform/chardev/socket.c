/* SPDX-License-Identifier: MIT
 *
 * Back ends on sockets: servers with one client at a time, clients that may connect again, datagrams.
 */
#include "platform/chardev/priv.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "cpu/log.h"
#include "platform/base/lock.h"

static void join(Chardev *chr, int fd)
{
    int one = 1;
    if (chr->no_delay)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    chardev_connect(chr, fd, fd);
}

/* --- servers */

static bool socket_accept(Chardev *chr, int fd)
{
    if (fd < 0)
        return false;
    listener_enable(chr->listener, false); /* one client at a time */
    join(chr, fd);
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

/* Takes listener; NULL: the error is set. */
static bool serve(Chardev *chr, Listener *listener, bool wait)
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

/* --- clients */

static gboolean join_ready(gint fd, GIOCondition condition, gpointer opaque)
{
    Chardev *chr = opaque;
    int why = 0;
    socklen_t size = sizeof(why);
    device_lock();
    if (chr->join_watch) {
        chardev_unwatch(&chr->join_watch);
        chr->join_fd = -1;
        if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &size) == 0 && !why) {
            join(chr, fd);
        } else {
            close(fd);
            chardev_lost(chr);
        }
    }
    device_unlock();
    return G_SOURCE_CONTINUE;
}

/* Fails in silence: the timer brings the next attempt. */
void chardev_connect_later(Chardev *chr)
{
    int fd = socket(chr->peer.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    chardev_unwatch(&chr->poll_timer);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&chr->peer, chr->peer_size) == 0) {
        join(chr, fd);
    } else if (fd >= 0 && errno == EINPROGRESS) {
        chr->join_fd = fd;
        chr->join_watch = chardev_watch(fd, G_IO_OUT | G_IO_HUP | G_IO_ERR, G_SOURCE_FUNC(join_ready), chr);
    } else {
        if (fd >= 0)
            close(fd);
        chardev_lost(chr);
    }
}

static bool connect_now(Chardev *chr, GError **error)
{
    int fd = socket(chr->peer.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return chardev_failed(chr, "make a socket", error);
    if (connect(fd, (struct sockaddr *)&chr->peer, chr->peer_size)) {
        chardev_failed(chr, "connect", error);
        close(fd);
        return false;
    }
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    join(chr, fd);
    return true;
}

/* To chr->peer.  With reconnect= nobody need be there yet. */
static bool begin(Chardev *chr, GError **error)
{
    if (!chr->reconnect)
        return connect_now(chr, error);
    chardev_connect_later(chr);
    if (!chr->connected && chr->join_fd < 0)
        message_note("%s: nobody answers yet; it tries again every %u s", chr->option, chr->reconnect);
    return true;
}

static bool resolve(const Chardev *chr, const ChardevSpec *spec, const char *host, const char *port, int type,
                    struct sockaddr_storage *to, socklen_t *size, GError **error)
{
    const struct addrinfo hints = {.ai_family = spec->family, .ai_socktype = type, .ai_flags = host ? 0 : AI_PASSIVE};
    struct addrinfo *found;
    int why = getaddrinfo(host, port, &hints, &found);
    if (why) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "%s: %s", chr->option, gai_strerror(why));
        return false;
    }
    *size = found->ai_addrlen;
    memcpy(to, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return true;
}

static bool open_unix(Chardev *chr, const ChardevSpec *spec, GError **error)
{
    struct sockaddr_un *sun = (struct sockaddr_un *)&chr->peer;
    if (spec->server)
        return serve(chr, listener_new_unix(chr->option, spec->path, error), spec->wait);
    errno = ENAMETOOLONG;
    if (g_strlcpy(sun->sun_path, spec->path, sizeof(sun->sun_path)) >= sizeof(sun->sun_path))
        return chardev_failed(chr, "use the path", error);
    sun->sun_family = AF_UNIX;
    chr->peer_size = sizeof(*sun);
    return begin(chr, error);
}

static bool open_tcp(Chardev *chr, const ChardevSpec *spec, GError **error)
{
    if (spec->server)
        return serve(chr, listener_new_tcp(chr->option, spec->host, spec->port, "this console", error), spec->wait);
    return resolve(chr, spec, spec->host ? spec->host : "localhost", spec->port, SOCK_STREAM, &chr->peer, &chr->peer_size, error) &&
           begin(chr, error);
}

/* An inherited one: it listens, or it is connected. */
static bool open_inherited(Chardev *chr, const ChardevSpec *spec, GError **error)
{
    int listens = 0;
    socklen_t size = sizeof(listens);
    if (getsockopt(spec->fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size))
        return chardev_failed(chr, "use the descriptor", error);
    if (!!listens != spec->server) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s: descriptor %d %s", chr->option, spec->fd,
                    listens ? "listens: server=on is missing" : "does not listen, as server=on has it");
        return false;
    }
    if (spec->server)
        return serve(chr, listener_new_fd(chr->option, spec->fd), spec->wait);
    fcntl(spec->fd, F_SETFD, FD_CLOEXEC);
    fcntl(spec->fd, F_SETFL, fcntl(spec->fd, F_GETFL) | O_NONBLOCK);
    join(chr, spec->fd);
    return true;
}

bool chardev_open_socket(Chardev *chr, const ChardevSpec *spec, GError **error)
{
    chr->reconnect = spec->reconnect;
    chr->telnet = spec->telnet;
    chr->no_delay = spec->no_delay && spec->port;
    return spec->fd >= 0 ? open_inherited(chr, spec, error) : spec->port ? open_tcp(chr, spec, error) : open_unix(chr, spec, error);
}

bool chardev_open_udp(Chardev *chr, const ChardevSpec *spec, GError **error)
{
    struct sockaddr_storage local;
    socklen_t size = 0;
    if (!resolve(chr, spec, spec->host ? spec->host : "localhost", spec->port, SOCK_DGRAM, &chr->peer, &chr->peer_size, error) ||
        ((spec->local_host || spec->local_port) &&
         !resolve(chr, spec, spec->local_host, spec->local_port ? spec->local_port : "0", SOCK_DGRAM, &local, &size, error)))
        return false;
    int one = 1, fd = socket(chr->peer.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return chardev_failed(chr, "make a socket", error);
    if ((size && (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) || bind(fd, (struct sockaddr *)&local, size))) ||
        connect(fd, (struct sockaddr *)&chr->peer, chr->peer_size)) {
        chardev_failed(chr, "bind or connect", error);
        close(fd);
        return false;
    }
    chardev_connect(chr, fd, fd);
    return true;
}

void chardev_close_socket(Chardev *chr)
{
    chardev_unwatch(&chr->join_watch);
    if (chr->join_fd >= 0)
        close(chr->join_fd);
    chr->join_fd = -1;
    g_clear_pointer(&chr->listener, listener_free);
}
