/* SPDX-License-Identifier: MIT
 *
 * Arguments of commands against the table.  Errors have QEMU's wording.
 */
#include "platform/control/qmp_priv.h"

#include <string.h>

GQuark qmp_error_quark(void)
{
    return g_quark_from_static_string("qmp-error");
}

GVariant *qmp_fail(GError **error, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    g_autofree char *text = g_strdup_vprintf(format, ap);
    va_end(ap);
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    g_set_error_literal(error, QMP_ERROR, QMP_GENERIC_ERROR, valid);
    return NULL;
}

const char *qmp_string(JsonNode *node)
{
    return json_node_get_value_type(node) == G_TYPE_STRING ? json_node_get_string(node) : NULL;
}

static bool is_builtin(JsonNode *node, const char *json_type)
{
    GType type = json_node_get_value_type(node);
    if (!strcmp(json_type, "string"))
        return type == G_TYPE_STRING;
    if (!strcmp(json_type, "int"))
        return type == G_TYPE_INT64;
    if (!strcmp(json_type, "boolean"))
        return type == G_TYPE_BOOLEAN;
    if (!strcmp(json_type, "number"))
        return type == G_TYPE_INT64 || type == G_TYPE_DOUBLE;
    return true;
}

static bool expected(const char *name, const char *what, GError **error)
{
    qmp_fail(error, "Invalid parameter type for '%s', expected: %s", name, what);
    return false;
}

static bool check_word(JsonNode *node, const char *name, const char *words, GError **error)
{
    const char *given = qmp_string(node);
    char word[QMP_NAME_MAX];
    if (!given)
        return expected(name, "string", error);
    while (qmp_word_next(&words, word)) {
        if (!strcmp(word, given))
            return true;
    }
    qmp_fail(error, "Parameter '%s' does not accept value '%s'", name, given);
    return false;
}

static bool check_members(const char *members, JsonObject *given, GError **error);

/* Of a type of the table's. */
static bool check_own(JsonNode *node, const char *name, const QmpType *type, GError **error)
{
    if (type->is_enum)
        return check_word(node, name, type->text, error);
    return JSON_NODE_HOLDS_OBJECT(node) ? check_members(type->text, json_node_get_object(node), error)
                                        : expected(name, "object", error);
}

static bool check_value(JsonNode *node, const char *name, const char *type, GError **error)
{
    char element[QMP_NAME_MAX];
    const char *json_type = qmp_builtin_json(type);
    if (json_type)
        return is_builtin(node, json_type) || expected(name, strcmp(json_type, "int") ? json_type : "integer", error);
    if (!qmp_array_of(type, element))
        return check_own(node, name, qmp_type_find(type), error);
    if (!JSON_NODE_HOLDS_ARRAY(node))
        return expected(name, "array", error);
    JsonArray *array = json_node_get_array(node);
    for (guint i = 0; i < json_array_get_length(array); i++) {
        if (!check_value(json_array_get_element(array, i), name, element, error))
            return false;
    }
    return true;
}

static bool has_member(const char *members, const char *name)
{
    QmpMember member;
    while (qmp_member_next(&members, &member)) {
        if (!strcmp(member.name, name))
            return true;
    }
    return false;
}

static bool check_members(const char *members, JsonObject *given, GError **error)
{
    g_autoptr(GList) names = given ? json_object_get_members(given) : NULL;
    QmpMember member;
    for (const char *text = members; qmp_member_next(&text, &member);) {
        JsonNode *node = given ? json_object_get_member(given, member.name) : NULL;
        if (!node && !member.optional) {
            qmp_fail(error, "Parameter '%s' is missing", member.name);
            return false;
        }
        if (node && !check_value(node, member.name, member.type, error))
            return false;
    }
    for (GList *name = names; name; name = name->next) {
        if (has_member(members, name->data))
            continue;
        qmp_fail(error, "Parameter '%s' is unexpected", (char *)name->data);
        return false;
    }
    return true;
}

bool qmp_arguments_check(const QmpRow *command, JsonObject *given, GError **error)
{
    return check_members(command->arguments, given, error);
}

/* --- their values */

bool qmp_has(const Qmp *qmp, const char *name)
{
    return qmp->arguments && json_object_has_member(qmp->arguments, name);
}

const char *qmp_string_argument(const Qmp *qmp, const char *name)
{
    return qmp_has(qmp, name) ? json_object_get_string_member(qmp->arguments, name) : NULL;
}

gint64 qmp_int_argument(const Qmp *qmp, const char *name, gint64 otherwise)
{
    return qmp_has(qmp, name) ? json_object_get_int_member(qmp->arguments, name) : otherwise;
}

bool qmp_bool_argument(const Qmp *qmp, const char *name)
{
    return qmp_has(qmp, name) && json_object_get_boolean_member(qmp->arguments, name);
}
