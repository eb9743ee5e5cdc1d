/* SPDX-License-Identifier: MIT */
#include "platform/control/qmp.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "platform/control/json.h"
#include "platform/control/socket.h"
#include "platform/lock.h"

enum { REQUEST_MAX = 64 * 1024 };

struct Qmp {
    ControlSocket *sock;
    RunState *run;
    const HcallEnv *hcall;
    const char *name; /* -name */
    GString *in;
    bool connected, negotiated;
    unsigned told; /* bit per RunEvent since the last ask() */
};

static void send_line(Qmp *qmp, GString *line)
{
    g_string_append(line, "\r\n");
    control_socket_send(qmp->sock, line->str, line->len);
}

/* ,"id": … as the client wrote it */
static void append_id(GString *line, JsonSpan id)
{
    if (id.text) {
        g_string_append(line, ", \"id\": ");
        g_string_append_len(line, id.text, (gssize)id.size);
    }
}

static void send_error(Qmp *qmp, JsonSpan id, const char *class, const char *desc)
{
    g_autoptr(GString) line = g_string_new("{\"error\": {\"class\": ");

    json_quote(line, class);
    g_string_append(line, ", \"desc\": ");
    json_quote(line, desc);
    g_string_append_c(line, '}');
    append_id(line, id);
    g_string_append_c(line, '}');
    send_line(qmp, line);
}

/* --- commands: each appends its "return" value, or returns what went wrong */

#define COMMAND(id, name, doc) static const char *cmd_##id(Qmp *qmp, GString *value);
#include "platform/control/qmp_commands.def"
#undef COMMAND

static const struct {
    const char *name;
    const char *(*answer)(Qmp *qmp, GString *value);
} commands[] = {
#define COMMAND(id, name, doc) {name, cmd_##id},
#include "platform/control/qmp_commands.def"
#undef COMMAND
};

static const char *cmd_qmp_capabilities(Qmp *qmp, GString *value)
{
    qmp->negotiated = true;
    g_string_append(value, "{}");
    return NULL;
}

static void append_version(GString *value)
{
    unsigned major = 0, minor = 0, micro = 0;

    sscanf(QUOIN_VERSION, "%u.%u.%u", &major, &minor, &micro);
    g_string_append_printf(value,
                           "{\"qemu\": {\"major\": %u, \"minor\": %u, \"micro\": %u}, "
                           "\"package\": \"quoin-%s\"}",
                           major, minor, micro, QUOIN_VERSION);
}

static const char *cmd_query_version(Qmp *qmp, GString *value)
{
    append_version(value);
    return NULL;
}

static const char *cmd_query_name(Qmp *qmp, GString *value)
{
    g_string_append(value, qmp->name ? "{\"name\": " : "{");
    if (qmp->name)
        json_quote(value, qmp->name);
    g_string_append_c(value, '}');
    return NULL;
}

static const char *cmd_query_status(Qmp *qmp, GString *value)
{
    RunStateId state = run_state(qmp->run);

    g_string_append_printf(value, "{\"status\": \"%s\", \"running\": %s, \"singlestep\": false}",
                           run_state_name(state), state == RUN_STATE_RUNNING ? "true" : "false");
    return NULL;
}

static const char *cmd_query_commands(Qmp *qmp, GString *value)
{
    g_string_append_c(value, '[');
    for (unsigned i = 0; i < G_N_ELEMENTS(commands); i++)
        g_string_append_printf(value, "%s{\"name\": \"%s\"}", i ? ", " : "", commands[i].name);
    g_string_append_c(value, ']');
    return NULL;
}

static const char *cmd_x_query_hypercalls(Qmp *qmp, GString *value)
{
    device_lock();
    g_string_append_c(value, '{');
    for (unsigned i = 0; i < HCALL_COUNT; i++)
        g_string_append_printf(value, "\"%s\": %" PRIu64 ", ", hcall_name(i), qmp->hcall->count[i]);
    g_string_append_printf(value, "\"unknown\": %" PRIu64 "}", qmp->hcall->unknown);
    device_unlock();
    return NULL;
}

/* The request is applied when the answer goes out, as a client expects of "stop" and then
 * "query-status". */
