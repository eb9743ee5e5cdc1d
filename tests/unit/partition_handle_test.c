/* SPDX-License-Identifier: MIT */
#include "platform/devices/hv/partition_handle.h"

#include "platform/devices/hv/doorbell.h"
#include "tests/unit/device_helper.h"
#include "tests/unit/unit.h"

static Device *bell(const char *name, const char *compatible, uint32_t receive, Wire *wires, unsigned pin)
{
    DoorbellConfig config = {.name = name, .compatible = compatible, .receive = receive, .input = wire_input(wires, pin, 64 + pin)};
    return doorbell_new(name, &config);
}

static void test_node(void)
{
    Wire wires[2] = {0};
    PartitionHandleConfig config = {
        .handle = 9,
        .name = "guest",
        .state_change = bell("state", "fsl,hv-state-change-doorbell", 10, wires, 0),
        .watchdog = bell("watchdog", "fsl,hv-watchdog-expiration-doorbell", 11, wires, 1),
    };
    Device *dev = partition_handle_new("partition", &config), *other = NULL;
    g_autoptr(GBytes) tree = device_tree(dev, 1, (const char *const[]){"mpic", NULL});
    g_assert_true(tree_compatible(tree, "/partition@9", "fsl,hv-partition-handle"));
    g_assert_cmpuint(tree_cell(tree, "/partition@9", "hv-handle", 0), ==, 9);
    g_assert_true(tree_compatible(tree, "/partition@9/receive-doorbell@a", "fsl,hv-state-change-doorbell"));
    g_assert_true(tree_compatible(tree, "/partition@9/receive-doorbell@b", "fsl,hv-watchdog-expiration-doorbell"));

    config.state_change = bell("state", "fsl,hv-state-change-doorbell", 10, wires, 0);
    config.watchdog = bell("watchdog", "fsl,hv-watchdog-expiration-doorbell", 11, wires, 1);
    other = partition_handle_new("partition", &config);
    device_copy(dev, other);
    device_free(dev);
    device_free(other); /* its doorbells, too: a leak is what the sanitizer would find */
}

UNIT_TESTS(partition_handle)
{
    g_test_add_func("/partition-handle/its-node-holds-its-doorbells", test_node);
}
