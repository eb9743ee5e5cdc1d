/* SPDX-License-Identifier: MIT
 *
 * "socket,id=console,path=/run/console,server=on,wait=off": QEMU's -chardev.
 */
#include "platform/chardev/priv.h"

#include <string.h>

#include "platform/base/keyval.h"
#include "platform/base/suggest.h"

enum { RING_SIZE = 64 << 10 };

/* Which kinds of back ends take a key: a bit for each ChardevKind. */
enum {
    FILE_KEYS = 1 << CHARDEV_FILE,
    SOCKET_KEYS = 1 << CHARDEV_SOCKET,
    RING_KEYS = 1 << CHARDEV_RINGBUF,
    STDIO_KEYS = 1 << CHARDEV_STDIO,
    ALL_KEYS = ~0,
};

static bool bad(GError **error, const char *what, const char *why)
{
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s: %s", what, why);
    return false;
}

static bool set_string(char **where, const char *what, const char *value, GError **error)
{
    if (!*value)
        return bad(error, what, "must not be empty");
    g_free(*where);
    *where = g_strdup(value);
    return true;
}

/* As QEMU's: a letter, then letters, digits and -._ */
static bool set_id(ChardevSpec *spec, const char *what, const char *value, GError **error)
{
    bool ok = g_ascii_isalpha(*value);
    for (const char *c = value; ok && *c; c++)
        ok = g_ascii_isalnum(*c) || strchr("-._", *c);
    if (!ok)
        return bad(error, what, "an id is a letter, then letters, digits, '-', '.' and '_'");
    return set_string(&spec->id, what, value, error);
}

static bool set_path(ChardevSpec *spec, const char *what, const char *value, GError **error)
{
    return set_string(&spec->path, what, value, error);
}

static bool set_input(ChardevSpec *spec, const char *what, const char *value, GError **error)
{
    return set_string(&spec->input, what, value, error);
}

static bool set_host(ChardevSpec *spec, const char *what, const char *value, GError **error)
{
    return set_string(&spec->host, what, value, error);
}

static bool set_port(ChardevSpec *spec, const char *what, const char *value, GError **error)
{
    unsigned port;
    return value_uint(what, value, 0, 65535, &port, error) && set_string(&spec->port, what, value, error);
}

static bool set_server(ChardevSpec *spec, const char *what, const char *value, GError **error)
{
    return value_bool(what, value, &spec->server, error);
}

static bool set_wait(ChardevSpec *spec, const char *what, const char *value, GError **error)
{
    return value_bool(what, value, &spec->wait, error);
}

static bool set_nowait(ChardevSpec *spec, const char *what, const char *value, GError **error)
{
    bool on;
    if (!value_bool(what, value, &on, error))
        return false;
    spec->wait = !on;
    return true;
}

static bool set_append(ChardevSpec *spec, const char *what, const char *value, GError **error)
{
    return value_bool(what, value, &spec->append, error);
}

static bool set_mux(ChardevSpec *spec, const char *what, const char *value, GError **error)
{
    return value_bool(what, value, &spec->mux, error);
}

static bool set_size(ChardevSpec *spec, const char *what, const char *value, GError **error)
{
    uint64_t size;
    if (!value_size(what, value, 0, &size, error))
        return false;
    if (!size || size & (size - 1) || size > 1 << 30)
        return bad(error, what, "must be a power of two, of 1G at most");
    spec->ring_size = (unsigned)size;
    return true;
}

static const struct {
    const char *key;
    unsigned kinds;
    bool (*set)(ChardevSpec *spec, const char *what, const char *value, GError **error);
} keys[] = {
    {"id", ALL_KEYS, set_id},
    {"path", FILE_KEYS | SOCKET_KEYS, set_path},
    {"input-path", FILE_KEYS, set_input},
    {"append", FILE_KEYS, set_append},
    {"host", SOCKET_KEYS, set_host},
    {"port", SOCKET_KEYS, set_port},
    {"server", SOCKET_KEYS, set_server},
    {"wait", SOCKET_KEYS, set_wait},
    {"nowait", SOCKET_KEYS, set_nowait},
    {"size", RING_KEYS, set_size},
    {"mux", STDIO_KEYS, set_mux},
};

