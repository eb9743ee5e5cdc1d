/* SPDX-License-Identifier: MIT
 *
 * A QMP client's bytes, in pieces as long as the first byte says, to a run state with nothing
 * behind it.  What goes back is one strict JSON value a line.
 */
#include <string.h>

/* The monitor on a socket of our own. */
#define control_socket_new     fuzz_socket_new
#define control_socket_free    fuzz_socket_free
#define control_socket_send    fuzz_socket_send
#define control_socket_hang_up fuzz_socket_hang_up
#define control_socket_waits   fuzz_socket_waits
#define control_socket_is_full fuzz_socket_is_full
#define control_socket_drop    fuzz_socket_drop
#define qmp_new                fuzz_qmp_new
#define qmp_free               fuzz_qmp_free
#define qmp_command_find       fuzz_qmp_command_find
#define qmp_arguments_check    fuzz_qmp_arguments_check
#define qmp_string             fuzz_qmp_string
#define qmp_version            fuzz_qmp_version
#include "platform/control/qmp.c"
#include "platform/control/qmp_commands.c"
#include "platform/machine/runstate_ops.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct ControlSocket {
    const ControlSocketOps *ops;
    void *opaque;
    bool hung_up;
};

static struct ControlSocket only;

ControlSocket *control_socket_new(const char *option, const char *spec, const char *assume, const ControlSocketOps *socket_ops,
                                  void *opaque, GError **error)
{
    only = (struct ControlSocket){.ops = socket_ops, .opaque = opaque};
    return &only;
}

bool control_socket_waits(const ControlSocket *sock)
{
    return false;
}

bool control_socket_is_full(const ControlSocket *sock)
{
    return false;
}

void control_socket_drop(ControlSocket *sock)
{
    sock->hung_up = true;
}

void control_socket_free(ControlSocket *sock) {}

void control_socket_hang_up(ControlSocket *sock)
{
    sock->hung_up = true;
}

void control_socket_send(ControlSocket *sock, const void *data, size_t size)
{
    g_assert_cmpuint(size, >, 2);
    g_assert_cmpmem((const char *)data + size - 2, 2, "\r\n", 2);
    g_assert_null(memchr(data, '\n', size - 2));
    g_assert_true(g_utf8_validate(data, (gssize)size - 2, NULL));
    g_autoptr(JsonParser) parser = json_parser_new();
    g_assert_true(json_parser_load_from_data(parser, data, (gssize)size - 2, NULL));
}

static void no_work(void *opaque) {}

static bool resume_ok(void *opaque, GError **error)
{
    return true;
}

static RunResetResult reset(void *opaque, RunCause cause, GError **error)
{
    return RUN_RESET_DONE;
}

static const GError *host_error(void *opaque)
{
    return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const RunOps run_ops = {no_work, resume_ok, no_work, no_work, reset, host_error, no_work, no_work};
    static HcallEnv hcall;
    RunPolicy policy = {0};
    size_t piece = size ? data[0] + 1u : 1;
    RunState *run = run_new(&policy, &run_ops, NULL, NULL);
    g_autoptr(GPtrArray) chardevs = g_ptr_array_new_with_free_func((GDestroyNotify)chardev_free);
    g_ptr_array_add(chardevs, chardev_option_new("ringbuf,id=r,size=64", NULL));
    g_ptr_array_add(chardevs, chardev_option_new("null,id=n", NULL));
    const ControlView view = {.run = run, .hcall = &hcall, .chardevs = chardevs, .name = "a \"name\"", .watchdog = "reset"};
    Qmp *qmp = qmp_new("", &view, NULL);

    g_assert_nonnull(qmp);
    only.ops->opened(only.opaque);
    for (size_t at = 1; at < size && !only.hung_up; at += piece)
        only.ops->received(only.opaque, (const char *)data + at, MIN(piece, size - at));
    only.ops->closed(only.opaque);
    qmp_free(qmp);
    run_free(run);
    return 0;
}
