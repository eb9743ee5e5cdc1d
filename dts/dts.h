/* SPDX-License-Identifier: MIT
 *
 * Builds a flattened device tree front to back.  Errors are sticky and name the node path: only dts_finish() needs a check.
 * Phandles are allotted by name, so that a node can refer to one that is written later.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Dts Dts;

Dts *dts_new(void);
void dts_free(Dts *dts);
void dts_reserve(Dts *dts, uint64_t gpa, uint64_t size);               /* memory reservation; before the first node */
void dts_begin(Dts *dts, const char *format, ...) G_GNUC_PRINTF(2, 3); /* node name; "" is the root */
void dts_end(Dts *dts);
void dts_empty(Dts *dts, const char *name); /* property of length 0 */
void dts_u32(Dts *dts, const char *name, uint32_t value);
void dts_u64(Dts *dts, const char *name, uint64_t value);
void dts_cells(Dts *dts, const char *name, const uint32_t *cells, size_t n);
#define DTS_CELLS(dts, name, ...) \
    dts_cells(dts, name, (const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))
void dts_string(Dts *dts, const char *name, const char *value);
void dts_strings(Dts *dts, const char *name, const char *const *list /* NULL-terminated */);
void dts_bytes(Dts *dts, const char *name, const void *data, size_t size);
void dts_path(Dts *dts, GString *path); /* appends the path of the open node, for messages */
/* The phandle that goes by `name` in this tree: "mpic".  dts_phandle() gives it to the open node. */
uint32_t dts_ref(Dts *dts, const char *name);
void dts_phandle(Dts *dts, const char *name);
/* The tree, or NULL with the first error.  A phandle that was referred to and never given to a node is one. */
GBytes *dts_finish(Dts *dts, GError **error);
