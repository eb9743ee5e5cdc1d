/* SPDX-License-Identifier: MIT
 *
 * On the KVM host: speaks gdb's remote protocol for a script.  Each line of stdin is a packet's payload, "break", which
 * stops the guest, or "go", which lets it run and expects no reply.  Each reply is printed as "payload -> reply".
 *
 * usage: kvm-rsp SOCKET
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int gdb;

static int get(void)
{
    unsigned char c;
    return read(gdb, &c, 1) == 1 ? c : -1;
}

static void put(const char *bytes, size_t n)
{
    if (write(gdb, bytes, n) != (ssize_t)n) {
        /* it left with its last word: the next read says so */
    }
}

static void send_packet(const char *payload)
{
    char packet[1100];
    unsigned sum = 0;
    for (const char *p = payload; *p; p++)
        sum += (unsigned char)*p;
    int n = snprintf(packet, sizeof(packet), "$%s#%02x", payload, sum & 255);
    put(packet, (size_t)n);
}

/* False: the other side is gone. */
static int receive(char *reply, size_t size)
{
    size_t n = 0;
    int c;
    while ((c = get()) != '$')
        if (c < 0)
            return 0;
    while ((c = get()) != '#') {
        if (c < 0)
            return 0;
        if (n + 1 < size)
            reply[n++] = (char)c;
    }
    reply[n] = 0;
    if (get() < 0 || get() < 0)
        return 0;
    put("+", 1);
    return 1;
}

int main(int argc, char **argv)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    char line[1024], reply[4096];
    if (argc != 2)
        return 2;
    strncpy(at.sun_path, argv[1], sizeof(at.sun_path) - 1);
    signal(SIGPIPE, SIG_IGN);
    gdb = socket(AF_UNIX, SOCK_STREAM, 0);
    while (connect(gdb, (struct sockaddr *)&at, sizeof(at)) < 0)
        usleep(10000); /* not there yet: the caller has a watchdog */
    while (fgets(line, sizeof(line), stdin)) {
        line[strcspn(line, "\n")] = 0;
        if (!strcmp(line, "go")) {
            send_packet("c");
            continue;
        }
        if (strcmp(line, "break"))
            send_packet(line);
        else
            put("\3", 1);
        if (!receive(reply, sizeof(reply)))
            strcpy(reply, "gone");
        printf("%s -> %s\n", line, reply);
        fflush(stdout);
    }
    /* Whoever counts Quoin's descriptors after this finds none of ours. */
    shutdown(gdb, SHUT_WR);
    while (get() >= 0)
        ;
    return 0;
}
