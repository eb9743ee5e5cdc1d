/* SPDX-License-Identifier: MIT
 *
 * The structure block is a row of tokens.  They are copied one by one, but for false promises and whole nodes that this machine
 * lacks.  Properties come before subnodes (DTSpec 5.4.2), so a look at a node's own properties, before it is copied, decides.
 */
#include "dts/prune.h"

#include <libfdt.h>
#include <string.h>

#include "hcall/hcall.h"

enum { PATH_SHOWN = 200 }; /* characters of a path in a message */

typedef struct Prune {
    const char *strings; /* the strings block: names of properties */
    const Nodes *nodes;
    GHashTable *handles; /* set of "HANDLE KIND", what this machine has; NULL: handles are not checked */
    NodesReport *report;
    GByteArray *out;
    GString *path;   /* of the node that is open */
    GArray *parents; /* of gsize: how long the path was where it, and each node around it, began */
    bool has_memory;
} Prune;

/* A token with what belongs to it. */
typedef struct Token {
    uint32_t tag;
    const char *name; /* of a node or property */
    const void *value;
    uint32_t len;
    const uint8_t *next;
} Token;

NodesReport *nodes_report_new(void)
{
    NodesReport *report = g_new0(NodesReport, 1);
    report->lines = g_ptr_array_new_with_free_func(g_free);
    return report;
}

void nodes_report_free(NodesReport *report)
{
    g_ptr_array_unref(report->lines);
    g_free(report);
}

void prune_report(NodesReport *report, const char *path, const char *format, ...)
{
    if (report->n++ >= NODES_REPORT_LINES)
        return;
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    char *line = g_strdup_printf("%.*s%s: %s", PATH_SHOWN, *path ? path : "/", strlen(path) > PATH_SHOWN ? "..." : "", text);
    for (char *c = line; *c; c++) {
        if (!g_ascii_isprint(*c)) /* a file's name must not break the line or control the terminal */
            *c = '?';
    }
    g_ptr_array_add(report->lines, line);
}

static uint32_t cell(const void *at)
{
    return fdt32_to_cpu(*(const fdt32_t *)at);
}

static const uint8_t *padded(const uint8_t *at, size_t size)
{
    return at + ((size + 3) & ~(size_t)3);
}

static Token token_at(Prune *p, const uint8_t *at)
{
    Token t = {.tag = cell(at), .next = at + 4};
    p->report->steps++;
    if (t.tag == FDT_BEGIN_NODE) {
        t.name = (const char *)t.next;
        t.next = padded(t.next, strlen(t.name) + 1);
    } else if (t.tag == FDT_PROP) {
        t.len = cell(at + 4);
        t.name = p->strings + cell(at + 8);
        t.value = at + 12;
        t.next = padded(t.value, t.len);
    }
    return t;
}

/* ---- what this machine has ---- */

static char *handle_key(uint32_t handle, const char *kind)
{
    return g_strdup_printf("%x %s", handle, kind);
}

static GHashTable *own_handles(const Nodes *nodes)
{
    if (!nodes->own)
        return NULL;
    GHashTable *set = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    const void *own = g_bytes_get_data(nodes->own, NULL);
    for (int node = 0; node >= 0; node = fdt_next_node(own, node, NULL)) {
        int len, size;
        const fdt32_t *handle = fdt_getprop(own, node, "hv-handle", &len);
        const char *kind = fdt_getprop(own, node, "compatible", &size);
        if (!handle || len != 4 || !kind)
            continue;
        for (const char *end = kind + size; kind < end; kind += strlen(kind) + 1)
            g_hash_table_add(set, handle_key(cell(handle), kind));
    }
    return set;
}

/* ---- what is false ---- */

