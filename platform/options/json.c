/* SPDX-License-Identifier: MIT
 *
 * Arguments as JSON, which -blockdev, -device, -netdev and -object take: written as the keys and values that mean the same.
 *
 *   {"driver": "raw", "file": {"driver": "file", "filename": "a"}}   driver=raw,file.driver=file,file.filename=a
 *   {"type": "user", "id": "n", "hostfwd": [{"str": "tcp::22-:22"}]}  user,id=n,hostfwd=tcp::22-:22
 */
#include <json-glib/json-glib.h>
#include <string.h>

#include "platform/options/priv.h"

typedef struct Line {
    const char *option, *first;
    GString *text;
} Line;

/* A comma within a value is doubled. */
static void add(Line *l, const char *key, const char *value)
{
    if (l->text->len)
        g_string_append_c(l->text, ',');
    if (strcmp(key, l->first) || l->text->len)
        g_string_append_printf(l->text, "%s=", key);
    for (; *value; value++)
        g_string_append(l->text, *value == ',' ? ",," : (char[]){*value, '\0'});
}

static bool add_value(Line *l, const char *key, JsonNode *node, GError **error)
{
    GType type = json_node_get_value_type(node);
    g_autofree char *number = NULL;
    if (type == G_TYPE_STRING)
        add(l, key, json_node_get_string(node));
    else if (type == G_TYPE_BOOLEAN)
        add(l, key, json_node_get_boolean(node) ? "on" : "off");
    else if (type == G_TYPE_INT64)
        add(l, key, number = g_strdup_printf("%" G_GINT64_FORMAT, json_node_get_int(node)));
    else
        return option_bad(error, "%s: \"%s\": a number with a point is not possible", l->option, key);
    return true;
}

static bool add_node(Line *l, const char *key, JsonNode *node, GError **error);

static bool add_members(Line *l, const char *above, JsonObject *object, GError **error)
{
    g_autoptr(GList) names = json_object_get_members(object);
    bool ok = true;
    for (GList *i = names; i && ok; i = i->next) {
        const char *name = i->data;
        g_autofree char *key = above ? g_strconcat(above, ".", name, NULL) : g_strdup(name);
        if (strpbrk(name, "=,"))
            return option_bad(error, "%s: unknown property \"%s\"", l->option, name);
        if (above || strcmp(name, l->first))
            ok = add_node(l, key, json_object_get_member(object, name), error);
    }
    return ok;
}

/* Of a list each element; one that is an object with nothing but "str" stands for that. */
static bool add_elements(Line *l, const char *key, JsonArray *array, GError **error)
{
    bool ok = true;
    for (guint i = 0; i < json_array_get_length(array) && ok; i++) {
        JsonNode *node = json_array_get_element(array, i);
        JsonObject *object = JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
        bool is_str = object && json_object_get_size(object) == 1 && json_object_has_member(object, "str");
        ok = add_node(l, key, is_str ? json_object_get_member(object, "str") : node, error);
    }
    return ok;
}

static bool add_node(Line *l, const char *key, JsonNode *node, GError **error)
{
    switch (json_node_get_node_type(node)) {
    case JSON_NODE_OBJECT:
        return add_members(l, key, json_node_get_object(node), error);
    case JSON_NODE_ARRAY:
        return add_elements(l, key, json_node_get_array(node), error);
    case JSON_NODE_VALUE:
        return add_value(l, key, node, error);
    case JSON_NODE_NULL:
        add(l, key, "");
        return true;
    }
    return true;
}

static bool add_all(Line *l, JsonNode *root, GError **error)
{
    if (!root || !JSON_NODE_HOLDS_OBJECT(root))
        return option_bad(error, "%s: the JSON is no object", l->option);
    JsonNode *first = json_object_get_member(json_node_get_object(root), l->first);
    if (!first || json_node_get_value_type(first) != G_TYPE_STRING)
        return option_bad(error, "%s: \"%s\" is missing", l->option, l->first);
    return add_value(l, l->first, first, error) && add_members(l, NULL, json_node_get_object(root), error);
}

bool option_json(const char *option, const char *first, const char *arg, char **text, GError **error)
{
    g_autoptr(GString) line = g_string_new(NULL);
    g_autoptr(JsonParser) parser = json_parser_new();
    g_autoptr(GError) why = NULL;
    *text = NULL;
    if (*arg != '{')
        return true;
    if (!json_parser_load_from_data(parser, arg, -1, &why))
        return option_bad(error, "%s: %s", option, why->message);
    if (!add_all(&(Line){option, first, line}, json_parser_get_root(parser), error))
        return false;
    *text = g_strdup(line->str);
    return true;
}
