/* SPDX-License-Identifier: MIT
 *
 * What the command line says.  platform/options/options.c fills it; nobody changes it afterwards.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "platform/base/ram_source.h"

/* Exit status of the program (quoin(1)). */
enum {
    EXIT_OK = 0,          /* guest shutdown, or a reset under -no-reboot */
    EXIT_FAILED = 1,      /* what the command line asks for could not be had: a file, a socket, memory, the accelerator */
    EXIT_BAD_LINE = 2,    /* the command line is wrong, on any host: an error of the domain G_OPTION_ERROR */
    EXIT_GUEST_CRASH = 3, /* checkstop, or a guest panic with -action panic=… */
};

enum { SERIALS_MAX = 2, VCPUS_MAX = 32 };

/* The soft accelerator's engine=, an interpreter; ENGINE_VERIFY: the fast one and the plain one in lock step. */
typedef enum Engine { ENGINE_UNSAID, ENGINE_FAST, ENGINE_PLAIN, ENGINE_VERIFY } Engine;
/* And its jit=; JIT_VERIFY: the translator and the plain engine in lock step. */
typedef enum Jit { JIT_UNSAID, JIT_ON, JIT_OFF, JIT_VERIFY } Jit;

typedef enum ResetMode { RESET_MODE_PLAIN, RESET_MODE_REBUILD } ResetMode;

/* What a load or store gets at a physical address where nothing answers: it depends on the address (CCSR or not), or is the same everywhere. */
typedef enum Unmapped { UNMAPPED_CCSR, UNMAPPED_ZERO, UNMAPPED_MACHINE_CHECK } Unmapped;

/* -action EVENT=ACTION with QEMU's words. */
typedef enum ActionReboot { REBOOT_RESET, REBOOT_SHUTDOWN } ActionReboot;
typedef enum ActionShutdown { SHUTDOWN_POWEROFF, SHUTDOWN_PAUSE } ActionShutdown;
typedef enum ActionPanic { PANIC_PAUSE, PANIC_SHUTDOWN, PANIC_EXIT_FAILURE, PANIC_NONE } ActionPanic;
#define ACTION_WATCHDOG_WORDS "reset", "shutdown", "poweroff", "pause", "debug", "none", "inject-nmi"
typedef enum ActionWatchdog {
    WATCHDOG_RESET,
    WATCHDOG_SHUTDOWN,
    WATCHDOG_POWEROFF,
    WATCHDOG_PAUSE,
    WATCHDOG_DEBUG,
    WATCHDOG_NONE,
    WATCHDOG_INJECT_NMI,
} ActionWatchdog;

/* -chardev, -netdev, -fsdev */
typedef struct BackendConfig {
    char *id, *text;     /* text: the whole argument */
    const char *used_by; /* "-serial", "-device epapr-byte-channel"; NULL: nobody */
} BackendConfig;

/* -device loader: bytes that are put into RAM at each reset, and where a CPU begins */
enum { LOADER_NO_CPU = -1, LOADER_DATA_MAX = 8 };
typedef struct LoaderConfig {
    const char *text; /* the whole argument */
    const char *file; /* NULL: data, or an address to begin at */
    bool raw;         /* force-raw=on: the file as it is */
    bool has_addr, has_data, data_be;
    uint64_t addr, data;
    unsigned data_len; /* bytes of data, from the low end; data_be: in the guest's order, else little-endian */
    int cpu;           /* cpu-num=: it begins at the file's entry, or at addr */
} LoaderConfig;

/* -monitor, -qmp, -mon, and the monitor of -serial mon:stdio */
typedef struct MonitorConfig {
    bool control;       /* QMP; else the human monitor */
    const char *option; /* "-qmp", for messages */
    const char *spec;   /* a socket's or a back end's, as -serial has them; "chardev:ID": one that is there, by its label */
} MonitorConfig;

