/* SPDX-License-Identifier: MIT */
#include "platform/control/qmp.h"

#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>

#include "cpu/log.h"
#include "platform/base/event.h"
#include "platform/base/lock.h"
#include "platform/chardev/chardev.h"
#include "platform/control/socket.h"

enum {
    REQUEST_MAX = 64 * 1024,
    BRACKETS_MAX = 1024,
    RING_READ_MAX = 1024 * 1024, /* bytes of one ringbuf-read */
    LATE_MAX = 10000,            /* events that wait for a client which reads nothing */
    OUTPUTS_LOST_MAX = 16,       /* of an event each that wait for the main loop */
};

/* An event that did not go out when it happened, since the client did not take what was before it. */
typedef struct Late {
    RunEvent event;
    RunCause cause;
} Late;

struct Qmp {
    ControlSocket *sock;
    RunState *run;
    const HcallEnv *hcall;
    const Areas *areas;
    const char *name;     /* -name */
    const char *watchdog; /* -action watchdog= */
    const GPtrArray *chardevs;
    JsonObject *arguments; /* of the command being executed; NULL: none */
    GString *in;
    bool connected, negotiated;
    unsigned told;         /* bit per RunEvent since the last ask() */
    Late late[RUN_EVENTS]; /* of each kind the last one, in the order in which they happened */
    unsigned n_late, happened_late;
    GMutex lost_lock;
    GPtrArray *lost; /* under lost_lock: names of outputs and reasons, by turns */
    Event *lost_event;
};

/* A dictionary, with the client's id: the tree's, NULL: none.  Takes the floating message. */
static void send_message(Qmp *qmp, GVariant *message, JsonNode *id)
{
    g_autoptr(GVariant) sunk = g_variant_ref_sink(message);
    g_autoptr(JsonNode) node = json_gvariant_serialize(sunk);

    if (id)
        json_object_set_member(json_node_get_object(node), "id", json_node_copy(id));
    g_autofree char *json = json_to_string(node, FALSE);
    g_autofree char *text = g_utf8_make_valid(json, -1); /* an id may have halves of surrogates */
    g_autofree char *line = g_strconcat(text, "\r\n", NULL);
    control_socket_send(qmp->sock, line, strlen(line));
}

static void send_error(Qmp *qmp, JsonNode *id, const char *class, const char *desc)
{
    send_message(qmp, g_variant_new_parsed("{'error': {'class': %s, 'desc': %s}}", class, desc), id);
}

static const char *string_of(JsonNode *node)
{
    return json_node_get_value_type(node) == G_TYPE_STRING ? json_node_get_string(node) : NULL;
}

/* --- commands: each returns its "return" value, floating, or sets *wrong to what failed */

#define COMMAND(id, name, doc) static GVariant *cmd_##id(Qmp *qmp, const char **wrong);
#include "platform/control/qmp_commands.def"
#undef COMMAND

static const struct {
    const char *name;
    GVariant *(*answer)(Qmp *qmp, const char **wrong);
} commands[] = {
#define COMMAND(id, name, doc) {name, cmd_##id},
#include "platform/control/qmp_commands.def"
#undef COMMAND
};

static GVariant *nothing(void)
{
    return g_variant_new("a{sv}", NULL);
}

static GVariant *version(void)
{
    unsigned major = 0, minor = 0, micro = 0;

    sscanf(QUOIN_VERSION, "%u.%u.%u", &major, &minor, &micro);
    return g_variant_new_parsed("{'qemu': <{'major': %u, 'minor': %u, 'micro': %u}>, 'package': <%s>}", major, minor, micro,
                                "quoin-" QUOIN_VERSION);
}

static GVariant *cmd_qmp_capabilities(Qmp *qmp, const char **wrong)
{
    qmp->negotiated = true;
    return nothing();
}

static GVariant *cmd_query_version(Qmp *qmp, const char **wrong)
{
    return version();
}

static GVariant *cmd_query_name(Qmp *qmp, const char **wrong)
{
    return qmp->name ? g_variant_new_parsed("{'name': %s}", qmp->name) : nothing();
}

static GVariant *cmd_query_status(Qmp *qmp, const char **wrong)
{
    RunStateId state = run_state(qmp->run);

    return g_variant_new_parsed("{'status': <%s>, 'running': <%b>, 'singlestep': <false>}", run_state_name(state),
                                state == RUN_STATE_RUNNING);
}

static GVariant *cmd_query_commands(Qmp *qmp, const char **wrong)
{
    GVariantBuilder list;

    g_variant_builder_init(&list, G_VARIANT_TYPE("aa{ss}"));
    for (unsigned i = 0; i < G_N_ELEMENTS(commands); i++)
        g_variant_builder_add_parsed(&list, "{'name': %s}", commands[i].name);
    return g_variant_builder_end(&list);
}

static GVariant *cmd_x_query_hypercalls(Qmp *qmp, const char **wrong)
{
    GVariantBuilder counts;

    g_variant_builder_init(&counts, G_VARIANT_TYPE("a{st}"));
    device_lock();
    for (unsigned i = 0; i < HCALL_COUNT; i++)
        g_variant_builder_add(&counts, "{st}", hcall_name(i), qmp->hcall->count[i]);
    g_variant_builder_add(&counts, "{st}", "unknown", qmp->hcall->unknown);
    device_unlock();
    return g_variant_builder_end(&counts);
}

