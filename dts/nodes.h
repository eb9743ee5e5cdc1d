/* SPDX-License-Identifier: MIT
 *
 * The nodes of the tree that no device owns: /, cpus, memory, chosen, aliases, hypervisor.  The machine fills a Nodes at
 * every reset.  At power-on it writes these and lets each device write its own between nodes_root() and dts_end(); at each reset
 * nodes_renew() puts in what differs from boot to boot.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "dts/dts.h"

enum { NODES_RNG_SEED_SIZE = 32, NODES_SPIN_ENTRY_SIZE = 0x20 };

typedef struct NodesAlias {
    const char *name, *path; /* "serial0", "/soc@fe0000000/serial@4500"; an entry of NULLs ends a list */
} NodesAlias;

typedef struct Nodes {
    /* / */
    const char *model;
    const char *const *board_compatible; /* NULL-terminated */
    const char *compatible;              /* the user's, instead; NULL: none */
    const char *label;                   /* the partition's name; NULL: no property */
    /* /cpus */
    const char *cpu; /* core's name: "e500mc" */
    unsigned n_cpus;
    uint32_t tb_hz, clock_hz, bus_hz;
    uint32_t cache_line; /* bytes */
    uint64_t spin_table; /* gpa; entry n is at + n × NODES_SPIN_ENTRY_SIZE */
    /* /memory@0 */
    uint64_t ram_size; /* bytes; RAM begins at 0 */
    /* /chosen */
    const char *bootargs;              /* NULL: no property */
    const char *stdout_path;           /* NULL: no property */
    uint64_t kernel_start, kernel_end; /* gpa of a kernel file that firmware is to boot; equal: none */
    uint64_t initrd_start, initrd_end; /* gpa; equal: no initrd */
    uint8_t rng_seed[NODES_RNG_SEED_SIZE];
    /* /aliases */
    const NodesAlias *aliases; /* NULL: no node */
    /* /hypervisor; no node when n_hcall_instructions is 0 */
    uint32_t hcall_instructions[4];
    unsigned n_hcall_instructions;
    unsigned present;             /* HCALL_NEED_… bits (hcall/hcall.h): each promise stands exactly when its bit does */
    const NodesAlias *hypervisor; /* strings of the node: name, value; NULL: none */
    bool has_handles;             /* devices stand below it, and guests look for them as they do on a bus */
    void (*describe_hypervisor)(void *opaque,
                                Dts *dts); /* writes more properties and nodes into /hypervisor; NULL: there are none */
    void *opaque;
    GBytes *own; /* for nodes_adopt() only: the tree that the machine makes by itself, borrowed; NULL: handles are not checked */
} Nodes;

void nodes_root(Dts *dts, const Nodes *nodes); /* opens the root and writes its properties; the caller ends it */
/* cpus, memory, chosen, aliases, hypervisor, into the open root. */
void nodes_describe(Dts *dts, const Nodes *nodes);

const char *const *nodes_hypervisor_compatible(const Nodes *nodes); /* NULL-terminated */

enum { NODES_REPORT_LINES = 20 };

/* What was false in a user's tree. */
typedef struct NodesReport {
    GPtrArray *lines; /* of char*, the first NODES_REPORT_LINES of them: which node, what, and what became of it */
    unsigned n;       /* how many lines there would be without that limit */
    uint64_t steps;   /* tokens of the tree that were looked at, each as often as it was: tests bound it */
} NodesReport;

NodesReport *nodes_report_new(void);
void nodes_report_free(NodesReport *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NodesReport, nodes_report_free)

/*
 * Makes a tree of the user's (-dtb FILE), which image_load_dtb() has checked, true of this machine.  Its nodes stay as they are, except:
 *
 *   /            compatible, when nodes->compatible is given
 *   memory       one node, with the real size
 *   /cpus        a CPU beyond n_cpus is removed
 *   /chosen      bootargs when given, kernel for firmware, initrd; stdout-path only when the file has none
 *   /hypervisor  made when missing; hcall-instructions and the promises that hold are put in
 *   any node     a promise that would be false (has-reset without the service, other hcall-instructions) is removed
 *   hv-handle    a node whose handle this machine lacks, or has for something else, is removed
 *
 * Done once, in time that is linear in the size of the tree; the result still lacks what differs from boot to boot.
 * NULL: *error is set.
 */
GBytes *nodes_adopt(GBytes *dtb, const Nodes *nodes, NodesReport *report, GError **error);
/* The tree of one boot, from what nodes_adopt() or the machine itself made: with a fresh rng-seed and the strings of /hypervisor.  NULL:
 * *error is set. */
GBytes *nodes_renew(GBytes *base, const Nodes *nodes, GError **error);
