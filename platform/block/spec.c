/* SPDX-License-Identifier: MIT
 *
 * "file=disk.img,if=virtio,format=raw": QEMU's -drive.
 */
#include "platform/block/drive.h"

#include <string.h>

#include "platform/base/keyval.h"
#include "platform/base/suggest.h"

static const char *const interfaces[DRIVE_IFS] = {
#define X(id, name) name,
    DRIVE_IF_LIST(X)
#undef X
};

const char *drive_interface_name(DriveInterface interface)
{
    return interfaces[interface];
}

static bool bad(GError **error, const char *what, const char *why)
{
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s: %s", what, why);
    return false;
}

/* --- one key */

static bool set_text(char **where, const char *what, const char *value, GError **error)
{
    if (!*value)
        return bad(error, what, "must not be empty");
    g_free(*where);
    *where = g_strdup(value);
    return true;
}

static bool set_file(DriveSpec *spec, const char *what, const char *value, GError **error)
{
    return set_text(&spec->file, what, value, error);
}

/* As QEMU's: a letter, then letters, digits and -._ */
static bool set_id(DriveSpec *spec, const char *what, const char *value, GError **error)
{
    bool ok = g_ascii_isalpha(*value);
    for (const char *c = value; ok && *c; c++)
        ok = g_ascii_isalnum(*c) || strchr("-._", *c);
    if (!ok)
        return bad(error, what, "an id is a letter, then letters, digits, '-', '.' and '_'");
    return set_text(&spec->id, what, value, error);
}

static bool set_if(DriveSpec *spec, const char *what, const char *value, GError **error)
{
    unsigned i;
    if (!value_word(what, value, interfaces, DRIVE_IFS, &i, error))
        return false;
    spec->interface = (DriveInterface)i;
    spec->interface_given = true;
    return true;
}

static bool set_index(DriveSpec *spec, const char *what, const char *value, GError **error)
{
    spec->index_given = true;
    return value_uint(what, value, 0, 255, &spec->index, error);
}

static bool set_bus(DriveSpec *spec, const char *what, const char *value, GError **error)
{
    return strcmp(value, "0") ? bad(error, what, "there is only bus 0") : true;
}

static bool set_media(DriveSpec *spec, const char *what, const char *value, GError **error)
{
    static const char *const words[] = {"disk", "cdrom"};
    unsigned i;
    if (!value_word(what, value, words, G_N_ELEMENTS(words), &i, error))
        return false;
    spec->read_only |= i == 1;
    return true;
}

static bool set_format(DriveSpec *spec, const char *what, const char *value, GError **error)
{
    static const char *const planned[] = {"qcow", "qed", "vmdk", "vdi", "vpc", "vhdx", "luks", "nbd", "dmg"};
    for (size_t i = 0; i < G_N_ELEMENTS(planned); i++) {
        if (!strcmp(planned[i], value))
            return bad(error, what, "not yet supported; raw and qcow2 are");
    }
    static const char *const words[] = {"raw", "qcow2"};
    unsigned i;
    if (!value_word(what, value, words, G_N_ELEMENTS(words), &i, error))
        return false;
    spec->format = (BlockFormat)(BLOCK_FORMAT_RAW + i);
    return true;
}

static bool set_read_only(DriveSpec *spec, const char *what, const char *value, GError **error)
{
    return value_bool(what, value, &spec->read_only, error);
}

static bool set_snapshot(DriveSpec *spec, const char *what, const char *value, GError **error)
{
    spec->snapshot_given = true;
    return value_bool(what, value, &spec->snapshot, error);
}

static bool set_not_yet_on(DriveSpec *spec, const char *what, const char *value, GError **error)
{
    bool on;
    if (!value_bool(what, value, &on, error))
        return false;
    return on ? bad(error, what, "not yet supported") : true;
}

static bool set_cache(DriveSpec *spec, const char *what, const char *value, GError **error)
{
    static const char *const words[] = {"writeback", "none", "unsafe", "writethrough", "directsync"};
    unsigned i;
    if (!value_word(what, value, words, G_N_ELEMENTS(words), &i, error))
        return false;
    spec->direct = i == 1 || i == 4;
    spec->no_flush = i == 2;
    spec->writethrough = i == 3 || i == 4;
    return true;
}

static bool set_direct(DriveSpec *spec, const char *what, const char *value, GError **error)
{
    return value_bool(what, value, &spec->direct, error);
}

static bool set_no_flush(DriveSpec *spec, const char *what, const char *value, GError **error)
{
    return value_bool(what, value, &spec->no_flush, error);
}

static bool set_writeback(DriveSpec *spec, const char *what, const char *value, GError **error)
{
    bool on = true;
    bool ok = value_bool(what, value, &on, error);
    spec->writethrough = !on;
    return ok;
}

