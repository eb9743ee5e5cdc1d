/* SPDX-License-Identifier: MIT
 *
 * What each QMP command does, and which arguments it takes (qmp_commands.def).  Errors have QEMU's wording where QEMU has one.
 */
#include "platform/control/qmp_priv.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "platform/base/lock.h"
#include "platform/chardev/chardev.h"

enum { RING_READ_MAX = 1024 * 1024 }; /* bytes of one ringbuf-read */

/* --- the tables */

#define COMMAND(id, name, doc) static GVariant *cmd_##id(Qmp *qmp, const char **wrong);
#include "platform/control/qmp_commands.def"
#undef COMMAND

typedef enum CommandId {
#define COMMAND(id, name, doc) COMMAND_##id,
#include "platform/control/qmp_commands.def"
#undef COMMAND
    COMMANDS
} CommandId;

static const QmpCommand commands[COMMANDS] = {
#define COMMAND(id, name, doc) {name, cmd_##id},
#include "platform/control/qmp_commands.def"
#undef COMMAND
};

typedef enum ArgumentType { ARGUMENT_STRING, ARGUMENT_INTEGER, ARGUMENT_ARRAY } ArgumentType;
typedef enum ArgumentNeed { ARGUMENT_OPTIONAL, ARGUMENT_REQUIRED } ArgumentNeed;

typedef struct Argument {
    CommandId command;
    const char *name;
    ArgumentType type;
    ArgumentNeed need;
} Argument;

static const Argument arguments[] = {
#define COMMAND(id, name, doc)
#define ARGUMENT(command, name, type, need) {COMMAND_##command, name, ARGUMENT_##type, ARGUMENT_##need},
#include "platform/control/qmp_commands.def"
#undef COMMAND
};

const QmpCommand *qmp_command_find(const char *name)
{
    for (unsigned i = 0; i < COMMANDS; i++)
        if (!strcmp(name, commands[i].name))
            return &commands[i];
    return NULL;
}

/* --- arguments */

const char *qmp_string(JsonNode *node)
{
    return json_node_get_value_type(node) == G_TYPE_STRING ? json_node_get_string(node) : NULL;
}

static bool has_type(JsonNode *node, ArgumentType type)
{
    switch (type) {
    case ARGUMENT_STRING:
        return qmp_string(node);
    case ARGUMENT_INTEGER:
        return json_node_get_value_type(node) == G_TYPE_INT64;
    case ARGUMENT_ARRAY:
        return JSON_NODE_HOLDS_ARRAY(node);
    }
    g_assert_not_reached();
}

static const Argument *argument_find(const QmpCommand *command, const char *name)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(arguments); i++)
        if (&commands[arguments[i].command] == command && !strcmp(arguments[i].name, name))
            return &arguments[i];
    return NULL;
}

char *qmp_arguments_check(const QmpCommand *command, JsonObject *given)
{
    static const char *const type_names[] = {"string", "integer", "array"};
    g_autoptr(GList) names = given ? json_object_get_members(given) : NULL;

    for (unsigned i = 0; i < G_N_ELEMENTS(arguments); i++) {
        const Argument *a = &arguments[i];
        if (&commands[a->command] != command)
            continue;
        JsonNode *node = given ? json_object_get_member(given, a->name) : NULL;
        if (!node && a->need == ARGUMENT_REQUIRED)
            return g_strdup_printf("Parameter '%s' is missing", a->name);
        if (node && !has_type(node, a->type))
            return g_strdup_printf("Invalid parameter type for '%s', expected: %s", a->name, type_names[a->type]);
    }
    for (GList *name = names; name; name = name->next) {
        if (argument_find(command, name->data))
            continue;
        g_autofree char *valid = g_utf8_make_valid(name->data, -1);
        return g_strdup_printf("Parameter '%s' is unexpected", valid);
    }
    return NULL;
}

/* An argument that the table calls a string; NULL: it was left out. */
static const char *string_argument(const Qmp *qmp, const char *name)
{
    return qmp->arguments && json_object_has_member(qmp->arguments, name) ? json_object_get_string_member(qmp->arguments, name)
                                                                          : NULL;
}

/* --- commands: each returns its "return" value, floating, or sets *wrong to what failed */

static GVariant *nothing(void)
{
    return g_variant_new("a{sv}", NULL);
}

GVariant *qmp_version(void)
{
    unsigned major = 0, minor = 0, micro = 0;

    sscanf(QUOIN_VERSION, "%u.%u.%u", &major, &minor, &micro);
    return g_variant_new_parsed("{'qemu': <{'major': %u, 'minor': %u, 'micro': %u}>, 'package': <%s>}", major, minor, micro,
                                "quoin-" QUOIN_VERSION);
}

