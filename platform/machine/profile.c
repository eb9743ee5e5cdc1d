/* SPDX-License-Identifier: MIT
 *
 * -profile: what the vCPUs executed, by the guest's functions.  FILE is for reading; FILE.folded has a line for each stack, which is what
 * programs that draw flame graphs take.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cpu/log.h"
#include "platform/image/symbols.h"
#include "platform/machine/machine.h"

enum { INTERVAL = 1 << 17 }; /* instructions: some thousand samples a second, and no cost that could be measured */

struct MachineProfile {
    Profile *profile;
    Symbols *symbols; /* NULL: addresses are all that is known */
    const char *file;
    FILE *report, *folded;
};

static FILE *create(const char *name, GError **error)
{
    FILE *file = fopen(name, "we");
    if (!file)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "-profile %s: cannot open: %s", name, g_strerror(errno));
    return file;
}

bool machine_add_profile(Machine *m, GError **error)
{
    const Config *config = m->config;
    if (!config->profile)
        return true;
    MachineProfile *p = m->profile = g_new0(MachineProfile, 1);
    g_autofree char *folded = g_strconcat(config->profile, ".folded", NULL);
    GError *why = NULL;
    p->file = config->profile;
    p->profile = profile_new(config->profile_interval ? config->profile_interval : INTERVAL);
    const char *program = config->profile_symbols ? config->profile_symbols : config->kernel ? config->kernel : config->bios;
    if (program && !(p->symbols = symbols_read(program, &why))) {
        if (config->profile_symbols) {
            g_propagate_prefixed_error(error, why, "-profile symbols=");
            return false;
        }
        message_warning("-profile: no names of functions: %s; symbols=ELF names another file", why->message);
        g_clear_error(&why);
    }
    return (p->report = create(config->profile, error)) && (p->folded = create(folded, error));
}

Profile *machine_samples(const Machine *m)
{
    return m->profile ? m->profile->profile : NULL;
}

/* --- what is written */

typedef struct Count {
    char *name; /* key of the table */
    uint64_t own, with_callees;
} Count;

typedef struct Writing {
    const MachineProfile *p;
    GHashTable *functions; /* name → Count* */
    GHashTable *folded;    /* line → uint64_t* */
} Writing;

/* A function, or where none is known the address; of a user's program no more than that it is one. */
static char *name_of(const Writing *w, Ea ea, bool user)
{
    const char *name = symbols_name(w->p->symbols, ea);
    return name ? g_strdup(name) : user ? g_strdup("[user]") : g_strdup_printf("0x%" PRI_EA, ea);
}

static Count *count_of(Writing *w, const char *name)
{
    Count *count = g_hash_table_lookup(w->functions, name);
    if (!count) {
        count = g_new0(Count, 1);
        count->name = g_strdup(name);
        g_hash_table_insert(w->functions, count->name, count);
    }
    return count;
}

/* The innermost function first; a return address lies behind the call, which may be its function's last instruction. */
static GPtrArray *names_of(const Writing *w, const ProfileStack *stack)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(names, name_of(w, stack->pc, stack->user));
    if (stack->user && !w->p->symbols)
        return names;
    g_autofree char *by_lr = name_of(w, stack->lr - 4, stack->user);
    g_autofree char *saved = stack->n ? name_of(w, stack->caller[0] - 4, stack->user) : NULL;
    /* LR is a caller's that no frame has yet, unless it is left from a call that this function made, or is in the frame already. */
    if (strcmp(by_lr, names->pdata[0]) && g_strcmp0(by_lr, saved) && symbols_name(w->p->symbols, stack->lr - 4))
        g_ptr_array_add(names, g_steal_pointer(&by_lr));
    for (unsigned i = 0; i < stack->n; i++) { /* a leaf's frame has no return address, but whatever lies there */
        if (!w->p->symbols || symbols_name(w->p->symbols, stack->caller[i] - 4))
            g_ptr_array_add(names, name_of(w, stack->caller[i] - 4, stack->user));
    }
    return names;
}

static void add(void *opaque, const ProfileStack *stack, uint64_t samples)
{
    Writing *w = opaque;
    g_autoptr(GPtrArray) names = names_of(w, stack);
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal); /* one that calls itself is counted once */
    g_autoptr(GString) line = g_string_new(NULL);
    for (guint i = names->len; i-- > 0;) {
        g_string_append_printf(line, "%s%s", line->len ? ";" : "", (char *)names->pdata[i]);
        if (g_hash_table_add(seen, names->pdata[i]))
            count_of(w, names->pdata[i])->with_callees += samples;
    }
    count_of(w, names->pdata[0])->own += samples;
    uint64_t *sum = g_hash_table_lookup(w->folded, line->str);
    if (!sum)
        g_hash_table_insert(w->folded, g_strdup(line->str), sum = g_new0(uint64_t, 1));
    *sum += samples;
}

static gint by_own(gconstpointer a, gconstpointer b)
{
    const Count *x = a, *y = b;
    return x->own != y->own ? (x->own < y->own ? 1 : -1) : strcmp(x->name, y->name);
}

static void write_report(const Writing *w, uint64_t samples, uint64_t dropped)
{
    g_autoptr(GList) rows = g_list_sort(g_hash_table_get_values(w->functions), by_own);
    FILE *to = w->p->report;
    fprintf(to, "# a sample each %" PRIu64 " instructions of a vCPU: %" PRIu64 " samples", profile_interval(w->p->profile),
            samples);
    if (dropped)
        fprintf(to, ", %" PRIu64 " of them of too many different stacks to keep", dropped);
    fprintf(to, "\n# own: in the function itself; all: in what it calls, too\n#    own     all  function\n");
    for (const GList *at = rows; at; at = at->next) {
        const Count *c = at->data;
        fprintf(to, "%7.2f%% %6.2f%%  %s\n", 100.0 * (double)c->own / (double)samples,
                100.0 * (double)c->with_callees / (double)samples, c->name);
    }
}

static void write_folded(const Writing *w)
{
    g_autoptr(GList) lines = g_list_sort(g_hash_table_get_keys(w->folded), (GCompareFunc)strcmp);
    for (const GList *at = lines; at; at = at->next)
        fprintf(w->p->folded, "%s %" PRIu64 "\n", (char *)at->data, *(uint64_t *)g_hash_table_lookup(w->folded, at->data));
}

static void close_file(FILE *file, const char *name, const char *suffix)
{
    bool bad = file && ferror(file);
    if (file && (fclose(file) || bad))
        message_error("-profile %s%s: cannot write: %s", name, suffix, g_strerror(errno));
}

static void free_count(gpointer count)
{
    g_free(((Count *)count)->name);
    g_free(count);
}

void machine_end_profile(Machine *m)
{
    MachineProfile *p = m->profile;
    if (!p)
        return;
    Writing w = {p, g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_count),
                 g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free)};
    if (p->report && p->folded) {
        profile_each(p->profile, add, &w);
        write_report(&w, profile_samples(p->profile), profile_dropped(p->profile));
        write_folded(&w);
    }
    close_file(p->report, p->file, "");
    close_file(p->folded, p->file, ".folded");
    g_hash_table_unref(w.functions);
    g_hash_table_unref(w.folded);
    symbols_free(p->symbols);
    profile_free(p->profile);
    g_clear_pointer(&m->profile, g_free);
}
