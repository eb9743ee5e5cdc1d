/* SPDX-License-Identifier: MIT
 *
 * Where the oracle is not asked, and where it is known to say something else.  Each line carries
 * its reason: a clause of Power ISA 2.06 or of EREF.
 */
#pragma once

#include "cpu/e500/insn.h"
#include "tests/diff/user/record.h"

typedef enum Field {
    FIELD_GPR,
    FIELD_FPR,
    FIELD_FPSCR,
    FIELD_CR,
    FIELD_XER,
    FIELD_LR,
    FIELD_CTR,
    FIELD_EXIT,
    FIELD_MEM,
    FIELD_GPR64, /* of a core with SPE, instead of GPR and FPR */
    FIELD_SPEFSCR,
    FIELD_ACC,
    FIELDS
} Field;

/* What differs in one record: per field the bits (of all registers of that kind together). */
typedef struct Difference {
    uint64_t bits[FIELDS];
} Difference;

/* A row the oracle is not asked about; NULL: it is. */
const char *known_exclusion(InsnId id);

typedef struct Known {
    const char *rows; /* mnemonics with spaces around each, or " class:NAME " for all rows of a class */
    Field field;
    uint64_t mask;
    bool (*when)(const Record *in, const Record *ours, const Record *theirs); /* NULL: always */
    const char *clause;
} Known;

extern const Known known_list[];
extern const unsigned known_count;

const char *field_name(Field field);
/* Takes from *difference what the list explains, and marks the lines used in hits[known_count]. */
void known_explain(InsnId id, const Record *in, const Record *ours, const Record *theirs, Difference *difference, uint64_t *hits);
bool known_applies(const Known *known, InsnId id); /* is this row among its rows? */