static bool set_aio(DriveSpec *spec, const char *what, const char *value, GError **error)
{
    static const char *const words[] = {"threads", "native", "io_uring"};
    unsigned i;
    if (!value_word(what, value, words, G_N_ELEMENTS(words), &i, error))
        return false;
    spec->aio = (DriveAio)(DRIVE_AIO_THREADS + i);
    return true;
}

static bool set_discard(DriveSpec *spec, const char *what, const char *value, GError **error)
{
    static const char *const words[] = {"ignore", "off", "unmap", "on"};
    unsigned i;
    if (!value_word(what, value, words, G_N_ELEMENTS(words), &i, error))
        return false;
    spec->unmap = i >= 2;
    return true;
}

static bool set_zeros(DriveSpec *spec, const char *what, const char *value, GError **error)
{
    static const char *const words[] = {"off", "on", "unmap"};
    unsigned i;
    if (!value_word(what, value, words, G_N_ELEMENTS(words), &i, error))
        return false;
    spec->zeros = (DriveZeros)i;
    return true;
}

static const char *const on_error[] = {"report", "ignore", "stop", "enospc"};

bool drive_spec_set_on_error(DriveSpec *spec, const char *what, bool read, const char *value, GError **error)
{
    unsigned i;
    if (!value_word(what, value, on_error, (read ? DRIVE_ON_ERROR_STOP : DRIVE_ON_ERROR_ENOSPC) + 1, &i, error))
        return false;
    *(read ? &spec->rerror : &spec->werror) = (DriveOnError)i;
    return true;
}

static bool set_werror(DriveSpec *spec, const char *what, const char *value, GError **error)
{
    return drive_spec_set_on_error(spec, what, false, value, error);
}

static bool set_rerror(DriveSpec *spec, const char *what, const char *value, GError **error)
{
    return drive_spec_set_on_error(spec, what, true, value, error);
}

static bool set_locking(DriveSpec *spec, const char *what, const char *value, GError **error)
{
    static const char *const words[] = {"auto", "on", "off"};
    unsigned i;
    if (!value_word(what, value, words, G_N_ELEMENTS(words), &i, error))
        return false;
    spec->unlocked = i == 2;
    return true;
}

/* --- keys of -blockdev alone */

/* The layers of a drive are one here, and what the upper one does not pass on, the lower one never sees. */
static bool set_file_discard(DriveSpec *spec, const char *what, const char *value, GError **error)
{
    DriveSpec below = {0};
    return set_discard(&below, what, value, error);
}

/* The file alone is a node, too, and as good as a raw image of it. */
static bool set_driver(DriveSpec *spec, const char *what, const char *value, GError **error)
{
    bool is_file = !strcmp(value, "file") || !strcmp(value, "host_device");
    if (!strcmp(value, "null-co") || !strcmp(value, "null-aio")) {
        spec->format = BLOCK_FORMAT_NULL;
        return true;
    }
    return set_format(spec, what, is_file ? "raw" : value, error);
}

static bool set_protocol(DriveSpec *spec, const char *what, const char *value, GError **error)
{
    static const char *const words[] = {"file", "host_device"};
    unsigned i;
    return value_word(what, value, words, G_N_ELEMENTS(words), &i, error);
}

static bool set_below(DriveSpec *spec, const char *what, const char *value, GError **error)
{
    return set_text(&spec->below, what, value, error);
}

static bool set_bool(DriveSpec *spec, const char *what, const char *value, GError **error)
{
    bool on;
    return value_bool(what, value, &on, error); /* a drive that cannot be written is refused rather than opened for reading */
}

/* What is behind the image; "" or null: nothing. */
static bool set_behind(DriveSpec *spec, const char *what, const char *value, GError **error)
{
    g_free(spec->behind_node);
    spec->behind_node = g_strdup(value);
    return true;
}

static bool set_size(DriveSpec *spec, const char *what, const char *value, GError **error)
{
    return value_size(what, value, 0, &spec->size, error) &&
           (!(spec->size % 512) || bad(error, what, "a drive is a multiple of 512 bytes"));
}

/* Keys of what has no name of its own here. */
static bool set_nothing(DriveSpec *spec, const char *what, const char *value, GError **error)
{
    return true;
}

/* --- the whole */

typedef struct Key {
    const char *key;
    bool (*set)(DriveSpec *spec, const char *what, const char *value, GError **error);
} Key;

static const Key drive_keys[] = {
    {"file", set_file},
    {"file.filename", set_file},
    {"id", set_id},
    {"if", set_if},
    {"index", set_index},
    {"unit", set_index},
    {"bus", set_bus},
    {"media", set_media},
    {"format", set_format},
    {"driver", set_format},
    {"readonly", set_read_only},
    {"read-only", set_read_only},
    {"snapshot", set_snapshot},
    {"cache", set_cache},
    {"cache.direct", set_direct},
    {"cache.no-flush", set_no_flush},
    {"cache.writeback", set_writeback},
    {"aio", set_aio},
    {"discard", set_discard},
    {"detect-zeroes", set_zeros},
    {"copy-on-read", set_not_yet_on},
    {"werror", set_werror},
    {"rerror", set_rerror},
    {"file.locking", set_locking},
    {"file.driver", set_protocol},
    {"file.aio", set_aio},
    {"file.node-name", set_nothing},
    {"node-name", set_nothing},
    {"auto-read-only", set_bool},
    {"file.auto-read-only", set_bool},
};

