/* SPDX-License-Identifier: MIT */
#include "platform/base/section.h"

#include <inttypes.h>
#include <string.h>

/* ---- numbers in memory ---- */

static void number_put(void *at, const StateField *f, uint64_t value)
{
    if (f->is_bool)
        *(bool *)at = value != 0;
    else if (f->size == 1)
        *(uint8_t *)at = (uint8_t)value;
    else if (f->size == 2)
        *(uint16_t *)at = (uint16_t)value;
    else if (f->size == 4)
        *(uint32_t *)at = (uint32_t)value;
    else
        *(uint64_t *)at = value;
}

static uint64_t number_get(const void *at, const StateField *f)
{
    switch (f->size) {
    case 1:
        return *(const uint8_t *)at;
    case 2:
        return *(const uint16_t *)at;
    case 4:
        return *(const uint32_t *)at;
    case 8:
        return *(const uint64_t *)at;
    }
    g_error("saved state: %s has elements of %zu bytes", f->name, f->size);
}

void state_reset(const StateStruct *what, void *object)
{
    for (size_t i = 0; i < what->n_fields; i++) {
        const StateField *f = &what->fields[i];
        for (size_t n = 0; n < f->count && !f->kept; n++)
            number_put((char *)object + f->offset + n * f->stride, f, f->reset);
    }
}

/* ---- is every member told ---- */

/* Writes `mark` over the bytes of a member.  False: another one lies there. */
static bool mark_member(uint8_t *map, const StateField *f, uint8_t mark)
{
    for (size_t n = 0; n < f->count; n++) {
        uint8_t *at = map + f->offset + n * f->stride;
        for (size_t i = 0; i < f->size; i++)
            if (at[i])
                return false;
        memset(at, mark, f->size);
    }
    return true;
}

/* Where a map has a mark: the alignment of the member, and whether it is one of an array of structs, which may end in padding. */
enum { MARK_COLUMN = 0x80 };

static size_t align_up(size_t at, size_t align)
{
    return (at + align - 1) / align * align;
}

/* Bytes of a map that belong to nobody, but for padding: what comes next begins at a multiple of its alignment. */
static bool find_hole(const uint8_t *map, size_t size, size_t align, size_t *at)
{
    for (size_t begin = 0, end; begin < size; begin = end) {
        for (end = begin; end < size && !map[end];)
            end++;
        size_t next = end < size ? map[end] & ~(size_t)MARK_COLUMN : align;
        bool in_column = begin && map[begin - 1] & MARK_COLUMN;
        if (end != begin && align_up(begin, next) != end && !(in_column && align_up(begin, align) == end)) {
            *at = begin;
            return true;
        }
        while (end < size && map[end])
            end++;
    }
    return false;
}

char *state_hole(const StateStruct *what)
{
    g_autofree uint8_t *map = g_malloc0(what->size);
    const StateField *before = NULL;
    size_t n = what->n_fields + what->n_derived, at;
    for (size_t i = 0; i < n; i++) {
        const StateField *f = i < what->n_fields ? &what->fields[i] : &what->derived[i - what->n_fields];
        uint8_t mark = (uint8_t)(MAX(f->align, 1) | (f->stride > f->size ? MARK_COLUMN : 0));
        if (!mark_member(map, f, mark))
            return g_strdup_printf("%s: '%s' is told twice", what->type, f->name);
    }
    if (!find_hole(map, what->size, what->align, &at))
        return NULL;
    for (size_t i = 0; i < n; i++) {
        const StateField *f = i < what->n_fields ? &what->fields[i] : &what->derived[i - what->n_fields];
        if (f->offset < at && (!before || f->offset > before->offset))
            before = f;
    }
    return g_strdup_printf("%s: the member at +%zu, behind '%s', is neither saved nor listed as derived", what->type, at,
                           before ? before->name : "the beginning");
}

/* ---- writing ---- */

static void put_number(GByteArray *out, size_t size, uint64_t value)
{
    uint64_t be = GUINT64_TO_BE(value);
    g_byte_array_append(out, (const uint8_t *)&be + 8 - size, (guint)size);
}

static void put_name(GByteArray *out, const char *name)
{
    size_t length = strlen(name);
    g_assert(length > 0 && length <= UINT8_MAX);
    put_number(out, 1, length);
    g_byte_array_append(out, (const uint8_t *)name, (guint)length);
}

SectionWriter section_begin(GByteArray *out, const char *tag, uint32_t version)
{
    put_name(out, tag);
    put_number(out, 4, version);
    put_number(out, 4, 0); /* section_end() knows */
    return (SectionWriter){out, out->len};
}

static void put_head(SectionWriter *w, const char *name, size_t size, size_t count)
{
    g_assert(count <= UINT32_MAX);
    put_name(w->out, name);
    put_number(w->out, 1, size);
    put_number(w->out, 4, count);
}

