/* SPDX-License-Identifier: MIT
 *
 * A listening socket with one client at a time (the next one waits), for gdb and QMP.  Main thread; driven by the default GMainContext.
 *
 * Specs: tcp:[HOST]:PORT and unix:PATH, then QEMU's ,server=on ,wait=on|off.  No HOST is this host only (loopback): whoever can
 * connect owns the guest.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct ControlSocket ControlSocket;

typedef struct ControlSocketOps {
    void (*opened)(void *opaque);
    void (*received)(void *opaque, const char *data, size_t size);
    void (*closed)(void *opaque); /* not after control_socket_free() */
} ControlSocketOps;

/*
 * option: "-gdb", for messages.  assume: what a spec that does not say means ("server=on,wait=off").
 */
ControlSocket *control_socket_new(const char *option, const char *spec, const char *assume, const ControlSocketOps *ops,
                                  void *opaque, GError **error);
void control_socket_wait(ControlSocket *sock); /* wait=on: until the first client is there; else nothing */
void control_socket_free(ControlSocket *sock); /* sends what is queued, as far as the client takes it at once */
/* Queued without bound on purpose: answers only, and the client is not read while it does not take them. */
void control_socket_send(ControlSocket *sock, const void *data, size_t size);
void control_socket_hang_up(ControlSocket *sock); /* after sending what is queued; calls closed() from the main loop */
