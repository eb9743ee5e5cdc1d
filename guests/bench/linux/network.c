/* SPDX-License-Identifier: MIT
 *
 * TCP to and from the host, where a server of tests/bench listens at the port that the command line's word `benchport` says.  A connection
 * begins with a line, "up" or "down", and a number of MiB; then come blocks of BLOCK bytes, of which each begins with its number.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"

enum { BLOCK = 65536, BLOCKS_OF_A_MIB = 16 };

static uint32_t block[BLOCK / 4];

static void move_all(int fd, ssize_t (*move)(int, void *, size_t))
{
    size_t done = 0;

    while (done < sizeof block) {
        ssize_t n = move(fd, (char *)block + done, sizeof block - done);
        if (n <= 0)
            give_up("the connection");
        done += (size_t)n;
    }
}

static ssize_t send_some(int fd, void *from, size_t size)
{
    return write(fd, from, size);
}

static ssize_t receive_some(int fd, void *to, size_t size)
{
    return read(fd, to, size);
}

static int open_connection(const char *way, uint32_t mib)
{
    const char *port = getenv("benchport");
    struct sockaddr_in host = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port ? port : "0"))};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    inet_pton(AF_INET, "10.0.2.2", &host.sin_addr);
    if (fd < 0 || connect(fd, (struct sockaddr *)&host, sizeof host) != 0)
        give_up("connect to the host");
    if (dprintf(fd, "%s %u\n", way, mib) < 0)
        give_up("ask the host");
    return fd;
}

/* The host answers with the sum of the numbers that it got, so all that was sent has come. */
static uint32_t upload(uint32_t mib)
{
    uint32_t sum = 0;

    for (uint32_t i = 0; i < BLOCK / 4; i++)
        block[i] = htonl(i);
    timing_begin();
    int fd = open_connection("up", mib);
    for (uint32_t n = 0; n < mib * BLOCKS_OF_A_MIB; n++) {
        block[0] = htonl(n);
        move_all(fd, send_some);
    }
    if (read(fd, &sum, sizeof sum) != sizeof sum)
        give_up("the host's answer");
    close(fd);
    return ntohl(sum);
}

static uint32_t download(uint32_t mib)
{
    uint32_t sum = 0;

    timing_begin();
    int fd = open_connection("down", mib);
    for (uint32_t n = 0; n < mib * BLOCKS_OF_A_MIB; n++) {
        move_all(fd, receive_some);
        sum += ntohl(block[0]);
    }
    close(fd);
    return sum;
}

uint32_t item_netup(uint32_t mib)
{
    return upload(mib);
}

uint32_t item_netdown(uint32_t mib)
{
    return download(mib);
}

uint32_t item_e1000up(uint32_t mib)
{
    return upload(mib);
}

uint32_t item_e1000down(uint32_t mib)
{
    return download(mib);
}