/* A struct is what it is, so it is looked at once. */
void state_check(const StateStruct *what)
{
    static GMutex lock;
    static GHashTable *seen;
    g_mutex_lock(&lock);
    if (!seen)
        seen = g_hash_table_new(NULL, NULL);
    g_autofree char *hole = g_hash_table_add(seen, (gpointer)what) ? state_hole(what) : NULL;
    g_mutex_unlock(&lock);
    if (hole)
        g_error("saved state: %s", hole);
}

static void put_elements(GByteArray *out, const StateField *f, const void *object)
{
    guint at = out->len;
    g_byte_array_set_size(out, at + (guint)(f->size * f->count));
    for (size_t n = 0; n < f->count; n++, at += (guint)f->size) {
        uint64_t be = GUINT64_TO_BE(number_get((const char *)object + f->offset + n * f->stride, f));
        memcpy(out->data + at, (const uint8_t *)&be + 8 - f->size, f->size);
    }
}

void section_put(SectionWriter *w, const StateStruct *what, const void *object)
{
    state_check(what);
    for (size_t i = 0; i < what->n_fields; i++) {
        const StateField *f = &what->fields[i];
        put_head(w, f->name, f->size, f->count);
        put_elements(w->out, f, object);
    }
}

void section_put_u64(SectionWriter *w, const char *name, uint64_t value)
{
    put_head(w, name, 8, 1);
    put_number(w->out, 8, value);
}

void section_put_bytes(SectionWriter *w, const char *name, const void *data, size_t size)
{
    put_head(w, name, 1, size);
    if (size)
        g_byte_array_append(w->out, data, (guint)size);
}

void section_put_string(SectionWriter *w, const char *name, const char *text)
{
    section_put_bytes(w, name, text, strlen(text));
}

void section_end(SectionWriter *w)
{
    uint32_t be = GUINT32_TO_BE((uint32_t)(w->out->len - w->begin));
    memcpy(w->out->data + w->begin - 4, &be, 4);
}

/* ---- reading ---- */

typedef struct Value {
    const uint8_t *data;
    size_t size, count; /* of an element; elements */
    bool taken;
} Value;

struct Section {
    Sections *all;
    char *tag;
    uint32_t version;
    GHashTable *values; /* name → Value */
    bool taken;
};

struct Sections {
    GHashTable *sections; /* tag → Section */
    GError *error;        /* the first */
};

/* What is left of the input; ok: so far it was long enough. */
typedef struct Input {
    const uint8_t *data;
    size_t size;
    bool ok;
} Input;

static const uint8_t *take(Input *in, size_t size)
{
    const uint8_t *at = in->data;
    if (!in->ok || size > in->size) {
        in->ok = false;
        return NULL;
    }
    in->data += size;
    in->size -= size;
    return at;
}

static uint64_t take_number(Input *in, size_t size)
{
    const uint8_t *at = take(in, size);
    uint64_t value = 0;
    for (size_t i = 0; at && i < size; i++)
        value = value << 8 | at[i];
    return value;
}

/* Printable, since messages have it.  g_free(); NULL: it is not, or the input ends. */
static char *take_name(Input *in)
{
    size_t length = take_number(in, 1);
    const uint8_t *at = take(in, length);
    for (size_t i = 0; at && i < length; i++)
        in->ok &= g_ascii_isgraph(at[i]);
    in->ok &= length > 0;
    return in->ok ? g_strndup((const char *)at, length) : NULL;
}

static void section_free(void *data)
{
    Section *section = data;
    g_free(section->tag);
    g_hash_table_unref(section->values);
    g_free(section);
}

static bool read_value(Section *section, Input *in)
{
    g_autofree char *name = take_name(in);
    size_t size = take_number(in, 1), count = take_number(in, 4);
    if (!in->ok || (size != 1 && size != 2 && size != 4 && size != 8) || count > in->size / size)
        return false;
    Value *value = g_new(Value, 1);
    *value = (Value){take(in, size * count), size, count, false};
    return g_hash_table_insert(section->values, g_steal_pointer(&name), value);
}

static bool read_section(Sections *all, Input *in)
{
    g_autofree char *tag = take_name(in);
    uint32_t version = (uint32_t)take_number(in, 4);
    size_t length = take_number(in, 4);
    const uint8_t *data = take(in, length);
    if (!data || !tag)
        return false;
    Section *section = g_new0(Section, 1);
    section->all = all;
    section->tag = g_steal_pointer(&tag);
    section->version = version;
    section->values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    Input body = {data, length, true};
    bool ok = true;
    while (ok && body.size)
        ok = read_value(section, &body);
    bool again = sections_have(all, section->tag);
    if (!ok || again)
        sections_refuse(all, "section '%s' %s", section->tag, again ? "comes twice" : "is damaged");
    g_hash_table_replace(all->sections, section->tag, section);
    return ok && !again;
}

Sections *sections_read(const void *data, size_t size, GError **error)
{
    Sections *all = g_new0(Sections, 1);
    all->sections = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, section_free);
    Input in = {data, size, true};
    while (in.size) {
        if (read_section(all, &in))
            continue;
        sections_refuse(all, "damaged %zu bytes before its end", in.size);
        g_propagate_error(error, g_steal_pointer(&all->error));
        sections_free(all);
        return NULL;
    }
    return all;
}

