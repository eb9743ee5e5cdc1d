/* SPDX-License-Identifier: MIT */
#include "platform/control/link.h"

static void socket_send(void *end, const void *data, size_t size)
{
    control_socket_send(end, data, size);
}

static bool socket_is_full(const void *end)
{
    return control_socket_is_full(end);
}

static void socket_hang_up(void *end)
{
    control_socket_hang_up(end);
}

static void socket_drop(void *end)
{
    control_socket_drop(end);
}

static void socket_free(void *end)
{
    control_socket_free(end);
}

bool link_open_socket(Link *link, const ControlSocketOps *ops, void *opaque, const void *how, GError **error)
{
    static const LinkType type = {socket_send, socket_is_full, socket_hang_up, socket_drop, socket_free};
    const LinkSocket *given = how;
    ControlSocket *sock = control_socket_new(given->option, given->spec, given->assume, ops, opaque, error);
    if (!sock)
        return false;
    *link = (Link){&type, sock, control_socket_waits(sock)};
    return true;
}

void link_close(Link *link)
{
    if (link->type)
        link->type->free(link->end);
    *link = (Link){0};
}
