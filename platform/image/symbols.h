/* SPDX-License-Identifier: MIT
 *
 * The functions of a program, by their effective addresses: the symbol table of an ELF file, 32-bit and big-endian.
 */
#pragma once

#include <glib.h>
#include <stdint.h>

typedef struct Symbols Symbols;

/* NULL: it cannot be read, is no such file or has no symbol table: the error says which.  A file that lies has fewer symbols, no more. */
Symbols *symbols_read(const char *path, GError **error);
void symbols_free(Symbols *symbols); /* NULL: nothing */
/* The function that this address lies in; NULL: none is known.  Borrowed.  symbols may be NULL. */
const char *symbols_name(const Symbols *symbols, uint64_t ea);
