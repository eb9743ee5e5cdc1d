/* SPDX-License-Identifier: MIT
 *
 * What every row of board.c has to hold, whatever the board.
 */
#include "platform/base/board.h"

#include <string.h>

#include "cpu/e500/state.h"
#include "platform/options/config.h"
#include "tests/unit/unit.h"

enum { PAGE = 0x1000, CHIP_INPUTS = 160 };

typedef struct Window {
    const char *what;
    uint64_t gpa, size;
} Window;

/* Ends the test with the board's name and what its row lacks. */
static void need(const Board *b, bool holds, const char *what)
{
    if (!holds)
        g_error("board.c: %s: %s", b->name ? b->name : "a board without a name", what);
}

/* The windows lie above all RAM that the board may have, and apart. */
static void check_windows(const Board *b)
{
    Window windows[] = {
        {"spin_table", b->spin_table, PAGE}, {"doorbell_page", b->doorbell_page, PAGE},
        {"ccsr", b->ccsr, SOC_SIZE},         {"pci_memory", b->pci_memory, PAGE},
        {"pci_io", b->pci_io, PAGE},         {"platform", b->platform, BOARD_PLATFORM_SIZE},
    };
    if (!board_has_soc(b)) {
        windows[2] = (Window){"direct_eoi", b->direct_eoi, PAGE};
        windows[3].size = windows[4].size = 0;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(windows); i++) {
        g_autofree char *low = g_strdup_printf("%s is not above ram_max", windows[i].what);
        need(b, !windows[i].size || windows[i].gpa >= b->ram_max, low);
        need(b, windows[i].gpa % PAGE == 0, windows[i].what);
        for (size_t j = 0; j < i; j++) {
            g_autofree char *both = g_strdup_printf("%s and %s overlap", windows[j].what, windows[i].what);
            need(b,
                 windows[i].gpa + windows[i].size <= windows[j].gpa || windows[j].gpa + windows[j].size <= windows[i].gpa ||
                     !windows[i].size || !windows[j].size,
                 both);
        }
    }
}

static void check_chip(const Board *b)
{
    need(b, b->mpic == 20 || b->mpic == 42, "mpic is 20 or 42");
    need(b, b->pci_slots && b->pci_slot + b->pci_slots <= 32, "pci_slot and pci_slots are within 32");
    need(b, b->pci_memory_bus, "pci_memory_bus is missing");
    need(b, b->edge_inputs.n && b->edge_inputs.first + b->edge_inputs.n <= CHIP_INPUTS, "edge_inputs is missing");
    need(b, b->level_inputs.n && b->level_inputs.first + b->level_inputs.n <= 2 * CHIP_INPUTS, "level_inputs is missing");
}

static void test_rows(void)
{
    size_t n;
    const Board *all = boards(&n);
    for (size_t i = 0; i < n; i++) {
        const Board *b = &all[i];
        need(b, b->name && !strpbrk(b->name, " ,="), "a name that -M can take");
        need(b, board_find(b->name) == b, "another row has the name");
        need(b, b->doc && b->model && b->compatible[0], "doc, model or compatible is missing");
        need(b, b->cpu && e500_model_find(b->cpu), "cpu is no model");
        need(b, b->cpus_max >= 1 && b->cpus_max <= VCPUS_MAX, "cpus_max is 1 to 32");
        need(b, b->ram_max >= UINT64_C(64) << 20 && b->ram_max % (1 << 20) == 0, "ram_max is a number of MiB");
        need(b, b->clock_hz, "clock_hz is missing");
        need(b, b->platform, "platform is missing");
        need(b, b->nic, "nic is missing");
        check_windows(b);
        if (board_has_soc(b))
            check_chip(b);
    }
}

UNIT_TESTS(board)
{
    g_test_add_func("/board/each-row-is-whole", test_rows);
}
