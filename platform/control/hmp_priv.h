/* SPDX-License-Identifier: MIT
 *
 * What the files of the human monitor share.
 */
#pragma once

#include <stdbool.h>

#include "platform/control/hmp.h"

enum { HMP_ARGUMENTS_MAX = 4 };

/* The command that is being executed. */
typedef struct HmpCall {
    HmpSession *session;
    GString *out;
    unsigned n; /* how many arguments were given, in the order of the table; without f */
    struct {
        uint64_t number;
        char *word; /* of w and s */
    } argument[HMP_ARGUMENTS_MAX];
    unsigned count; /* of f */
} HmpCall;

/* Lines end in \n here.  What does not fit HMP_OUTPUT_MAX is cut off. */
void hmp_print(HmpCall *call, const char *format, ...) G_GNUC_PRINTF(2, 3);
void hmp_complain(HmpCall *call, GError *error /* take */);

#define COMMAND(id, ...) void hmp_cmd_##id(HmpCall *call);
#define INFO(id, ...)    void hmp_info_##id(HmpCall *call);
#include "platform/control/hmp.def"

/* hmp_expression.c: *text moves behind the expression.  False: it is none, and that was printed. */
bool hmp_expression(HmpCall *call, const char **text, uint64_t *value);
