/* SPDX-License-Identifier: MIT */
#include "platform/machine/machine.h"
#include "tests/unit/unit.h"

static const char *const need_names[HCALL_NEEDS] = {
#define NEED(id, doc) #id,
#include "hcall/need.def"
};

static DeviceOption doorbell = {.type = DEVICE_TYPE_doorbell};

/* What offers everything; `without` takes one thing away. */
typedef struct Case {
    const char *what;
    void (*without)(Config *config, unsigned *caps);
    unsigned missing; /* HCALL_NEED_… bits */
} Case;

static unsigned offered(const char *board, const Case *t)
{
    Config config = {
        .devices = g_ptr_array_new(),
        .has_idle = true,
        .has_reset = true,
        .has_shutdown = true,
        .has_partition = true,
        .memory_areas = true,
    };
    unsigned caps = ~0u;
    g_ptr_array_add(config.devices, &doorbell);
    if (t)
        t->without(&config, &caps);
    const Machine m = {.config = &config, .board = board_find(board)};
    unsigned present = machine_hcalls_present(&m, caps);
    g_ptr_array_unref(config.devices);
    return present;
}

static void full_offer(void)
{
    unsigned present = offered("p4080ds-hv", NULL);
    for (unsigned i = 0; i < HCALL_NEEDS; i++)
        if (!(present >> i & 1))
            g_error("need %s is never there: offers_%s() in platform/machine/offer.c", need_names[i], need_names[i]);
}

static void without_exits(Config *config, unsigned *caps)
{
    *caps &= ~(unsigned)ACCEL_CAP_HCALL_EXIT;
}

static void without_idle(Config *config, unsigned *caps)
{
    config->has_idle = false;
}

static void without_idle_cap(Config *config, unsigned *caps)
{
    *caps &= ~(unsigned)ACCEL_CAP_IDLE;
}

static void without_reset(Config *config, unsigned *caps)
{
    config->has_reset = false;
}

static void without_state_write_and_rebuild(Config *config, unsigned *caps)
{
    *caps &= ~(unsigned)(ACCEL_CAP_STATE_WRITE | ACCEL_CAP_REBUILD);
}

static void without_a_second_vm_to_rebuild(Config *config, unsigned *caps)
{
    config->reset_mode = RESET_MODE_REBUILD;
    *caps &= ~(unsigned)ACCEL_CAP_REBUILD;
}

static void without_rebuild(Config *config, unsigned *caps)
{
    *caps &= ~(unsigned)ACCEL_CAP_REBUILD;
}

static void without_shutdown(Config *config, unsigned *caps)
{
    config->has_shutdown = false;
}

static void without_partition(Config *config, unsigned *caps)
{
    config->has_partition = false;
}

static void without_areas(Config *config, unsigned *caps)
{
    config->memory_areas = false;
}

static void without_area_exits(Config *config, unsigned *caps)
{
    *caps &= ~(unsigned)ACCEL_CAP_AREA_EXIT;
}

static void without_a_doorbell(Config *config, unsigned *caps)
{
    g_ptr_array_set_size(config->devices, 0);
}

static void without_msgsnd(Config *config, unsigned *caps)
{
    *caps &= ~(unsigned)ACCEL_CAP_MSGSND;
}

static void each_needs_what_it_says(void)
{
    enum {
        RESETS = HCALL_NEED_RESET | HCALL_NEED_PARTITION,
        ALL = (1 << HCALL_NEEDS) - 1,
        BY_OTHER_WAYS = HCALL_NEED_IDLE | HCALL_NEED_AREAS, /* each under a capability of its own */
    };
    static const Case cases[] = {
        {"hypercall exits", without_exits, ALL & ~BY_OTHER_WAYS},
        {"has-idle", without_idle, HCALL_NEED_IDLE},
        {"an accelerator that serves EV_IDLE", without_idle_cap, HCALL_NEED_IDLE},
        {"has-reset", without_reset, HCALL_NEED_RESET},
        {"both ways of a reset", without_state_write_and_rebuild, RESETS},
        {"a second VM, which reset=rebuild wants", without_a_second_vm_to_rebuild, RESETS},
        {"a second VM, which a plain reset does not want", without_rebuild, 0},
        {"has-shutdown", without_shutdown, HCALL_NEED_SHUTDOWN},
        {"has-partition", without_partition, HCALL_NEED_PARTITION},
        {"memory-areas", without_areas, HCALL_NEED_AREAS},
        {"area exits", without_area_exits, HCALL_NEED_AREAS},
        {"a doorbell", without_a_doorbell, HCALL_NEED_DOORBELL},
        {"msgsnd", without_msgsnd, HCALL_NEED_MSGSND},
    };
    FOR_ROWS (i, cases) {
        unsigned present = offered("p4080ds-hv", &cases[i]);
        if (present != (ALL & ~cases[i].missing))
            g_error("without %s: 0x%x is there, not 0x%x", cases[i].what, present, ALL & ~cases[i].missing);
        g_assert_cmphex(offered("ppce500", &cases[i]), ==, present & ~(unsigned)HCALL_NEED_INT); /* that board has an MPIC */
    }
}

/* A member of the table that nobody filled would be called when a guest makes the hypercall. */
static void every_service_is_there(void)
{
    typedef void (*Service)(void);
    const Service *services = (const Service *)&machine_hcall_services;
    for (size_t i = 0; i < sizeof(HcallServices) / sizeof(Service); i++)
        if (!services[i])
            g_error("hcall_services.c: member %zu of HcallServices, counted from 0, has no function", i);
}

UNIT_TESTS(offer)
{
    g_test_add_func("/offer/every-service-has-a-function", every_service_is_there);
    g_test_add_func("/offer/a-full-offer-has-every-need", full_offer);
    g_test_add_func("/offer/each-need-is-there-exactly-with-what-it-is-about", each_needs_what_it_says);
}
