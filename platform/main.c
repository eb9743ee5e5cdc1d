/* SPDX-License-Identifier: MIT
 *
 * argv → config → machine → exit status.
 */
#include <errno.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "cpu/fault.h"
#include "cpu/log.h"
#include "cpu/timeline.h"
#include "platform/base/daemon.h"
#include "platform/base/process.h"
#include "platform/control/gdb.h"
#include "platform/control/monitor.h"
#include "platform/machine/machine.h"
#include "platform/migrate/migrate.h"
#include "platform/snapshot/job.h"

/* Takes the error; returns the exit status that it stands for. */
static int complain(GError *error)
{
    int status = error->domain == G_OPTION_ERROR ? EXIT_BAD_LINE : EXIT_FAILED;
    message_error("%s", error->message);
    g_error_free(error);
    return status;
}

static gboolean stop_by_signal(gpointer machine)
{
    run_request(((Machine *)machine)->run, RUN_CAUSE_HOST_SIGNAL);
    return G_SOURCE_CONTINUE;
}

static bool pidfile_write(const char *path, GError **error)
{
    char text[16];
    int n = g_snprintf(text, sizeof(text), "%d\n", (int)getpid());
    if (!path)
        return true;
    if (!g_file_set_contents(path, text, n, error)) {
        g_prefix_error(error, "-pidfile: ");
        return false;
    }
    process_own_file(path);
    return true;
}

/* -M …,dumpdtb=FILE: the tree that the guest would get. */
static int dump_tree(Machine *machine)
{
    GError *error = NULL;
    g_autoptr(GBytes) tree = machine_build_tree(machine, &error);
    gsize size;
    const void *data = tree ? g_bytes_get_data(tree, &size) : NULL;
    if (tree && g_file_set_contents(machine->config->dumpdtb, data, (gssize)size, &error))
        return EXIT_OK;
    g_prefix_error(&error, "-M dumpdtb: ");
    return complain(error);
}

static int load_failed(GError *error)
{
    g_prefix_error(&error, "-loadvm: ");
    return complain(error);
}

static bool prepare_migration(Migration *migration, const Config *config, GError **error)
{
    if (config->only_migratable && !migration_is_possible(migration, error)) {
        g_prefix_error(error, "-only-migratable: ");
        return false;
    }
    return !config->incoming || migration_expect(migration, config->incoming, error);
}

/* All that the command line names is open. */
static bool go_on_alone(const Config *config, GError **error)
{
    if (config->daemonize && chdir("/"))
        message_warning("-daemonize: the working directory stays: %s", g_strerror(errno));
    if (!rights_give_up(config->chroot, config->runas, error))
        return false;
    daemon_ready();
    return true;
}

/* Runs the machine to its end, with gdb and monitors where they were asked for.  Returns the exit status. */
static int run_machine(Machine *machine, Snapshots *snapshots, Jobs *jobs, Migration *migration)
{
    static const char *const watchdog_words[] = {ACTION_WATCHDOG_WORDS};
    const Config *config = machine->config;
    ControlView view = {
        .run = machine->run,
        .vcpus = machine->vcpus,
        .model = machine->model,
        .memory = machine->memory,
        .hcall = &machine->hcall,
        .areas = machine->areas,
        .chardevs = machine->chardevs,
        .drives = machine->drives,
        .drive_errors = machine->drive_errors,
        .name = config->name,
        .accel = config->accel,
        .watchdog = watchdog_words[config->action_watchdog],
        .panic = config->action_panic == PANIC_PAUSE ? "pause" : "poweroff",
        .config = config,
        .buses = machine->buses,
        .snapshots = snapshots,
        .jobs = jobs,
        .migration = migration,
        .notices = machine->notices,
        .query_pci = machine_query_pci,
        .balloon = machine_balloon,
        .tell = machine_tell,
        .query_opaque = machine,
    };
    GError *error = NULL;
    Gdb *gdb = view.gdb = gdb_new(&view);
    Monitors *monitors = NULL;
    int status;

    if ((config->gdb && !gdb_listen(gdb, config->gdb, &view, &error)) || !(monitors = monitors_new(config, &view, &error)))
        status = complain(error);
    else if (config->loadvm && !snapshots_load_first(snapshots, config->loadvm, &error))
        status = load_failed(error);
    else if (!prepare_migration(migration, config, &error))
        status = complain(error);
    else if (!go_on_alone(config, &error)) /* whose root may be another one, without the snapshots */
        status = complain(error);
    else
        status = machine_run(machine);
    monitors_free(monitors);
    gdb_free(gdb);
    return status;
}

static int run(const Config *config)
{
    GError *error = NULL;
    Boot boot;
    int status;

    if (!process_has_room(config->ram_size, &error) || (config->lock_memory && !process_lock_memory(&error)))
        return complain(error);
    if (!boot_load(&boot, config, &error)) {
        boot_clear(&boot);
        return complain(error);
    }
    Machine *machine = machine_new(config, &boot, &error);
    if (!machine) {
        boot_clear(&boot);
        return complain(error);
    }
    /* Before the file that tells others whom to send one. */
    g_unix_signal_add(SIGINT, stop_by_signal, machine);
    g_unix_signal_add(SIGTERM, stop_by_signal, machine);
    g_unix_signal_add(SIGHUP, stop_by_signal, machine);
    if (config->dumpdtb) {
        status = dump_tree(machine);
    } else if (!pidfile_write(config->pidfile, &error)) {
        status = complain(error);
    } else {
        Snapshots *snapshots = snapshots_new(machine);
        Jobs *jobs = jobs_new(snapshots, machine->notices);
        Migration *migration = migration_new(machine);
        status = run_machine(machine, snapshots, jobs, migration);
        migration_free(migration);
        jobs_free(jobs);
        snapshots_free(snapshots);
        if (config->pidfile)
            process_remove_file(config->pidfile);
    }
    machine_free(machine);
    boot_clear(&boot);
    return status;
}

int main(int argc, char **argv)
{
    GError *error = NULL;
    Config config;
    int status = EXIT_OK;

    process_start();
    switch (options_parse(argc, argv, &config, &error)) {
    case OPTIONS_BAD:
        status = complain(error);
        break;
    case OPTIONS_DONE:
        break;
    case OPTIONS_RUN:
        log_set(config.log_mask);
        log_stamp(config.message_time, config.message_name ? config.name : NULL);
        if ((config.daemonize && !daemon_start(&error)) || !log_open(config.log_file, &error) ||
            (config.fault && !fault_arm(config.fault, &error)) ||
            (config.timeline && !timeline_open(config.timeline, config.timeline_mask, &error)))
            status = complain(error);
        else
            status = run(&config);
        if (!timeline_close(&error)) {
            int unwritten = complain(error);
            status = status == EXIT_OK ? unwritten : status;
        }
        break;
    }
    config_clear(&config);
    log_close();
    return status;
}