static const Key node_keys[] = {
    {"", set_driver}, /* the first part, without a key */
    {"driver", set_driver},
    {"node-name", set_id},
    {"filename", set_file},
    {"file.filename", set_file},
    {"file.driver", set_protocol},
    {"file", set_below},
    {"read-only", set_read_only},
    {"auto-read-only", set_bool},
    {"cache.direct", set_direct},
    {"cache.no-flush", set_no_flush},
    {"aio", set_aio},
    {"file.aio", set_aio},
    {"discard", set_discard},
    {"detect-zeroes", set_zeros},
    {"locking", set_locking},
    {"file.locking", set_locking},
    {"file.node-name", set_nothing},
    {"file.read-only", set_read_only},
    {"file.auto-read-only", set_bool},
    {"file.cache.direct", set_direct},
    {"file.cache.no-flush", set_no_flush},
    {"file.discard", set_file_discard},
    {"file.detect-zeroes", set_nothing},
    {"backing", set_behind},
    {"size", set_size},
    {"read-zeroes", set_bool},
};

/* Keys that begin so are of QEMU's limits on requests a second. */
static const char *const throttling[] = {"throttling.", "bps", "iops", "group"};

static bool set_key(DriveSpec *spec, const char *option, const Key *keys, size_t n, const KeyVal *pair, GError **error)
{
    g_autofree const char **known = g_new(const char *, n);
    for (size_t i = 0; i < n; i++) {
        g_autofree char *what = g_strdup_printf("%s %s", option, *pair->key ? pair->key : "driver");
        if (!strcmp(keys[i].key, pair->key))
            return keys[i].set(spec, what, pair->value, error);
        known[i] = keys[i].key;
    }
    const char *word = *pair->key ? pair->key : pair->value;
    for (size_t i = 0; i < G_N_ELEMENTS(throttling); i++) {
        if (g_str_has_prefix(word, throttling[i]))
            return bad(error, option, "drives are not throttled: bps=, iops= and their like are not supported");
    }
    g_autofree char *hint = suggest_phrase(word, known, n);
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s: unknown property '%s'%s", option, word, hint);
    return false;
}

/* What is missing when all keys were read; NULL: nothing. */
static const char *missing(const DriveSpec *spec)
{
    if (spec->zeros == DRIVE_ZEROS_UNMAPPED && !spec->unmap)
        return "detect-zeroes=unmap needs discard=unmap";
    if (!spec->node)
        return spec->file ? NULL : "file=FILE is missing: a drive without a medium is not yet supported";
    if (!spec->id)
        return "node-name=ID is missing";
    if (!spec->format)
        return "driver=raw|qcow2|file is missing";
    if (spec->behind_node && spec->format != BLOCK_FORMAT_QCOW2)
        return "only driver=qcow2 has a backing file";
    if (spec->format == BLOCK_FORMAT_NULL)
        return spec->file || spec->below ? "driver=null-co has no file" : NULL;
    return !spec->file == !spec->below ? "either filename=FILE or file=NODE is needed" : NULL;
}

static DriveSpec *parse(const char *option, const char *text, bool node, GError **error)
{
    g_autoptr(GPtrArray) pairs = keyval_split(text);
    DriveSpec *spec = g_new0(DriveSpec, 1);
    bool ok = true;
    spec->werror = DRIVE_ON_ERROR_ENOSPC;
    spec->node = node;
    spec->size = UINT64_C(1) << 30; /* of null-co, as QEMU has it */
    for (guint i = 0; i < pairs->len && ok; i++)
        ok = set_key(spec, option, node ? node_keys : drive_keys, node ? G_N_ELEMENTS(node_keys) : G_N_ELEMENTS(drive_keys),
                     pairs->pdata[i], error);
    if (ok && missing(spec))
        ok = bad(error, option, missing(spec));
    if (ok)
        return spec;
    drive_spec_free(spec);
    return NULL;
}

DriveSpec *drive_spec_parse(const char *option, const char *text, GError **error)
{
    return parse(option, text, false, error);
}

DriveSpec *drive_node_parse(const char *option, const char *text, GError **error)
{
    return parse(option, text, true, error);
}

void drive_spec_free(DriveSpec *spec)
{
    g_free(spec->option);
    g_free(spec->id);
    g_free(spec->below);
    g_free(spec->behind_node);
    if (spec->behind)
        drive_spec_free(spec->behind);
    g_free(spec->file);
    g_free(spec);
}
