/* SPDX-License-Identifier: MIT
 *
 * What the connection (qmp.c) and the commands (qmp_*.c) of a QMP monitor share.
 */
#pragma once

#include <json-glib/json-glib.h>

#include "platform/control/hmp.h"
#include "platform/control/link.h"
#include "platform/control/qmp.h"
#include "platform/control/qmp_schema.h"

/* An event that did not go out when it happened, since the client did not take what was before it. */
typedef struct Late {
    const char *event;
    char *subject;
    GVariant *data; /* or NULL */
} Late;

struct Qmp {
    ControlView view;
    Link link;
    JsonObject *arguments; /* of the command being executed, checked by qmp_arguments_check(); NULL: none */
    GString *in;
    bool connected, negotiated;
    unsigned told;   /* which RunEvents came since a command began, one bit for each */
    GPtrArray *late; /* of Late*: of each kind the last one, in the order in which they happened */
    unsigned happened_late;
    HmpSession session; /* of human-monitor-command */
    struct {
        const char *status; /* DumpStatus; NULL: none was asked for */
        uint64_t written, total;
    } dump;
};

/* Classes of QMP's errors.  An error of any other domain is a GenericError. */
typedef enum QmpErrorClass { QMP_GENERIC_ERROR, QMP_COMMAND_NOT_FOUND, QMP_DEVICE_NOT_FOUND, QMP_DEVICE_NOT_ACTIVE } QmpErrorClass;
#define QMP_ERROR qmp_error_quark()
GQuark qmp_error_quark(void);
/* A GenericError.  What the client gave may be half a character: it comes out as UTF-8.  NULL, so that a command can return it. */
GVariant *qmp_fail(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Each command: its "return" value, floating; NULL: {}, or *error says why it failed. */
#define COMMAND(id, ...) GVariant *qmp_cmd_##id(Qmp *qmp, GError **error);
#include "platform/control/qmp.def"

/* --- arguments: qmp_arguments.c */

bool qmp_arguments_check(const QmpRow *command, JsonObject *given /* NULL: none */, GError **error);
const char *qmp_string(JsonNode *node); /* NULL: it is no string */
/* Of the command being executed; the table says that it has that type.  A default where it was left out. */
bool qmp_has(const Qmp *qmp, const char *name);
const char *qmp_string_argument(const Qmp *qmp, const char *name); /* or NULL */
gint64 qmp_int_argument(const Qmp *qmp, const char *name, gint64 otherwise);
bool qmp_bool_argument(const Qmp *qmp, const char *name); /* or false */

/* Names of QEMU's object model. */
#define QMP_CPU_PATH   "/machine/unattached/device[%u]"
#define QMP_CPU_SUFFIX "-powerpc-cpu"

GVariant *qmp_version(void); /* as query-version and the greeting have it; floating */
