/* SPDX-License-Identifier: MIT
 *
 * What -netdev user asks of libslirp; for user.c and the unit test.
 */
#pragma once

#include <libslirp.h>

#include "platform/net/priv.h"

typedef struct UserForward { /* hostfwd= */
    bool udp;
    struct in_addr host, guest;
    unsigned host_port, guest_port;
} UserForward;

typedef struct UserService { /* guestfwd= */
    struct in_addr server;
    unsigned port;
    const char *command, *path; /* one of them: what is executed, or a Unix socket; of the specification's texts */
} UserService;

typedef struct UserConfig {
    SlirpConfig slirp;   /* its texts are the specification's, but for … */
    const char **search; /* … vdnssearch */
    GArray *forwards;    /* of UserForward */
    GArray *services;    /* of UserService */
} UserConfig;

extern const NetKey user_keys[];

/* Looks up nothing and opens nothing.  user_config_clear() also after a failure. */
bool user_config_parse(const NetSpec *spec, UserConfig *config, GError **error);
void user_config_clear(UserConfig *config);
