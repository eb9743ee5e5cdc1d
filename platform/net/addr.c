/* SPDX-License-Identifier: MIT
 *
 * Addresses of sockets, and sockets that were inherited.
 */
#include "platform/net/priv.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

#include "platform/base/listener.h"
#include "platform/base/process.h"

bool net_addr_inet(const NetSpec *spec, const char *host, const char *port, int socktype, NetAddr *addr, GError **error)
{
    const struct addrinfo hints = {.ai_family = host ? AF_UNSPEC : AF_INET, .ai_socktype = socktype};
    struct addrinfo *found = NULL;
    int why = getaddrinfo(host, port, &hints, &found);
    if (why) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "%s: %s:%s: %s", spec->what, host ? host : "", port,
                    gai_strerror(why));
        return false;
    }
    memcpy(&addr->sa, found->ai_addr, found->ai_addrlen);
    addr->size = found->ai_addrlen;
    freeaddrinfo(found);
    return true;
}

bool net_addr_unix(const NetSpec *spec, const char *path, NetAddr *addr, GError **error)
{
    struct sockaddr_un *sun = (struct sockaddr_un *)&addr->sa;
    *addr = (NetAddr){.size = sizeof(*sun)};
    sun->sun_family = AF_UNIX;
    errno = ENAMETOOLONG;
    return g_strlcpy(sun->sun_path, path, sizeof(sun->sun_path)) < sizeof(sun->sun_path)
               ? true
               : net_failed(spec, error, "use the path %s", path);
}

bool net_addr_is_group(const NetAddr *addr)
{
    const struct sockaddr_in *sin = (const struct sockaddr_in *)&addr->sa;
    return addr->sa.ss_family == AF_INET && IN_MULTICAST(ntohl(sin->sin_addr.s_addr));
}

bool net_addr_bind(const NetSpec *spec, int fd, const NetAddr *addr, char **own, GError **error)
{
    const struct sockaddr *sa = (const struct sockaddr *)&addr->sa;
    const struct sockaddr_un *sun = sa->sa_family == AF_UNIX ? (const struct sockaddr_un *)sa : NULL;
    const char *path = sun ? sun->sun_path : NULL;
    if (sun ? !listener_bind(fd, sun) : bind(fd, sa, addr->size) != 0)
        return path ? net_failed(spec, error, "bind to %s", path) : net_failed(spec, error, "bind to the local address");
    if (path) {
        *own = g_strdup(path);
        process_own_file(path);
    }
    return true;
}

void net_addr_release(char **own)
{
    if (*own)
        process_remove_file(*own);
    g_clear_pointer(own, g_free);
}

int net_fd_socket(const NetSpec *spec, const char *text, int socktype, GError **error)
{
    guint64 fd;
    int type = 0, flags;
    socklen_t size = sizeof(type);
    if (!g_ascii_string_to_unsigned(text, 10, 3, G_MAXINT, &fd, NULL)) {
        net_spec_bad(spec, error, "'%s' is not the number of a descriptor", text);
        return -1;
    }
    if (getsockopt((int)fd, SOL_SOCKET, SO_TYPE, &type, &size)) {
        net_failed(spec, error, "use descriptor %s", text);
        return -1;
    }
    if (type != socktype) {
        net_spec_bad(spec, error, "descriptor %s is a socket of another type", text);
        return -1;
    }
    flags = fcntl((int)fd, F_GETFL);
    if (flags < 0 || fcntl((int)fd, F_SETFL, flags | O_NONBLOCK) || fcntl((int)fd, F_SETFD, FD_CLOEXEC)) {
        net_failed(spec, error, "use descriptor %s", text);
        return -1;
    }
    return (int)fd;
}
