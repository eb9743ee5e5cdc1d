/* SPDX-License-Identifier: MIT
 *
 * What the files of this folder and their test share; nobody else includes it.
 */
#pragma once

#include <sys/socket.h>

#include "platform/base/event.h"
#include "platform/net/net.h"

enum {
    NET_QUEUE_FRAMES = 1024, /* bounds of a queue: a frame that comes to a full one is dropped */
    NET_QUEUE_BYTES = 4 << 20,
    NET_PIECES_MAX = 8, /* of a frame that a back end gets */
    NET_BURST = 64,     /* frames that a back end delivers before others get the device lock */
};

/* --- spec.c: an argument of -netdev */

typedef struct NetKey {
    const char *name;
    enum { NET_KEY_TEXT, NET_KEY_SWITCH, NET_KEY_NUMBER, NET_KEY_PORT } type; /* port: a name of services(5), too */
    bool many;                                                                /* it may come again */
} NetKey;

typedef struct NetKind NetKind;

typedef struct NetSpec {
    const NetKind *kind;
    char *what; /* "-netdev user,id=n0", for messages */
    char *id;
    GPtrArray *pairs; /* of KeyVal*, the kind first */
} NetSpec;

bool net_spec_parse(const char *text, NetSpec *spec, GError **error); /* net_spec_clear() also after a failure */
void net_spec_clear(NetSpec *spec);
const char *net_spec_text(const NetSpec *spec, const char *key);                /* NULL: not given */
const char *net_spec_nth(const NetSpec *spec, const char *key, unsigned index); /* of a key that may come again */
bool net_spec_on(const NetSpec *spec, const char *key, bool missing);
unsigned net_spec_number(const NetSpec *spec, const char *key, unsigned missing);
bool net_spec_bad(const NetSpec *spec, GError **error, const char *format, ...) G_GNUC_PRINTF(3, 4); /* false: the line is wrong */
/* False: the host refuses; errno says why.  doing: "bind to PATH" */
bool net_failed(const NetSpec *spec, GError **error, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* --- net.c */

/* Frames that wait, the oldest first. */
typedef struct NetQueue {
    GByteArray *data; /* NULL: nothing was in it yet */
    guint begin, n;   /* where the oldest is in it, and how many there are */
    size_t bytes;     /* of all of them */
} NetQueue;

bool net_queue_add(NetQueue *queue, const struct iovec *piece, unsigned n, size_t length); /* false: it is full */
const uint8_t *net_queue_peek(const NetQueue *queue, size_t *length);                      /* NULL: it is empty */
void net_queue_drop(NetQueue *queue);                                                      /* the oldest, if there is one */
void net_queue_skip(NetQueue *queue); /* the same of a copy of a queue, which is left as it is */
void net_queue_empty(NetQueue *queue);
void net_queue_clear(NetQueue *queue); /* the same, and its memory is given back */
void net_queue_save(const NetQueue *queue, SectionWriter *to, const char *name);
void net_queue_load(NetQueue *queue, Section *from, const char *name);

struct NetKind {
    const char *name, *doc;
    const char *absent; /* why this program has no such back end; NULL: it has, and everything below */
    const NetKey *keys; /* a name of NULL ends them */
    /* By its keys the specification may be another kind's, with the same name and keys.  May be NULL */
    const NetKind *(*variant)(const NetSpec *spec);
    size_t size;                                        /* of its struct, which begins with a Net */
    bool (*check)(const NetSpec *spec, GError **error); /* what the keys alone do not say; opens nothing */
    bool (*open)(Net *net, const NetSpec *spec, GError **error);
    void (*close)(Net *net); /* also after an open() that failed */
    bool whole;              /* it takes packets that are longer than a frame of its network, too: they need not be cut */
    /* As net_send(), of a length that a frame may have, in NET_PIECES_MAX pieces at most. */
    bool (*send)(Net *net, const struct iovec *piece, unsigned n, size_t length);
    void (*resume)(Net *net);                        /* after net_deliver() returned false: go on.  May be NULL */
    void (*save)(const Net *net, SectionWriter *to); /* may be NULL, as load */
    void (*load)(Net *net, Section *from);
};

extern const NetKind *const net_kinds[]; /* NULL ends them */

struct Net { /* first member of each back end's struct */
    const NetKind *kind;
    char *id;
    const NetPort *port; /* NULL: no card */
    void *opaque;
    bool opened;        /* open() was called, so close() must be */
    bool pulled;        /* the link is down */
    bool starved;       /* net_send() returned false, so sendable() must be called */
    bool stopped;       /* net_deliver() returned false, so resume() must be called */
    NetQueue held;      /* frames that the card had no room for */
    NetQueue rest;      /* frames of a packet that was cut, whose first ones the back end took: they go before all others */
    uint8_t *packet;    /* NET_FRAME_MAX bytes each, made when they are needed: a packet in one piece, or joined, … */
    uint8_t *frame;     /* … and a frame of it */
    Event *wake;        /* the main thread has something to deliver */
    uint64_t n_dropped; /* frames that no queue had room for, or of a wrong length */
};

/*
 * A frame from the other end, in the main thread.  True: the back end may deliver more; what the card has no room for is kept.  False: it
 * should stop until resume(), for what comes now may find the queue full.
 */
bool net_deliver(Net *net, const uint8_t *frame, size_t length);
bool net_deliver_all(Net *net, NetQueue *from); /* the same of all frames of a queue, which is empty afterwards */
void net_sendable(Net *net);                    /* the back end has room again */

/* --- watch.c: a descriptor in the main loop */

typedef struct NetWatch NetWatch;
typedef void NetReady(void *opaque, GIOCondition condition); /* in the main thread, under the device lock */

NetWatch *net_watch_new(int fd /* borrowed */, NetReady *ready, void *opaque); /* begins with no condition */
void net_watch_free(NetWatch *watch);                                          /* NULL: nothing */
/* With one, errors and hang-ups are heard of as well; 0: nothing is.  Any thread, under the device lock. */
void net_watch_want(NetWatch *watch, GIOCondition condition);

/* --- addr.c: the other end, and this one */

typedef struct NetAddr {
    struct sockaddr_storage sa;
    socklen_t size; /* 0: none */
} NetAddr;

/* host NULL: this host.  Name look-ups wait for the network, and so does the program's start. */
bool net_addr_inet(const NetSpec *spec, const char *host, const char *port, int socktype, NetAddr *addr, GError **error);
bool net_addr_unix(const NetSpec *spec, const char *path, NetAddr *addr, GError **error);
bool net_addr_is_group(const NetAddr *addr); /* an IPv4 multicast address */
/* Binds; a socket file that nobody has open any more is replaced.  *own: its path, for net_addr_release(); NULL: not a file. */
bool net_addr_bind(const NetSpec *spec, int fd, const NetAddr *addr, char **own, GError **error);
void net_addr_release(char **own); /* removes the file */
/* The descriptor that the text names, which is inherited: of a socket of this type, made non-blocking.  −1: the error is set */
int net_fd_socket(const NetSpec *spec, const char *text, int socktype, GError **error);

/* --- dgram.c, stream.c, tap.c */

extern const NetKey net_socket_keys[];
/* The text of a key as [HOST]:PORT.  *host: NULL where it is left out; both g_free() */
bool net_addr_split(const NetSpec *spec, const char *key, char **host, char **port, GError **error);

extern const NetKind net_dgram, net_stream, net_socket, net_socket_dgram, net_tap;

/* --- user.c; user_none.c where there is no libslirp */

extern const NetKind net_user;
