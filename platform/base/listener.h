/* SPDX-License-Identifier: MIT
 *
 * A listening socket, for control sockets and character back ends: who may be in the way of it, and what happens when the process has no
 * descriptor left for a client.  Driven by the default GMainContext; functions are for any thread, one at a time, unless they say more.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/un.h>

typedef struct Listener Listener;

/*
 * Called in the main thread, with no lock held, while the listener is enabled and somebody wants to connect.  Whoever takes a lock here
 * must ask listener_is_enabled() once more under it.
 */
typedef void ListenerReady(void *opaque);

/*
 * A socket file that nobody listens on is what a killed program left, and is replaced; any other file is somebody's, and binding fails.
 * The file is removed by listener_free(), or by the signal that ends the program.  who: for messages, copied.
 */
bool listener_bind(int fd, const struct sockaddr_un *sun); /* the same for any socket, fd.  False: errno says why */
Listener *listener_new_unix(const char *who, const char *path, GError **error);
/*
 * host NULL: this host only (the IPv4 loopback address).  An address that others can reach is said once, for whoever connects gets
 * what `gives` names ("the guest").
 */
Listener *listener_new_tcp(const char *who, const char *host, const char *port, const char *gives, GError **error);
Listener *listener_new_fd(const char *who, int fd /* take */);               /* one that listens already */
void listener_free(Listener *listener);                                      /* main thread; NULL: nothing */
void listener_watch(Listener *listener, ListenerReady *ready, void *opaque); /* once; begins disabled */
void listener_enable(Listener *listener, bool on);
bool listener_is_enabled(const Listener *listener);
/*
 * The next client, non-blocking and closed at exec; −1: none just now.  Without a descriptor for it (EMFILE and its like), the listener
 * rests for a second, as it would be called again and again else, and says so once.
 */
int listener_accept(Listener *listener);
int listener_wait(Listener *listener);     /* the same, but waits for a client; a signal may end the program meanwhile */
int listener_fd(const Listener *listener); /* borrowed */