/* Why a property is false; NULL: it may stay. */
static const char *false_property(const Prune *p, const Token *t)
{
    const Nodes *nodes = p->nodes;
    if (!strcmp(t->name, "hcall-instructions")) {
        bool same = nodes->n_hcall_instructions > 0 && t->len == nodes->n_hcall_instructions * 4;
        for (unsigned i = 0; same && i < nodes->n_hcall_instructions; i++)
            same = cell((const fdt32_t *)t->value + i) == nodes->hcall_instructions[i];
        return same ? NULL : "is not this machine's hypercall";
    }
    unsigned kept = nodes->n_hcall_instructions ? nodes->present : 0;
#define PROMISE(property, need)                                    \
    if (!strcmp(t->name, property) && !(kept & HCALL_NEED_##need)) \
        return "promises what this machine does not do";
#include "dts/promises.def"
#undef PROMISE
    return NULL;
}

/* The properties of a node that decide about it; each as the first of its name, as libfdt finds it. */
typedef struct Facts {
    Token type, reg, handle, compatible;
} Facts;

static Facts look_at(Prune *p, const uint8_t *at)
{
    Facts f = {.type = {0}};
    for (Token t = token_at(p, at); t.tag == FDT_PROP || t.tag == FDT_NOP; t = token_at(p, t.next)) {
        const struct {
            const char *name;
            Token *to;
        } wanted[] = {{"device_type", &f.type}, {"reg", &f.reg}, {"hv-handle", &f.handle}, {"compatible", &f.compatible}};
        for (size_t i = 0; t.tag == FDT_PROP && i < G_N_ELEMENTS(wanted); i++) {
            if (!wanted[i].to->tag && !strcmp(t.name, wanted[i].name))
                *wanted[i].to = t;
        }
    }
    return f;
}

static bool is_type(const Facts *f, const char *type)
{
    return f->type.tag && f->type.len == strlen(type) + 1 && !memcmp(f->type.value, type, f->type.len);
}

/* True: this machine lacks the node's handle, or has it for something else, so a guest's calls with it would be refused. */
static bool is_missing_handle(const Prune *p, const Facts *f)
{
    if (!p->handles || !f->handle.tag || f->handle.len != 4 || !f->compatible.tag)
        return false;
    const char *kind = f->compatible.value;
    if (!memchr(kind, '\0', f->compatible.len))
        return false; /* no driver looks for such a node */
    g_autofree char *key = handle_key(cell(f->handle.value), kind);
    return !g_hash_table_contains(p->handles, key);
}

/* True: the node that begins with these properties is not copied, and that was said. */
static bool drop_node(Prune *p, const Facts *f)
{
    const unsigned n = p->nodes->n_cpus;
    if (is_type(f, "memory")) {
        if (p->has_memory)
            prune_report(p->report, p->path->str, "memory that this machine does not have; removed");
        bool again = p->has_memory;
        p->has_memory = true;
        return again;
    }
    /* A guest would release this CPU and wait for it for ever. */
    if (is_type(f, "cpu") && f->reg.len >= 4 && cell((const fdt32_t *)f->reg.value + f->reg.len / 4 - 1) >= n) {
        prune_report(p->report, p->path->str, "this machine has %u vCPU%s; removed", n, n == 1 ? "" : "s");
        return true;
    }
    if (is_missing_handle(p, f)) {
        prune_report(p->report, p->path->str, "this machine has nothing of that kind with handle 0x%x; removed",
                     cell(f->handle.value));
        return true;
    }
    return false;
}

/* Where the node ends whose content begins at `at`: behind its last token. */
static const uint8_t *skip_node(Prune *p, const uint8_t *at)
{
    for (unsigned depth = 1; depth > 0;) {
        Token t = token_at(p, at);
        depth += (t.tag == FDT_BEGIN_NODE) - (t.tag == FDT_END_NODE);
        at = t.next;
    }
    return at;
}

/* ---- the walk ---- */

static void path_enter(Prune *p, const char *name)
{
    g_array_append_val(p->parents, p->path->len);
    if (p->parents->len > 1) /* the root has no name */
        g_string_append_printf(p->path, "/%s", name);
}

static void path_leave(Prune *p)
{
    guint last = p->parents->len - 1;
    g_string_truncate(p->path, g_array_index(p->parents, gsize, last));
    g_array_set_size(p->parents, last);
}

/* Whether a token is copied.  A node that is not is left behind whole: t->next is moved to its end. */
static bool is_kept(Prune *p, Token *t)
{
    const char *why;
    if (t->tag == FDT_BEGIN_NODE) {
        path_enter(p, t->name);
        Facts facts = look_at(p, t->next);
        if (p->parents->len == 1 || !drop_node(p, &facts))
            return true;
        t->next = skip_node(p, t->next);
        path_leave(p);
        return false;
    }
    if (t->tag == FDT_END_NODE)
        path_leave(p);
    if (t->tag == FDT_PROP && (why = false_property(p, t))) {
        prune_report(p->report, p->path->str, "property '%s' %s; removed", t->name, why);
        return false;
    }
    return t->tag != FDT_NOP;
}

GByteArray *prune_structure(const void *fdt, const Nodes *nodes, NodesReport *report)
{
    const uint8_t *at = (const uint8_t *)fdt + fdt_off_dt_struct(fdt);
    Prune p = {
        .strings = (const char *)fdt + fdt_off_dt_strings(fdt),
        .nodes = nodes,
        .handles = own_handles(nodes),
        .report = report,
        .out = g_byte_array_sized_new(fdt_size_dt_struct(fdt)),
        .path = g_string_new(NULL),
        .parents = g_array_new(FALSE, FALSE, sizeof(gsize)),
    };
    for (uint32_t tag = FDT_NOP; tag != FDT_END;) {
        Token t = token_at(&p, at);
        if (is_kept(&p, &t))
            g_byte_array_append(p.out, at, (guint)(t.next - at));
        tag = t.tag;
        at = t.next;
    }
    g_clear_pointer(&p.handles, g_hash_table_destroy);
    g_string_free(p.path, TRUE);
    g_array_unref(p.parents);
    return p.out;
}
