/* SPDX-License-Identifier: MIT
 *
 * What guest RAM is made of: -mem-path, -mem-prealloc, and -object memory-backend-… with -machine memory-backend=.
 */
#include "platform/options/property.h"

#include <string.h>

#include "platform/base/ram_source.h"

/* One -object memory-backend-…, of a Parse's memory_backends. */
typedef struct MemoryBackend {
    const char *id, *type;
    uint64_t size; /* 0: not given */
    RamSource source;
} MemoryBackend;

GArray *options_memory_backends_new(void)
{
    return g_array_new(FALSE, FALSE, sizeof(MemoryBackend));
}

static MemoryBackend *current(const Parse *p)
{
    GArray *all = p->memory_backends;
    return &g_array_index(all, MemoryBackend, all->len - 1);
}

static bool backend_type(Parse *p, const char *what, const char *value, GError **error)
{
    return property_string(p, &current(p)->type, what, value, error);
}

static bool backend_id(Parse *p, const char *what, const char *value, GError **error)
{
    for (guint i = 0; i + 1 < p->memory_backends->len; i++) {
        if (!g_strcmp0(g_array_index(p->memory_backends, MemoryBackend, i).id, value))
            return option_bad(error, "-object %s: there is already an object with id '%s'", current(p)->type, value);
    }
    return property_string(p, &current(p)->id, what, value, error);
}

static bool backend_path(Parse *p, const char *what, const char *value, GError **error)
{
    if (strcmp(current(p)->type, "memory-backend-file"))
        return option_bad(error, "%s: memory-backend-file has it alone", what);
    return property_string(p, &current(p)->source.path, what, value, error);
}

static bool backend_size(Parse *p, const char *what, const char *value, GError **error)
{
    return value_size(what, value, 0, &current(p)->size, error);
}

static bool backend_share(Parse *p, const char *what, const char *value, GError **error)
{
    return value_bool(what, value, &current(p)->source.share, error);
}

static bool backend_prealloc(Parse *p, const char *what, const char *value, GError **error)
{
    return value_bool(what, value, &current(p)->source.prealloc, error);
}

bool option_add_memory_backend(Parse *p, const char *arg, GError **error)
{
    static const Property rows[] = {
        {"", backend_type},
        {"id", backend_id},
        {"size", backend_size},
        {"mem-path", backend_path},
        {"share", backend_share},
        {"prealloc", backend_prealloc},
        {"merge", property_no_switch},        /* the host's KSM is not asked to look at RAM */
        {"dump", property_no_switch},         /* a core of this program has RAM in it as the host says */
        {"reserve", property_no_switch},      /* no swap space is reserved */
        {"discard-data", property_no_switch}, /* pages of a file stay the host's to write back */
        {"x-use-canonical-path-for-ramblock-id", property_no_switch},
        {"hugetlb", property_must_be_off},
        {"seal", property_no_switch}, /* nobody else has the descriptor */
    };
    g_array_set_size(p->memory_backends, p->memory_backends->len + 1);
    MemoryBackend *b = current(p);
    *b = (MemoryBackend){.source.option = "-object memory-backend"};
    if (!PROPERTIES_SET(p, "-object", rows, arg, error))
        return false;
    b->source.memfd = !strcmp(b->type, "memory-backend-memfd");
    if (!b->id)
        return option_bad(error, "-object %s: id=ID is missing", arg);
    if (!b->size)
        return option_bad(error, "-object %s: size=SIZE is missing", arg);
    if (!strcmp(b->type, "memory-backend-file") && !b->source.path)
        return option_bad(error, "-object %s: mem-path=FILE is missing", arg);
    return true;
}

bool option_set_mem_path(Parse *p, const char *arg, GError **error)
{
    p->config->ram_source.option = "-mem-path";
    return property_string(p, &p->config->ram_source.path, "-mem-path", arg, error);
}

bool option_set_mem_prealloc(Parse *p, const char *arg, GError **error)
{
    p->config->ram_source.prealloc = true;
    return true;
}

/* Without -m the size is the object's. */
bool options_complete_memory(Parse *p, GError **error)
{
    Config *c = p->config;
    const MemoryBackend *found = NULL;
    if (!p->memory_backend)
        return true;
    for (guint i = 0; i < p->memory_backends->len; i++) {
        const MemoryBackend *b = &g_array_index(p->memory_backends, MemoryBackend, i);
        if (!strcmp(b->id, p->memory_backend))
            found = b;
    }
    if (!found)
        return option_bad(error, "-M memory-backend=%s: no -object memory-backend-… has this id", p->memory_backend);
    if (c->ram_source.path)
        return option_bad(error, "-M memory-backend=%s: -mem-path says something else", p->memory_backend);
    if (p->memory_given && found->size != c->ram_size)
        return option_bad(error, "-M memory-backend=%s: its size is not that of -m", p->memory_backend);
    bool prealloc = c->ram_source.prealloc;
    c->ram_size = found->size;
    c->ram_source = found->source;
    c->ram_source.prealloc |= prealloc;
    return options_check_ram(c->ram_size, "-M memory-backend", error);
}
