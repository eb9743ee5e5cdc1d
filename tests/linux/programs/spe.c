/* SPDX-License-Identifier: MIT
 *
 * An SPE program for Linux on an e500v2: several processes, each with its own numbers in 64-bit registers, side by side.
 * Every process prints one line: its number, a double and a single after many steps, as their bits, and whether
 * the upper halves of its registers were still its own after each switch of processes.  tests/linux/e500v2.py knows the answers.
 *
 * Freestanding: the C library of the same architecture passes floating point in registers that this core does not have.
 */
#include <stdint.h>

enum { PROCESSES = 3, STEPS = 20000, YIELDS = 400 };
enum { SYS_exit = 1, SYS_fork = 2, SYS_write = 4, SYS_waitpid = 7, SYS_sched_yield = 158 };

static long call(long number, long a, long b, long c)
{
    register long r0 __asm__("r0") = number;
    register long r3 __asm__("r3") = a;
    register long r4 __asm__("r4") = b;
    register long r5 __asm__("r5") = c;
    __asm__ volatile("sc; bns+ 1f; neg 3, 3; 1:"
                     : "+r"(r0), "+r"(r3), "+r"(r4), "+r"(r5)
                     :
                     : "r6", "r7", "r8", "r9", "r10", "r11", "r12", "ctr", "cr0", "memory");
    return r3;
}

static char *put_hex(char *to, uint64_t value, int digits)
{
    for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4)
        *to++ = "0123456789abcdef"[value >> shift & 15];
    return to;
}

/* x → 3.9 x (1 − x): after some hundred steps each bit of the result depends on each rounding before. */
static double chaos_double(double x)
{
    for (int i = 0; i < STEPS; i++) {
        x = 3.9 * x * (1.0 - x);
        if (i % (STEPS / YIELDS) == 0)
            call(SYS_sched_yield, 0, 0, 0);
    }
    return x;
}

static float chaos_single(float x)
{
    for (int i = 0; i < STEPS; i++)
        x = 3.9f * x * (1.0f - x);
    return x;
}

/* Twelve registers with both halves the process's own, many switches, and all of them summed up word by word. */
static uint64_t registers(uint32_t pattern)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < YIELDS; i++) {
        uint32_t high, low;
        __asm__ volatile("evmergelo 14, %2, %3; evaddw 15, 14, 14; evaddw 16, 15, 14; evaddw 17, 16, 14;"
                         "evaddw 18, 17, 14; evaddw 19, 18, 14; evaddw 20, 19, 14; evaddw 21, 20, 14;"
                         "evaddw 22, 21, 14; evaddw 23, 22, 14; evaddw 24, 23, 14; evaddw 25, 24, 14;"
                         "li 0, 158; sc;"
                         "evaddw 14, 14, 15; evaddw 14, 14, 16; evaddw 14, 14, 17; evaddw 14, 14, 18;"
                         "evaddw 14, 14, 19; evaddw 14, 14, 20; evaddw 14, 14, 21; evaddw 14, 14, 22;"
                         "evaddw 14, 14, 23; evaddw 14, 14, 24; evaddw 14, 14, 25;"
                         "mr %1, 14; evmergehi 14, 14, 14; mr %0, 14"
                         : "=&r"(high), "=&r"(low)
                         : "r"(pattern), "r"(~pattern + i)
                         : "r0", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "r14", "r15", "r16", "r17", "r18",
                           "r19", "r20", "r21", "r22", "r23", "r24", "r25", "ctr", "cr0", "memory");
        sum += (uint64_t)high << 32 | low;
    }
    return sum;
}

static void process(int number)
{
    union {
        double value;
        uint64_t bits;
    } d = {.value = chaos_double(0.25 + 0.125 * number)};
    union {
        float value;
        uint32_t bits;
    } s = {.value = chaos_single(0.25f + 0.125f * (float)number)};
    char line[80], *end = line;

    for (const char *p = "spe "; *p;)
        *end++ = *p++;
    *end++ = (char)('0' + number);
    *end++ = ' ';
    end = put_hex(end, d.bits, 16);
    *end++ = ' ';
    end = put_hex(end, s.bits, 8);
    *end++ = ' ';
    end = put_hex(end, registers(0x11111111u * (uint32_t)(number + 1)), 16);
    *end++ = '\n';
    call(SYS_write, 1, (long)line, end - line);
    call(SYS_exit, 0, 0, 0);
}

void program(void);
void program(void)
{
    long status = 0;

    for (int number = 0; number < PROCESSES; number++)
        if (call(SYS_fork, 0, 0, 0) == 0)
            process(number);
    for (int number = 0; number < PROCESSES; number++) {
        int how = 0;
        if (call(SYS_waitpid, -1, (long)&how, 0) < 0 || how)
            status = 1;
    }
    call(SYS_exit, status, 0, 0);
}

__asm__(".globl _start; _start: li 0, 0; stwu 1, -32(1); stw 0, 0(1); rlwinm 1, 1, 0, 0, 27; b program");
