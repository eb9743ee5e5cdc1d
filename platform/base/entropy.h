/* SPDX-License-Identifier: MIT
 *
 * Where a device's random numbers come from: QEMU's objects rng-builtin and rng-random.  Under the device lock, but new and free: main thread.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Entropy Entropy;

/* An argument of -object, rng-builtin,id=ID or rng-random,id=ID[,filename=FILE]: is it well-formed?  Opens nothing.  *id: g_free(). */
bool entropy_option_check(const char *text, char **id, GError **error);
Entropy *entropy_new(const char *text, GError **error); /* of such an argument */
Entropy *entropy_new_host(void);                        /* the host's own generator, which is always ready */
Entropy *entropy_new_repeated(void);                    /* the same numbers in each run: for virtual time */
/* A file that gives them, such as /dev/urandom: as many as it has when it has them. */
Entropy *entropy_new_file(const char *path, GError **error);
void entropy_free(Entropy *entropy);

/* Up to `size` bytes, as many as are there now; 0: none, and ready() is called once when it is worth trying again: main thread, with the lock. */
size_t entropy_get(Entropy *entropy, void *to, size_t size, void (*ready)(void *opaque), void *opaque);
void entropy_forget(Entropy *entropy, void *opaque); /* ready() of this one is not called any more */
