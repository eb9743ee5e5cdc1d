/* SPDX-License-Identifier: MIT
 *
 * A back end on two pipes, for tests of what stands on one.
 */
#pragma once

#include <glib-unix.h>
#include <unistd.h>

#include "platform/chardev/priv.h"

typedef struct ChardevPipes {
    Chardev *chr;
    int out; /* reads what was written to the back end; −1: closed by the test */
    int in;  /* what is written here arrives at the back end */
} ChardevPipes;

static inline void chardev_pipes_open(ChardevPipes *p, const char *label)
{
    int out[2], in[2];
    g_assert_true(g_unix_open_pipe(out, FD_CLOEXEC, NULL));
    g_assert_true(g_unix_open_pipe(in, FD_CLOEXEC, NULL));
    g_unix_set_fd_nonblocking(out[0], TRUE, NULL);
    g_unix_set_fd_nonblocking(out[1], TRUE, NULL);
    g_unix_set_fd_nonblocking(in[0], TRUE, NULL);
    p->out = out[0];
    p->in = in[1];
    p->chr = chardev_alloc(label, CHARDEV_STDIO);
    chardev_connect(p->chr, in[0], out[1]);
}

static inline void chardev_pipes_close(ChardevPipes *p)
{
    chardev_free(p->chr);
    if (p->out >= 0)
        close(p->out);
    close(p->in);
}
