/* SPDX-License-Identifier: MIT
 *
 * -readconfig FILE: options in QEMU's form of an ini file.  A group is an option, and its lines are that option's keys:
 *
 *      [drive "disk"]          # -drive id=disk,file=disk.img
 *        file = "disk.img"
 */
#include "platform/options/priv.h"

#include <string.h>

enum { FILE_MAX = 1 << 20 };

/* Groups of QEMU's whose name is not the option's, or one of whose keys is the option's first part, which has no key there. */
static const struct {
    const char *group, *option, *first;
} groups[] = {
    {"machine", "machine", "type"},
    {"device", "device", "driver"},
    {"chardev", "chardev", "backend"},
    {"netdev", "netdev", "type"},
    {"object", "object", "qom-type"},
    {"memory", "m", "size"},
    {"smp-opts", "smp", "cpus"},
    {"boot-opts", "boot", NULL},
    {"accel", "accel", "accel"},
    {"mon", "mon", "chardev"},
    {"name", "name", "guest"},
    {"icount", "icount", "shift"},
    {"overcommit", "overcommit", NULL},
    {"action", "action", NULL},
    {"drive", "drive", NULL},
    {"rtc", "rtc", NULL},
    {"msg", "msg", NULL},
    {"global", "global", NULL},
    {"nic", "nic", "type"},
    {"net", "net", "type"},
};

typedef struct Group {
    unsigned row, line; /* row: G_N_ELEMENTS(groups) before the first */
    char *first;
    GString *rest;
} Group;

/* A comma in a value is doubled. */
static void add_key(Group *g, const char *key, const char *value)
{
    g_auto(GStrv) pieces = g_strsplit(value, ",", -1);
    char *whole = g_strjoinv(",,", pieces);
    if (groups[g->row].first && !strcmp(groups[g->row].first, key)) {
        g_free(g->first);
        g->first = whole;
        return;
    }
    g_string_append_printf(g->rest, "%s%s=%s", g->rest->len ? "," : "", key, whole);
    g_free(whole);
}

static bool end_group(Parse *p, const char *file, Group *g, GError **error)
{
    if (g->row == G_N_ELEMENTS(groups))
        return true;
    g_autofree char *arg = g_strjoin(g->first && g->rest->len ? "," : "", g->first ? g->first : "", g->rest->str, NULL);
    bool ok = !*arg || option_set_by_name(p, groups[g->row].option, arg, error);
    if (!ok)
        g_prefix_error(error, "-readconfig %s: [%s] in line %u: ", file, groups[g->row].group, g->line);
    g_clear_pointer(&g->first, g_free);
    g_string_truncate(g->rest, 0);
    return ok;
}

/* What is between quotes; NULL: there are none around it. */
static char *unquoted(const char *text)
{
    size_t n = strlen(text);
    return n >= 2 && text[0] == '"' && text[n - 1] == '"' ? g_strndup(text + 1, n - 2) : NULL;
}

/* "[drive "disk"]" */
static bool begin_group(Group *g, const char *line)
{
    size_t n = strlen(line);
    if (line[n - 1] != ']')
        return false;
    g_autofree char *inner = g_strndup(line + 1, n - 2);
    char *space = strchr(inner, ' ');
    g_autofree char *id = space ? unquoted(g_strstrip(space + 1)) : NULL;
    if (space && !id)
        return false;
    if (space)
        *space = '\0';
    g->row = 0;
    while (g->row < G_N_ELEMENTS(groups) && strcmp(groups[g->row].group, inner))
        g->row++;
    if (g->row < G_N_ELEMENTS(groups) && id)
        add_key(g, "id", id);
    return g->row < G_N_ELEMENTS(groups);
}

/* "file = "disk.img"" */
static bool take_line(Group *g, char *line)
{
    char *equals = strchr(line, '=');
    if (!equals || g->row == G_N_ELEMENTS(groups))
        return false;
    *equals = '\0';
    g_autofree char *value = unquoted(g_strstrip(equals + 1));
    if (value)
        add_key(g, g_strstrip(line), value);
    return value;
}

static bool read_lines(Parse *p, const char *file, char **lines, Group *g, GError **error)
{
    for (unsigned i = 0; lines[i]; i++) {
        char *line = g_strstrip(lines[i]);
        if (!*line || *line == '#')
            continue;
        if (*line == '[' && !end_group(p, file, g, error))
            return false;
        g->line = *line == '[' ? i + 1 : g->line;
        if (!(*line == '[' ? begin_group(g, line) : take_line(g, line)))
            return option_bad(error, "-readconfig %s: line %u is not [OPTION], [OPTION \"ID\"] or KEY = \"VALUE\"", file, i + 1);
    }
    return end_group(p, file, g, error);
}

bool option_set_readconfig(Parse *p, const char *arg, GError **error)
{
    g_autofree char *text = NULL;
    gsize size;
    if (!g_file_get_contents(arg, &text, &size, error)) {
        g_prefix_error(error, "-readconfig: ");
        return false;
    }
    if (size > FILE_MAX || strlen(text) != size)
        return option_bad(error, "-readconfig %s: not a text of 1 MiB at most", arg);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    Group g = {.row = G_N_ELEMENTS(groups), .rest = g_string_new(NULL)};
    bool ok = read_lines(p, arg, lines, &g, error);
    g_free(g.first);
    g_string_free(g.rest, TRUE);
    return ok;
}
