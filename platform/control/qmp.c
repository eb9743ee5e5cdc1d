/* SPDX-License-Identifier: MIT
 *
 * The connection: messages out of the stream, requests to their commands (qmp_commands.c), and events.
 */
#include "platform/control/qmp_priv.h"

#include <errno.h>
#include <string.h>

#include "cpu/log.h"

enum {
    REQUEST_MAX = 64 * 1024,
    BRACKETS_MAX = 1024,
    LATE_MAX = 10000,      /* events that wait for a client which reads nothing */
    OUTPUTS_LOST_MAX = 16, /* lost outputs whose events wait for the main loop */
};

/* A dictionary, with the client's id: the tree's, NULL: none.  Takes the floating message. */
static void send_message(Qmp *qmp, GVariant *message, JsonNode *id)
{
    g_autoptr(GVariant) sunk = g_variant_ref_sink(message);
    g_autoptr(JsonNode) node = json_gvariant_serialize(sunk);

    if (id)
        json_object_set_member(json_node_get_object(node), "id", json_node_copy(id));
    g_autofree char *json = json_to_string(node, FALSE);
    g_autofree char *text = g_utf8_make_valid(json, -1); /* the client's id may hold half a surrogate pair, which is no UTF-8 */
    g_autofree char *line = g_strconcat(text, "\r\n", NULL);
    control_socket_send(qmp->sock, line, strlen(line));
}

static void send_error(Qmp *qmp, JsonNode *id, const char *class, const char *desc)
{
    send_message(qmp, g_variant_new_parsed("{'error': {'class': %s, 'desc': %s}}", class, desc), id);
}

/* --- requests */

/* What is wrong with a request before its command is looked at; NULL: nothing.  Freed by the caller. */
static char *objection(JsonObject *request)
{
    JsonNode *name = json_object_get_member(request, "execute");
    JsonNode *arguments = json_object_get_member(request, "arguments");
    static const char *const known[] = {"execute", "arguments", "id", NULL};
    g_autoptr(GList) members = json_object_get_members(request);

    for (GList *m = members; m; m = m->next) {
        if (g_strv_contains(known, m->data))
            continue;
        g_autofree char *member = g_utf8_make_valid(m->data, -1);
        return g_strdup_printf("QMP input member '%s' is unexpected", member);
    }
    if (!name)
        return g_strdup("QMP input lacks member 'execute'");
    if (!qmp_string(name))
        return g_strdup("QMP input member 'execute' must be a string");
    if (arguments && !JSON_NODE_HOLDS_OBJECT(arguments))
        return g_strdup("QMP input member 'arguments' must be an object");
    return NULL;
}

static void execute(Qmp *qmp, JsonObject *request)
{
    JsonNode *id = json_object_get_member(request, "id");
    g_autofree char *wrong = objection(request);

    if (wrong) {
        send_error(qmp, id, "GenericError", wrong);
        return;
    }
    const char *name = qmp_string(json_object_get_member(request, "execute"));
    bool negotiates = !strcmp(name, "qmp_capabilities");
    if (negotiates == qmp->negotiated) {
        send_error(qmp, id, "CommandNotFound",
                   negotiates ? "Capabilities negotiation is already complete, command ignored"
                              : "Expecting capabilities negotiation with 'qmp_capabilities'");
        return;
    }
    const QmpCommand *command = qmp_command_find(name);
    if (!command) {
        g_autofree char *valid = g_utf8_make_valid(name, -1);
        g_autofree char *desc = g_strdup_printf("The command %s has not been found", valid);
        send_error(qmp, id, "CommandNotFound", desc);
        return;
    }
    qmp->arguments = json_object_has_member(request, "arguments") ? json_object_get_object_member(request, "arguments") : NULL;
    wrong = qmp_arguments_check(command, qmp->arguments);
    if (wrong) {
        send_error(qmp, id, "GenericError", wrong);
        return;
    }
    const char *failed = NULL;
    g_autoptr(GVariant) value = g_variant_ref_sink(command->answer(qmp, &failed));
    if (failed)
        send_error(qmp, id, "GenericError", failed);
    else
        send_message(qmp, g_variant_new_parsed("{'return': %*}", value), id);
}

/*
 * The JSON parser recurses, so the depth of nesting is bounded by the number of opening brackets.  Those inside of strings are counted,
 * too: what this file takes for a string, the parser may not.
 */
static bool too_deep(const char *text, size_t size)
{
    unsigned n = 0;

    for (size_t i = 0; i < size; i++)
        n += text[i] == '{' || text[i] == '[';
    return n > BRACKETS_MAX;
}

