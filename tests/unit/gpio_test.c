/* SPDX-License-Identifier: MIT */
#include "platform/devices/soc/gpio.h"
#include "tests/unit/unit.h"

#include "tests/unit/device_helper.h"

enum { GPDIR = 0, ODR = 4, DAT = 8, IER = 0xc, IMR = 0x10, ICR = 0x14, IBE = 0x18 };

static Wire wires[2]; /* interrupt, power-off */

static Device *make(void)
{
    wires[0] = wires[1] = (Wire){0};
    Device *gpio = gpio_new("gpio", wire_input(wires, 0, 47), (IrqLine){wire_set, wires, 1});
    device_place(gpio, 0, 0xff000, GPIO_SIZE);
    return gpio;
}

static void test_power_off(void)
{
    Device *gpio = make();
    reg_write(gpio, DAT, 4, 0x80000000); /* still an input */
    g_assert_false(wires[1].level);
    reg_write(gpio, GPDIR, 4, 0x80000000);
    g_assert_true(wires[1].level);
    reg_write(gpio, DAT, 4, 0);
    g_assert_false(wires[1].level);
    reg_write(gpio, DAT, 4, 0x7fffffff); /* other pins are not wired */
    g_assert_false(wires[1].level);
    reg_write(gpio, DAT, 4, 0x80000000);
    g_assert_cmpuint(wires[1].rises, ==, 2);
    device_reset(gpio);
    g_assert_false(wires[1].level);
    device_free(gpio);
}

static void test_data(void)
{
    Device *gpio = make();
    IrqLine five = gpio_input(gpio, 5), six = gpio_input(gpio, 6);
    reg_write(gpio, GPDIR, 4, 0xf4000000); /* 5 is an output, 6 an input */
    reg_write(gpio, DAT, 4, 0x30000000);
    irq_set(&five, true);
    irq_set(&six, true);
    g_assert_cmphex(reg_read(gpio, DAT, 4), ==, 0x32000000);
    device_free(gpio);
}

static void test_events(void)
{
    Device *gpio = make();
    IrqLine pin = gpio_input(gpio, 31), quiet = gpio_input(gpio, 30), out = gpio_input(gpio, 29);
    reg_write(gpio, GPDIR, 4, 4);
    reg_write(gpio, IMR, 4, 1);
    irq_set(&quiet, true);
    g_assert_cmphex(reg_read(gpio, IER, 4), ==, 2); /* an event, masked */
    g_assert_false(wires[0].level);
    irq_set(&out, true); /* outputs have no events */
    irq_set(&pin, true);
    g_assert_true(wires[0].level);
    g_assert_cmphex(reg_read(gpio, IER, 4), ==, 3);
    reg_write(gpio, IER, 4, 1);
    g_assert_false(wires[0].level);
    irq_set(&pin, true); /* no edge */
    g_assert_false(wires[0].level);
    reg_write(gpio, ICR, 4, 1); /* falling edges only */
    irq_set(&pin, false);
    g_assert_true(wires[0].level);
    reg_write(gpio, IER, 4, 1);
    irq_set(&pin, true);
    g_assert_false(wires[0].level);
    device_free(gpio);
}

static void test_registers(void)
{
    static const unsigned kept[] = {GPDIR, ODR, IMR, ICR, IBE};
    Device *gpio = make();
    FOR_ROWS (i, kept) {
        reg_write(gpio, kept[i], 4, 0x01010101u << i);
        g_assert_cmphex(reg_read(gpio, kept[i], 4), ==, 0x01010101u << i);
    }
    device_reset(gpio);
    FOR_ROWS (i, kept)
        g_assert_cmphex(reg_read(gpio, kept[i], 4), ==, 0);
    g_assert_cmphex(reg_read(gpio, 0x1c, 4), ==, 0);
    for (unsigned size = 1; size <= 8; size *= 2)
        g_assert_cmpint(reg_answers(gpio, DAT, size), ==, size == 4);
    device_free(gpio);
}

static void test_save(void)
{
    Device *gpio = make();
    reg_write(gpio, GPDIR, 4, 0x80000000);
    reg_write(gpio, DAT, 4, 0x80000000);
    Wire loaded[2] = {0};
    Device *other = gpio_new("gpio", wire_input(loaded, 0, 47), (IrqLine){wire_set, loaded, 1});
    device_copy(gpio, other);
    g_assert_cmpuint(loaded[1].rises, ==, 0); /* a loaded machine is not switched off again */
    g_assert_cmphex(reg_read(other, DAT, 4), ==, 0x80000000);
    device_free(gpio);
    device_free(other);
}

static void test_nodes(void)
{
    Device *gpio = make(), *power_off = gpio_power_off_new("power-off", gpio);
    g_autoptr(GBytes) tree = device_tree(gpio, 1, (const char *const[]){"mpic", NULL});
    g_assert_true(tree_compatible(tree, "/gpio@ff000", "fsl,qoriq-gpio"));
    g_assert_cmpuint(tree_cell(tree, "/gpio@ff000", "interrupts", 0), ==, 47);
    uint32_t phandle = tree_cell(tree, "/gpio@ff000", "phandle", 0);
    g_assert_cmpuint(phandle, !=, 0);
    g_autoptr(GBytes) board = device_tree(power_off, 1, (const char *const[]){"gpio", NULL});
    g_assert_true(tree_compatible(board, "/pins", "soc") && tree_compatible(board, "/pins", "simple-mfd"));
    g_assert_true(tree_compatible(board, "/pins/power-off", "gpio-poweroff"));
    g_assert_cmpuint(tree_cell(board, "/pins/power-off", "gpios", 0), ==, tree_cell(board, "/gpio", "phandle", 0));
    g_assert_cmpuint(tree_cell(board, "/pins/power-off", "gpios", 1), ==, 0);
    device_free(power_off);
    device_free(gpio);
}

UNIT_TESTS(gpio)
{
    g_test_add_func("/gpio/pin-0-powers-off-while-it-is-a-high-output", test_power_off);
    g_test_add_func("/gpio/data-shows-latches-of-outputs-and-levels-of-inputs", test_data);
    g_test_add_func("/gpio/edges-of-inputs-are-events", test_events);
    g_test_add_func("/gpio/registers-are-kept-until-reset", test_registers);
    g_test_add_func("/gpio/loading-state-does-not-power-off", test_save);
    g_test_add_func("/gpio/describes-itself-and-the-power-off-pin", test_nodes);
}
