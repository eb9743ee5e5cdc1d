/* SPDX-License-Identifier: MIT */
#include "platform/net/segment.h"
#include "tests/unit/unit.h"

#include <string.h>

enum { DATA = 10000, MSS = 1448, OPTIONS = 12, V4 = 14 + 20 + 20 + OPTIONS, V6 = 14 + 40 + 20 + OPTIONS };

static void put16(uint8_t *at, size_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

/* A TCP packet of DATA bytes with timestamps; its length.  Checksums are not there yet. */
static size_t make(uint8_t *p, unsigned version)
{
    const size_t header = version == 4 ? V4 : V6, l4 = header - 20 - OPTIONS;
    memset(p, 0, header);
    memcpy(p, "\x52\x55\x0a\0\2\2\x52\x54\0\x12\x34\x56", 12);
    put16(p + 12, version == 4 ? 0x0800 : 0x86dd);
    if (version == 4) {
        put16(p + 14, 0x4500);
        put16(p + 16, header + DATA - 14);
        put16(p + 18, 0xfffe); /* the identification overflows */
        p[22] = 64;
        p[23] = NET_PROTOCOL_TCP;
        memcpy(p + 26, "\x0a\0\2\x0f\x0a\0\2\2", 8);
    } else {
        p[14] = 0x60;
        put16(p + 18, header + DATA - 54);
        p[20] = NET_PROTOCOL_TCP;
        p[21] = 64;
        memcpy(p + 22, "\xfe\xc0\0\0\0\0\0\0\0\0\0\0\0\0\0\2\xfe\xc0\0\0\0\0\0\0\0\0\0\0\0\0\0\3", 32);
    }
    put16(p + l4, 1234);
    put16(p + l4 + 2, 80);
    memcpy(p + l4 + 4, "\xff\xff\xf0\0\0\0\1\1\x80\x18\x10\0", 12); /* so does the sequence number; PSH and ACK */
    memcpy(p + l4 + 20, "\1\1\x08\x0a\0\0\0\7\0\0\0\5", OPTIONS);
    for (size_t i = 0; i < DATA; i++)
        p[header + i] = (uint8_t)(i * 7 + i / 256);
    return header + DATA;
}

static bool is_right(const uint8_t *frame, size_t length)
{
    NetHeaders h = net_headers(frame, length);
    return h.l4 && (h.version == 6 || net_ip_is_right(frame, &h)) && net_l4_is_right(frame, &h);
}

/* The frames of such a packet, of which each is complete. */
typedef struct Frames {
    uint8_t *at[DATA / MSS + 1];
    size_t length[DATA / MSS + 1], n;
} Frames;

static Frames cut(unsigned version)
{
    g_autofree uint8_t *packet = g_malloc(NET_FRAME_MAX);
    Frames f = {.n = 0};
    NetCut c;
    g_assert_true(net_cut_of(packet, make(packet, version), version, MSS, &c));
    g_assert_cmpuint(net_cut_count(&c), ==, G_N_ELEMENTS(f.at));
    for (; f.n < G_N_ELEMENTS(f.at); f.n++) {
        f.at[f.n] = g_malloc(NET_FRAME_MAX);
        f.length[f.n] = net_cut_frame(&c, f.n, f.at[f.n]);
        net_fill_sums(f.at[f.n], f.length[f.n]);
        f.at[f.n] = g_realloc(f.at[f.n], f.length[f.n]); /* a sanitizer sees what reads behind it */
    }
    return f;
}

static void frames_free(Frames *f)
{
    for (size_t i = 0; i < f->n; i++)
        g_free(f->at[i]);
}

static void test_frames_are_complete(void)
{
    static const unsigned versions[] = {4, 6};
    FOR_ROWS (v, versions) {
        Frames f = cut(versions[v]);
        const size_t header = versions[v] == 4 ? V4 : V6, l4 = header - 20 - OPTIONS;
        for (size_t i = 0; i < f.n; i++) {
            const uint32_t sequence = 0xfffff000u + (uint32_t)(i * MSS);
            g_assert_cmpuint(f.length[i], ==, header + (i + 1 < f.n ? MSS : DATA % MSS));
            g_assert_true(is_right(f.at[i], f.length[i]));
            g_assert_cmpuint(f.at[i][l4 + 4], ==, sequence >> 24);
            g_assert_cmpuint(f.at[i][l4 + 7], ==, sequence & 0xff);
            g_assert_cmphex(f.at[i][l4 + 13], ==, i + 1 < f.n ? 0x10 : 0x18);
            if (versions[v] == 4)
                g_assert_cmpuint((f.at[i][18] << 8 | f.at[i][19]), ==, (0xfffe + i) & 0xffff);
        }
        frames_free(&f);
    }
}

/* All of them are one packet again, whose checksum is left to the receiver. */
static void test_frames_are_joined(void)
{
    g_autofree uint8_t *packet = g_malloc(NET_FRAME_MAX), *buffer = g_malloc(NET_FRAME_MAX);
    static const unsigned versions[] = {4, 6};
    FOR_ROWS (v, versions) {
        Frames f = cut(versions[v]);
        NetJoin j;
        size_t length = make(packet, versions[v]);
        net_join_begin(&j, buffer, f.at[0], f.length[0]);
        for (size_t i = 1; i < f.n; i++)
            g_assert_true(net_join_add(&j, f.at[i], f.length[i]));
        g_assert_false(net_join_add(&j, f.at[f.n - 1], f.length[f.n - 1]));
        net_join_end(&j);
        g_assert_cmpuint(j.n, ==, f.n);
        g_assert_cmpuint(j.offload.mss, ==, MSS);
        g_assert_cmpuint(j.offload.header, ==, versions[v] == 4 ? V4 : V6);
        g_assert_cmpuint(j.length, ==, length);
        net_insert_sum(buffer, j.offload.sum_start, j.offload.sum_at, j.length);
        g_assert_true(is_right(buffer, j.length));
        net_fill_sums(packet, length);
        g_assert_cmpmem(buffer, j.length, packet, length);
        frames_free(&f);
    }
}

/* What is not the rest of the same stays by itself. */
static void test_what_is_not_joined(void)
{
    enum { L4 = 34 };
    static const struct {
        unsigned at, mask;
        bool sum; /* checksums are made right again */
    } changes[] = {
        {0, 1, true},          /* another destination */
        {15, 4, true},         /* another class of service */
        {20, 0x20, true},      /* a fragment */
        {22, 1, true},         /* another number of hops */
        {29, 1, true},         /* from somebody else */
        {L4 + 1, 1, true},     /* from another port */
        {L4 + 7, 1, true},     /* a gap */
        {L4 + 11, 1, true},    /* another acknowledgement */
        {L4 + 13, 1, true},    /* FIN */
        {L4 + 13, 0x20, true}, /* URG */
        {L4 + 24, 1, true},    /* another time stamp */
        {L4 + 12, 0x10, true}, /* fewer options */
        {L4 + 12, 0xf0, true}, /* more options than data */
        {L4 + 60, 1, false},   /* a bit that was lost */
        {24, 1, false},        /* the same in the header of IP */
    };
    g_autofree uint8_t *buffer = g_malloc(NET_FRAME_MAX);
    FOR_ROWS (i, changes) {
        Frames f = cut(4);
        NetJoin j;
        f.at[1][changes[i].at] ^= (uint8_t)changes[i].mask;
        if (changes[i].sum)
            net_fill_sums(f.at[1], f.length[1]);
        net_join_begin(&j, buffer, f.at[0], f.length[0]);
        g_assert_false(net_join_add(&j, f.at[1], f.length[1]));
        net_join_end(&j);
        g_assert_cmpuint(j.n, ==, 1);
        g_assert_true(j.first == f.at[0]);
        net_join_begin(&j, buffer, f.at[1], f.length[1]); /* a FIN and the like begin nothing; others do */
        net_join_add(&j, f.at[2], f.length[2]);
        net_join_end(&j);
        frames_free(&f);
    }
}

/* Nothing is longer than a packet of IP may be. */
static void test_a_packet_has_an_end(void)
{
    g_autofree uint8_t *buffer = g_malloc(NET_FRAME_MAX);
    Frames f = cut(4);
    NetJoin j;
    net_join_begin(&j, buffer, f.at[0], f.length[0]);
    while (net_join_add(&j, f.at[1], f.length[1])) {
        const uint32_t next = j.next;
        for (unsigned i = 0; i < 4; i++)
            f.at[1][34 + 4 + i] = (uint8_t)(next >> (24 - 8 * i));
        net_fill_sums(f.at[1], f.length[1]);
    }
    net_join_end(&j);
    g_assert_cmpuint(j.length, >, 65535 - MSS);
    g_assert_cmpuint(j.length, <=, 65535 + 14);
    frames_free(&f);
}

/* Headers that say anything: nothing outside of the frame is touched, which a sanitizer sees. */
static void test_any_headers(void)
{
    g_autofree uint8_t *buffer = g_malloc(NET_FRAME_MAX), *frame = g_malloc(NET_FRAME_MAX);
    g_autoptr(GRand) rand = g_rand_new_with_seed(7);
    for (unsigned i = 0; i < 3000; i++) {
        Frames f = cut(i & 1 ? 4 : 6);
        NetCut c;
        NetJoin j;
        for (unsigned n = (unsigned)g_rand_int_range(rand, 1, 4); n; n--)
            f.at[i % 2][g_rand_int_range(rand, 12, 80)] = (uint8_t)g_rand_int(rand);
        net_fill_sums(f.at[0], f.length[0]);
        net_fill_sums(f.at[1], f.length[1]);
        if (net_cut_of(f.at[0], f.length[0], i & 1 ? 4 : 6, (size_t)g_rand_int_range(rand, 1, 2000), &c))
            for (size_t n = 0; n < net_cut_count(&c); n++)
                g_assert_cmpuint(net_cut_frame(&c, n, frame), <=, f.length[0]);
        net_join_begin(&j, buffer, f.at[0], f.length[0]);
        net_join_add(&j, f.at[1], f.length[1]);
        net_join_end(&j);
        frames_free(&f);
    }
}

UNIT_TESTS(net_segment)
{
    g_test_add_func("/net-segment/frames-are-complete", test_frames_are_complete);
    g_test_add_func("/net-segment/frames-are-joined", test_frames_are_joined);
    g_test_add_func("/net-segment/what-is-not-the-rest-stays-by-itself", test_what_is_not_joined);
    g_test_add_func("/net-segment/a-packet-has-an-end", test_a_packet_has_an_end);
    g_test_add_func("/net-segment/headers-that-say-anything", test_any_headers);
}