static GVariant *cmd_qmp_capabilities(Qmp *qmp, const char **wrong)
{
    JsonArray *enable = qmp->arguments && json_object_has_member(qmp->arguments, "enable")
                            ? json_object_get_array_member(qmp->arguments, "enable")
                            : NULL;

    if (enable && json_array_get_length(enable))
        *wrong = "Parameter 'enable' names a capability that is not offered: there are none";
    else
        qmp->negotiated = true;
    return nothing();
}

static GVariant *cmd_query_version(Qmp *qmp, const char **wrong)
{
    return qmp_version();
}

static GVariant *cmd_query_name(Qmp *qmp, const char **wrong)
{
    return qmp->view.name ? g_variant_new_parsed("{'name': %s}", qmp->view.name) : nothing();
}

static GVariant *cmd_query_status(Qmp *qmp, const char **wrong)
{
    RunStateId state = run_state(qmp->view.run);

    return g_variant_new_parsed("{'status': <%s>, 'running': <%b>, 'singlestep': <false>}", run_state_name(state),
                                state == RUN_STATE_RUNNING);
}

static GVariant *cmd_query_commands(Qmp *qmp, const char **wrong)
{
    GVariantBuilder list;

    g_variant_builder_init(&list, G_VARIANT_TYPE("aa{ss}"));
    for (unsigned i = 0; i < COMMANDS; i++)
        g_variant_builder_add_parsed(&list, "{'name': %s}", commands[i].name);
    return g_variant_builder_end(&list);
}

static GVariant *cmd_x_query_hypercalls(Qmp *qmp, const char **wrong)
{
    GVariantBuilder counts;

    g_variant_builder_init(&counts, G_VARIANT_TYPE("a{st}"));
    device_lock();
    for (unsigned i = 0; i < HCALL_COUNT; i++)
        g_variant_builder_add(&counts, "{st}", hcall_name(i), qmp->view.hcall->count[i]);
    g_variant_builder_add(&counts, "{st}", "unknown", qmp->view.hcall->unknown);
    device_unlock();
    return g_variant_builder_end(&counts);
}

/* One registered area: cpu-index only where the area belongs to a vCPU, and what the guest wrote where it is the guest that writes. */
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
    for (unsigned vcpu = 0; qmp->view.areas && vcpu < areas_n_vcpus(qmp->view.areas); vcpu++)
        for (unsigned id = 0; id < AREA_COUNT; id++)
            if (areas_view(qmp->view.areas, vcpu, id, &view))
                g_variant_builder_add_value(&list, area_dictionary(qmp->view.areas, vcpu, id, &view));
    device_unlock();
    return g_variant_builder_end(&list);
}

/* The request is applied before its answer goes out, as a client expects of "stop" and then "query-status". */
static GVariant *ask(Qmp *qmp, RunCause cause)
{
    qmp->told = 0;
    run_request(qmp->view.run, cause);
    run_apply(qmp->view.run);
    return nothing();
}

static GVariant *cmd_stop(Qmp *qmp, const char **wrong)
{
    return ask(qmp, RUN_CAUSE_HOST_STOP);
}

