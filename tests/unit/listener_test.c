/* SPDX-License-Identifier: MIT
 *
 * A listening socket whose client cannot be given a descriptor.
 */
#include <glib/gstdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "platform/base/listener.h"
#include "tests/unit/unit.h"

enum { REST_US = 1000000 };

typedef struct Watch {
    Listener *listener;
    unsigned called, accepted;
} Watch;

static void ready(void *opaque)
{
    Watch *w = opaque;
    int fd = listener_accept(w->listener);
    w->called++;
    if (fd >= 0) {
        w->accepted++;
        close(fd);
    }
}

static int connect_to(const char *path)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_strlcpy(sa.sun_path, path, sizeof(sa.sun_path));
    g_assert_cmpint(connect(fd, (const struct sockaddr *)&sa, sizeof(sa)), ==, 0);
    return fd;
}

/* The lowest descriptor that is free is the first that the limit forbids. */
static void forbid_descriptors(struct rlimit *was)
{
    int lowest = dup(STDERR_FILENO);
    close(lowest);
    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, was), ==, 0);
    struct rlimit now = {(rlim_t)lowest, was->rlim_max};
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &now), ==, 0);
}

/* It is asked as often as it rests, once more at the start, and not each time the main loop looks. */
static void it_rests_without_a_descriptor(void)
{
    g_autofree char *where = g_dir_make_tmp("listener-XXXXXX", NULL), *path = g_build_filename(where, "socket", NULL);
    g_autoptr(GError) error = NULL;
    struct rlimit was;
    Watch w = {.listener = listener_new_unix("test", path, &error)};
    g_assert_no_error(error);
    listener_watch(w.listener, ready, &w);
    listener_enable(w.listener, true);
    g_main_context_iteration(NULL, FALSE); /* it has what descriptors it needs */
    int client = connect_to(path);
    forbid_descriptors(&was);
    gint64 began = g_get_monotonic_time();
    for (unsigned i = 0; i < 10000; i++)
        g_main_context_iteration(NULL, FALSE);
    gint64 lasted = g_get_monotonic_time() - began;
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &was), ==, 0);
    g_assert_cmpuint(w.called, >=, 1);
    g_assert_cmpint(w.called, <=, 1 + lasted / REST_US);
    g_assert_cmpuint(w.accepted, ==, 0);
    while (!w.accepted) /* once it has rested, the client has its turn */
        g_main_context_iteration(NULL, TRUE);
    close(client);
    listener_free(w.listener);
    g_rmdir(where);
}

UNIT_TESTS(listener)
{
    g_test_add_func("/listener/it-rests-without-a-descriptor", it_rests_without_a_descriptor);
}
