/* SPDX-License-Identifier: MIT
 *
 * Saved state: a sequence of sections, each of one device or another part of the machine.
 *
 *     section   tag (u8 length, bytes), u32 version, u32 length of what follows, values
 *     value     name (u8 length, bytes), u8 size of an element, u32 number of elements, the elements
 *
 * Numbers are big-endian.  Values are found by name, so their order means nothing, one that is missing keeps its reset value, and a
 * member may become wider or an array longer.  What nobody asks for is refused by its name: it is state that would be lost.  The version
 * of a section goes up when a value comes to mean something else.
 *
 * What is read may be hostile: sections_read() checks every length once, and whoever takes a value checks what it means.
 * No threads of its own; the caller orders accesses to the object.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One member of a struct: saved by its name, or, in the table of derived ones, not saved. */
typedef struct StateField {
    const char *name;
    size_t offset, size;  /* of the first element: 1, 2, 4 or 8 bytes when it is saved */
    size_t count, stride; /* elements, and bytes from one to the next */
    size_t align;         /* of the member's type: how much padding may be before it */
    uint64_t reset;       /* value of each element after a reset */
    bool kept;            /* saved, and not touched by a reset */
    bool is_bool;
} StateField;

#define STATE_MEMBER(type, member) (((type *)0)->member)
#define STATE_ELEMENTS(type, first, label, n, step, ...)                                                  \
    {                                                                                                     \
        .name = label, .offset = offsetof(type, first), .size = sizeof(STATE_MEMBER(type, first)),        \
        .align = _Alignof(__typeof__(STATE_MEMBER(type, first))), .count = (n), .stride = (step),         \
        .is_bool = __builtin_types_compatible_p(__typeof__(STATE_MEMBER(type, first)), bool), __VA_ARGS__ \
    }
#define STATE_LENGTH(type, array) (sizeof(STATE_MEMBER(type, array)) / sizeof(STATE_MEMBER(type, array[0])))

#define STATE_FIELD(type, member, reset_value) \
    STATE_ELEMENTS(type, member, #member, 1, sizeof(STATE_MEMBER(type, member)), .reset = (reset_value))
#define STATE_ARRAY(type, array, reset_value) \
    STATE_ELEMENTS(type, array[0], #array, STATE_LENGTH(type, array), sizeof(STATE_MEMBER(type, array[0])), .reset = (reset_value))
/* Saved, but a reset leaves them as they are: others drive them. */
#define STATE_KEPT(type, member) STATE_ELEMENTS(type, member, #member, 1, sizeof(STATE_MEMBER(type, member)), .kept = true)
#define STATE_KEPT_ARRAY(type, array) \
    STATE_ELEMENTS(type, array[0], #array, STATE_LENGTH(type, array), sizeof(STATE_MEMBER(type, array[0])), .kept = true)
/* One member of each element of an array of structs. */
#define STATE_COLUMN(type, array, member)                                                                                      \
    STATE_ELEMENTS(type, array[0].member, #array "." #member, STATE_LENGTH(type, array), sizeof(STATE_MEMBER(type, array[0])), \
                   .reset = 0)
/* Not a value of the table: made by the constructor, computed from others, or saved by hand. */
#define STATE_DERIVED(type, member) STATE_ELEMENTS(type, member, #member, 1, sizeof(STATE_MEMBER(type, member)), .reset = 0)

/*
 * A struct, each of whose members is in one of two tables: state_check() insists on it, so that none is forgotten.  What it looks at are
 * bytes, so it misses a member that lies where the compiler would have put padding.  A struct within begins with its most aligned member,
 * on 32-bit hosts as well, where a pointer is aligned less than 64 bits are: or the padding before it would look like a member.
 */
typedef struct StateStruct {
    const char *type;
    size_t size, align;
    const StateField *fields;
    size_t n_fields;
    const StateField *derived;
    size_t n_derived;
} StateStruct;

/* Makes <stem>_state from <stem>_fields and <stem>_derived; or from the latter alone. */
#define STATE_STRUCT(type, stem)                                          \
    static const StateStruct stem##_state = {#type,                       \
                                             sizeof(type),                \
                                             _Alignof(type),              \
                                             stem##_fields,               \
                                             G_N_ELEMENTS(stem##_fields), \
                                             stem##_derived,              \
                                             G_N_ELEMENTS(stem##_derived)}
#define STATE_STRUCT_FIELDS(type, stem)       \
    static const StateStruct stem##_state = { \
        #type, sizeof(type), _Alignof(type), stem##_fields, G_N_ELEMENTS(stem##_fields), NULL, 0}
#define STATE_STRUCT_DERIVED(type, stem)      \
    static const StateStruct stem##_state = { \
        #type, sizeof(type), _Alignof(type), NULL, 0, stem##_derived, G_N_ELEMENTS(stem##_derived)}

void state_reset(const StateStruct *what, void *object); /* fields take their reset values */
/* Where a member is in neither table or in both; NULL: nowhere.  g_free() */
char *state_hole(const StateStruct *what);
void state_check(const StateStruct *what); /* ends the program where there is such a member: whoever added it forgot a table */

/* ---- writing ---- */

typedef struct SectionWriter {
    GByteArray *out; /* borrowed */
    guint begin;     /* of the section's values */
} SectionWriter;

SectionWriter section_begin(GByteArray *out, const char *tag, uint32_t version);
void section_put(SectionWriter *w, const StateStruct *what, const void *object);
void section_put_u64(SectionWriter *w, const char *name, uint64_t value);
void section_put_bytes(SectionWriter *w, const char *name, const void *data, size_t size);
void section_put_string(SectionWriter *w, const char *name, const char *text);
void section_end(SectionWriter *w);

/* ---- reading ---- */

typedef struct Sections Sections; /* all of a saved state; refers to the bytes it was read from */
typedef struct Section Section;

/* Fails where a length is wrong or a tag or name comes twice. */
Sections *sections_read(const void *data, size_t size, GError **error);
void sections_free(Sections *all);
/* NULL: there is none, or it is newer than version.  This and everything below is an error that sections_end() reports: the first counts. */
Section *sections_find(Sections *all, const char *tag, uint32_t version);
bool sections_have(const Sections *all, const char *tag);
/* All fields, or none when one does not fit.  False also when section is NULL. */
bool section_get(Section *section, const StateStruct *what, void *object);
uint64_t section_get_u64(Section *section, const char *name, uint64_t missing);
/* NULL: there is none, or it is longer than max.  *size: 0 then.  As long as the bytes that were read. */
const uint8_t *section_get_bytes(Section *section, const char *name, size_t max, size_t *size);
char *section_get_string(Section *section, const char *name, size_t max); /* g_free(); NULL: none, or not printable ASCII */
/* The name and size of a value that nobody took yet and which begins so; NULL: no more. */
const char *section_next(Section *section, const char *prefix);
bool sections_refused(const Sections *all);                                         /* something was, so far */
void section_refuse(Section *section, const char *format, ...) G_GNUC_PRINTF(2, 3); /* a value means nothing here */
void sections_refuse(Sections *all, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Everything was taken.  False: not so, or something was refused before. */
bool sections_end(Sections *all, GError **error);
