/* SPDX-License-Identifier: MIT
 *
 * -fsdev local: its keys, as QEMU spells them, and the directory.
 */
#include "platform/share/priv.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "platform/base/keyval.h"
#include "platform/base/suggest.h"

typedef struct Spec {
    char *what; /* "-fsdev local,id=f", for messages */
    char *id, *path;
    bool readonly, passthrough;
    bool has_model;
} Spec;

static void spec_clear(Spec *spec)
{
    g_free(spec->what);
    g_free(spec->id);
    g_free(spec->path);
}

static bool bad(const Spec *spec, GError **error, const char *format, ...) G_GNUC_PRINTF(3, 4);

static bool bad(const Spec *spec, GError **error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s: %s", spec->what, text);
    return false;
}

static bool set_text(char **to, const char *value)
{
    g_free(*to);
    *to = g_strdup(value);
    return *value;
}

static bool set_model(Spec *spec, const char *value, GError **error)
{
    spec->passthrough = !strcmp(value, "passthrough");
    spec->has_model = spec->passthrough || !strcmp(value, "none");
    if (spec->has_model)
        return true;
    return bad(spec, error, "security_model=%s: %s", value,
               !strcmp(value, "mapped") || !strcmp(value, "mapped-xattr") || !strcmp(value, "mapped-file")
                   ? "owners and modes are the host's own here; none and passthrough are supported"
                   : "it is none or passthrough");
}

static bool set_key(Spec *spec, const KeyVal *pair, GError **error)
{
    static const char *const keys[] = {"id", "path", "security_model", "readonly", "writeout", "multidevs"};
    if (!strcmp(pair->key, "id"))
        return set_text(&spec->id, pair->value) || bad(spec, error, "id= must not be empty");
    if (!strcmp(pair->key, "path"))
        return set_text(&spec->path, pair->value) || bad(spec, error, "path= must not be empty");
    if (!strcmp(pair->key, "security_model"))
        return set_model(spec, pair->value, error);
    if (!strcmp(pair->key, "readonly"))
        return value_bool("-fsdev readonly", pair->value, &spec->readonly, error);
    if (!strcmp(pair->key, "writeout"))
        return !strcmp(pair->value, "immediate") ||
               bad(spec, error, "writeout=%s: it is immediate", pair->value); /* fsync brings it there */
    if (!strcmp(pair->key, "multidevs")) /* numbers of files of other file systems below are changed always */
        return !strcmp(pair->value, "remap") || !strcmp(pair->value, "warn") ||
               bad(spec, error, "multidevs=%s: it is remap", pair->value);
    const char *word = *pair->key ? pair->key : pair->value;
    g_autofree char *hint = suggest_phrase(word, keys, G_N_ELEMENTS(keys));
    return bad(spec, error, "unknown key '%s'%s", word, hint);
}

static bool parse(const char *text, Spec *spec, GError **error)
{
    g_autoptr(GPtrArray) pairs = keyval_split(text);
    const KeyVal *first = pairs->pdata[0];
    *spec = (Spec){.what = g_strdup_printf("-fsdev %s", text)};
    if ((*first->key && strcmp(first->key, "fsdriver")) || strcmp(first->value, "local"))
        return bad(spec, error, "'%s' is not supported; local, a directory of this host, is", first->value);
    for (guint i = 1; i < pairs->len; i++)
        if (!set_key(spec, pairs->pdata[i], error))
            return false;
    if (!spec->id || !spec->path || !spec->has_model)
        return bad(spec, error, "%s= is missing", !spec->id ? "id" : !spec->path ? "path" : "security_model");
    return true;
}

bool share_option_check(const char *text, char **id, GError **error)
{
    Spec spec;
    bool ok = parse(text, &spec, error);
    *id = g_steal_pointer(&spec.id);
    spec_clear(&spec);
    return ok;
}

static bool open_root(Share *s, const Spec *spec, GError **error)
{
    struct stat st;
    s->root = open(spec->path, O_PATH | O_DIRECTORY | O_CLOEXEC); /* the user's own path may have links in it */
    if (s->root >= 0 && !fstat(s->root, &st)) {
        s->dev = st.st_dev;
        return true;
    }
    int why = errno;
    g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(why), "%s: cannot open '%s': %s", spec->what, spec->path,
                g_strerror(why));
    return false;
}

Share *share_new(const char *text, GError **error)
{
    Spec spec;
    Share *s = NULL;
    if (parse(text, &spec, error)) {
        s = g_new0(Share, 1);
        s->readonly = spec.readonly;
        s->passthrough = spec.passthrough;
        s->fids = share_fids_new();
        s->id = g_strdup(spec.id);
        if (!open_root(s, &spec, error))
            g_clear_pointer(&s, share_free);
    }
    spec_clear(&spec);
    return s;
}

const char *share_id(const Share *s)
{
    return s->id;
}

void share_free(Share *s)
{
    if (!s)
        return;
    g_hash_table_unref(s->fids);
    if (s->root >= 0)
        close(s->root);
    g_free(s->id);
    g_free(s);
}