/* cpu-index where the area is a vCPU's; what the guest wrote where it writes. */
static GVariant *area_dictionary(const Areas *areas, unsigned vcpu, AreaId id, const AreaView *view)
{
    GVariantDict dict;
    AreaTouch touch;

    g_variant_dict_init(&dict, NULL);
    g_variant_dict_insert(&dict, "type", "s", area_types[id].name);
    g_variant_dict_insert(&dict, "address", "t", view->gpa);
    g_variant_dict_insert(&dict, "size", "u", view->size);
    if (area_types[id].per == AREA_PER_VCPU)
        g_variant_dict_insert(&dict, "cpu-index", "u", vcpu);
    if (id == AREA_WATCHDOG_TOUCH && areas_touch(areas, vcpu, &touch)) {
        g_variant_dict_insert(&dict, "touches", "t", touch.touches);
        g_variant_dict_insert(&dict, "time-base", "t", touch.time_base);
    }
    return g_variant_dict_end(&dict);
}

static GVariant *cmd_x_query_memory_areas(Qmp *qmp, const char **wrong)
{
    GVariantBuilder list;
    AreaView view;

    g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
    device_lock();
    for (unsigned vcpu = 0; qmp->areas && vcpu < areas_n_vcpus(qmp->areas); vcpu++)
        for (unsigned id = 0; id < AREA_COUNT; id++)
            if (areas_view(qmp->areas, vcpu, id, &view))
                g_variant_builder_add_value(&list, area_dictionary(qmp->areas, vcpu, id, &view));
    device_unlock();
    return g_variant_builder_end(&list);
}

/* The request is applied when the answer goes out, as a client expects of "stop" and then
 * "query-status". */
static GVariant *ask(Qmp *qmp, RunCause cause)
{
    qmp->told = 0;
    run_request(qmp->run, cause);
    run_apply(qmp->run);
    return nothing();
}

static GVariant *cmd_stop(Qmp *qmp, const char **wrong)
{
    return ask(qmp, RUN_CAUSE_HOST_STOP);
}

static GVariant *cmd_cont(Qmp *qmp, const char **wrong)
{
    GVariant *value = ask(qmp, RUN_CAUSE_HOST_CONT);

    if (run_state(qmp->run) != RUN_STATE_RUNNING)
        *wrong = "Resetting the Virtual Machine is required";
    return value;
}

static GVariant *cmd_system_reset(Qmp *qmp, const char **wrong)
{
    GVariant *value = ask(qmp, RUN_CAUSE_HOST_RESET);

    if (!(qmp->told & (1u << RUN_EVENT_RESET | 1u << RUN_EVENT_SHUTDOWN)))
        *wrong = "The machine does not support reset, or could not be reset";
    return value;
}

static GVariant *cmd_system_powerdown(Qmp *qmp, const char **wrong)
{
    return ask(qmp, RUN_CAUSE_HOST_POWERDOWN);
}

/* --- ringbuf-read, ringbuf-write */

static const char *argument(Qmp *qmp, const char *name)
{
    return qmp->arguments && json_object_has_member(qmp->arguments, name) ? string_of(json_object_get_member(qmp->arguments, name))
                                                                          : NULL;
}

static Chardev *ring(Qmp *qmp, const char **wrong)
{
    const char *id = argument(qmp, "device");
    for (guint i = 0; id && qmp->chardevs && i < qmp->chardevs->len; i++) {
        Chardev *chr = qmp->chardevs->pdata[i];
        if (!strcmp(chardev_label(chr), id)) {
            *wrong = chardev_ring_read(chr, NULL, 0) ? NULL : "The device is not a ringbuf";
            return chr;
        }
    }
    *wrong = id ? "No back end has this id" : "Parameter 'device' is missing";
    return NULL;
}

/* True: base64; utf8 without a word. */
static bool is_base64(Qmp *qmp, const char **wrong)
{
    const char *format = argument(qmp, "format");
    bool base64 = !g_strcmp0(format, "base64");
    if (format && !base64 && strcmp(format, "utf8"))
        *wrong = "Parameter 'format' is not utf8 or base64";
    return base64;
}

static gint64 read_size(Qmp *qmp, const char **wrong)
{
    JsonNode *node = qmp->arguments ? json_object_get_member(qmp->arguments, "size") : NULL;
    gint64 size = node && json_node_get_value_type(node) == G_TYPE_INT64 ? json_node_get_int(node) : 0;
    if (size <= 0 && !*wrong)
        *wrong = "Parameter 'size' must be a number greater than 0";
    return size;
}