static void request(Qmp *qmp, const char *text, size_t size)
{
    g_autoptr(JsonParser) parser = json_parser_new();
    const char *wrong = NULL;

    if (too_deep(text, size))
        wrong = "JSON nesting depth limit exceeded";
    else if (!json_parser_load_from_data(parser, text, (gssize)size, NULL))
        wrong = "JSON parse error, invalid syntax";
    JsonNode *root = json_parser_get_root(parser);
    if (!wrong && !(root && JSON_NODE_HOLDS_OBJECT(root)))
        wrong = "QMP input must be a JSON object";
    if (wrong)
        send_error(qmp, NULL, "GenericError", wrong);
    else
        execute(qmp, json_node_get_object(root));
}

/* Bytes of the stream's first value, perhaps a wrong one; 0: it is not complete yet.  What is not
 * an object or array ends with its line. */
static size_t first_value(const GString *in)
{
    bool bracketed = in->str[0] == '{' || in->str[0] == '[', quoted = false;
    size_t depth = 0;

    for (size_t i = 0; i < in->len; i++) {
        char c = in->str[i];
        bool ends = !bracketed && c == '\n';
        if (quoted && c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && (c == '{' || c == '['))
            depth++;
        else if (!quoted && (c == '}' || c == ']') && bracketed)
            ends = --depth == 0;
        if (ends)
            return i + 1;
    }
    return 0;
}

/* --- the socket's side */

static void opened(void *opaque)
{
    Qmp *qmp = opaque;

    qmp->connected = true;
    qmp->negotiated = false;
    g_string_truncate(qmp->in, 0);
    send_message(qmp, g_variant_new_parsed("{'QMP': {'version': <%*>, 'capabilities': <@as []>}}", qmp_version()), NULL);
}

static void closed(void *opaque)
{
    Qmp *qmp = opaque;

    qmp->connected = false;
    qmp->n_late = qmp->happened_late = 0;
    g_string_truncate(qmp->in, 0);
}

/* What has been received is executed as far as the client takes the answers. */
static void execute_received(Qmp *qmp)
{
    size_t used = 1;

    while (used && !control_socket_is_full(qmp->sock)) {
        g_string_erase(qmp->in, 0, (gssize)strspn(qmp->in->str, " \t\r\n"));
        used = first_value(qmp->in);
        if (used)
            request(qmp, qmp->in->str, used);
        g_string_erase(qmp->in, 0, (gssize)used);
    }
}

static void send_late(Qmp *qmp);

static void drained(void *opaque)
{
    send_late(opaque);
    execute_received(opaque);
}

static void received(void *opaque, const char *data, size_t size)
{
    Qmp *qmp = opaque;

    g_string_append_len(qmp->in, data, (gssize)size);
    execute_received(qmp);
    if (!control_socket_is_full(qmp->sock) && qmp->in->len > REQUEST_MAX) {
        send_error(qmp, NULL, "GenericError", "JSON token size limit exceeded");
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
    case RUN_CAUSE_GUEST_SYSTEM_RESET:
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
    case RUN_CAUSE_HOST_CONT:
    case RUN_CAUSE_HOST_STOP:
    case RUN_CAUSE_HOST_POWERDOWN:
    case RUN_CAUSE_DEBUG_STOP:
    case RUN_CAUSE_DRIVE_ERROR:
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
    case RUN_EVENT_POWERDOWN:
        return "POWERDOWN";
    case RUN_EVENT_WATCHDOG:
        return "WATCHDOG";
    case RUN_EVENTS:
        break;
    }
    return "?";
}

