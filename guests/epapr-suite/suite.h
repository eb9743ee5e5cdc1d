/* SPDX-License-Identifier: MIT
 *
 * Conformance to ePAPR 1.1 §7 and to what KVM and Freescale's hypervisor add: every hypercall, whatever the tree announces, against
 * what it is to answer.  One file a family says what is valid and what is an error; suite.c does for each call what is the same for
 * all: user mode, calls that nobody promises, registers.
 */
#pragma once
#include "guest.h"
#include "hcall_guest.h"

typedef enum {
#define HCALL(id, vendor, number, n_in, n_out, needs, doc) CALL_##id,
#include "hcall/hcall.def"
#undef HCALL
    CALLS
} CallId;

/* Columns of the table at the end. */
typedef enum { VALID, ERROR, OUTPUTS, REGISTERS, USER, UNPROMISED, KINDS } Kind;

#define IN(...) ((const uint32_t[8]){__VA_ARGS__})
#define SELF    0xffffffffu

/* Makes the call, all registers that it does not read full of garbage; outputs to out (r4 .. r11; may be NULL). */
uint32_t ask(CallId id, const uint32_t in[8], uint32_t out[8]);
/* A case by its kind: ask(), and one line. */
void check(CallId id, Kind kind, const char *what, bool ok);
void skip(CallId id, Kind kind, const char *what, const char *why);
bool succeeds(CallId id, const char *what, const uint32_t in[8], uint32_t out[8]);
void fails(CallId id, const char *what, const uint32_t in[8], uint32_t status);
/* Twice, with other garbage in the output registers: the same comes back. */
void same_outputs(CallId id, const uint32_t in[8]);

bool promised(CallId id);                                          /* by the tree */
const uint32_t *cells(int node, const char *property, unsigned n); /* NULL: not there, or of another size */
bool told(const char *word);                                       /* one of bootargs */

/* Each for its family, if anything of it is promised. */
void check_byte_channels(void);
void check_interrupts(void);
void check_partition(void);
void check_kvm(void);
void check_doorbells(void);
void check_areas(void);
