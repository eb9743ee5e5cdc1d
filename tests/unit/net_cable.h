/* SPDX-License-Identifier: MIT
 *
 * For tests of network cards: a network whose other end is the test's, a socket of which each datagram is a frame.
 */
#pragma once

#include <sys/socket.h>
#include <unistd.h>

#include "platform/net/net.h"

/* *other: the test's end, which it closes behind net_free(). */
static inline Net *cable_new(int *other)
{
    int fd[2];
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fd), ==, 0);
    g_autofree char *text = g_strdup_printf("dgram,id=n0,local.type=fd,local.str=%d", fd[0]);
    Net *net = net_new(text, &error);
    g_assert_no_error(error);
    *other = fd[1];
    return net;
}

/* The main loop does all that it has to do; not under the device lock. */
static inline void cable_settle(void)
{
    while (g_main_context_iteration(NULL, FALSE))
        ;
}
