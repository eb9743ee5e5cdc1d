/* SPDX-License-Identifier: MIT
 *
 * -netdev dgram: a frame is a datagram.  What the other end has no room for is lost, as datagrams are.
 */
#include "platform/net/priv.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

typedef struct Dgram {
    Net net;
    int fd;
    char *own;      /* path of the socket file to remove */
    NetAddr remote; /* size 0: the descriptor is connected */
    NetWatch *watch;
    uint8_t frame[NET_FRAME_MAX];
} Dgram;

static bool dgram_send(Net *net, const struct iovec *piece, unsigned n, size_t length)
{
    Dgram *d = (Dgram *)net;
    struct msghdr message = {
        .msg_name = d->remote.size ? &d->remote.sa : NULL,
        .msg_namelen = d->remote.size,
        .msg_iov = (struct iovec *)piece,
        .msg_iovlen = n,
    };
    ssize_t sent;
    do
        sent = sendmsg(d->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    net->n_dropped += sent < 0; /* the other end is not there yet, or is slow */
    return true;
}

static void dgram_ready(void *opaque, GIOCondition condition)
{
    Dgram *d = opaque;
    for (unsigned i = 0; i < NET_BURST; i++) {
        ssize_t n = recv(d->fd, d->frame, sizeof(d->frame), MSG_DONTWAIT | MSG_TRUNC);
        if (n < 0 && errno != EINTR)
            return; /* EAGAIN, or an error of an earlier datagram, which recv() has cleared */
        if (n >= 0 && !net_deliver(&d->net, d->frame, (size_t)n)) {
            net_watch_want(d->watch, 0);
            return;
        }
    }
}

static void dgram_resume(Net *net)
{
    net_watch_want(((Dgram *)net)->watch, G_IO_IN);
}

/* --- opening */

static bool set_int(const NetSpec *spec, int fd, int level, int name, int value, GError **error)
{
    return setsockopt(fd, level, name, &value, sizeof(value)) == 0 ? true : net_failed(spec, error, "set up the socket");
}

static bool make_socket(Dgram *d, const NetSpec *spec, int family, GError **error)
{
    d->fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return d->fd >= 0 ? true : net_failed(spec, error, "make a socket");
}

static bool join_group(Net *net, const NetSpec *spec, const NetAddr *group, const NetAddr *local, GError **error)
{
    Dgram *d = (Dgram *)net;
    const struct sockaddr_in *to = (const struct sockaddr_in *)&group->sa, *by = (const struct sockaddr_in *)&local->sa;
    struct ip_mreq join = {.imr_multiaddr = to->sin_addr};
    if (local->size)
        join.imr_interface = by->sin_addr;
    d->remote = *group;
    if (!make_socket(d, spec, AF_INET, error) || !set_int(spec, d->fd, SOL_SOCKET, SO_REUSEADDR, 1, error) ||
        !net_addr_bind(spec, d->fd, group, &d->own, error) || !set_int(spec, d->fd, IPPROTO_IP, IP_MULTICAST_LOOP, 1, error))
        return false;
    if (setsockopt(d->fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &join, sizeof(join)) ||
        (local->size && setsockopt(d->fd, IPPROTO_IP, IP_MULTICAST_IF, &join.imr_interface, sizeof(join.imr_interface))))
        return net_failed(spec, error, "join the group");
    return true;
}

static bool bind_pair(Net *net, const NetSpec *spec, const NetAddr *local, const NetAddr *remote, GError **error)
{
    Dgram *d = (Dgram *)net;
    d->remote = *remote;
    if (local->sa.ss_family != remote->sa.ss_family)
        return net_spec_bad(spec, error, "both ends must have addresses of the same family");
    return make_socket(d, spec, local->sa.ss_family, error) &&
           (local->sa.ss_family == AF_UNIX || set_int(spec, d->fd, SOL_SOCKET, SO_REUSEADDR, 1, error)) &&
           net_addr_bind(spec, d->fd, local, &d->own, error);
}

static bool begin(Net *net)
{
    Dgram *d = (Dgram *)net;
    d->watch = net_watch_new(d->fd, dgram_ready, d);
    net_watch_want(d->watch, G_IO_IN);
    return true;
}

/* One end by the keys local.* or remote.*; size 0 where there are none. */
static bool end_address(const NetSpec *spec, const char *end, NetAddr *addr, GError **error)
{
    g_autofree char *type_key = g_strconcat(end, ".type", NULL), *host_key = g_strconcat(end, ".host", NULL);
    g_autofree char *port_key = g_strconcat(end, ".port", NULL), *path_key = g_strconcat(end, ".path", NULL);
    const char *type = net_spec_text(spec, type_key);
    *addr = (NetAddr){0};
    if (!type)
        return true;
    if (!strcmp(type, "unix"))
        return net_addr_unix(spec, net_spec_text(spec, path_key), addr, error);
    return net_addr_inet(spec, net_spec_text(spec, host_key), net_spec_text(spec, port_key), SOCK_DGRAM, addr, error);
}

static bool dgram_open(Net *net, const NetSpec *spec, GError **error)
{
    Dgram *d = (Dgram *)net;
    NetAddr local, remote;
    const char *inherited = net_spec_text(spec, "local.str");
    d->fd = -1;
    if (inherited) {
        d->fd = net_fd_socket(spec, inherited, SOCK_DGRAM, error);
        return d->fd >= 0 && begin(net);
    }
    if (!end_address(spec, "local", &local, error) || !end_address(spec, "remote", &remote, error))
        return false;
    if (net_addr_is_group(&remote))
        return join_group(net, spec, &remote, &local, error) && begin(net);
    if (!local.size)
        return net_spec_bad(spec, error, "without local.type= remote.host= must be the address of a group");
    return bind_pair(net, spec, &local, &remote, error) && begin(net);
}

static void dgram_close(Net *net)
{
    Dgram *d = (Dgram *)net;
    net_watch_free(d->watch);
    if (d->fd >= 0)
        close(d->fd);
    net_addr_release(&d->own);
}

/* --- the keys */

static bool check_end(const NetSpec *spec, const char *end, GError **error)
{
    static const struct {
        const char *type, *needs, *other;
    } types[] = {{"inet", "port", "path"}, {"unix", "path", "host"}, {"fd", "str", "host"}};
    g_autofree char *type_key = g_strconcat(end, ".type", NULL);
    const char *type = net_spec_text(spec, type_key);
    for (size_t i = 0; type && i < G_N_ELEMENTS(types); i++) {
        g_autofree char *needs = g_strconcat(end, ".", types[i].needs, NULL), *other = g_strconcat(end, ".", types[i].other, NULL);
        if (strcmp(type, types[i].type))
            continue;
        if (!net_spec_text(spec, needs))
            return net_spec_bad(spec, error, "%s= is missing", needs);
        return net_spec_text(spec, other) ? net_spec_bad(spec, error, "%s= and %s=%s exclude each other", other, type_key, type)
                                          : true;
    }
    if (type)
        return net_spec_bad(spec, error, "%s=%s is not inet, unix or fd", type_key, type);
    return true;
}

static bool dgram_check(const NetSpec *spec, GError **error)
{
    const char *local = net_spec_text(spec, "local.type"), *remote = net_spec_text(spec, "remote.type");
    if (!check_end(spec, "local", error) || !check_end(spec, "remote", error))
        return false;
    if (local && !strcmp(local, "fd"))
        return remote ? net_spec_bad(spec, error, "local.type=fd knows its other end: remote.type= has no use") : true;
    if (!remote || !strcmp(remote, "fd"))
        return net_spec_bad(spec, error, "remote.type=inet or remote.type=unix is missing");
    return true;
}

static const NetKey dgram_keys[] = {
    {"local.type", NET_KEY_TEXT, false},  {"local.host", NET_KEY_TEXT, false},  {"local.port", NET_KEY_PORT, false},
    {"local.path", NET_KEY_TEXT, false},  {"local.str", NET_KEY_TEXT, false},   {"remote.type", NET_KEY_TEXT, false},
    {"remote.host", NET_KEY_TEXT, false}, {"remote.port", NET_KEY_PORT, false}, {"remote.path", NET_KEY_TEXT, false},
    {NULL, NET_KEY_TEXT, false},
};

const NetKind net_dgram = {
    .name = "dgram",
    .doc = "a frame a datagram, between two addresses or in a multicast group",
    .keys = dgram_keys,
    .size = sizeof(Dgram),
    .check = dgram_check,
    .open = dgram_open,
    .close = dgram_close,
    .send = dgram_send,
    .resume = dgram_resume,
};

/* --- -netdev socket with mcast= or udp= */

static bool address_of(const NetSpec *spec, const char *key, NetAddr *addr, GError **error)
{
    g_autofree char *host = NULL, *port = NULL;
    return net_addr_split(spec, key, &host, &port, error) && net_addr_inet(spec, host, port, SOCK_DGRAM, addr, error);
}

static bool old_open(Net *net, const NetSpec *spec, GError **error)
{
    const char *group = net_spec_text(spec, "mcast"), *by = net_spec_text(spec, "localaddr");
    NetAddr local = {0}, remote;
    ((Dgram *)net)->fd = -1;
    if (!address_of(spec, group ? "mcast" : "udp", &remote, error))
        return false;
    if (group && by && !net_addr_inet(spec, by, "0", SOCK_DGRAM, &local, error))
        return false;
    if (group && !net_addr_is_group(&remote))
        return net_spec_bad(spec, error, "mcast=%s is no address of an IPv4 multicast group", group);
    if (group)
        return join_group(net, spec, &remote, &local, error) && begin(net);
    return address_of(spec, "localaddr", &local, error) && bind_pair(net, spec, &local, &remote, error) && begin(net);
}

static bool old_check(const NetSpec *spec, GError **error)
{
    g_autofree char *host = NULL, *port = NULL, *local = NULL, *local_port = NULL;
    const char *group = net_spec_text(spec, "mcast");
    if ((group && net_spec_text(spec, "udp")) || net_spec_text(spec, "listen") || net_spec_text(spec, "connect"))
        return net_spec_bad(spec, error, "one of listen=, connect=, fd=, mcast= and udp= is needed");
    if (net_spec_text(spec, "fd"))
        return net_spec_bad(spec, error, "fd= of a datagram socket is -netdev dgram,local.type=fd,local.str=N");
    if (!group && !net_spec_text(spec, "localaddr"))
        return net_spec_bad(spec, error, "udp= needs localaddr=");
    return net_addr_split(spec, group ? "mcast" : "udp", &host, &port, error) &&
           (group || net_addr_split(spec, "localaddr", &local, &local_port, error));
}

const NetKind net_socket_dgram = {
    .name = "socket",
    .keys = net_socket_keys,
    .size = sizeof(Dgram),
    .check = old_check,
    .open = old_open,
    .close = dgram_close,
    .send = dgram_send,
    .resume = dgram_resume,
};
