/* SPDX-License-Identifier: MIT
 *
 * One request after the other to virtio devices, of which each waits for the one before: a notification or an interrupt that is lost ends
 * in a hang.
 *
 *     virtio_rounds N
 *
 * N rounds.  In each a block is written to /dev/vda and read back, past the page cache; a frame goes from eth0 to eth1 and another one back,
 * each with contents of its own; and some random bytes are read.  Then both interfaces send N frames more, many at a time.
 */
#define _GNU_SOURCE /* O_DIRECT */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    BLOCK = 4096,
    BLOCKS = 64,
    TYPE = 0x88b5 /* for experiments: IEEE 802 */,
    FRAME = 1000,
    BURST = 32 /* a socket has room for them */
};

static void give_up(const char *what)
{
    printf("FAIL: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int open_card(const char *name)
{
    struct ifreq request = {0};
    int fd = socket(AF_PACKET, SOCK_RAW, htons(TYPE));
    strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request))
        give_up(name);
    request.ifr_flags |= IFF_UP | IFF_PROMISC;
    if (ioctl(fd, SIOCSIFFLAGS, &request) || ioctl(fd, SIOCGIFINDEX, &request))
        give_up(name);
    struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(TYPE), .sll_ifindex = request.ifr_ifindex};
    if (bind(fd, (struct sockaddr *)&address, sizeof address))
        give_up(name);
    return fd;
}

static void make_frame(unsigned char *frame, unsigned number)
{
    memcpy(frame, "\xff\xff\xff\xff\xff\xff\2\0\0\0\0\1", 12);
    frame[12] = TYPE >> 8;
    frame[13] = TYPE & 0xff;
    for (unsigned i = 14; i < FRAME; i++)
        frame[i] = (unsigned char)(number * 31 + i);
}

static void send_frame(int fd, unsigned number)
{
    unsigned char frame[FRAME];
    make_frame(frame, number);
    if (send(fd, frame, FRAME, 0) != FRAME)
        give_up("send");
}

static void receive_frame(int fd, unsigned number)
{
    unsigned char frame[FRAME], got[2 * FRAME];
    make_frame(frame, number);
    ssize_t n = recv(fd, got, sizeof got, 0);
    if (n != FRAME || memcmp(frame, got, FRAME)) {
        printf("frame %u: %zd bytes came\n", number, n);
        errno = EBADMSG;
        give_up("a frame");
    }
}

static void disk(int fd, unsigned char *block, unsigned round)
{
    const off_t at = (off_t)(round % BLOCKS) * BLOCK;
    memset(block, (int)(round * 7 + 1), BLOCK);
    if (pwrite(fd, block, BLOCK, at) != BLOCK)
        give_up("write to the disk");
    memset(block, 0, BLOCK);
    if (pread(fd, block, BLOCK, at) != BLOCK)
        give_up("read from the disk");
    for (unsigned i = 0; i < BLOCK; i++)
        if (block[i] != (unsigned char)(round * 7 + 1)) {
            errno = EBADMSG;
            give_up("the disk");
        }
}

static void numbers(int fd)
{
    unsigned char bytes[32];
    if (read(fd, bytes, sizeof bytes) <= 0)
        give_up("/dev/hwrng");
}

int main(int argc, char **argv)
{
    const unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 100;
    int vda = open("/dev/vda", O_RDWR | O_DIRECT), hwrng = open("/dev/hwrng", O_RDONLY);
    int one = open_card("eth0"), other = open_card("eth1");
    unsigned char *block = aligned_alloc(BLOCK, BLOCK);
    if (vda < 0 || hwrng < 0 || !block)
        give_up("open");
    for (unsigned i = 0; i < rounds; i++) {
        disk(vda, block, i);
        send_frame(one, 2 * i);
        receive_frame(other, 2 * i);
        send_frame(other, 2 * i + 1);
        receive_frame(one, 2 * i + 1);
        numbers(hwrng);
    }
    for (unsigned i = 0; i < rounds; i += BURST) {
        for (unsigned n = i; n < i + BURST; n++) {
            send_frame(one, n);
            send_frame(other, n + 1);
        }
        for (unsigned n = i; n < i + BURST; n++) {
            receive_frame(one, n + 1);
            receive_frame(other, n);
        }
    }
    printf("PASS: %u rounds\n", rounds);
    return 0;
}
