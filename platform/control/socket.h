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
    void (*closed)(void *opaque);  /* not after control_socket_free() */
    void (*drained)(void *opaque); /* the socket is not full any more; may be NULL */
} ControlSocketOps;

/* Bytes that wait for the client, past which it is not read. */
enum { CONTROL_SOCKET_FULL = 64 * 1024 };

/*
 * option: "-gdb", for messages; borrowed for the socket's life.  assume: what a spec that does not say means ("server=on,wait=off").
 */
ControlSocket *control_socket_new(const char *option, const char *spec, const char *assume, const ControlSocketOps *ops,
                                  void *opaque, GError **error);
void control_socket_free(ControlSocket *sock);        /* sends what is queued, as far as the client takes it at once */
bool control_socket_waits(const ControlSocket *sock); /* wait=on: the machine begins when the first client is there */
bool control_socket_has_client(const ControlSocket *sock);
/*
 * Queues what the client does not take now.  What it asked for is bounded by not reading a client while the socket is full; whoever sends
 * unasked, or answers several requests that it received at once, looks at control_socket_is_full() first.
 */
void control_socket_send(ControlSocket *sock, const void *data, size_t size);
bool control_socket_is_full(const ControlSocket *sock);
void control_socket_hang_up(ControlSocket *sock); /* after sending what is queued; calls closed() from the main loop */
void control_socket_drop(ControlSocket *sock);    /* the same without sending what is queued */
