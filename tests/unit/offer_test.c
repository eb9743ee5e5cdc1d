/* SPDX-License-Identifier: MIT */
#include "platform/machine/machine.h"
#include "tests/unit/unit.h"

static const char *const need_names[HCALL_NEEDS] = {
#define NEED(id, doc) #id,
#include "hcall/need.def"
};

static DeviceOption doorbell = {.type = DEVICE_TYPE_doorbell};

/* What is taken away from a machine that offers everything. */
typedef struct Case {
    const char *what;
    unsigned caps;    /* ACCEL_CAP_… bits */
    size_t option;    /* offset in Config of a bool that is then false; 0: none */
    bool rebuilds;    /* reset=rebuild */
    bool no_devices;  /* of -device */
    unsigned missing; /* HCALL_NEED_… bits that are gone with it */
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
    unsigned caps = t ? ~t->caps : ~0u;
    if (!t || !t->no_devices)
        g_ptr_array_add(config.devices, &doorbell);
    if (t && t->rebuilds)
        config.reset_mode = RESET_MODE_REBUILD;
    if (t && t->option)
        *(bool *)((char *)&config + t->option) = false;
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

static void each_needs_what_it_says(void)
{
    enum {
        RESETS = HCALL_NEED_RESET | HCALL_NEED_PARTITION,
        ALL = (1 << HCALL_NEEDS) - 1,
        BY_OTHER_WAYS = HCALL_NEED_IDLE | HCALL_NEED_AREAS, /* each under a capability of its own */
    };
    static const Case cases[] = {
        {"hypercall exits", ACCEL_CAP_HCALL_EXIT, .missing = ALL & ~BY_OTHER_WAYS},
        {"has-idle", .option = offsetof(Config, has_idle), .missing = HCALL_NEED_IDLE},
        {"an accelerator that serves EV_IDLE", ACCEL_CAP_IDLE, .missing = HCALL_NEED_IDLE},
        {"has-reset", .option = offsetof(Config, has_reset), .missing = HCALL_NEED_RESET},
        {"both ways of a reset", ACCEL_CAP_STATE_WRITE | ACCEL_CAP_REBUILD, .missing = RESETS},
        {"a second VM, which reset=rebuild wants", ACCEL_CAP_REBUILD, .rebuilds = true, .missing = RESETS},
        {"a second VM, which a plain reset does not want", ACCEL_CAP_REBUILD, .missing = 0},
        {"has-shutdown", .option = offsetof(Config, has_shutdown), .missing = HCALL_NEED_SHUTDOWN},
        {"has-partition", .option = offsetof(Config, has_partition), .missing = HCALL_NEED_PARTITION},
        {"memory-areas", .option = offsetof(Config, memory_areas), .missing = HCALL_NEED_AREAS},
        {"area exits", ACCEL_CAP_AREA_EXIT, .missing = HCALL_NEED_AREAS},
        {"a doorbell", .no_devices = true, .missing = HCALL_NEED_DOORBELL},
        {"msgsnd", ACCEL_CAP_MSGSND, .missing = HCALL_NEED_MSGSND},
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