static void ask(Qmp *qmp, GString *value, RunCause cause)
{
    qmp->told = 0;
    run_request(qmp->run, cause);
    run_apply(qmp->run);
    g_string_append(value, "{}");
}

static const char *cmd_stop(Qmp *qmp, GString *value)
{
    ask(qmp, value, RUN_CAUSE_HOST_STOP);
    return NULL;
}

static const char *cmd_cont(Qmp *qmp, GString *value)
{
    ask(qmp, value, RUN_CAUSE_HOST_CONT);
    return run_state(qmp->run) == RUN_STATE_RUNNING ? NULL
                                                    : "Resetting the Virtual Machine is required";
}

static const char *cmd_system_reset(Qmp *qmp, GString *value)
{
    ask(qmp, value, RUN_CAUSE_HOST_RESET);
    return qmp->told & (1u << RUN_EVENT_RESET | 1u << RUN_EVENT_SHUTDOWN)
               ? NULL
               : "The machine does not support reset, or could not be reset";
}

static const char *cmd_system_powerdown(Qmp *qmp, GString *value)
{
    ask(qmp, value, RUN_CAUSE_HOST_POWERDOWN);
    return NULL;
}

static const char *cmd_quit(Qmp *qmp, GString *value)
{
    ask(qmp, value, RUN_CAUSE_HOST_QUIT);
    return NULL;
}

/* --- requests */

/* What keeps a well-formed request from being executed; NULL: nothing. */
static const char *objection(const Qmp *qmp, JsonSpan request, JsonSpan name)
{
    JsonSpan arguments = json_member(request, "arguments");

    if (!name.text)
        return "QMP input lacks member 'execute'";
    if (name.text[0] != '"')
        return "QMP input member 'execute' must be a string";
    if (arguments.text && !json_is_object(arguments))
        return "QMP input member 'arguments' must be an object";
    return NULL;
}

static void execute(Qmp *qmp, JsonSpan request)
{
    JsonSpan id = json_member(request, "id"), name = json_member(request, "execute");
    const char *wrong = objection(qmp, request, name);

    if (wrong) {
        send_error(qmp, id, "GenericError", wrong);
        return;
    }
    bool negotiates = json_equals(name, "qmp_capabilities");
    if (negotiates == qmp->negotiated) {
        send_error(qmp, id, "CommandNotFound",
                   negotiates ? "Capabilities negotiation is already complete, command ignored"
                              : "Expecting capabilities negotiation with 'qmp_capabilities'");
        return;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (!json_equals(name, commands[i].name))
            continue;
        g_autoptr(GString) line = g_string_new("{\"return\": ");
        wrong = commands[i].answer(qmp, line);
        if (wrong) {
            send_error(qmp, id, "GenericError", wrong);
            return;
        }
        append_id(line, id);
        g_string_append_c(line, '}');
        send_line(qmp, line);
        return;
    }
    g_autofree char *text = g_strndup(name.text + 1, name.size - 2);
    g_autofree char *desc = g_strdup_printf("The command %s has not been found", text);
    send_error(qmp, id, "CommandNotFound", desc);
}

static void request(Qmp *qmp, const char *text, size_t size)
{
    JsonSpan value = {text, size};

    if (!json_check(text, size))
        send_error(qmp, (JsonSpan){0}, "GenericError", "JSON parse error, invalid syntax");
    else if (!json_is_object(value))
        send_error(qmp, (JsonSpan){0}, "GenericError", "QMP input must be a JSON object");
    else
        execute(qmp, value);
}

/* --- the socket's side */

static void opened(void *opaque)
{
    Qmp *qmp = opaque;
    g_autoptr(GString) line = g_string_new("{\"QMP\": {\"version\": ");

    qmp->connected = true;
    qmp->negotiated = false;
    g_string_truncate(qmp->in, 0);
    append_version(line);
    g_string_append(line, ", \"capabilities\": []}}");
    send_line(qmp, line);
}

static void closed(void *opaque)
{
    Qmp *qmp = opaque;

    qmp->connected = false;
    g_string_truncate(qmp->in, 0);
}