static void send_event(Qmp *qmp, const char *name, GVariant *data /* NULL: none; takes a floating one */)
{
    gint64 now = g_get_real_time();
    GVariantBuilder event;

    g_variant_builder_init(&event, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add_parsed(&event, "{'timestamp', <{'seconds': %x, 'microseconds': %x}>}", now / G_USEC_PER_SEC,
                                 now % G_USEC_PER_SEC);
    g_variant_builder_add_parsed(&event, "{'event', <%s>}", name);
    if (data)
        g_variant_builder_add(&event, "{sv}", "data", data);
    send_message(qmp, g_variant_builder_end(&event), NULL);
}

static void send_run_event(Qmp *qmp, RunEvent event, RunCause cause)
{
    GVariant *data = event == RUN_EVENT_WATCHDOG ? g_variant_new_parsed("{'action': %s}", qmp->view.watchdog)
                     : event == RUN_EVENT_RESET || event == RUN_EVENT_SHUTDOWN
                         ? g_variant_new_parsed("{'guest': <%b>, 'reason': <%s>}", run_cause_by_guest(cause), reason(cause))
                         : NULL;

    send_event(qmp, event_name(event), data);
}

static void send_late(Qmp *qmp)
{
    for (unsigned i = 0; i < qmp->n_late; i++)
        send_run_event(qmp, qmp->late[i].event, qmp->late[i].cause);
    qmp->n_late = qmp->happened_late = 0;
}

/* Of a kind the last one is kept: a guest that resets itself for ever costs no memory. */
static void be_late(Qmp *qmp, RunEvent event, RunCause cause)
{
    unsigned i = 0;

    while (i < qmp->n_late && qmp->late[i].event != event)
        i++;
    if (i == qmp->n_late)
        qmp->n_late++;
    memmove(&qmp->late[i], &qmp->late[i + 1], (qmp->n_late - 1 - i) * sizeof(Late));
    qmp->late[qmp->n_late - 1] = (Late){event, cause};
    if (++qmp->happened_late < LATE_MAX)
        return;
    message_warning("-qmp: a client that read nothing while %d events happened was hung up on", LATE_MAX);
    control_socket_drop(qmp->sock);
    qmp->negotiated = false; /* no more events for a client that is hung up on */
}

/*
 * Errors of drives, of each the last one: a client that does not read finds it when it does.  It comes before the STOP that it is the reason
 * of.
 */
static void tell_drive_errors(void *opaque)
{
    static const char *const actions[] = {"report", "ignore", "stop", "report"};
    Qmp *qmp = opaque;
    DriveError e;

    for (guint i = 0;
         qmp->view.drives && i < qmp->view.drives->len && qmp->connected && qmp->negotiated && !control_socket_is_full(qmp->sock);
         i++) {
        Block *block = qmp->view.drives->pdata[i];
        if (block_take_error(block, &e))
            send_event(
                qmp, "BLOCK_IO_ERROR",
                g_variant_new_parsed("{'device': <%s>, 'node-name': <%s>, 'operation': <%s>, 'action': <%s>, 'nospace': <%b>, "
                                     "'reason': <%s>}",
                                     block_id(block), block_id(block), e.read ? "read" : "write", actions[e.action],
                                     e.error == ENOSPC, g_strerror(e.error)));
    }
}

static void told(void *opaque, RunEvent event, RunCause cause)
{
    Qmp *qmp = opaque;

    tell_drive_errors(qmp);
    qmp->told |= 1u << event;
    if (!qmp->connected || !qmp->negotiated)
        return;
    if (qmp->n_late || control_socket_is_full(qmp->sock))
        be_late(qmp, event, cause);
    else
        send_run_event(qmp, event, cause);
}

/* --- outputs that are lost: found in any thread, told in the main one */

static void output_lost(void *opaque, const char *output, const char *why)
{
    Qmp *qmp = opaque;

    g_mutex_lock(&qmp->lost_lock);
    if (qmp->lost->len < 2 * OUTPUTS_LOST_MAX) {
        g_ptr_array_add(qmp->lost, g_strdup(output));
        g_ptr_array_add(qmp->lost, g_strdup(why));
    }
    g_mutex_unlock(&qmp->lost_lock);
    event_signal(qmp->lost_event);
}

static void tell_lost(void *opaque)
{
    Qmp *qmp = opaque;

    g_mutex_lock(&qmp->lost_lock);
    for (guint i = 0; i < qmp->lost->len && qmp->connected && qmp->negotiated && !control_socket_is_full(qmp->sock); i += 2) {
        const char *output = qmp->lost->pdata[i], *why = qmp->lost->pdata[i + 1];
        send_event(qmp, "X_OUTPUT_LOST", g_variant_new_parsed("{'output': %s, 'reason': %s}", output, why));
    }
    g_ptr_array_set_size(qmp->lost, 0);
    g_mutex_unlock(&qmp->lost_lock);
}

/* Waits in the main loop, because a signal or gdb may end the program meanwhile. */
static void wait_for_client(const Qmp *qmp)
{
    while (control_socket_waits(qmp->sock) && !qmp->connected && run_state(qmp->view.run) != RUN_STATE_FINISHED)
        g_main_context_iteration(NULL, TRUE);
}

Qmp *qmp_new(const char *spec, const ControlView *view, GError **error)
{
    static const ControlSocketOps ops = {opened, received, closed, drained};
    Qmp *qmp = g_new0(Qmp, 1);

    qmp->view = *view;
    qmp->in = g_string_new(NULL);
    qmp->lost = g_ptr_array_new_with_free_func(g_free);
    g_mutex_init(&qmp->lost_lock);
    qmp->lost_event = event_new(error);
    if (qmp->lost_event)
        qmp->sock = control_socket_new("-qmp", spec, "server=off,wait=on", &ops, qmp, error);
    if (!qmp->sock) {
        qmp_free(qmp);
        return NULL;
    }
    run_listen(view->run, told, qmp);
    event_listen(qmp->lost_event, tell_lost, qmp);
    if (view->drive_errors)
        event_listen(view->drive_errors, tell_drive_errors, qmp);
    message_on_output_lost(output_lost, qmp);
    wait_for_client(qmp);
    return qmp;
}

void qmp_free(Qmp *qmp)
{
    if (!qmp)
        return;
    message_on_output_lost(NULL, NULL);
    control_socket_free(qmp->sock);
    if (qmp->lost_event)
        event_free(qmp->lost_event);
    g_ptr_array_unref(qmp->lost);
    g_mutex_clear(&qmp->lost_lock);
    g_string_free(qmp->in, TRUE);
    g_free(qmp->wrong);
    g_free(qmp);
}
