/* SPDX-License-Identifier: MIT
 *
 * The option table as text: -help, -version and the option section of the man page.
 */
#include "platform/options/device_type.h"
#include "platform/options/priv.h"

#include <string.h>

#include "cpu/accel.h"
#include "cpu/log.h"
#include "cpu/timeline.h"
#include "platform/base/board.h"

static const char *alias_of(OptionId id)
{
    static const char *const aliases[OPTIONS] = {
#define ALIAS(alias, id) [OPTION_##id] = alias,
#include "platform/options/table.def"
    };
    return aliases[id];
}

static void append_boards(GString *text)
{
    size_t n;
    const Board *all = boards(&n);
    for (size_t i = 0; i < n; i++)
        g_string_append_printf(text, "\n%s: %s%s", all[i].name, all[i].doc, i ? "" : " (the default)");
}

static void append_accels(GString *text)
{
#define X(word, ops)                                                            \
    if (strcmp(word, (ops).name))                                               \
        g_string_append_printf(text, "\n%s: the same as %s", word, (ops).name); \
    else                                                                        \
        g_string_append_printf(text, "\n%s: %s%s", word, (ops).doc, &(ops) == &accel_soft ? " (the default)" : "");
    ACCEL_LIST(X)
#undef X
}

static void append_trace_words(GString *text)
{
#define X(id, word, doc) g_string_append_printf(text, "\n%s: %s", word, doc);
    LOG_LIST(X)
#undef X
}

static void append_timeline_words(GString *text)
{
#define X(id, word, usual, doc) g_string_append_printf(text, "\n%s: %s%s", word, doc, (usual) ? "" : "; not unless it is named");
    TIMELINE_LIST(X)
#undef X
}

static void append_devices(GString *text)
{
    for (unsigned i = 0; i < DEVICE_TYPES; i++) {
        g_string_append_printf(text, "\n%s", device_types[i].name);
        for (const DeviceProperty *p = device_types[i].properties; p->key; p++)
            g_string_append_printf(text, p->required ? ",%s=…" : "[,%s=…]", p->key);
        g_string_append_printf(text, ": %s", device_types[i].doc);
    }
}

/* The lines that tell of an option: its row's text, then what a table of its own lists.  g_strfreev */
static char **option_lines(OptionId id)
{
    static void (*const append[OPTIONS])(GString * text) = {
        [OPTION_machine] = append_boards,          [OPTION_accel] = append_accels,   [OPTION_trace] = append_trace_words,
        [OPTION_timeline] = append_timeline_words, [OPTION_device] = append_devices,
    };
    GString *text = g_string_new(options_table[id].text);
    if (append[id])
        append[id](text);
    char **lines = g_strsplit(text->str, "\n", -1);
    g_string_free(text, TRUE);
    return lines;
}

void options_print_help(FILE *out)
{
    fprintf(out, "usage: quoin -kernel FILE [OPTION...]\n"
                 "An ePAPR paravirtual machine for e500 PowerPC guests.  Options take one dash or two.\n");
    for (unsigned topic = 0; topic < OPTION_TOPICS; topic++) {
        fprintf(out, "\n%s:\n", option_topics[topic]);
        for (unsigned i = 0; i < OPTIONS; i++) {
            const Option *o = &options_table[i];
            if (o->topic != topic)
                continue;
            if (alias_of(i))
                fprintf(out, "  -%s, -%s", alias_of(i), o->name);
            else
                fprintf(out, "  -%s", o->name);
            fprintf(out, "%s%s\n", o->argument ? " " : "", o->argument ? o->argument : "");
            g_auto(GStrv) lines = option_lines(i);
            for (char **line = lines; *line; line++)
                fprintf(out, "        %s\n", *line);
        }
    }
}

void options_print_version(FILE *out)
{
    fprintf(out, "quoin %s\n", QUOIN_VERSION);
    fprintf(out, "accelerators: soft %s, kvm %s\n", accel_find("soft")->available(NULL) ? "yes" : "no",
            accel_find("kvm")->available(NULL) ? "yes" : "no");
    static const struct {
        bool have;
        const char *name;
    } libraries[] = {
        {HAVE_JSON_GLIB, "json-glib"}, {HAVE_LIBSLIRP, "libslirp"}, {HAVE_LIBURING, "liburing"}, {HAVE_LIBZSTD, "libzstd"}};
    fprintf(out, "optional libraries:");
    for (size_t i = 0; i < G_N_ELEMENTS(libraries); i++)
        fprintf(out, "%s %s %s", i ? "," : "", libraries[i].name, libraries[i].have ? "yes" : "no");
    fprintf(out, "\n");
}

/* --- roff */

static void print_escaped(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '-')
            fputs("\\-", out);
        else if (*text == '\\')
            fputs("\\e", out);
        else if (*text == '[' && text[1] == ',') /* a long list of properties may be broken before each of them */
            fputs("\\:[", out);
        else
            fputc(*text, out);
    }
}

void options_print_man(FILE *out)
{
    for (unsigned topic = 0; topic < OPTION_TOPICS; topic++) {
        fprintf(out, ".SS %s\n", option_topics[topic]);
        for (unsigned i = 0; i < OPTIONS; i++) {
            const Option *o = &options_table[i];
            if (o->topic != topic)
                continue;
            fprintf(out, ".TP\n\\fB");
            if (alias_of(i)) {
                fprintf(out, "\\-");
                print_escaped(out, alias_of(i));
                fprintf(out, "\\fR, \\fB");
            }
            fprintf(out, "\\-");
            print_escaped(out, o->name);
            fprintf(out, "\\fR");
            if (o->argument) {
                fprintf(out, " \\fI");
                print_escaped(out, o->argument);
                fprintf(out, "\\fR");
            }
            g_auto(GStrv) lines = option_lines(i);
            for (char **line = lines; *line; line++) {
                fputs(line == lines ? "\n" : ".br\n", out);
                print_escaped(out, *line);
                fputs(line[1] ? "\n" : "", out);
            }
            fputc('\n', out);
        }
    }
}