static bool set_key(ChardevSpec *spec, const char *option, const KeyVal *pair, GError **error)
{
    const char *known[G_N_ELEMENTS(keys)];
    size_t n = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        if (!(keys[i].kinds & 1u << spec->kind))
            continue;
        g_autofree char *what = g_strconcat("-chardev ", pair->key, NULL);
        if (!strcmp(keys[i].key, pair->key))
            return keys[i].set(spec, what, pair->value, error);
        known[n++] = keys[i].key;
    }
    const char *word = *pair->key ? pair->key : pair->value;
    g_autofree char *hint = suggest_phrase(word, known, n);
    g_autofree char *why = g_strdup_printf("unknown property '%s'%s", word, hint);
    return bad(error, option, why);
}

static const char *const names[] = {
    [CHARDEV_NULL] = "null", [CHARDEV_STDIO] = "stdio",   [CHARDEV_FILE] = "file",
    [CHARDEV_PTY] = "pty",   [CHARDEV_SOCKET] = "socket", [CHARDEV_RINGBUF] = "ringbuf",
};

const char *chardev_kind_name(unsigned i)
{
    return i < G_N_ELEMENTS(names) ? names[i] : NULL;
}

static bool kind_parse(const char *option, const char *word, ChardevKind *kind, GError **error)
{
    static const char *const planned[] = {"udp",      "pipe",      "vc",           "console", "serial",  "parallel",
                                          "spicevmc", "spiceport", "msmouse",      "braille", "testdev", "wctablet",
                                          "memory",   "tty",       "qemu-vdagent", "dbus"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (!strcmp(word, names[i])) {
            *kind = (ChardevKind)i;
            return true;
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(planned); i++) {
        if (!strcmp(word, planned[i]))
            return bad(error, option, "not yet supported");
    }
    g_autofree char *hint = suggest_phrase(word, names, G_N_ELEMENTS(names));
    g_autofree char *why = g_strconcat("unknown back end", hint, NULL);
    return bad(error, option, why);
}

/* Checks that all that the kind needs is there, and nothing that excludes something else. */
static bool complete(const ChardevSpec *spec, const char *option, GError **error)
{
    if (!spec->id)
        return bad(error, option, "id=ID is missing");
    if (spec->kind == CHARDEV_FILE && !spec->path)
        return bad(error, option, "path=FILE is missing");
    if (spec->kind == CHARDEV_SOCKET && !spec->path == !spec->port)
        return bad(error, option, "either path=FILE or port=PORT is needed");
    if (spec->kind == CHARDEV_SOCKET && spec->host && !spec->port)
        return bad(error, option, "host= goes with port=");
    return true;
}

bool chardev_option_parse(const char *text, ChardevSpec *spec, GError **error)
{
    g_autoptr(GPtrArray) parts = keyval_split(text);
    const KeyVal *first = parts->pdata[0];
    g_autofree char *option = g_strconcat("-chardev ", first->value, NULL);
    *spec = (ChardevSpec){.wait = true, .ring_size = RING_SIZE};
    bool ok = *first->key ? bad(error, "-chardev", "the back end comes first: BACKEND,id=ID")
                          : kind_parse(option, first->value, &spec->kind, error);
    for (guint i = 1; ok && i < parts->len; i++)
        ok = set_key(spec, option, parts->pdata[i], error);
    ok = ok && complete(spec, option, error);
    if (!ok)
        chardev_spec_clear(spec);
    return ok;
}

bool chardev_option_check(const char *text, char **id, GError **error)
{
    ChardevSpec spec;
    bool ok = chardev_option_parse(text, &spec, error);
    if (ok && id)
        *id = g_steal_pointer(&spec.id);
    chardev_spec_clear(&spec);
    return ok;
}
