/* SPDX-License-Identifier: MIT
 *
 * What the files of this folder and their test share; nobody else includes it.
 */
#pragma once

#include <sys/socket.h>

#include "platform/base/listener.h"
#include "platform/chardev/chardev.h"

enum {
    CHARDEV_QUEUE = 64 << 10, /* output waiting for a slow reader */
    CHARDEV_ESCAPE = 0x01,    /* Ctrl-a */
    CHARDEV_MUX_QUEUE = 4096, /* input of a mux waiting for the guest: Ctrl-a x works though it reads nothing */
};

typedef enum ChardevKind {
    CHARDEV_NULL,
    CHARDEV_STDIO,
    CHARDEV_FILE,
    CHARDEV_PTY,
    CHARDEV_SOCKET,
    CHARDEV_RINGBUF,
    CHARDEV_UDP,
    CHARDEV_PIPE,
    CHARDEV_SERIAL, /* a character device of the host */
} ChardevKind;

/* A back end as -serial or -chardev describes it. */
typedef struct ChardevSpec {
    ChardevKind kind;
    bool mux;
    bool no_signals;               /* stdio: Ctrl-c and Ctrl-z are keys like others, as with mux */
    char *id;                      /* -chardev */
    char *path, *input;            /* file, unix, pipe, serial; input: what a file's reader gets; NULL: nothing */
    char *host, *port;             /* tcp, udp; port NULL: unix.  host NULL: this host */
    char *local_host, *local_port; /* udp; NULL: any */
    int fd;                        /* socket: inherited; −1: none */
    int family;                    /* tcp, udp: AF_INET, AF_INET6, or AF_UNSPEC */
    bool server, wait;             /* socket */
    bool telnet, no_delay;         /* tcp */
    unsigned reconnect;            /* a client: seconds between attempts; 0: one attempt */
    bool append;                   /* file */
    unsigned ring_size;            /* ringbuf */
    char *log;                     /* a copy of the output; NULL: none */
    bool log_append;
} ChardevSpec;

extern const ChardevSpec chardev_spec_default; /* null */
bool chardev_spec_parse(const char *text, ChardevSpec *spec, GError **error);
void chardev_spec_clear(ChardevSpec *spec);
char *chardev_spec_describe(const ChardevSpec *spec); /* as QEMU's info chardev says; g_free */

/* option.c */
bool chardev_option_parse(const char *text, ChardevSpec *spec, GError **error);
ChardevKind chardev_kind_of(unsigned i); /* of chardev_kind_name(i) */
bool chardev_option_key(ChardevSpec *spec, const char *option, const char *key, const char *value, GError **error);
bool chardev_option_complete(const ChardevSpec *spec, const char *option, GError **error); /* nothing that it needs is missing */

/* A circular buffer of bytes that were not read yet: adding to it moves none of the others. */
typedef struct ChardevRing {
    uint8_t *data;
    size_t size; /* a power of two */
    size_t begin, used;
} ChardevRing;

/* RFC 854: what was read of a command so far. */
typedef enum TelnetState { TELNET_DATA, TELNET_CR, TELNET_IAC, TELNET_OPTION, TELNET_SUB, TELNET_SUB_IAC } TelnetState;

struct Chardev {
    char *option; /* "-serial pty", "-chardev null,id=a": what a failure to open it is said of */
    char *label, *about;
    ChardevKind kind;
    int in_fd, out_fd;            /* -1: closed or none.  Non-blocking, or regular files */
    int pty_fd;                   /* the master */
    Listener *listener;           /* of a server; enabled while it has no client */
    struct sockaddr_storage peer; /* of a client that connects again */
    socklen_t peer_size;
    unsigned reconnect; /* seconds; 0: never */
    int join_fd;        /* being connected; −1: none */
    GSource *join_watch;
    bool telnet, telnet_binary, no_delay; /* telnet_binary: the other end agreed to send eight bits as they are */
    TelnetState telnet_state;
    uint8_t telnet_verb; /* of the option that comes next: WILL, WONT, DO, DONT */
    ChardevRing ring;    /* ringbuf */
    int log_fd;          /* logfile=; −1: none */
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
    GByteArray *in;                 /* of a mux, and the rest of a datagram */
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
size_t chardev_write_raw(Chardev *chr, const uint8_t *data, size_t size); /* chardev_write() without Telnet and the log */
/* How much of a datagram is taken and sent. */
enum { CHARDEV_DATAGRAM_IN = 4096, CHARDEV_DATAGRAM_OUT = 1024 };
GSource *chardev_watch(int fd, GIOCondition condition, GSourceFunc fn, Chardev *chr);
void chardev_unwatch(GSource **source);

/* open.c */
bool chardev_open(Chardev *chr, const ChardevSpec *spec, GError **error);
void chardev_close_ends(Chardev *chr);      /* what chardev_open() took besides the descriptors */
void chardev_lost(Chardev *chr);            /* the other end is gone: disconnects, and waits for somebody else to connect */
void chardev_poll_connection(Chardev *chr); /* pty: connects when somebody opened the other side */
int chardev_reopen(int fd, int mode);       /* fd with a file description of its own, non-blocking.  −1: errno */

bool chardev_failed(const Chardev *chr, const char *doing, GError **error); /* sets the error from errno; false */

/* socket.c */
bool chardev_open_socket(Chardev *chr, const ChardevSpec *spec, GError **error);
bool chardev_open_udp(Chardev *chr, const ChardevSpec *spec, GError **error);
void chardev_connect_later(Chardev *chr); /* of one with reconnect=, when its timer comes */
void chardev_close_socket(Chardev *chr);

/* telnet.c */
void chardev_telnet_begin(Chardev *chr); /* a new connection: offers what a terminal needs */
/* Takes commands out of what came, in place, and obeys them.  Returns how many bytes of data are left. */
size_t chardev_telnet_input(Chardev *chr, uint8_t *data, size_t size);

/* mux.c */
size_t chardev_mux_room(const Chardev *chr); /* bytes that both of its front ends take now, whoever has the input */
void chardev_mux_input(Chardev *chr, const uint8_t *data, size_t size);

/* tty.c */
bool tty_make_raw(int fd, bool signals); /* signals: Ctrl-c and Ctrl-z still raise theirs.  False: fd is no terminal */
void tty_restore(void);                  /* also at exit and on fatal signals */
