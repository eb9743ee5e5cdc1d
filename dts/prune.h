/* SPDX-License-Identifier: MIT
 *
 * What a user's tree says that is not true of this machine, taken out in one pass: docs/decisions/003-a-users-tree.md.
 * Inside of dts/; the rest calls nodes_adopt().
 */
#pragma once

#include "dts/nodes.h"

/* The structure block of `fdt`, a tree that fdt_check_full() found whole, less what is false; property names stay where they are. */
GByteArray *prune_structure(const void *fdt, const Nodes *nodes, NodesReport *report);

/* One more line for the user, if there is room for one; the file's own names become printable. */
void prune_report(NodesReport *report, const char *path, const char *format, ...) G_GNUC_PRINTF(3, 4);
