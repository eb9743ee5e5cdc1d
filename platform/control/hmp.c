/* SPDX-License-Identifier: MIT
 *
 * From a line to its command: names, arguments, and what the monitor says of itself.
 */
#include "platform/control/hmp_priv.h"

#include <string.h>

typedef struct Row {
    const char *names, *arguments, *synopsis, *help;
    void (*execute)(HmpCall *call);
} Row;

static const Row commands[] = {
#define COMMAND(id, names, arguments, synopsis, help) {names, arguments, synopsis, help, hmp_cmd_##id},
#include "platform/control/hmp.def"
};

static const Row infos[] = {
#define INFO(id, name, arguments, synopsis, help) {name, arguments, synopsis, help, hmp_info_##id},
#include "platform/control/hmp.def"
};

void hmp_print(HmpCall *call, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    if (call->out->len < HMP_OUTPUT_MAX / 2)
        g_string_append_vprintf(call->out, format, ap);
    va_end(ap);
}

void hmp_complain(HmpCall *call, GError *error)
{
    hmp_print(call, "Error: %s\n", error->message);
    g_error_free(error);
}

static bool has_name(const Row *row, const char *name)
{
    g_auto(GStrv) names = g_strsplit(row->names, " ", -1);
    return g_strv_contains((const char *const *)names, name);
}

static const Row *find(const Row *rows, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++) {
        if (has_name(&rows[i], name))
            return &rows[i];
    }
    return NULL;
}

/* --- arguments */

static const char *skip(const char *at)
{
    while (g_ascii_isspace(*at))
        at++;
    return at;
}

/* What is in quotes is one word; a backslash there stands for the character behind it.  NULL: the quotes do not close. */
static char *take_word(const char **text)
{
    GString *word = g_string_new(NULL);
    const char *at = *text;
    bool quoted = *at == '"';
    at += quoted;
    while (*at && (quoted ? *at != '"' : !g_ascii_isspace(*at))) {
        at += quoted && *at == '\\' && at[1];
        g_string_append_c(word, *at++);
    }
    bool closed = !quoted || *at == '"';
    *text = at + (quoted && closed);
    return g_string_free(word, !closed);
}

/* "/16xw", as gdb has it.  What it leaves out is as it was last. */
static bool take_format(HmpCall *call, const char **text)
{
    HmpSession *s = call->session;
    const char *at = *text;
    call->count = 1;
    if (*at != '/')
        return true;
    at++;
    if (g_ascii_isdigit(*at)) {
        char *end;
        call->count = (unsigned)MIN(g_ascii_strtoull(at, &end, 10), UINT32_MAX);
        at = end;
    }
    for (; *at && !g_ascii_isspace(*at); at++) {
        const char *size = strchr("bhw.g", *at);
        if (strchr("oduxci", *at))
            s->format = *at;
        else if (size && *at != '.')
            s->size = *at == 'g' ? 8 : 1u << (size - "bhw.g");
        else if (*at == 'L')
            s->size = 8;
        else {
            hmp_print(call, "invalid char in format: '%c'\n", *at);
            return false;
        }
    }
    *text = at;
    return true;
}

static bool take_argument(HmpCall *call, char type, const char **text)
{
    if (type == 'f')
        return take_format(call, text);
    if (type == 'i' && !hmp_expression(call, text, &call->argument[call->n].number))
        return false;
    if (type == 'w' && !(call->argument[call->n].word = take_word(text))) {
        hmp_print(call, "unterminated string\n");
        return false;
    }
    if (type == 's') {
        call->argument[call->n].word = g_strdup(*text);
        *text += strlen(*text);
    }
    call->n++;
    return true;
}

static char *all_names(const Row *row)
{
    return g_strdelimit(g_strdup(row->names), " ", '|');
}

static bool take_arguments(HmpCall *call, const Row *row, const char *text)
{
    const char *types = row->arguments;
    g_autofree char *names = all_names(row);
    bool optional = false;
    for (; *types; types++) {
        optional |= *types == '?';
        text = skip(text);
        if (*types == '?' || (optional && !*text))
            continue;
        if (!*text && *types == 'w') {
            hmp_print(call, "%s: string expected\n", names);
            return false;
        }
        if (!take_argument(call, *types, &text))
            return false;
    }
    text = skip(text);
    if (*text)
        hmp_print(call, "%s: extraneous characters at the end of line\n", names);
    return !*text;
}

/* prefix: "info ", for messages */
static void execute(HmpCall *call, const Row *rows, size_t n_rows, const char *prefix, const char *text)
{
    size_t n = strcspn(text, " \t/"); /* x/4xw without a space, too */
    g_autofree char *name = g_strndup(text, n);
    const Row *row = find(rows, n_rows, name);
    if (!row) {
        hmp_print(call, "unknown command: '%s%s'\n", prefix, name);
        return;
    }
    HmpCall inner = {.session = call->session, .out = call->out};
    if (take_arguments(&inner, row, text + n))
        row->execute(&inner);
    else
        hmp_print(call, "Try \"help %s%s\" for more information\n", prefix, name);
    for (unsigned i = 0; i < HMP_ARGUMENTS_MAX; i++)
        g_free(inner.argument[i].word);
}

void hmp_session_init(HmpSession *session, const ControlView *view)
{
    *session = (HmpSession){.view = view, .format = 'x', .size = 4};
}

char *hmp_execute(HmpSession *session, const char *line)
{
    g_autoptr(GString) out = g_string_new(NULL);
    HmpCall call = {.session = session, .out = out};
    line = skip(line);
    if (*line)
        execute(&call, commands, G_N_ELEMENTS(commands), "", line);
    if (out->len >= HMP_OUTPUT_MAX / 2)
        g_string_truncate(out, HMP_OUTPUT_MAX / 2);
    g_string_replace(out, "\n", "\r\n", 0);
    return g_utf8_make_valid(out->str, (gssize)out->len);
}

/* --- help, info */

static void show(HmpCall *call, const Row *row, const char *prefix)
{
    g_autofree char *names = all_names(row);
    hmp_print(call, "%s%s %s -- %s\n", prefix, names, row->synopsis, row->help);
}

static void show_infos(HmpCall *call)
{
    for (size_t i = 0; i < G_N_ELEMENTS(infos); i++)
        show(call, &infos[i], "info ");
}

void hmp_cmd_help(HmpCall *call)
{
    const char *name = call->n ? call->argument[0].word : NULL;
    if (name && !strcmp(name, "info")) {
        show_infos(call);
        return;
    }
    const Row *one = name ? find(commands, G_N_ELEMENTS(commands), name) : NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(commands) && !name; i++)
        show(call, &commands[i], "");
    if (one)
        show(call, one, "");
    else if (name)
        hmp_print(call, "unknown command: '%s'\n", name);
}

void hmp_cmd_info(HmpCall *call)
{
    if (call->n)
        execute(call, infos, G_N_ELEMENTS(infos), "info ", call->argument[0].word);
    else
        show_infos(call);
}
