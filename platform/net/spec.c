/* SPDX-License-Identifier: MIT
 *
 * Arguments of -netdev: the kind, and its keys by the kind's table.
 */
#include "platform/net/priv.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "platform/base/keyval.h"
#include "platform/base/suggest.h"

const NetKind *const net_kinds[] = {&net_user, &net_tap, &net_socket, &net_stream, &net_dgram, NULL};

bool net_spec_bad(const NetSpec *spec, GError **error, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    g_autofree char *text = g_strdup_vprintf(format, ap);
    va_end(ap);
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s: %s", spec->what, text);
    return false;
}

bool net_failed(const NetSpec *spec, GError **error, const char *format, ...)
{
    int why = errno;
    va_list ap;
    va_start(ap, format);
    g_autofree char *text = g_strdup_vprintf(format, ap);
    va_end(ap);
    g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(why), "%s: cannot %s: %s", spec->what, text, g_strerror(why));
    return false;
}

/* --- finding values */

const char *net_spec_nth(const NetSpec *spec, const char *key, unsigned index)
{
    for (guint i = 1; i < spec->pairs->len; i++) {
        const KeyVal *pair = spec->pairs->pdata[i];
        if (!strcmp(pair->key, key) && index-- == 0)
            return pair->value;
    }
    return NULL;
}

const char *net_spec_text(const NetSpec *spec, const char *key)
{
    return net_spec_nth(spec, key, 0);
}

bool net_spec_on(const NetSpec *spec, const char *key, bool missing)
{
    const char *text = net_spec_text(spec, key);
    bool on = missing;
    if (text)
        value_bool(key, text, &on, NULL); /* checked when it was read */
    return on;
}

unsigned net_spec_number(const NetSpec *spec, const char *key, unsigned missing)
{
    const char *text = net_spec_text(spec, key);
    unsigned number = missing;
    if (text)
        value_uint(key, text, 0, G_MAXINT, &number, NULL);
    return number;
}

/* --- reading them */

/* Kinds of QEMU's that are not here. */
static const struct {
    const char *name, *why;
} refused[] = {
    {"hubport", "there is no hub: a card has one back end"},
    {"bridge", "no helper is called that would set it up: make the tap interface first, and say tap,ifname=NAME"},
    {"vde", "VDE is not supported; its switches take dgram and stream as well"},
    {"l2tpv3", "it is not supported: a tap interface of the host may be an end of such a tunnel"},
    {"netmap", "it is of BSD"},
    {"vhost-user", "frames are moved by this program alone"},
    {"vhost-vdpa", "frames are moved by this program alone"},
    {"vmnet-host", "it is of macOS"},
    {"vmnet-shared", "it is of macOS"},
    {"vmnet-bridged", "it is of macOS"},
};

static bool unknown_kind(const char *name, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(refused); i++)
        if (!strcmp(refused[i].name, name)) {
            g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "-netdev %s: %s", name, refused[i].why);
            return false;
        }
    const char *names[16];
    size_t n = 0;
    for (; net_kinds[n]; n++)
        names[n] = net_kinds[n]->name;
    g_autofree char *hint = suggest_phrase(name, names, n);
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                "-netdev %s: unknown or not yet supported%s; -netdev help lists what there is", name, hint);
    return false;
}

static bool unknown_key(const NetSpec *spec, const KeyVal *pair, GError **error)
{
    const char *names[48] = {"id"};
    size_t n = 1;
    for (const NetKey *key = spec->kind->keys; key->name; key++)
        names[n++] = key->name;
    const char *word = *pair->key ? pair->key : pair->value;
    g_autofree char *hint = suggest_phrase(word, names, n);
    return net_spec_bad(spec, error, "unknown key '%s'%s", word, hint);
}

