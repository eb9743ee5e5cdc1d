/* SPDX-License-Identifier: MIT
 *
 * Trace output (-d words, -D file) and user messages.  One writer for the whole process; any thread.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define LOG_LIST(X)                                                                            \
    X(IN_ASM, "in_asm", "each guest instruction the first time it is executed")                \
    X(INT, "int", "interrupts taken")                                                          \
    X(MMU, "mmu", "TLB writes and invalidations")                                              \
    X(GUEST_ERRORS, "guest_errors", "what a guest does against the rules of a device or call") \
    X(UNIMP, "unimp", "what this program does not implement")                                  \
    X(HCALL, "hcall", "hypercalls with arguments and results")                                 \
    X(EXIT, "exit", "vCPU exits")

typedef enum LogBit {
#define X(id, word, doc) LOG_BIT_##id,
    LOG_LIST(X)
#undef X
        LOG_BITS
} LogBit;

enum {
#define X(id, word, doc) LOG_##id = 1u << LOG_BIT_##id,
    LOG_LIST(X)
#undef X
};

extern uint32_t log_mask; /* set before any thread starts */

static inline bool log_on(uint32_t what)
{
    return __builtin_expect(log_mask & what, 0);
}

/* One line, newline added; written whole. */
void log_line(const char *format, ...) G_GNUC_PRINTF(1, 2);
#define LOG(what, ...)             \
    do {                           \
        if (log_on(what))          \
            log_line(__VA_ARGS__); \
    } while (0)

bool log_parse(const char *words, uint32_t *mask, GError **error); /* "int,mmu"; "help" is the caller's */
bool log_open(const char *file /* NULL: stderr */, GError **error);

/* "quoin: ..." on stderr, one line. */
void message_error(const char *format, ...) G_GNUC_PRINTF(1, 2);
void message_warning(const char *format, ...) G_GNUC_PRINTF(1, 2);
