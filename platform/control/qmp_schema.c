/* SPDX-License-Identifier: MIT */
#include "platform/control/qmp_schema.h"

#include <string.h>

const QmpRow qmp_command_rows[QMP_COMMANDS] = {
#define COMMAND(id, name, arguments, returns, doc) {name, arguments, returns, doc},
#include "platform/control/qmp.def"
};

const QmpType *qmp_types(size_t *n)
{
    static const QmpType types[] = {
#define ENUM(name, values)    {name, true, values},
#define STRUCT(name, members) {name, false, members},
#include "platform/control/qmp.def"
    };
    *n = G_N_ELEMENTS(types);
    return types;
}

const QmpRow *qmp_events(size_t *n)
{
    static const QmpRow events[] = {
#define EVENT(name, data, doc) {name, data, "", doc},
#include "platform/control/qmp.def"
    };
    *n = G_N_ELEMENTS(events);
    return events;
}

const QmpRefusal *qmp_refusals(size_t *n)
{
    static const QmpRefusal refusals[] = {
#define REFUSED(names, why) {names, why},
#include "platform/control/qmp.def"
    };
    *n = G_N_ELEMENTS(refusals);
    return refusals;
}

static const char *const builtins[][2] = {
    {"str", "string"}, {"int", "int"}, {"number", "number"}, {"bool", "boolean"}, {"any", "value"},
};

const char *qmp_builtin_json(const char *type)
{
    for (size_t i = 0; i < G_N_ELEMENTS(builtins); i++) {
        if (!strcmp(type, builtins[i][0]))
            return builtins[i][1];
    }
    return NULL;
}

const QmpType *qmp_type_find(const char *name)
{
    size_t n;
    const QmpType *types = qmp_types(&n);
    for (size_t i = 0; i < n; i++) {
        if (!strcmp(types[i].name, name))
            return &types[i];
    }
    return NULL;
}

int qmp_command_index(const char *name)
{
    for (int i = 0; i < QMP_COMMANDS; i++) {
        if (!strcmp(name, qmp_command_rows[i].name))
            return i;
    }
    return -1;
}

const char *qmp_command_refused(const char *name)
{
    size_t n;
    const QmpRefusal *refusals = qmp_refusals(&n);
    char word[QMP_NAME_MAX];
    for (size_t i = 0; i < n; i++) {
        for (const char *text = refusals[i].names; qmp_word_next(&text, word);) {
            if (!strcmp(name, word))
                return refusals[i].why;
        }
    }
    return NULL;
}

/* --- texts of the table */

bool qmp_word_next(const char **text, char word[static QMP_NAME_MAX])
{
    *text += strspn(*text, " ");
    size_t n = strcspn(*text, " ");
    g_assert(n < QMP_NAME_MAX);
    memcpy(word, *text, n);
    word[n] = 0;
    *text += n;
    return n > 0;
}

bool qmp_member_next(const char **text, QmpMember *member)
{
    char word[2 * QMP_NAME_MAX];
    *text += strspn(*text, " ");
    size_t n = strcspn(*text, " ");
    if (!n)
        return false;
    g_assert(n < sizeof(word));
    memcpy(word, *text, n);
    word[n] = 0;
    *text += n;
    char *colon = strchr(word, ':');
    g_assert(colon && colon > word);
    member->optional = colon[-1] == '?';
    colon[member->optional ? -1 : 0] = 0;
    bool fits = g_strlcpy(member->name, word, sizeof(member->name)) < sizeof(member->name) &&
                g_strlcpy(member->type, colon + 1, sizeof(member->type)) < sizeof(member->type);
    g_assert(fits);
    return true;
}

const char *qmp_array_of(const char *type, char element[static QMP_NAME_MAX])
{
    size_t n = strlen(type);
    if (n < 3 || type[0] != '[')
        return NULL;
    g_assert(type[n - 1] == ']' && n - 2 < QMP_NAME_MAX);
    memcpy(element, type + 1, n - 2);
    element[n - 2] = 0;
    return element;
}

/* --- introspection: commands and events first, then each type that they name, once */

#define NO_MEMBERS "q_empty"

typedef struct Schema {
    GVariantBuilder list; /* of dictionaries */
    GPtrArray *todo;      /* names of types, owned; each once */
} Schema;

static void need_type(Schema *s, const char *name)
{
    for (guint i = 0; i < s->todo->len; i++) {
        if (!strcmp(s->todo->pdata[i], name))
            return;
    }
    g_ptr_array_add(s->todo, g_strdup(name));
}

