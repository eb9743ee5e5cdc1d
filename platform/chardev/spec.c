/* SPDX-License-Identifier: MIT
 *
 * "unix:/run/console,server=on,wait=off": QEMU's spellings of a back end in -serial and its like.
 */
#include "platform/chardev/priv.h"

#include <string.h>

#include "platform/base/keyval.h"
#include "platform/base/suggest.h"

enum { RING_SIZE = 64 << 10 };

const ChardevSpec chardev_spec_default = {
    .kind = CHARDEV_NULL, .wait = true, .fd = -1, .family = AF_UNSPEC, .ring_size = RING_SIZE};

static bool bad(GError **error, const char *text, const char *why)
{
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s: %s", text, why);
    return false;
}

static bool path_parse(const char *text, const char *path, ChardevSpec *spec, GError **error)
{
    spec->path = g_strdup(path);
    return *path ? true : bad(error, text, "the path is missing");
}

/* "HOST:PORT", "[V6]:PORT", ":PORT" */
static bool address_parse(const char *text, const char *from, char **host, char **port, GError **error)
{
    const char *colon = strrchr(from, ':');
    guint64 number;
    if (!colon || !g_ascii_string_to_unsigned(colon + 1, 10, 0, 65535, &number, NULL))
        return bad(error, text, "needs a host and a port: [HOST]:PORT");
    bool braces = from[0] == '[' && colon > from + 1 && colon[-1] == ']';
    *port = g_strdup(colon + 1);
    *host = colon == from ? NULL : g_strndup(from + braces, (gsize)(colon - from) - 2 * braces);
    return true;
}

/* "[HOST]:PORT[@[HOST]:PORT]": where datagrams go, and where they come from. */
static bool udp_parse(const char *text, const char *from, ChardevSpec *spec, GError **error)
{
    g_auto(GStrv) ends = g_strsplit(from, "@", 2);
    return ends[0] && address_parse(text, ends[0], &spec->host, &spec->port, error) &&
           (!ends[1] || address_parse(text, ends[1], &spec->local_host, &spec->local_port, error));
}

static bool tcp_parse(const char *text, const char *from, ChardevSpec *spec, GError **error)
{
    return address_parse(text, from, &spec->host, &spec->port, error);
}

static bool telnet_parse(const char *text, const char *from, ChardevSpec *spec, GError **error)
{
    spec->telnet = true;
    return tcp_parse(text, from, spec, error);
}

/* What stands behind the prefix up to the first comma, and the keys of -chardev after it: server=on, and server, as it was once. */
static const struct {
    const char *prefix;
    ChardevKind kind;
    bool (*parse)(const char *text, const char *from, ChardevSpec *spec, GError **error);
} forms[] = {
    {"unix:", CHARDEV_SOCKET, path_parse},
    {"tcp:", CHARDEV_SOCKET, tcp_parse},
    {"telnet:", CHARDEV_SOCKET, telnet_parse},
    {"udp:", CHARDEV_UDP, udp_parse},
};

/* Everything behind the prefix is a path. */
static const struct {
    const char *prefix;
    ChardevKind kind;
    bool whole; /* the prefix is part of the path */
} paths[] = {{"file:", CHARDEV_FILE, false}, {"pipe:", CHARDEV_PIPE, false}, {"/dev/", CHARDEV_SERIAL, true}};

static const struct {
    const char *word;
    ChardevKind kind;
} words[] = {{"null", CHARDEV_NULL}, {"none", CHARDEV_NULL}, {"stdio", CHARDEV_STDIO}, {"pty", CHARDEV_PTY}};

static bool form_parse(const char *text, const char *from, ChardevSpec *spec,
                       bool (*parse)(const char *text, const char *from, ChardevSpec *spec, GError **error), GError **error)
{
    g_autoptr(GPtrArray) parts = keyval_split(from);
    const KeyVal *first = parts->pdata[0];
    g_autofree char *address = *first->key ? g_strconcat(first->key, "=", first->value, NULL) : g_strdup(first->value);
    if (!parse(text, address, spec, error))
        return false;
    for (guint i = 1; i < parts->len; i++) {
        const KeyVal *pair = parts->pdata[i];
        if (!chardev_option_key(spec, text, pair->key, pair->value, error))
            return false;
    }
    return chardev_option_complete(spec, text, error);
}

static bool unknown(const char *text, GError **error)
{
    static const char *const refused[] = {"websocket:", "fdset:", "vc", "spicevmc", "con:", "COM", "msmouse", "braille"};
    static const char *const known[] = {"stdio", "mon:stdio", "null", "none", "file",   "pty",
                                        "unix",  "tcp",       "udp",  "pipe", "telnet", "chardev"};
    for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
        if (g_str_has_prefix(text, refused[i]))
            return bad(error, text, "not supported; -help lists what is");
    }
    g_autofree char *kind = g_strndup(text, g_str_has_prefix(text, "mon:") ? strlen(text) : strcspn(text, ":,"));
    g_autofree char *hint = suggest_phrase(kind, known, G_N_ELEMENTS(known));
    g_autofree char *why = g_strconcat("unknown back end", hint, "; -help lists them", NULL);
    return bad(error, text, why);
}

static bool any_parse(const char *text, const char *from, ChardevSpec *spec, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        spec->kind = words[i].kind;
        if (!strcmp(from, words[i].word))
            return true;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
        spec->kind = paths[i].kind;
        if (g_str_has_prefix(from, paths[i].prefix))
            return path_parse(text, from + (paths[i].whole ? 0 : strlen(paths[i].prefix)), spec, error);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
        spec->kind = forms[i].kind;
        if (g_str_has_prefix(from, forms[i].prefix))
            return form_parse(text, from + strlen(forms[i].prefix), spec, forms[i].parse, error);
    }
    return unknown(text, error);
}

bool chardev_spec_parse(const char *text, ChardevSpec *spec, GError **error)
{
    static const char mux[] = "mon:";
    *spec = chardev_spec_default;
    spec->mux = g_str_has_prefix(text, mux);
    bool ok = any_parse(text, text + (spec->mux ? strlen(mux) : 0), spec, error);
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
    g_free(spec->local_host);
    g_free(spec->local_port);
    g_free(spec->log);
    *spec = chardev_spec_default;
}

char *chardev_spec_describe(const ChardevSpec *spec)
{
    const char *server = spec->server ? ",server=on" : "";
    if (spec->kind == CHARDEV_SOCKET && spec->port)
        return g_strdup_printf("%s:%s:%s%s", spec->telnet ? "telnet" : "tcp", spec->host ? spec->host : "127.0.0.1", spec->port,
                               server);
    if (spec->kind == CHARDEV_SOCKET)
        return spec->path ? g_strdup_printf("unix:%s%s", spec->path, server) : g_strdup_printf("fd:%d%s", spec->fd, server);
    for (unsigned i = 0; chardev_kind_name(i); i++) {
        if (chardev_kind_of(i) == spec->kind)
            return g_strdup(chardev_kind_name(i));
    }
    return g_strdup("");
}

bool chardev_check(const char *text, GError **error)
{
    ChardevSpec spec;
    bool ok = chardev_spec_parse(text, &spec, error);
    chardev_spec_clear(&spec);
    return ok;
}

bool chardev_serves(const char *text)
{
    ChardevSpec spec;
    bool serves = chardev_spec_parse(text, &spec, NULL) && spec.kind == CHARDEV_SOCKET && spec.server && !spec.telnet &&
                  spec.fd < 0 && !spec.mux;
    chardev_spec_clear(&spec);
    return serves;
}