static void received(void *opaque, const char *data, size_t size)
{
    Qmp *qmp = opaque;
    JsonFrame frame;
    size_t used;

    g_string_append_len(qmp->in, data, (gssize)size);
    while ((frame = json_frame(qmp->in->str, qmp->in->len, &used)) == JSON_FRAME_VALUE) {
        request(qmp, qmp->in->str, used);
        g_string_erase(qmp->in, 0, (gssize)used);
    }
    if (frame == JSON_FRAME_NONE)
        g_string_truncate(qmp->in, 0);
    if (qmp->in->len > REQUEST_MAX) {
        send_error(qmp, (JsonSpan){0}, "GenericError", "JSON token size limit exceeded");
        control_socket_hang_up(qmp->sock);
        g_string_truncate(qmp->in, 0);
    }
}

/* --- events */

/* QMP's ShutdownCause. */
static const char *reason(RunCause cause)
{
    switch (cause) {
    case RUN_CAUSE_GUEST_RESET_HCALL:
    case RUN_CAUSE_GUEST_RESET_DEVICE:
        return "guest-reset";
    case RUN_CAUSE_GUEST_SHUTDOWN_HCALL:
    case RUN_CAUSE_GUEST_SHUTDOWN_DEVICE:
        return "guest-shutdown";
    case RUN_CAUSE_GUEST_CRASH:
        return "guest-panic";
    case RUN_CAUSE_GUEST_WATCHDOG:
        return "guest-reset";
    case RUN_CAUSE_HOST_RESET:
        return "host-qmp-system-reset";
    case RUN_CAUSE_HOST_QUIT:
        return "host-qmp-quit";
    case RUN_CAUSE_HOST_SIGNAL:
        return "host-signal";
    case RUN_CAUSE_HOST_ERROR:
        return "host-error";
    case RUN_CAUSE_HOST_POWERDOWN:
        return "host-ui";
    case RUN_CAUSE_HOST_CONT:
    case RUN_CAUSE_HOST_STOP:
    case RUN_CAUSE_DEBUG_STOP:
    case RUN_CAUSES:
        break;
    }
    return "none";
}

static const char *event_name(RunEvent event)
{
    switch (event) {
    case RUN_EVENT_RESUME:
        return "RESUME";
    case RUN_EVENT_STOP:
        return "STOP";
    case RUN_EVENT_RESET:
        return "RESET";
    case RUN_EVENT_SHUTDOWN:
        return "SHUTDOWN";
    }
    return "?";
}

static void told(void *opaque, RunEvent event, RunCause cause)
{
    Qmp *qmp = opaque;
    gint64 now = g_get_real_time();

    qmp->told |= 1u << event;
    if (!qmp->connected || !qmp->negotiated)
        return;
    g_autoptr(GString) line = g_string_new(NULL);
    g_string_append_printf(line,
                           "{\"timestamp\": {\"seconds\": %" G_GINT64_FORMAT
                           ", \"microseconds\": %" G_GINT64_FORMAT "}, \"event\": \"%s\"",
                           now / G_USEC_PER_SEC, now % G_USEC_PER_SEC, event_name(event));
    if (event == RUN_EVENT_RESET || event == RUN_EVENT_SHUTDOWN)
        g_string_append_printf(line, ", \"data\": {\"guest\": %s, \"reason\": \"%s\"}",
                               run_cause_by_guest(cause) ? "true" : "false", reason(cause));
    g_string_append_c(line, '}');
    send_line(qmp, line);
}

void qmp_set_name(Qmp *qmp, const char *name)
{
    qmp->name = name;
}

Qmp *qmp_new(const char *spec, RunState *run, const HcallEnv *hcall, GError **error)
{
    static const ControlSocketOps ops = {opened, received, closed};
    Qmp *qmp = g_new0(Qmp, 1);

    qmp->run = run;
    qmp->hcall = hcall;
    qmp->in = g_string_new(NULL);
    qmp->sock = control_socket_new("-qmp", spec, "server=off,wait=on", &ops, qmp, error);
    if (!qmp->sock) {
        qmp_free(qmp);
        return NULL;
    }
    control_socket_wait(qmp->sock);
    run_listen(run, told, qmp);
    return qmp;
}

void qmp_free(Qmp *qmp)
{
    if (!qmp)
        return;
    control_socket_free(qmp->sock);
    g_string_free(qmp->in, TRUE);
    g_free(qmp);
}
