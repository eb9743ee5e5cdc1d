/* SPDX-License-Identifier: MIT
 *
 * What the files of this folder share; nobody else includes it.
 */
#pragma once

#include <stdio.h>

#include "platform/options/config.h"

typedef enum OptionId {
#define OPTION(id, name, argument, topic, text) OPTION_##id,
#include "platform/options/table.def"
    OPTIONS
} OptionId;

enum { ICOUNT_SHIFT_USUAL = 3 }; /* where virtual time is asked for without one: an instruction lasts 8 ns */

enum {
#define TOPIC(id, title) OPTION_TOPIC_##id,
#include "platform/options/table.def"
    OPTION_TOPICS
};

extern const char *const option_topics[OPTION_TOPICS];

typedef struct Option {
    const char *name, *argument, *text;
    unsigned topic;
} Option;

extern const Option options_table[OPTIONS];

/* A command line being read. */
typedef struct Parse {
    Config *config;
    unsigned n_serials;
    bool nodefaults, no_monitor, monitor_on_stdio, snapshot;
    const char *mon_chardev; /* of the -mon that is read */
    bool mon_control;
    bool done;                        /* help was printed */
    bool reset_given, shutdown_given; /* -M has-reset=, has-shutdown= */
    GPtrArray *accels;                /* of char*: candidates, in order */
    bool no_guest;                    /* -M none: the first board, for programs that ask what there is; it does not start */
    GArray *memory_backends;          /* -object memory-backend-…, of memory.c */
    const char *memory_backend;       /* -M memory-backend=ID; NULL: none */
    GArray *globals;                  /* of -global, of global.c */
    bool memory_given;                /* -m */
    GPtrArray *nics;                  /* of Nic*, of net.c: -nic and -net nic */
    GPtrArray *virtfs;                /* of char*: the properties of the devices of -virtfs */
    struct Nic *net_nic;              /* the one of -net nic; NULL: none */
    char *net_backend;                /* id of the other -net; NULL: none */
    unsigned n_net_ids;
} Parse;

/* A function for each row; arg is NULL where the option takes none. */
#define OPTION(id, name, argument, topic, text) bool option_set_##id(Parse *p, const char *arg, GError **error);
#include "platform/options/table.def"

/* monitor.c */
bool options_complete_monitors(Parse *p, GError **error); /* adds the one of mon:stdio, and claims the back ends of the others */

/* chardev.c */
bool options_chardev_is_mux(const Config *config, const char *id); /* -chardev …,mux=on: a monitor may share it */
const char *options_stdio_owner(const Config *config);             /* id of the -chardev stdio; NULL: none */
bool options_complete_chardevs(Parse *p, GError **error);          /* every id is there, and used once at most */

/* backend.c */
BackendConfig *backend_config_new(const char *id, const char *text);
void backend_config_free(gpointer backend);
BackendConfig *backend_find(const GPtrArray *all, const char *id); /* NULL: there is none */
/* user has it from now on.  option: "-chardev", user: "-device eTSEC", for the error that there is no such, or that it is used. */
bool backend_claim(const GPtrArray *all, const char *option, const char *user, const char *id, GError **error);

/* options.c: an option and its argument, as if they were on the line */
bool option_set_by_name(Parse *p, const char *name, const char *arg, GError **error);

/* memory.c */
GArray *options_memory_backends_new(void);
bool option_add_memory_backend(Parse *p, const char *arg, GError **error); /* -object memory-backend-… */
bool options_complete_memory(Parse *p, GError **error);                    /* what RAM is made of, and how much there is */
bool options_check_ram(uint64_t size, const char *text,
                       GError **error); /* machine.c: a size that RAM may have; text: for messages */

/* global.c */
GArray *options_globals_new(void);
bool options_complete_globals(Parse *p, GError **error); /* devices have what is said of all of their type */
/* device.c: sets what the device does not say itself, and has */
struct DeviceOption;
bool device_option_set_default(const Config *config, struct DeviceOption *option, const char *key, const char *value,
                               GError **error);

/* object.c */
bool options_complete_objects(Parse *p, GError **error); /* every one that a device refers to is there */

/* share.c */
bool options_complete_fsdevs(Parse *p, GError **error); /* every one that a device refers to is there, for one device */

/* net.c */
GPtrArray *options_nics_new(void);
bool options_complete_netdevs(Parse *p,
                              GError **error); /* -nic and -net are devices then, and every netdev= is there, for one card */

/* drive.c */
bool options_complete_drives(Parse *p,
                             GError **error); /* each has an id and the device that if= asks for, and is used once at most */

/* loader.c */
bool option_add_loader(Parse *p, const char *arg, GError **error); /* -device loader,… */
bool options_complete_images(Parse *p, GError **error);            /* there is something to boot, and each loader says what */
void options_print_loader(void);                                   /* -device loader,help */

/* json.c.  *text: what JSON says, with `first` at the beginning, to be freed; NULL: the argument is none. */
bool option_json(const char *option, const char *first, const char *arg, char **text, GError **error);

bool option_bad(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3); /* false */

void options_print_help(FILE *out);
void options_print_version(FILE *out);
void options_print_man(FILE *out); /* the option section of quoin(1) */
