/* SPDX-License-Identifier: MIT
 *
 * unit [MODULE [OPTION of g_test_init()…]]: the tests of one module, or of all.  A module alone runs in a process of its own,
 * which is how tests/unit/run calls it.  UNIT_MODULES is the makefile's list: X(areas) X(bus) …
 */
#include <glib.h>
#include <string.h>

#include "platform/base/process.h"

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

int main(int argc, char **argv)
{
    const char *only = argc > 1 && argv[1][0] != '-' ? argv[1] : NULL;
    unsigned found = 0;

    process_start();
    g_test_init(&argc, &argv, NULL);
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
