/* SPDX-License-Identifier: MIT
 *
 * "socket,id=console,path=/run/console,server=on,wait=off": QEMU's -chardev.
 */
#include "platform/chardev/priv.h"

#include <limits.h>
#include <string.h>

#include "platform/base/keyval.h"
#include "platform/base/suggest.h"

/* Which kinds of back ends take a key: a bit for each ChardevKind. */
enum {
    FILE_KEYS = 1 << CHARDEV_FILE,
    SOCKET_KEYS = 1 << CHARDEV_SOCKET,
    RING_KEYS = 1 << CHARDEV_RINGBUF,
    STDIO_KEYS = 1 << CHARDEV_STDIO,
    UDP_KEYS = 1 << CHARDEV_UDP,
    PATH_KEYS = FILE_KEYS | SOCKET_KEYS | 1 << CHARDEV_PIPE | 1 << CHARDEV_SERIAL,
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

static bool set_local_host(ChardevSpec *spec, const char *what, const char *value, GError **error)
{
    return set_string(&spec->local_host, what, value, error);
}

static bool check_port(const char *what, const char *value, GError **error)
{
    unsigned port;
    return value_uint(what, value, 0, 65535, &port, error);
}

static bool set_port(ChardevSpec *spec, const char *what, const char *value, GError **error)
{
    return check_port(what, value, error) && set_string(&spec->port, what, value, error);
}

static bool set_local_port(ChardevSpec *spec, const char *what, const char *value, GError **error)
{
    return check_port(what, value, error) && set_string(&spec->local_port, what, value, error);
}

static bool set_log(ChardevSpec *spec, const char *what, const char *value, GError **error)
{
    return set_string(&spec->log, what, value, error);
}

static bool set_fd(ChardevSpec *spec, const char *what, const char *value, GError **error)
{
    unsigned fd;
    if (!value_uint(what, value, 3, INT_MAX, &fd, error))
        return false;
    spec->fd = (int)fd;
    return true;
}

static bool set_reconnect(ChardevSpec *spec, const char *what, const char *value, GError **error)
{
    return value_uint(what, value, 0, 3600, &spec->reconnect, error);
}

#define SET_BOOL(name, member)                                                               \
    static bool name(ChardevSpec *spec, const char *what, const char *value, GError **error) \
    {                                                                                        \
        return value_bool(what, value, &spec->member, error);                                \
    }
SET_BOOL(set_server, server)
SET_BOOL(set_wait, wait)
SET_BOOL(set_telnet, telnet)
SET_BOOL(set_no_delay, no_delay)
SET_BOOL(set_append, append)
SET_BOOL(set_mux, mux)
SET_BOOL(set_log_append, log_append)

static bool set_delay(ChardevSpec *spec, const char *what, const char *value, GError **error)
{
    bool on;
    if (!value_bool(what, value, &on, error))
        return false;
    spec->no_delay = !on;
    return true;
}

static bool set_signal(ChardevSpec *spec, const char *what, const char *value, GError **error)
{
    bool on;
    if (!value_bool(what, value, &on, error))
        return false;
    spec->no_signals = !on;
    return true;
}

/* ipv4=on is IPv4 alone, and ipv4=off IPv6 alone; both on is as neither. */
static bool set_family(ChardevSpec *spec, const char *what, const char *value, int named, int other, GError **error)
{
    bool on;
    if (!value_bool(what, value, &on, error))
        return false;
    int family = on ? named : other;
    spec->family = spec->family == AF_UNSPEC || spec->family == family ? family : AF_UNSPEC;
    return true;
}

static bool set_ipv4(ChardevSpec *spec, const char *what, const char *value, GError **error)
{
    return set_family(spec, what, value, AF_INET, AF_INET6, error);
}

static bool set_ipv6(ChardevSpec *spec, const char *what, const char *value, GError **error)
{
    return set_family(spec, what, value, AF_INET6, AF_INET, error);
}

static bool must_be_off(ChardevSpec *spec, const char *what, const char *value, GError **error)
{
    bool on;
    if (!value_bool(what, value, &on, error))
        return false;
    return !on || bad(error, what, "not supported; telnet=on is");
}

static bool set_nowait(ChardevSpec *spec, const char *what, const char *value, GError **error)
{
    bool on;
    if (!value_bool(what, value, &on, error))
        return false;
    spec->wait = !on;
    return true;
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
    {"path", PATH_KEYS, set_path},
    {"input-path", FILE_KEYS, set_input},
    {"append", FILE_KEYS, set_append},
    {"host", SOCKET_KEYS | UDP_KEYS, set_host},
    {"port", SOCKET_KEYS | UDP_KEYS, set_port},
    {"localaddr", UDP_KEYS, set_local_host},
    {"localport", UDP_KEYS, set_local_port},
    {"ipv4", SOCKET_KEYS | UDP_KEYS, set_ipv4},
    {"ipv6", SOCKET_KEYS | UDP_KEYS, set_ipv6},
    {"fd", SOCKET_KEYS, set_fd},
    {"telnet", SOCKET_KEYS, set_telnet},
    {"websocket", SOCKET_KEYS, must_be_off},
    {"tn3270", SOCKET_KEYS, must_be_off},
    {"delay", SOCKET_KEYS, set_delay},
    {"nodelay", SOCKET_KEYS, set_no_delay},
    {"reconnect", SOCKET_KEYS, set_reconnect},
    {"server", SOCKET_KEYS, set_server},
    {"wait", SOCKET_KEYS, set_wait},
    {"nowait", SOCKET_KEYS, set_nowait},
    {"size", RING_KEYS, set_size},
    {"signal", STDIO_KEYS, set_signal},
    {"mux", ALL_KEYS, set_mux},
    {"logfile", ALL_KEYS, set_log},
    {"logappend", ALL_KEYS, set_log_append},
};

bool chardev_option_key(ChardevSpec *spec, const char *option, const char *key, const char *value, GError **error)
{
    const char *known[G_N_ELEMENTS(keys)];
    size_t n = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        if (!(keys[i].kinds & 1u << spec->kind))
            continue;
        g_autofree char *what = g_strconcat(option, " ", key, NULL);
        if (!strcmp(keys[i].key, key))
            return keys[i].set(spec, what, value, error);
        known[n++] = keys[i].key;
    }
    const char *word = *key ? key : value;
    g_autofree char *hint = suggest_phrase(word, known, n);
    g_autofree char *why = g_strdup_printf("unknown property '%s'%s", word, hint);
    return bad(error, option, why);
}

