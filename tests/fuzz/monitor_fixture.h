/* SPDX-License-Identifier: MIT
 *
 * A machine for the fuzz targets of monitors: RAM and a vCPU that never runs, which stay, and a run state, which is new for each input.
 */
#pragma once

#include "platform/chardev/chardev.h"
#include "platform/control/view.h"
#include "platform/machine/runstate_ops.h"

static void no_work(void *opaque) {}

static bool resume_ok(void *opaque, GError **error)
{
    return true;
}

static RunResetResult reset(void *opaque, RunCause cause, GError **error)
{
    return RUN_RESET_DONE;
}

static const GError *host_error(void *opaque)
{
    return NULL;
}

static bool serve(void *opaque, Vcpu *vcpu, VcpuExit *exit)
{
    return false;
}

/* A vCPU that never runs, and RAM: the same ones for all inputs. */
static void give_body(ControlView *view, Config *config)
{
    static Memory *memory;
    static Vcpus *vcpus;
    static TimeSource time;
    view->model = e500_model_find("e500mc");
    if (!memory) {
        const AccelConfig accel = {.model = view->model, .time = &time, .tb_hz = 1000, .n_vcpus = 1};
        memory = memory_new(1 << 20, NULL);
        time_source_init(&time, true, 3);
        vcpus = vcpus_new(&accel_soft, &accel, serve, NULL, NULL);
        AccelRam ram = {.size = 1 << 20, .hva = memory_hva(memory)};
        g_assert_true(vcpus && vcpus_map_ram(vcpus, &ram, NULL));
        vcpus_post_init(vcpus, NULL);
    }
    view->memory = memory;
    view->vcpus = vcpus;
    *config = (Config){.board = "ppce500", .ram_size = 1 << 20, .devices = g_ptr_array_new(), .append = ""};
    view->config = config;
}

/* The client names files of this host; none is touched. */
static int create_nothing(const char *file, GError **error)
{
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_ACCES, "Could not open '%s'", file);
    return -1;
}

typedef struct Fixture {
    RunPolicy policy;
    HcallEnv hcall;
    Config config;
    ControlView view;
    GPtrArray *chardevs;
} Fixture;

static void fixture_init(Fixture *f)
{
    static const RunOps run_ops = {no_work, resume_ok, no_work, no_work, reset, host_error, no_work, no_work};
    *f = (Fixture){.chardevs = g_ptr_array_new_with_free_func((GDestroyNotify)chardev_free)};
    g_ptr_array_add(f->chardevs, chardev_option_new("ringbuf,id=r,size=64", NULL));
    g_ptr_array_add(f->chardevs, chardev_option_new("null,id=n", NULL));
    f->view = (ControlView){
        .run = run_new(&f->policy, &run_ops, NULL, NULL),
        .hcall = &f->hcall,
        .chardevs = f->chardevs,
        .name = "a \"name\"",
        .accel = "soft",
        .watchdog = "reset",
        .panic = "pause",
        .notices = notices_new(),
        .create_file = create_nothing,
    };
    give_body(&f->view, &f->config);
}

static void fixture_clear(Fixture *f)
{
    notices_free(f->view.notices);
    run_free(f->view.run);
    g_ptr_array_unref(f->config.devices);
    g_ptr_array_unref(f->chardevs);
}