static GVariant *cmd_cont(Qmp *qmp, const char **wrong)
{
    GVariant *value = ask(qmp, RUN_CAUSE_HOST_CONT);

    if (run_state(qmp->view.run) != RUN_STATE_RUNNING)
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

/* A message about a value of the client's, which stands between the two halves.  Valid until the next one. */
static const char *wrong_value(Qmp *qmp, const char *before, const char *value, const char *after)
{
    g_autofree char *valid = g_utf8_make_valid(value, -1);
    g_free(qmp->wrong);
    return qmp->wrong = g_strconcat(before, "'", valid, "'", after, NULL);
}

static Chardev *ring(Qmp *qmp, const char **wrong)
{
    const char *id = string_argument(qmp, "device");
    for (guint i = 0; qmp->view.chardevs && i < qmp->view.chardevs->len; i++) {
        Chardev *chr = qmp->view.chardevs->pdata[i];
        if (!strcmp(chardev_label(chr), id)) {
            *wrong = chardev_ring_read(chr, NULL, 0) ? NULL : "The device is not a ringbuf";
            return chr;
        }
    }
    *wrong = wrong_value(qmp, "Device ", id, " not found");
    return NULL;
}

/* Which of the two formats is asked for; without the argument it is utf8. */
static bool is_base64(Qmp *qmp, const char **wrong)
{
    const char *format = string_argument(qmp, "format");
    bool base64 = !g_strcmp0(format, "base64");
    if (format && !base64 && strcmp(format, "utf8"))
        *wrong = wrong_value(qmp, "Parameter 'format' does not accept value ", format, "");
    return base64;
}

static GVariant *cmd_ringbuf_read(Qmp *qmp, const char **wrong)
{
    g_autoptr(GByteArray) data = g_byte_array_new();
    Chardev *chr = ring(qmp, wrong);
    gint64 size = json_object_get_int_member(qmp->arguments, "size");
    bool base64 = is_base64(qmp, wrong);

    if (size <= 0 && !*wrong)
        *wrong = "Parameter 'size' must be greater than 0";
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
    const char *text = string_argument(qmp, "data");
    gsize size = strlen(text);
    g_autofree guchar *data = base64 ? g_base64_decode(text, &size) : NULL;

    if (*wrong)
        return nothing();
    device_lock();
    chardev_write(chr, data ? data : (const uint8_t *)text, size);
    device_unlock();
    return nothing();
}

/* --- drives */

/* QMP's BlockDeviceInfo. */
static GVariant *block_node(const DriveInfo *info)
{
    GVariantDict dict, image;

    g_variant_dict_init(&image, NULL);
    g_variant_dict_insert(&image, "filename", "s", info->file);
    g_variant_dict_insert(&image, "format", "s", info->format);
    g_variant_dict_insert(&image, "virtual-size", "t", info->size);
    g_variant_dict_insert(&image, "actual-size", "t", info->allocated);
    g_variant_dict_init(&dict, NULL);
    g_variant_dict_insert(&dict, "node-name", "s", info->id);
    g_variant_dict_insert(&dict, "drv", "s", info->format);
    g_variant_dict_insert(&dict, "file", "s", info->file);
    if (info->backing)
        g_variant_dict_insert(&dict, "backing_file", "s", info->backing);
    g_variant_dict_insert(&dict, "backing_file_depth", "u", info->depth);
    g_variant_dict_insert(&dict, "ro", "b", info->read_only);
    g_variant_dict_insert(&dict, "encrypted", "b", FALSE);
    g_variant_dict_insert(&dict, "detect_zeroes", "s", "off");
    g_variant_dict_insert(&dict, "write_threshold", "u", 0);
    for (unsigned i = 0; i < 6; i++) /* no drive is slowed down */
        g_variant_dict_insert(&dict, ((const char *[]){"bps", "bps_rd", "bps_wr", "iops", "iops_rd", "iops_wr"})[i], "u", 0);
    g_variant_dict_insert(
        &dict, "cache", "@a{sb}",
        g_variant_new_parsed("{'writeback': %b, 'direct': %b, 'no-flush': %b}", !info->writethrough, info->direct, info->no_flush));
    g_variant_dict_insert_value(&dict, "image", g_variant_dict_end(&image));
    return g_variant_dict_end(&dict);
}

static GVariant *block_device(const DriveInfo *info)
{
    GVariantDict dict;

    g_variant_dict_init(&dict, NULL);
    g_variant_dict_insert(&dict, "device", "s", info->id);
    g_variant_dict_insert(&dict, "type", "s", "unknown");
    g_variant_dict_insert(&dict, "removable", "b", FALSE);
    g_variant_dict_insert(&dict, "locked", "b", FALSE);
    g_variant_dict_insert(&dict, "io-status", "s", !info->waits_for ? "ok" : info->waits_for == ENOSPC ? "nospace" : "failed");
    g_variant_dict_insert_value(&dict, "inserted", block_node(info));
    return g_variant_dict_end(&dict);
}

static GVariant *each_drive(Qmp *qmp, GVariant *describe(const DriveInfo *info))
{
    GVariantBuilder list;
    DriveInfo info;

    g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
    device_lock();
    for (guint i = 0; qmp->view.drives && i < qmp->view.drives->len; i++) {
        block_describe(qmp->view.drives->pdata[i], &info);
        g_variant_builder_add_value(&list, describe(&info));
    }
    device_unlock();
    return g_variant_builder_end(&list);
}

static GVariant *cmd_query_block(Qmp *qmp, const char **wrong)
{
    return each_drive(qmp, block_device);
}

static GVariant *cmd_query_named_block_nodes(Qmp *qmp, const char **wrong)
{
    return each_drive(qmp, block_node);
}

static GVariant *cmd_quit(Qmp *qmp, const char **wrong)
{
    return ask(qmp, RUN_CAUSE_HOST_QUIT);
}