/* The first name of a kind is the one that is listed. */
static const struct {
    const char *name;
    ChardevKind kind;
} names[] = {
    {"null", CHARDEV_NULL},       {"stdio", CHARDEV_STDIO}, {"file", CHARDEV_FILE},      {"pty", CHARDEV_PTY},
    {"socket", CHARDEV_SOCKET},   {"udp", CHARDEV_UDP},     {"pipe", CHARDEV_PIPE},      {"serial", CHARDEV_SERIAL},
    {"ringbuf", CHARDEV_RINGBUF}, {"tty", CHARDEV_SERIAL},  {"memory", CHARDEV_RINGBUF},
};

/* QEMU's others. */
static const struct {
    const char *name, *why;
} refused[] = {
    {"vc", "there is no display"},
    {"console", "there is no display"},
    {"spicevmc", "there is no display"},
    {"spiceport", "there is no display"},
    {"qemu-vdagent", "there is no display"},
    {"dbus", "there is no display"},
    {"msmouse", "there is no display whose mouse it would be"},
    {"wctablet", "there is no display whose tablet it would be"},
    {"parallel", "no board has a parallel port"},
    {"parport", "no board has a parallel port"},
    {"braille", "a terminal of the host has it: stdio"},
    {"testdev", "-M ppce500 has no such device; a guest ends the program by its reset register or by hypercall"},
};

const char *chardev_kind_name(unsigned i)
{
    return i < G_N_ELEMENTS(names) ? names[i].name : NULL;
}

ChardevKind chardev_kind_of(unsigned i)
{
    return names[i].kind;
}

static bool kind_parse(const char *option, const char *word, ChardevKind *kind, GError **error)
{
    const char *known[G_N_ELEMENTS(names)];
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        known[i] = names[i].name;
        if (!strcmp(word, names[i].name)) {
            *kind = names[i].kind;
            return true;
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
        g_autofree char *why = g_strconcat("not supported: ", refused[i].why, NULL);
        if (!strcmp(word, refused[i].name))
            return bad(error, option, why);
    }
    g_autofree char *hint = suggest_phrase(word, known, G_N_ELEMENTS(known));
    g_autofree char *why = g_strconcat("unknown back end", hint, NULL);
    return bad(error, option, why);
}

/* A socket has one of path=, port= and fd=. */
static bool socket_complete(const ChardevSpec *spec, const char *option, GError **error)
{
    if (!!spec->path + !!spec->port + (spec->fd >= 0) != 1)
        return bad(error, option, "one of path=FILE, port=PORT and fd=N is needed");
    if (spec->host && !spec->port)
        return bad(error, option, "host= goes with port=");
    if (spec->reconnect && (spec->server || spec->fd >= 0))
        return bad(error, option, "reconnect= is a client's, without server=on and fd=");
    return true;
}

bool chardev_option_complete(const ChardevSpec *spec, const char *option, GError **error)
{
    bool needs_path = spec->kind == CHARDEV_FILE || spec->kind == CHARDEV_PIPE || spec->kind == CHARDEV_SERIAL;
    if (needs_path && !spec->path)
        return bad(error, option, "path=FILE is missing");
    if (spec->kind == CHARDEV_UDP && !spec->port)
        return bad(error, option, "port=PORT is missing");
    return spec->kind != CHARDEV_SOCKET || socket_complete(spec, option, error);
}

bool chardev_option_parse(const char *text, ChardevSpec *spec, GError **error)
{
    g_autoptr(GPtrArray) parts = keyval_split(text);
    const KeyVal *first = parts->pdata[0];
    g_autofree char *option = g_strconcat("-chardev ", first->value, NULL);
    *spec = chardev_spec_default;
    bool ok = *first->key ? bad(error, "-chardev", "the back end comes first: BACKEND,id=ID")
                          : kind_parse(option, first->value, &spec->kind, error);
    for (guint i = 1; ok && i < parts->len; i++) {
        const KeyVal *pair = parts->pdata[i];
        ok = chardev_option_key(spec, option, pair->key, pair->value, error);
    }
    ok = ok && (spec->id || bad(error, option, "id=ID is missing")) && chardev_option_complete(spec, option, error);
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
