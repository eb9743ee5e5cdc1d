/* SPDX-License-Identifier: MIT
 *
 * unit [MODULE [OPTION of g_test_init()…]]: the tests of one module, or of all.  A module alone runs in a process of its own,
 * which is how tests/unit/run calls it.  UNIT_MODULES is the makefile's list: X(areas) X(bus) …
 */
#include <glib.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "platform/base/process.h"
#include "tests/unit/unit.h"

#define X(module) void unit_##module(void);
UNIT_MODULES
#undef X

static const struct {
    const char *name;
    void (*add)(void);
} modules[] = {
#define X(module) {#module, unit_##module},
    UNIT_MODULES
#undef X
};

/* Where the loops over tables are: those of the running test, the inner ones too. */
static struct {
    const char *test, *table;
    unsigned row;
} rows[8];
static unsigned rows_next;

bool unit_row(const char *table, unsigned row)
{
    const char *test = g_test_get_path();
    unsigned i = 0;
    while (i < G_N_ELEMENTS(rows) && (rows[i].test != test || rows[i].table != table))
        i++;
    if (i == G_N_ELEMENTS(rows))
        i = rows_next++ % G_N_ELEMENTS(rows);
    rows[i].test = test;
    rows[i].table = table;
    rows[i].row = row;
    return true;
}

/* An assertion failed: says where in the tables, then lets the program end as it was going to. */
static struct sigaction on_abort;

static void tell_rows(int signo)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++)
        if (rows[i].test && rows[i].test == g_test_get_path())
            fprintf(stderr, "in row %u of %s (counted from 0)\n", rows[i].row, rows[i].table);
    sigaction(SIGABRT, &on_abort, NULL); /* with its flags: it counts on being called once */
    raise(SIGABRT);
}

int main(int argc, char **argv)
{
    const char *only = argc > 1 && argv[1][0] != '-' ? argv[1] : NULL;
    unsigned found = 0;

    process_start();
    g_test_init(&argc, &argv, NULL);
    sigaction(SIGABRT, &(struct sigaction){.sa_handler = tell_rows}, &on_abort);
    for (size_t i = 0; i < G_N_ELEMENTS(modules); i++) {
        if (only && strcmp(only, modules[i].name) != 0)
            continue;
        modules[i].add();
        found++;
    }
    if (!found) {
        g_printerr("unit: no module '%s'\n", only);
        return 2;
    }
    return g_test_run();
}
