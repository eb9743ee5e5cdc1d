/* SPDX-License-Identifier: MIT
 *
 * What the connection (qmp.c) and the commands (qmp_commands.c) of the QMP monitor share.
 */
#pragma once

#include <json-glib/json-glib.h>

#include "platform/base/event.h"
#include "platform/control/qmp.h"
#include "platform/control/socket.h"

/* An event that did not go out when it happened, since the client did not take what was before it. */
typedef struct Late {
    RunEvent event;
    RunCause cause;
} Late;

struct Qmp {
    ControlView view;
    ControlSocket *sock;
    JsonObject *arguments; /* of the command being executed, checked by qmp_arguments_check(); NULL: none */
    GString *in;
    bool connected, negotiated;
    char *wrong;           /* what wrong_value() made last */
    unsigned told;         /* which RunEvents came since a command began, one bit for each */
    Late late[RUN_EVENTS]; /* of each kind the last one, in the order in which they happened */
    unsigned n_late, happened_late;
    GMutex lost_lock;
    GPtrArray *lost; /* under lost_lock: names of outputs and reasons, by turns */
    Event *lost_event;
};

typedef struct QmpCommand {
    const char *name;
    GVariant *(*answer)(Qmp *qmp, const char **wrong); /* its "return" value, floating; *wrong: what failed, if anything did */
} QmpCommand;

const QmpCommand *qmp_command_find(const char *name); /* NULL: there is no such command */
/* Whether the arguments are those of the command's table; given may be NULL.  NULL: they are; else what is wrong, freed by the caller. */
char *qmp_arguments_check(const QmpCommand *command, JsonObject *given);
const char *qmp_string(JsonNode *node); /* NULL: it is no string */
GVariant *qmp_version(void);            /* as query-version and the greeting have it; floating */
