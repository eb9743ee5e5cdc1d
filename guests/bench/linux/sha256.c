/* SPDX-License-Identifier: MIT
 * SHA-256 (FIPS 180-4 §6.2) of generated data: integer arithmetic, and in two threads what a second vCPU gains. */
#include <pthread.h>
#include <string.h>

#include "bench.h"

enum { MIB = 1 << 20, JOBS = 2 };

typedef struct {
    uint32_t seed, mib, sum;
} Job;

/* The first 32 bits of the fractional parts of the cube roots of the first 64 primes (§4.2.2), found by integer search. */
static uint32_t constants[64];
static uint32_t initial[8];

/* floor(2^32 * p^(1/degree)) without the integer part: the largest r of 36 bits whose power does not exceed p * 2^(32 degree). */
static uint32_t root_fraction(unsigned prime, unsigned degree)
{
    uint64_t root = 0;

    for (int bit = 36; bit >= 0; bit--) {
        uint64_t r = root | 1ull << bit;
        /* r^degree in limbs of 32 bits, least first */
        uint32_t power[6] = {1};
        for (unsigned n = 0; n < degree; n++) {
            uint32_t product[6] = {0};
            for (unsigned i = 0; i < 6; i++) {
                uint64_t carry = 0;
                for (unsigned j = 0; i + j < 6; j++) {
                    uint64_t limb = j == 0 ? (uint32_t)r : j == 1 ? r >> 32 : 0;
                    carry += product[i + j] + power[i] * limb;
                    product[i + j] = (uint32_t)carry;
                    carry >>= 32;
                }
            }
            memcpy(power, product, sizeof power);
        }
        uint64_t whole = (uint64_t)power[degree + 1] << 32 | power[degree];
        if (whole < prime)
            root = r;
    }
    return (uint32_t)root;
}

static void find_constants(void)
{
    unsigned found = 0;

    for (unsigned n = 2; found < 64; n++) {
        unsigned divisor = 2;
        while (n % divisor)
            divisor++;
        if (divisor < n)
            continue;
        if (found < 8)
            initial[found] = root_fraction(n, 2);
        constants[found++] = root_fraction(n, 3);
    }
}

static inline uint32_t rotate(uint32_t x, unsigned n)
{
    return x >> n | x << (32 - n);
}

/* Round n of eight: the variables a to h are not moved, they change their names.  w: the schedule's word, whose constant is
 * at the same place of its array. */
#define V(name)     s[(name - n) & 7]
#define ROUND(k, w) hash_round(s, k, (w) + constants[i + (k)])

static inline __attribute__((always_inline)) void hash_round(uint32_t s[8], unsigned n, uint32_t input)
{
    uint32_t a = V(0), e = V(4);
    uint32_t t = V(7) + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & V(5)) ^ (~e & V(6))) + input;

    V(3) += t;
    V(7) = t + (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & V(1)) ^ (a & V(2)) ^ (V(1) & V(2)));
}

static void hash_block(uint32_t state[8], const uint8_t *block)
{
    uint32_t w[64], s[8];

    for (unsigned i = 0; i < 16; i++)
        w[i] = (uint32_t)block[4 * i] << 24 | block[4 * i + 1] << 16 | block[4 * i + 2] << 8 | block[4 * i + 3];
    for (unsigned i = 16; i < 64; i++) {
        uint32_t a = w[i - 15], b = w[i - 2];
        w[i] = w[i - 16] + w[i - 7] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) + (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
    }
    memcpy(s, state, sizeof s);
    for (unsigned i = 0; i < 64; i += 8) { /* eight rounds, after which each variable is itself again */
        ROUND(0, w[i]);
        ROUND(1, w[i + 1]);
        ROUND(2, w[i + 2]);
        ROUND(3, w[i + 3]);
        ROUND(4, w[i + 4]);
        ROUND(5, w[i + 5]);
        ROUND(6, w[i + 6]);
        ROUND(7, w[i + 7]);
    }
    for (unsigned i = 0; i < 8; i++)
        state[i] += s[i];
}

/* The first word of the digest of a MiB, repeated. */
static uint32_t hash(uint32_t seed, uint32_t mib)
{
    static _Thread_local uint8_t data[MIB];
    uint32_t state[8];
    uint8_t last[64] = {0x80};
    uint64_t bits = (uint64_t)mib * MIB * 8;

    for (size_t i = 0; i < MIB; i++)
        data[i] = (uint8_t)next_random(&seed);
    memcpy(state, initial, sizeof state);
    for (uint32_t n = 0; n < mib; n++)
        for (size_t i = 0; i < MIB; i += 64)
            hash_block(state, data + i);
    for (unsigned i = 0; i < 8; i++)
        last[63 - i] = (uint8_t)(bits >> 8 * i);
    hash_block(state, last);
    return state[0];
}

/* FIPS 180-4's example "abc": what was computed is SHA-256. */
static void check(void)
{
    uint8_t block[64] = {'a', 'b', 'c', 0x80, [63] = 24};
    uint32_t state[8];

    find_constants();
    memcpy(state, initial, sizeof state);
    hash_block(state, block);
    if (state[0] != 0xba7816bf || state[7] != 0xf20015ad)
        give_up("SHA-256 of abc");
}

uint32_t item_sha256(uint32_t work)
{
    check();
    timing_begin();
    return hash(1, work);
}

static void *run_job(void *argument)
{
    Job *job = argument;

    job->sum = hash(job->seed, job->mib);
    return NULL;
}

static uint32_t run_jobs(uint32_t work, unsigned threads)
{
    Job jobs[JOBS];
    pthread_t thread[JOBS];
    uint32_t sum = 0;

    check();
    timing_begin();
    for (unsigned n = 0; n < JOBS; n++) {
        jobs[n] = (Job){n + 1, work / JOBS, 0};
        if (threads == 1)
            run_job(&jobs[n]);
        else if (pthread_create(&thread[n], NULL, run_job, &jobs[n]) != 0)
            give_up("pthread_create");
    }
    for (unsigned n = 0; n < JOBS; n++) {
        if (threads != 1)
            pthread_join(thread[n], NULL);
        sum = sum * 31 + jobs[n].sum;
    }
    return sum;
}

uint32_t item_par1(uint32_t work)
{
    return run_jobs(work, 1);
}

uint32_t item_par2(uint32_t work)
{
    return run_jobs(work, JOBS);
}