static void begin(GVariantBuilder *entry, const char *name, const char *meta_type)
{
    g_variant_builder_init(entry, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add_parsed(entry, "{'name', <%s>}", name);
    g_variant_builder_add_parsed(entry, "{'meta-type', <%s>}", meta_type);
}

static void add_object(Schema *s, const char *name, const char *members)
{
    GVariantBuilder entry, list;
    QmpMember member;
    begin(&entry, name, "object");
    g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
    while (qmp_member_next(&members, &member)) {
        need_type(s, member.type);
        g_variant_builder_add_value(
            &list, member.optional /* a default of null says so, and no more */
                       ? g_variant_new_parsed("{'name': <%s>, 'type': <%s>, 'default': <@mv nothing>}", member.name, member.type)
                       : g_variant_new_parsed("{'name': <%s>, 'type': <%s>}", member.name, member.type));
    }
    g_variant_builder_add(&entry, "{sv}", "members", g_variant_builder_end(&list));
    g_variant_builder_add_value(&s->list, g_variant_builder_end(&entry));
}

/* The type of an object that only this row has. */
static char *own_type(Schema *s, const QmpRow *row)
{
    if (!*row->arguments) {
        need_type(s, NO_MEMBERS);
        return g_strdup(NO_MEMBERS);
    }
    char *name = g_strdup_printf("q_obj_%s-arg", row->name);
    add_object(s, name, row->arguments);
    return name;
}

static void add_row(Schema *s, const QmpRow *row, bool is_event)
{
    GVariantBuilder entry;
    g_autofree char *arguments = own_type(s, row);
    begin(&entry, row->name, is_event ? "event" : "command");
    g_variant_builder_add_parsed(&entry, "{'arg-type', <%s>}", arguments);
    if (!is_event) {
        const char *returns = *row->returns ? row->returns : NO_MEMBERS;
        need_type(s, returns);
        g_variant_builder_add_parsed(&entry, "{'ret-type', <%s>}", returns);
    }
    g_variant_builder_add_value(&s->list, g_variant_builder_end(&entry));
}

static void add_enum(Schema *s, const char *name, const char *words)
{
    GVariantBuilder entry, members, values;
    char word[QMP_NAME_MAX];
    begin(&entry, name, "enum");
    g_variant_builder_init(&members, G_VARIANT_TYPE("aa{ss}"));
    g_variant_builder_init(&values, G_VARIANT_TYPE("as"));
    while (qmp_word_next(&words, word)) {
        g_variant_builder_add_parsed(&members, "{'name': %s}", word);
        g_variant_builder_add(&values, "s", word);
    }
    g_variant_builder_add(&entry, "{sv}", "members", g_variant_builder_end(&members));
    g_variant_builder_add(&entry, "{sv}", "values", g_variant_builder_end(&values));
    g_variant_builder_add_value(&s->list, g_variant_builder_end(&entry));
}

static void add_type(Schema *s, const char *name)
{
    char element[QMP_NAME_MAX];
    const QmpType *type = qmp_type_find(name);
    if (type && type->is_enum) {
        add_enum(s, name, type->text);
    } else if (type || !strcmp(name, NO_MEMBERS)) {
        add_object(s, name, type ? type->text : "");
    } else if (qmp_array_of(name, element)) {
        need_type(s, element);
        g_variant_builder_add_value(
            &s->list, g_variant_new_parsed("{'name': <%s>, 'meta-type': <'array'>, 'element-type': <%s>}", name, element));
    } else {
        g_variant_builder_add_value(&s->list, g_variant_new_parsed("{'name': <%s>, 'meta-type': <'builtin'>, 'json-type': <%s>}",
                                                                   name, qmp_builtin_json(name)));
    }
}

GVariant *qmp_schema(void)
{
    g_autoptr(GPtrArray) todo = g_ptr_array_new_with_free_func(g_free);
    Schema s = {.todo = todo};
    size_t n;
    const QmpRow *events = qmp_events(&n);
    g_variant_builder_init(&s.list, G_VARIANT_TYPE("aa{sv}"));
    for (unsigned i = 0; i < QMP_COMMANDS; i++)
        add_row(&s, &qmp_command_rows[i], false);
    for (size_t i = 0; i < n; i++)
        add_row(&s, &events[i], true);
    for (guint i = 0; i < todo->len; i++) /* adding a type may add others behind it */
        add_type(&s, todo->pdata[i]);
    return g_variant_builder_end(&s.list);
}