void sections_free(Sections *all)
{
    if (!all)
        return;
    g_hash_table_unref(all->sections);
    g_clear_error(&all->error);
    g_free(all);
}

static void refuse(Sections *all, const char *where, const char *format, va_list args)
{
    if (all->error)
        return;
    g_autofree char *text = g_strdup_vprintf(format, args);
    g_set_error(&all->error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "saved state: %s%s%s", where ? where : "", where ? ": " : "", text);
}

void sections_refuse(Sections *all, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    refuse(all, NULL, format, args);
    va_end(args);
}

void section_refuse(Section *section, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (section)
        refuse(section->all, section->tag, format, args);
    va_end(args);
}

bool sections_have(const Sections *all, const char *tag)
{
    return g_hash_table_contains(all->sections, tag);
}

Section *sections_find(Sections *all, const char *tag, uint32_t version)
{
    Section *section = g_hash_table_lookup(all->sections, tag);
    if (!section) {
        sections_refuse(all, "there is no section '%s'", tag);
        return NULL;
    }
    section->taken = true;
    if (section->version <= version)
        return section;
    section_refuse(section, "version %" PRIu32 "; known up to %" PRIu32, section->version, version);
    return NULL;
}

static uint64_t element(const Value *value, size_t n)
{
    Input in = {value->data + n * value->size, value->size, true};
    return take_number(&in, value->size);
}

static bool fits(Section *section, const StateField *f, const Value *value)
{
    if (value->count > f->count) {
        section_refuse(section, "%s has %zu elements, at most %zu fit", f->name, value->count, f->count);
        return false;
    }
    for (size_t n = 0; value->size > f->size && n < value->count; n++) {
        if (element(value, n) >> 8 * f->size) {
            section_refuse(section, "%s is too large", f->name);
            return false;
        }
    }
    return true;
}

static Value *value_take(Section *section, const char *name)
{
    Value *value = section ? g_hash_table_lookup(section->values, name) : NULL;
    if (value)
        value->taken = true;
    return value;
}

bool section_get(Section *section, const StateStruct *what, void *object)
{
    bool ok = section != NULL;
    for (size_t i = 0; i < what->n_fields && ok; i++) {
        const Value *value = value_take(section, what->fields[i].name);
        ok = !value || fits(section, &what->fields[i], value);
    }
    for (size_t i = 0; i < what->n_fields && ok; i++) {
        const StateField *f = &what->fields[i];
        const Value *value = value_take(section, f->name);
        for (size_t n = 0; n < f->count; n++)
            number_put((char *)object + f->offset + n * f->stride, f, value && n < value->count ? element(value, n) : f->reset);
    }
    return ok;
}

uint64_t section_get_u64(Section *section, const char *name, uint64_t missing)
{
    const Value *value = value_take(section, name);
    if (value && value->count != 1)
        section_refuse(section, "%s is no number", name);
    return value && value->count == 1 ? element(value, 0) : missing;
}

const uint8_t *section_get_bytes(Section *section, const char *name, size_t max, size_t *size)
{
    const Value *value = value_take(section, name);
    *size = 0;
    if (!value)
        return NULL;
    if (value->size != 1 || value->count > max) {
        section_refuse(section, "%s: %zu bytes, at most %zu fit", name, value->size * value->count, max);
        return NULL;
    }
    *size = value->count;
    return value->data;
}

char *section_get_string(Section *section, const char *name, size_t max)
{
    size_t size;
    const uint8_t *text = section_get_bytes(section, name, max, &size);
    for (size_t i = 0; i < size; i++) {
        if (!g_ascii_isprint(text[i])) { /* messages have it, a line each */
            section_refuse(section, "%s is no text", name);
            return NULL;
        }
    }
    return text ? g_strndup((const char *)text, size) : NULL;
}

const char *section_next(Section *section, const char *prefix)
{
    GHashTableIter iter;
    void *name, *value;
    if (!section)
        return NULL;
    g_hash_table_iter_init(&iter, section->values);
    while (g_hash_table_iter_next(&iter, &name, &value))
        if (!((const Value *)value)->taken && g_str_has_prefix(name, prefix))
            return name;
    return NULL;
}

bool sections_refused(const Sections *all)
{
    return all->error != NULL;
}

bool sections_end(Sections *all, GError **error)
{
    GHashTableIter iter;
    void *data;
    g_hash_table_iter_init(&iter, all->sections);
    while (!all->error && g_hash_table_iter_next(&iter, NULL, &data)) {
        Section *section = data;
        const char *left = section_next(section, "");
        if (!section->taken)
            sections_refuse(all, "section '%s' is of nobody here", section->tag);
        else if (left)
            section_refuse(section, "unknown value '%s'", left);
    }
    if (all->error)
        g_propagate_error(error, g_steal_pointer(&all->error));
    else
        return true;
    return false;
}