static bool check_value(const NetSpec *spec, const NetKey *key, const char *text, GError **error)
{
    g_autofree char *what = g_strdup_printf("%s %s", spec->what, key->name);
    bool on;
    unsigned number;
    if (!*text)
        return net_spec_bad(spec, error, "%s= must not be empty", key->name);
    switch (key->type) {
    case NET_KEY_TEXT:
        return true;
    case NET_KEY_SWITCH:
        return value_bool(what, text, &on, error);
    case NET_KEY_NUMBER:
        return value_uint(what, text, 0, G_MAXINT, &number, error);
    case NET_KEY_PORT:
        return g_ascii_isalpha(*text) || value_uint(what, text, 0, 65535, &number, error);
    }
    return true;
}

static bool check_pair(NetSpec *spec, guint index, GError **error)
{
    const KeyVal *pair = spec->pairs->pdata[index];
    const NetKey *key = spec->kind->keys;
    if (!strcmp(pair->key, "id")) {
        g_free(spec->id);
        spec->id = g_strdup(pair->value);
        return *spec->id ? true : net_spec_bad(spec, error, "id= must not be empty");
    }
    while (key->name && strcmp(key->name, pair->key))
        key++;
    if (!key->name)
        return unknown_key(spec, pair, error);
    if (!key->many && net_spec_nth(spec, key->name, 1))
        return net_spec_bad(spec, error, "%s= is there twice", key->name);
    return check_value(spec, key, pair->value, error);
}

bool net_spec_parse(const char *text, NetSpec *spec, GError **error)
{
    *spec = (NetSpec){.what = g_strdup_printf("-netdev %s", text), .pairs = keyval_split(text)};
    const KeyVal *first = spec->pairs->pdata[0];
    if (*first->key && strcmp(first->key, "type"))
        return net_spec_bad(spec, error, "the kind of back end comes first");
    for (size_t i = 0; net_kinds[i]; i++)
        if (!strcmp(net_kinds[i]->name, first->value))
            spec->kind = net_kinds[i];
    if (!spec->kind)
        return unknown_kind(first->value, error);
    if (spec->kind->absent)
        return net_spec_bad(spec, error, "%s", spec->kind->absent);
    for (guint i = 1; i < spec->pairs->len; i++)
        if (!check_pair(spec, i, error))
            return false;
    if (!spec->id)
        return net_spec_bad(spec, error, "id= is missing");
    if (spec->kind->variant)
        spec->kind = spec->kind->variant(spec);
    return !spec->kind->check || spec->kind->check(spec, error);
}

void net_spec_clear(NetSpec *spec)
{
    g_clear_pointer(&spec->pairs, g_ptr_array_unref);
    g_clear_pointer(&spec->what, g_free);
    g_clear_pointer(&spec->id, g_free);
}

bool net_option_check(const char *text, char **id, GError **error)
{
    NetSpec spec;
    bool ok = net_spec_parse(text, &spec, error);
    *id = g_steal_pointer(&spec.id);
    net_spec_clear(&spec);
    return ok;
}

void net_option_help(void)
{
    for (size_t i = 0; net_kinds[i]; i++)
        printf("%-8s %s\n", net_kinds[i]->name, net_kinds[i]->absent ? net_kinds[i]->absent : net_kinds[i]->doc);
}

bool net_mac_parse(const char *what, const char *text, uint8_t mac[NET_MAC_SIZE], GError **error)
{
    const char *at = text;
    bool ok = strlen(text) == 3 * NET_MAC_SIZE - 1;
    for (unsigned i = 0; ok && i < NET_MAC_SIZE; i++, at += 3) {
        ok = g_ascii_isxdigit(at[0]) && g_ascii_isxdigit(at[1]) && (i + 1 == NET_MAC_SIZE || at[2] == ':' || at[2] == '-');
        mac[i] = ok ? (uint8_t)(g_ascii_xdigit_value(at[0]) << 4 | g_ascii_xdigit_value(at[1])) : 0;
    }
    if (ok && !(mac[0] & 1))
        return true;
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s: '%s' is %s", what, text,
                ok ? "the address of a group" : "not an address like 52:54:00:12:34:56");
    return false;
}
