/* SPDX-License-Identifier: MIT
 * Calls and returns, indirect jumps, floating point. */
#include <math.h>
#include <stdbool.h>

#include "bench.h"

/* --- calls */

static uint32_t __attribute__((noipa)) fib(uint32_t n)
{
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

/* fib(n) makes 2 fib(n + 1) - 1 calls: the largest n that fits into the work. */
uint32_t item_fib(uint32_t work)
{
    uint32_t n = 1, calls = 1, before = 1;

    while (calls + before + 1 <= work) {
        uint32_t sum = calls + before + 1;
        before = calls;
        calls = sum;
        n++;
    }
    timing_begin();
    return fib(n) + n;
}

/* --- indirect jumps: an interpreter of byte codes, each of which jumps to the next one's code */

uint32_t item_interp(uint32_t work)
{
    enum { PROGRAM = 1024, CODES = 8 };
    static uint8_t program[PROGRAM];
    static const void *const codes[CODES] = {&&add, &&subtract, &&rotate, &&xor, &&multiply, &&swap, &&skip, &&shift};
    uint32_t seed = 3, a = 1, b = 2, pc = 0;

    for (unsigned i = 0; i < PROGRAM; i++)
        program[i] = (uint8_t)(next_random(&seed) >> 8) % CODES;
    timing_begin();
#define NEXT                                        \
    do {                                            \
        if (!work--)                                \
            return a ^ b;                           \
        goto *codes[program[pc++ & (PROGRAM - 1)]]; \
    } while (0)
    NEXT;
add:
    a += b;
    NEXT;
subtract:
    b -= a;
    NEXT;
rotate:
    a = a << 7 | a >> 25;
    NEXT;
    xor : b ^= a;
    NEXT;
multiply:
    a = a * 69069 + 1;
    NEXT;
swap : {
    uint32_t c = a;
    a = b;
    b = c;
}
    NEXT;
skip:
    pc += a & 1;
    NEXT;
shift:
    b ^= b >> 3;
    NEXT;
#undef NEXT
}

/* --- floating point: a sun and four planets, Newton's law, small steps */

enum { BODIES = 5 };

typedef struct {
    double at[3], speed[3], mass;
} Body;

static inline __attribute__((always_inline)) double multiply_add(double a, double b, double c, bool fused)
{
    return fused ? __builtin_fma(a, b, c) : a * b + c;
}

static inline __attribute__((always_inline)) void step(Body *bodies, double dt, bool fused)
{
    for (unsigned i = 0; i < BODIES; i++) {
        Body *a = &bodies[i];

        for (unsigned j = i + 1; j < BODIES; j++) {
            Body *b = &bodies[j];
            double d[3], square = 0;

            for (unsigned k = 0; k < 3; k++) {
                d[k] = a->at[k] - b->at[k];
                square = multiply_add(d[k], d[k], square, fused);
            }
            double pull = dt / (square * sqrt(square));
            for (unsigned k = 0; k < 3; k++) {
                a->speed[k] = multiply_add(-d[k], b->mass * pull, a->speed[k], fused);
                b->speed[k] = multiply_add(d[k], a->mass * pull, b->speed[k], fused);
            }
        }
    }
    for (unsigned i = 0; i < BODIES; i++)
        for (unsigned k = 0; k < 3; k++)
            bodies[i].at[k] = multiply_add(dt, bodies[i].speed[k], bodies[i].at[k], fused);
}

static inline __attribute__((always_inline)) uint32_t nbody(uint32_t steps, bool fused)
{
    Body bodies[BODIES] = {
        {{0, 0, 0}, {0, 0, 0}, 40},
        {{5, 1, 0}, {0.5, 2.75, 0.125}, 0.0375},
        {{-8, 4, 0.5}, {-1, -1.75, 0.0625}, 0.01125},
        {{12, -15, -0.25}, {1, 0.875, -0.03125}, 0.00175},
        {{15, 26, 0.75}, {-1, 0.625, 0.015625}, 0.002},
    };
    uint32_t sum = 0;

    timing_begin();
    for (uint32_t n = 0; n < steps; n++)
        step(bodies, 0.0009765625, fused);
    for (unsigned i = 0; i < BODIES; i++)
        for (unsigned k = 0; k < 3; k++) { /* all bits count, in no machine's byte order */
            union {
                double value;
                uint64_t bits;
            } u = {bodies[i].at[k]};
            sum = (sum ^ (uint32_t)u.bits) * 16777619u ^ (uint32_t)(u.bits >> 32);
        }
    return sum;
}

uint32_t item_nbody(uint32_t work)
{
    return nbody(work, false);
}

uint32_t item_nbodyfma(uint32_t work)
{
    return nbody(work, true);
}