typedef struct Config {
    GStringChunk *texts; /* every text below that is not a constant: config_clear() frees all of them */
    /* -M BOARD,… */
    const char *board; /* name of a row of board.c */
    const char *dumpdtb, *dt_compatible;
    ResetMode reset_mode;                   /* reset=plain|rebuild */
    bool reset_ram_clear;                   /* reset-ram=keep|clear */
    Unmapped unmapped;                      /* unmapped=ccsr|zero|machine-check */
    bool memory_areas;                      /* memory-areas=on|off */
    bool has_reset, has_shutdown, has_idle; /* has-…=on|off: off removes promise and service */
    bool scramble;                          /* scramble=on: hypercalls overwrite volatile registers */
    bool has_partition;                     /* has-partition=on|off: Freescale's partition calls */
    bool kernel_irqchip;                    /* kernel-irqchip=on|off: the MPIC is the accelerator's */
    bool no_external_proxy, direct_eoi;     /* external-proxy=on|off, direct-eoi=on|off */
    const char *fault;                      /* inject-fault=NAME[:N]: the Nth passing of the fault point fails; tests only */
    /* -accel NAME,… */
    const char *accel;    /* "soft" */
    bool protected_state; /* protected=on */
    bool no_rebuild;      /* rebuild=off */
    Engine engine;        /* engine= */
    Jit jit;              /* jit= */
    bool translate;       /* what the two come to: with the translator, unless they ask for an interpreter */
    bool verify;          /* and in lock step with the plain engine; icount is set */
    bool accel_stats;     /* stats=on */
    unsigned tb_mib;      /* tb-size=; 0: the default */
    /* -cpu, -m, -smp */
    const char *cpu;
    uint64_t ram_size;    /* bytes */
    RamSource ram_source; /* what RAM is made of */
    unsigned n_vcpus;
    bool lock_memory; /* -overcommit mem-lock=on */
    /* images */
    const char *bios, *kernel, *initrd, *append, *dtb; /* append: "" when not given */
    GArray *loaders;                                   /* of LoaderConfig: -device loader, in its order */
    GPtrArray *data_dirs;                              /* of char*: -L, where firmware is looked for first */
    /* back ends */
    const char *serial[SERIALS_MAX];      /* chardev specs, or "chardev:ID"; "null" when not given */
    GPtrArray *chardevs;                  /* of BackendConfig* */
    GPtrArray *netdevs;                   /* the same */
    GPtrArray *fsdevs;                    /* the same */
    GPtrArray *drives;                    /* of DriveSpec*: -drive and its short forms, in their order */
    GPtrArray *objects;                   /* the same: -object */
    GPtrArray *devices;                   /* of DeviceOption*: -device, in its order */
    const char *gdb;                      /* -gdb SPEC, -s = "tcp::1234"; NULL: none */
    GPtrArray *monitors;                  /* of MonitorConfig* */
    uint8_t escape_key;                   /* -echr; 0: Ctrl-a */
    const char *pidfile, *chroot, *runas; /* NULL: none */
    bool daemonize;
    const char *snapshot_file; /* -snapshot-file; NULL: none */
    const char *incoming;      /* -incoming: where a machine comes from, or "defer"; NULL: power-on */
    bool only_migratable;      /* -only-migratable */
    const char *loadvm;        /* -loadvm: the snapshot to begin with; NULL: power-on */
    const char *name;          /* -name; NULL: none */
    const char *uuid;          /* -uuid, in its usual form; NULL: none */
    /* behaviour */
    ActionReboot action_reboot;
    ActionShutdown action_shutdown;
    ActionPanic action_panic;
    ActionWatchdog action_watchdog;
    bool start_paused;    /* -S */
    const char *rtc_base; /* "utc", "localtime" or an ISO date, UTC */
    bool rtc_clock_vm;    /* clock=vm: the RTC stands still while the machine does */
    bool icount;          /* virtual clock */
    unsigned icount_shift;
    const char *profile, *profile_symbols; /* -profile FILE,symbols=; NULL: none */
    unsigned profile_interval;             /* interval=; 0: the default */
    const char *timeline;                  /* -trace FILE; NULL: none */
    uint32_t timeline_mask;                /* what=; 0: the usual kinds */
    uint32_t log_mask;
    const char *log_file;
    bool message_time, message_name; /* -msg timestamp=on, guest-name=on */
} Config;

typedef enum OptionsResult {
    OPTIONS_RUN,  /* config is complete */
    OPTIONS_DONE, /* help or version was printed: exit 0 */
    OPTIONS_BAD,  /* error is set */
} OptionsResult;

OptionsResult options_parse(int argc, char **argv, Config *config, GError **error);
void config_clear(Config *config);
const char *config_text(Config *config, const char *text); /* a copy that lives as long as the Config */
/* The i-th option that there is; NULL: there are no more.  argument: NULL where it takes none.  text: as -help has it, lines. */
const char *option_nth(unsigned i, const char **argument, const char **text);
