/* SPDX-License-Identifier: MIT
 *
 * The connection: messages out of the stream, requests to their commands (qmp_commands.c), and events.
 */
#include "platform/control/qmp_priv.h"

#include <string.h>

#include "cpu/log.h"

enum {
    REQUEST_MAX = 64 * 1024,
    BRACKETS_MAX = 1024,
    LATE_MAX = 10000,    /* events that happen while a client reads nothing */
    LATE_KINDS_MAX = 64, /* those of them that are kept */
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
    link_send(&qmp->link, line, strlen(line));
}

static void send_error(Qmp *qmp, JsonNode *id, const char *class, const char *desc)
{
    send_message(qmp, g_variant_new_parsed("{'error': {'class': %s, 'desc': %s}}", class, desc), id);
}

static const char *error_class(const GError *error)
{
    if (error->domain == QMP_ERROR && error->code == QMP_COMMAND_NOT_FOUND)
        return "CommandNotFound";
    if (error->domain == QMP_ERROR && error->code == QMP_DEVICE_NOT_FOUND)
        return "DeviceNotFound";
    if (error->domain == QMP_ERROR && error->code == QMP_DEVICE_NOT_ACTIVE)
        return "DeviceNotActive";
    return "GenericError";
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

/* The command that the request names, when it may be executed now. */
static int find_command(const Qmp *qmp, const char *name, GError **error)
{
    bool negotiates = !strcmp(name, "qmp_capabilities");
    g_autofree char *valid = g_utf8_make_valid(name, -1);
    const char *refused = qmp_command_refused(name);
    int command = qmp_command_index(name);

    if (negotiates == qmp->negotiated)
        g_set_error_literal(error, QMP_ERROR, QMP_COMMAND_NOT_FOUND,
                            negotiates ? "Capabilities negotiation is already complete, command ignored"
                                       : "Expecting capabilities negotiation with 'qmp_capabilities'");
    else if (command < 0)
        g_set_error(error, QMP_ERROR, QMP_COMMAND_NOT_FOUND, "The command %s has not been found%s%s", valid, refused ? ": " : "",
                    refused ? refused : "");
    return negotiates == qmp->negotiated ? -1 : command;
}

/* Its answer, floating; NULL: {}, or *error is set. */
static GVariant *answer(Qmp *qmp, JsonObject *request, GError **error)
{
    static GVariant *(*const functions[QMP_COMMANDS])(Qmp * qmp, GError * *error) = {
#define COMMAND(id, ...) qmp_cmd_##id,
#include "platform/control/qmp.def"
    };
    g_autofree char *wrong = objection(request);

    if (wrong)
        return qmp_fail(error, "%s", wrong);
    int command = find_command(qmp, qmp_string(json_object_get_member(request, "execute")), error);
    if (command < 0)
        return NULL;
    qmp->arguments = json_object_has_member(request, "arguments") ? json_object_get_object_member(request, "arguments") : NULL;
    if (!qmp_arguments_check(&qmp_command_rows[command], qmp->arguments, error))
        return NULL;
    return functions[command](qmp, error);
}

static void execute(Qmp *qmp, JsonObject *request)
{
    g_autoptr(GError) error = NULL;
    JsonNode *id = json_object_get_member(request, "id");
    GVariant *value = answer(qmp, request, &error);

    if (error)
        send_error(qmp, id, error_class(error), error->message);
    else
        send_message(qmp, g_variant_new_parsed("{'return': %*}", value ? value : g_variant_new("a{sv}", NULL)), id);
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
    g_ptr_array_set_size(qmp->late, 0);
    qmp->happened_late = 0;
    g_string_truncate(qmp->in, 0);
}

/* What has been received is executed as far as the client takes the answers. */
static void execute_received(Qmp *qmp)
{
    size_t used = 1;

    while (used && !link_is_full(&qmp->link)) {
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
    if (!link_is_full(&qmp->link) && qmp->in->len > REQUEST_MAX) {
        send_error(qmp, NULL, "GenericError", "JSON token size limit exceeded");
        link_hang_up(&qmp->link);
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
    case RUN_CAUSE_MIGRATION_IN:
    case RUN_CAUSE_MIGRATION_STOP:
    case RUN_CAUSE_MIGRATION_DONE:
    case RUN_CAUSE_MIGRATION_FAILED:
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
    case RUN_EVENT_PANIC:
        return "GUEST_PANICKED";
    case RUN_EVENTS:
        break;
    }
    return "?";
}

static void send_event(Qmp *qmp, const char *name, GVariant *data /* NULL: none */)
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

static GVariant *run_event_data(const Qmp *qmp, RunEvent event, RunCause cause)
{
    switch (event) {
    case RUN_EVENT_WATCHDOG:
        return g_variant_new_parsed("{'action': %s}", qmp->view.watchdog);
    case RUN_EVENT_PANIC:
        return g_variant_new_parsed("{'action': %s}", qmp->view.panic);
    case RUN_EVENT_RESET:
    case RUN_EVENT_SHUTDOWN:
        return g_variant_new_parsed("{'guest': <%b>, 'reason': <%s>}", run_cause_by_guest(cause), reason(cause));
    case RUN_EVENT_RESUME:
    case RUN_EVENT_STOP:
    case RUN_EVENT_POWERDOWN:
    case RUN_EVENTS:
        break;
    }
    return NULL;
}

static void late_free(void *pointer)
{
    Late *late = pointer;
    g_free(late->subject);
    g_clear_pointer(&late->data, g_variant_unref);
    g_free(late);
}

static void send_late(Qmp *qmp)
{
    for (guint i = 0; i < qmp->late->len; i++) {
        const Late *late = qmp->late->pdata[i];
        send_event(qmp, late->event, late->data);
    }
    g_ptr_array_set_size(qmp->late, 0);
    qmp->happened_late = 0;
}

/* Of a kind and subject the last one is kept: a guest that resets itself for ever costs no memory. */
static void be_late(Qmp *qmp, const char *event, const char *subject, GVariant *data)
{
    guint i = 0;

    for (; i < qmp->late->len; i++) {
        const Late *late = qmp->late->pdata[i];
        if (!strcmp(late->event, event) && !strcmp(late->subject, subject))
            break;
    }
    if (i < qmp->late->len)
        g_ptr_array_remove_index(qmp->late, i);
    if (qmp->late->len < LATE_KINDS_MAX) {
        Late *late = g_new(Late, 1);
        *late = (Late){event, g_strdup(subject), data ? g_variant_ref(data) : NULL};
        g_ptr_array_add(qmp->late, late);
    }
    if (++qmp->happened_late < LATE_MAX)
        return;
    message_warning("-qmp: a client that read nothing while %d events happened was hung up on", LATE_MAX);
    link_drop(&qmp->link);
    qmp->negotiated = false; /* no more events for a client that is hung up on */
}

/* NoticeListener */
static void happened(void *opaque, const char *event, const char *subject, GVariant *data)
{
    Qmp *qmp = opaque;

    if (!qmp->connected || !qmp->negotiated)
        return;
    if (qmp->late->len || link_is_full(&qmp->link))
        be_late(qmp, event, subject, data);
    else
        send_event(qmp, event, data);
}

static void told(void *opaque, RunEvent event, RunCause cause)
{
    Qmp *qmp = opaque;
    GVariant *data = run_event_data(qmp, event, cause);
    g_autoptr(GVariant) sunk = data ? g_variant_ref_sink(data) : NULL;

    qmp->told |= 1u << event;
    happened(qmp, event_name(event), "", sunk);
}

/* Waits in the main loop, because a signal or gdb may end the program meanwhile. */
static void wait_for_client(const Qmp *qmp)
{
    while (qmp->link.waits && !qmp->connected && run_state(qmp->view.run) != RUN_STATE_FINISHED)
        g_main_context_iteration(NULL, TRUE);
}

bool qmp_is_there(GError **error)
{
    return true;
}

Qmp *qmp_new(LinkOpen *open, const void *how, const ControlView *view, GError **error)
{
    static const ControlSocketOps ops = {opened, received, closed, drained};
    Qmp *qmp = g_new0(Qmp, 1);

    qmp->view = *view;
    hmp_session_init(&qmp->session, &qmp->view);
    qmp->in = g_string_new(NULL);
    qmp->late = g_ptr_array_new_with_free_func(late_free);
    if (!open(&qmp->link, &ops, qmp, how, error)) {
        qmp_free(qmp);
        return NULL;
    }
    run_listen(view->run, told, qmp);
    if (view->notices)
        notices_listen(view->notices, happened, qmp);
    wait_for_client(qmp);
    return qmp;
}

void qmp_free(Qmp *qmp)
{
    if (!qmp)
        return;
    if (qmp->view.notices)
        notices_listen(qmp->view.notices, NULL, qmp);
    link_close(&qmp->link);
    g_ptr_array_unref(qmp->late);
    g_string_free(qmp->in, TRUE);
    g_free(qmp);
}
