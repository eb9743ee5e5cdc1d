/* SPDX-License-Identifier: MIT
 *
 * Trace output (-d words, -D file) and messages to the user.  One writer for the whole process; any thread, any lock held.
 *
 * Nothing here waits for a reader that does not read (docs/decisions/013).  There are three kinds of lines:
 *
 *  - A trace is what the user asked for, and is written completely.  Where its reader is slow, it waits for the reader as long as
 *    that one takes anything at all.
 *  - A message is for the user.  It never waits, and the same message again is counted instead of repeated.
 *  - A guest's line is a message that a guest can bring about as often as it likes.  It is counted like a message, and of
 *    different ones LOG_GUEST_LINES are written between two resets, LOG_GUEST_LINES_MAX in all.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* X(id, word, doc) */
#define LOG_LIST(X)                                                                            \
    X(IN_ASM, "in_asm", "each guest instruction the first time it is executed")                \
    X(INT, "int", "interrupts taken")                                                          \
    X(MMU, "mmu", "TLB writes and invalidations")                                              \
    X(GUEST_ERRORS, "guest_errors", "what a guest does against the rules of a device or call") \
    X(UNIMP, "unimp", "what this program does not implement")                                  \
    X(HCALL, "hcall", "hypercalls with arguments and results")                                 \
    X(EXIT, "exit", "vCPU exits")                                                              \
    X(JIT, "jit", "blocks that the translator makes and drops")                                \
    X(OP, "op", "the operations that it makes of a block")                                     \
    X(OUT_ASM, "out_asm", "the host's code that it makes of a block")

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
        LOG_GUEST = LOG_GUEST_ERRORS | LOG_UNIMP, /* words whose lines are a guest's lines; the others are traces */
};

enum {
    LOG_GUEST_LINES = 1000,      /* from one reset to the next */
    LOG_GUEST_LINES_MAX = 20000, /* as long as the program runs */
};

/* The words that are on, as LOG_… bits.  Any thread may set and read it; what runs notices soon. */
extern uint32_t log_mask;

static inline bool log_on(uint32_t what)
{
    return __builtin_expect(__atomic_load_n(&log_mask, __ATOMIC_RELAXED) & what, 0);
}

/* One line, newline added; written whole.  `what` says which kind it is: one of LOG_LIST. */
void log_line(uint32_t what, const char *format, ...) G_GNUC_PRINTF(2, 3);
#define LOG(what, ...)                   \
    do {                                 \
        if (log_on(what))                \
            log_line(what, __VA_ARGS__); \
    } while (0)

bool log_word(const char *word, uint32_t *bit); /* false: there is none of this name */
void log_set(uint32_t mask);

/* Messages begin with the time in UTC, or with the guest's name, or both; traces do not.  Before any thread starts; name: copied, or NULL. */
void log_stamp(bool time, const char *name);
bool log_open(const char *file /* NULL: stderr */, GError **error);
void log_reset(void);      /* the machine was reset: the guest may have its lines again, and those withheld are told */
void log_silence(bool on); /* the calling thread's lines, of all three kinds, are dropped */
void log_close(void);      /* at the end of the program: writes out what waits; gives up on a reader that does not read */

/* "quoin: ..." on stderr, one line. */
void message_error(const char *format, ...) G_GNUC_PRINTF(1, 2);
void message_warning(const char *format, ...) G_GNUC_PRINTF(1, 2);
void message_note(const char *format, ...) G_GNUC_PRINTF(1, 2);  /* no fault: what the program waits for */
void message_guest(const char *format, ...) G_GNUC_PRINTF(1, 2); /* a guest's line */

/*
 * An output of the program ("serial0", "-D FILE", "standard error") takes nothing more, for the reason of this errno: one line, and
 * whoever listens is called, in the thread that found it.  The caller says it once for each output.  One listener; NULL: none.
 */
void message_output_lost(const char *output, int why);
void message_on_output_lost(void (*fn)(void *opaque, const char *output, const char *why), void *opaque);
