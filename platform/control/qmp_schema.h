/* SPDX-License-Identifier: MIT
 *
 * The table of QMP (qmp.def) as data: its rows, and what a member's text means.  Needs no JSON library; any thread.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

enum {
#define COMMAND(id, ...) QMP_COMMAND_##id,
#include "platform/control/qmp.def"
    QMP_COMMANDS
};

typedef struct QmpType {
    const char *name;
    bool is_enum;
    const char *text; /* its words, or its members */
} QmpType;

typedef struct QmpRow {
    const char *name, *arguments /* an event's data */, *returns, *doc;
} QmpRow;

typedef struct QmpRefusal {
    const char *names, *why;
} QmpRefusal;

extern const QmpRow qmp_command_rows[QMP_COMMANDS];
const QmpType *qmp_types(size_t *n);
const QmpRow *qmp_events(size_t *n);
const QmpRefusal *qmp_refusals(size_t *n);

const QmpType *qmp_type_find(const char *name);    /* NULL: none of the table's */
int qmp_command_index(const char *name);           /* −1: there is no such command */
const char *qmp_command_refused(const char *name); /* why; NULL: QEMU has none of that name, or it is not refused */
const char *qmp_builtin_json(const char *type);    /* JSON's name of a built-in type: "string"; NULL: it is none */

enum { QMP_NAME_MAX = 40 };

/* One of the members in a text of the table. */
typedef struct QmpMember {
    char name[QMP_NAME_MAX], type[QMP_NAME_MAX];
    bool optional;
} QmpMember;

bool qmp_member_next(const char **text, QmpMember *member);            /* false: there are no more */
bool qmp_word_next(const char **text, char word[static QMP_NAME_MAX]); /* likewise, of words between spaces */
const char *qmp_array_of(const char *type,
                         char element[static QMP_NAME_MAX]); /* the type of an array's elements; NULL: it is no array */

/* query-qmp-schema, as QEMU's docs/devel/qapi-code-gen, "Client JSON Protocol introspection" has it; floating. */
GVariant *qmp_schema(void);
