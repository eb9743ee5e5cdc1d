/* SPDX-License-Identifier: MIT
 *
 * Back ends by their ids, whatever they are for: each is used once at most.
 */
#include "platform/options/priv.h"

#include <string.h>

#include "platform/base/suggest.h"

BackendConfig *backend_config_new(const char *id, const char *text)
{
    BackendConfig *b = g_new0(BackendConfig, 1);
    b->id = g_strdup(id);
    b->text = g_strdup(text);
    return b;
}

void backend_config_free(gpointer pointer)
{
    BackendConfig *b = pointer;
    g_free(b->id);
    g_free(b->text);
    g_free(b);
}

BackendConfig *backend_find(const GPtrArray *all, const char *id)
{
    for (guint i = 0; i < all->len; i++) {
        BackendConfig *b = all->pdata[i];
        if (!strcmp(b->id, id))
            return b;
    }
    return NULL;
}

bool backend_claim(const GPtrArray *all, const char *option, const char *user, const char *id, GError **error)
{
    BackendConfig *b = backend_find(all, id);
    if (b && b->used_by)
        return option_bad(error, "%s: the back end '%s' is already used by %s", user, id, b->used_by);
    if (b) {
        b->used_by = user;
        return true;
    }
    g_autofree const char **ids = g_new0(const char *, all->len + 1);
    for (guint i = 0; i < all->len; i++)
        ids[i] = ((BackendConfig *)all->pdata[i])->id;
    g_autofree char *hint = suggest_phrase(id, ids, all->len);
    return option_bad(error, "%s: no %s has the id '%s'%s", user, option, id, hint);
}
