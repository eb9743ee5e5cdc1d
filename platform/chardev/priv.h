/* SPDX-License-Identifier: MIT
 *
 * What the files of this folder and their test share; nobody else includes it.
 */
#pragma once

#include "platform/base/listener.h"
#include "platform/chardev/chardev.h"

enum {
    CHARDEV_QUEUE = 64 << 10, /* output waiting for a slow reader */
    CHARDEV_ESCAPE = 0x01,    /* Ctrl-a */
    CHARDEV_MUX_QUEUE = 4096, /* input of a mux waiting for the guest: Ctrl-a x works though it reads nothing */
};

typedef enum ChardevKind { CHARDEV_NULL, CHARDEV_STDIO, CHARDEV_FILE, CHARDEV_PTY, CHARDEV_SOCKET, CHARDEV_RINGBUF } ChardevKind;

/* A back end as -serial or -chardev describes it. */
typedef struct ChardevSpec {
    ChardevKind kind;
    bool mux;
    char *id;           /* -chardev */
    char *path, *input; /* file, unix; input: what a file's reader gets; NULL: nothing */
    char *host, *port;  /* tcp; port NULL: unix */
    bool server, wait;  /* socket */
    bool append;        /* file */
    unsigned ring_size; /* ringbuf */
} ChardevSpec;

bool chardev_spec_parse(const char *text, ChardevSpec *spec, GError **error);
bool chardev_option_parse(const char *text, ChardevSpec *spec, GError **error); /* option.c */
void chardev_spec_clear(ChardevSpec *spec);

/* A circular buffer of bytes that were not read yet: adding to it moves none of the others. */
typedef struct ChardevRing {
    uint8_t *data;
    size_t size; /* a power of two */
    size_t begin, used;
} ChardevRing;

struct Chardev {
    char *option; /* "-serial pty", "-chardev null,id=a": what a failure to open it is said of */
    char *label, *about;
    ChardevKind kind;
    int in_fd, out_fd;  /* -1: closed or none.  Non-blocking, or regular files */
    int pty_fd;         /* the master */
    Listener *listener; /* of a server; enabled while it has no client */
    ChardevRing ring;   /* ringbuf */
    bool raw_tty;
    bool connected; /* false: output is dropped, as with nobody at the other end of a cable */
    bool warned;
    GSource *in_watch, *out_watch, *poll_timer;
    GByteArray *out;
    bool starved; /* a write was short, so writable() must be called when there is room */
    const ChardevHandlers *handlers;
    void *opaque;
    bool mux, escape; /* escape: the escape key came */
    uint8_t escape_key;
    GByteArray *in;                 /* mux only */
    const ChardevHandlers *monitor; /* mux only: its second front end */
    void *monitor_opaque;
    bool monitor_has_input;
    void (*quit)(void *opaque);
    void *quit_opaque;
};

/* chardev.c */
Chardev *chardev_alloc(const char *label, ChardevKind kind);
/* Input and output descriptors (take; may be the same; −1: none); tells the front end. */
void chardev_connect(Chardev *chr, int in_fd, int out_fd);
void chardev_disconnect(Chardev *chr); /* closes them; what is queued is dropped; tells the front end */
GSource *chardev_watch(int fd, GIOCondition condition, GSourceFunc fn, Chardev *chr);
void chardev_unwatch(GSource **source);

/* open.c */
bool chardev_open(Chardev *chr, const ChardevSpec *spec, GError **error);
void chardev_close_ends(Chardev *chr);      /* what chardev_open() took besides the descriptors */
void chardev_lost(Chardev *chr);            /* the other end is gone: disconnects, and waits for somebody else to connect */
void chardev_poll_connection(Chardev *chr); /* pty: connects when somebody opened the other side */
int chardev_reopen(int fd, int mode);       /* fd with a file description of its own, non-blocking.  −1: errno */

/* mux.c */
size_t chardev_mux_room(const Chardev *chr); /* bytes that both of its front ends take now, whoever has the input */
void chardev_mux_input(Chardev *chr, const uint8_t *data, size_t size);

/* tty.c */
bool tty_make_raw(int fd, bool signals); /* signals: Ctrl-c and Ctrl-z still raise theirs.  False: fd is no terminal */
void tty_restore(void);                  /* also at exit and on fatal signals */