static GVariant *cmd_ringbuf_read(Qmp *qmp, const char **wrong)
{
    g_autoptr(GByteArray) data = g_byte_array_new();
    Chardev *chr = ring(qmp, wrong);
    gint64 size = read_size(qmp, wrong);
    bool base64 = is_base64(qmp, wrong);

    if (*wrong)
        return nothing();
    device_lock();
    chardev_ring_read(chr, data, (size_t)MIN(size, RING_READ_MAX)); /* fewer bytes than asked for are an answer, too */
    device_unlock();
    if (!data->len)
        return g_variant_new_string("");
    g_autofree char *text =
        base64 ? g_base64_encode(data->data, data->len) : g_utf8_make_valid((const char *)data->data, (gssize)data->len);
    return g_variant_new_string(text);
}

static GVariant *cmd_ringbuf_write(Qmp *qmp, const char **wrong)
{
    Chardev *chr = ring(qmp, wrong);
    bool base64 = is_base64(qmp, wrong);
    const char *text = argument(qmp, "data");
    gsize size = text ? strlen(text) : 0;
    g_autofree guchar *data = base64 && text ? g_base64_decode(text, &size) : NULL;

    if (!*wrong && !text)
        *wrong = "Parameter 'data' is missing";
    if (*wrong)
        return nothing();
    device_lock();
    chardev_write(chr, data ? data : (const uint8_t *)text, size);
    device_unlock();
    return nothing();
}

static GVariant *cmd_quit(Qmp *qmp, const char **wrong)
{
    return ask(qmp, RUN_CAUSE_HOST_QUIT);
}

/* --- requests */

/* What keeps a well-formed request from being executed; NULL: nothing. */
static const char *objection(JsonObject *request)
{
    JsonNode *name = json_object_get_member(request, "execute");
    JsonNode *arguments = json_object_get_member(request, "arguments");

    if (!name)
        return "QMP input lacks member 'execute'";
    if (!string_of(name))
        return "QMP input member 'execute' must be a string";
    if (arguments && !JSON_NODE_HOLDS_OBJECT(arguments))
        return "QMP input member 'arguments' must be an object";
    return NULL;
}

static void execute(Qmp *qmp, JsonObject *request)
{
    JsonNode *id = json_object_get_member(request, "id");
    const char *wrong = objection(request);

    if (wrong) {
        send_error(qmp, id, "GenericError", wrong);
        return;
    }
    const char *name = string_of(json_object_get_member(request, "execute"));
    qmp->arguments = json_object_has_member(request, "arguments") ? json_object_get_object_member(request, "arguments") : NULL;
    bool negotiates = !strcmp(name, "qmp_capabilities");
    if (negotiates == qmp->negotiated) {
        send_error(qmp, id, "CommandNotFound",
                   negotiates ? "Capabilities negotiation is already complete, command ignored"
                              : "Expecting capabilities negotiation with 'qmp_capabilities'");
        return;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (strcmp(name, commands[i].name))
            continue;
        g_autoptr(GVariant) value = g_variant_ref_sink(commands[i].answer(qmp, &wrong));
        if (wrong)
            send_error(qmp, id, "GenericError", wrong);
        else
            send_message(qmp, g_variant_new_parsed("{'return': %*}", value), id);
        return;
    }
    g_autofree char *valid = g_utf8_make_valid(name, -1);
    g_autofree char *desc = g_strdup_printf("The command %s has not been found", valid);
    send_error(qmp, id, "CommandNotFound", desc);
}

/*
 * The parser recurses.  Nothing nests deeper than there are opening brackets, be they in strings:
 * what is a string, the parser may see in its own way.
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
    send_message(qmp, g_variant_new_parsed("{'QMP': {'version': <%*>, 'capabilities': <@as []>}}", version()), NULL);
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
    GVariant *data = event == RUN_EVENT_WATCHDOG ? g_variant_new_parsed("{'action': %s}", qmp->watchdog)
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
    qmp->negotiated = false; /* nothing more for this one */
}

static void told(void *opaque, RunEvent event, RunCause cause)
{
    Qmp *qmp = opaque;

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

void qmp_set_watchdog(Qmp *qmp, const char *action)
{
    qmp->watchdog = action;
}

void qmp_set_chardevs(Qmp *qmp, const GPtrArray *chardevs)
{
    qmp->chardevs = chardevs;
}

void qmp_set_name(Qmp *qmp, const char *name)
{
    qmp->name = name;
}

/* In the main loop: a signal, or gdb, may end the program meanwhile. */
static void wait_for_client(const Qmp *qmp)
{
    while (control_socket_waits(qmp->sock) && !qmp->connected && run_state(qmp->run) != RUN_STATE_FINISHED)
        g_main_context_iteration(NULL, TRUE);
}

Qmp *qmp_new(const char *spec, RunState *run, const HcallEnv *hcall, GError **error)
{
    static const ControlSocketOps ops = {opened, received, closed, drained};
    Qmp *qmp = g_new0(Qmp, 1);

    qmp->run = run;
    qmp->watchdog = "reset";
    qmp->hcall = hcall;
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
    run_listen(run, told, qmp);
    event_listen(qmp->lost_event, tell_lost, qmp);
    message_on_output_lost(output_lost, qmp);
    wait_for_client(qmp);
    return qmp;
}

void qmp_set_areas(Qmp *qmp, const Areas *areas)
{
    qmp->areas = areas;
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
    g_free(qmp);
}
