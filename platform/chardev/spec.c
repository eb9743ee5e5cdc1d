/* SPDX-License-Identifier: MIT
 *
 * "unix:/run/console,server=on,wait=off": QEMU's spellings of a back end.
 */
#include "platform/chardev/priv.h"

#include <string.h>

#include "platform/base/keyval.h"
#include "platform/base/suggest.h"

static bool bad(GError **error, const char *text, const char *why)
{
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s: %s", text, why);
    return false;
}

static bool path_parse(const char *text, const char *path, ChardevKind kind, ChardevSpec *spec, GError **error)
{
    spec->kind = kind;
    spec->path = g_strdup(path);
    return *path ? true : bad(error, text, "the path is missing");
}

/* QEMU's present spelling, server=on,wait=off, and its older one, server,nowait. */
static bool socket_key(const char *text, const KeyVal *pair, ChardevSpec *spec, GError **error)
{
    static const char *const keys[] = {"server", "wait", "nowait"};
    unsigned k;
    bool on;
    if (!value_word(text, pair->key, keys, G_N_ELEMENTS(keys), &k, error) || !value_bool(text, pair->value, &on, error))
        return false;
    if (k == 0)
        spec->server = on;
    else
        spec->wait = k == 1 ? on : !on;
    return true;
}

static bool unix_parse(const char *text, ChardevSpec *spec, GError **error)
{
    g_autoptr(GPtrArray) parts = keyval_split(text + strlen("unix:"));
    const KeyVal *first = parts->pdata[0];
    g_autofree char *path = *first->key ? g_strconcat(first->key, "=", first->value, NULL) : g_strdup(first->value);
    if (!path_parse(text, path, CHARDEV_SOCKET, spec, error))
        return false;
    spec->wait = true;
    for (guint i = 1; i < parts->len; i++) {
        if (!socket_key(text, parts->pdata[i], spec, error))
            return false;
    }
    return true;
}

static bool unknown(const char *text, GError **error)
{
    static const char *const planned[] = {"tcp:", "telnet:",  "websocket:", "udp:", "pipe:",   "/dev/",   "fdset:",
                                          "vc",   "spicevmc", "con:",       "COM",  "msmouse", "braille", "mon:"};
    static const char *const known[] = {"stdio", "mon:stdio", "null", "none", "file", "pty", "unix", "chardev"};
    for (size_t i = 0; i < G_N_ELEMENTS(planned); i++) {
        if (g_str_has_prefix(text, planned[i]) && !(g_str_has_prefix(text, "mon:std")))
            return bad(error, text,
                       g_str_has_prefix(text, "tcp:") ? "not yet supported; -chardev socket and -serial chardev:ID are"
                                                      : "not yet supported; -help lists what is");
    }
    g_autofree char *kind = g_strndup(text, g_str_has_prefix(text, "mon:") ? strlen(text) : strcspn(text, ":,"));
    g_autofree char *hint = suggest_phrase(kind, known, G_N_ELEMENTS(known));
    g_autofree char *why = g_strconcat("unknown back end", hint, "; -help lists them", NULL);
    return bad(error, text, why);
}

bool chardev_spec_parse(const char *text, ChardevSpec *spec, GError **error)
{
    *spec = (ChardevSpec){.kind = CHARDEV_NULL};
    if (!strcmp(text, "null") || !strcmp(text, "none"))
        return true;
    spec->kind = CHARDEV_STDIO;
    spec->mux = !strcmp(text, "mon:stdio");
    if (spec->mux || !strcmp(text, "stdio"))
        return true;
    spec->kind = CHARDEV_PTY;
    if (!strcmp(text, "pty"))
        return true;
    bool ok = g_str_has_prefix(text, "file:")   ? path_parse(text, text + strlen("file:"), CHARDEV_FILE, spec, error)
              : g_str_has_prefix(text, "unix:") ? unix_parse(text, spec, error)
                                                : unknown(text, error);
    if (!ok)
        chardev_spec_clear(spec);
    return ok;
}

void chardev_spec_clear(ChardevSpec *spec)
{
    g_free(spec->id);
    g_free(spec->path);
    g_free(spec->input);
    g_free(spec->host);
    g_free(spec->port);
    *spec = (ChardevSpec){0};
}

bool chardev_check(const char *text, GError **error)
{
    ChardevSpec spec;
    bool ok = chardev_spec_parse(text, &spec, error);
    chardev_spec_clear(&spec);
    return ok;
}
