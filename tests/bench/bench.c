/* SPDX-License-Identifier: MIT
 *
 * Work to time, inside a Linux guest; the host does the timing, between the lines
 *
 *   BENCH begin NAME
 *   BENCH end NAME CHECKSUM
 *
 * The guest sleeps after each line, so that a host that is late to read its meter reads the same.
 * Each item does a fixed amount of work, and its checksum must be the same wherever it runs.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAUSE_US = 300000 };

/* Three instructions a turn: the interpreter's plainest case, and a count of instructions. */
static uint32_t item_loop(void)
{
    uint32_t turns = 200000000, sum = 0;

#ifdef __powerpc__
    __asm__ volatile("1: add %1, %1, %0\n\taddic. %0, %0, -1\n\tbne 1b" : "+r"(turns), "+r"(sum) : : "cr0", "xer");
#else
    for (; turns; turns--)
        sum += turns;
#endif
    return sum;
}

/* A xorshift generator into a small table: shifts, logic, loads, stores, a multiply. */
static uint32_t item_integer(void)
{
    static uint32_t table[1024];
    uint32_t x = 2463534242u;

    for (unsigned i = 0; i < 60000000; i++) {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        table[x & 1023] += x * 2654435761u;
    }
    for (unsigned i = 0; i < 1024; i++)
        x ^= table[i];
    return x;
}

static uint32_t __attribute__((noinline)) ackermann(uint32_t m, uint32_t n)
{
    if (m == 0)
        return n + 1;
    if (n == 0)
        return ackermann(m - 1, 1);
    return ackermann(m - 1, ackermann(m, n - 1));
}

static uint32_t item_calls(void)
{
    return ackermann(3, 10) + ackermann(2, 1000);
}

static uint32_t item_copy(void)
{
    enum { SIZE = 4 << 20, TURNS = 100 };
    uint8_t *from = malloc(SIZE), *to = malloc(SIZE);
    uint32_t sum = 0;

    for (unsigned i = 0; i < SIZE; i++)
        from[i] = i * 7 + (i >> 9);
    for (unsigned i = 0; i < TURNS; i++) {
        memcpy(to, from, SIZE - i);
        memset(from + i, (int)i, 64);
        sum = sum * 31 + to[i * 4099];
    }
    free(from);
    free(to);
    return sum;
}

/* More pages than the second-level TLB has entries, in an order that no prefetcher knows. */
static uint32_t item_pages(void)
{
    enum { PAGES = 4096 };
    uint32_t *memory = mmap(NULL, PAGES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint32_t page = 1, sum = 0;

    if (memory == MAP_FAILED)
        return 0;
    for (unsigned i = 0; i < 1500000; i++) {
        memory[page * 1024 + (i & 1023)] += i;
        page = (page * 1109 + 12345) % PAGES;
    }
    for (unsigned i = 0; i < PAGES * 1024; i++)
        sum = sum * 31 + memory[i];
    munmap(memory, PAGES * 4096);
    return sum;
}

static uint32_t item_float(void)
{
    double x = 0.5, sum = 0;

    for (unsigned i = 1; i < 10000000; i++) {
        x = 3.7 * x * (1 - x);
        sum += x / i;
    }
    return (uint32_t)(sum * 1e6);
}

static uint32_t item_syscalls(void)
{
    uint32_t turns;

    for (turns = 0; turns < 1000000; turns++)
        if (syscall(SYS_getppid) < 0)
            return 0;
    return turns;
}

static uint32_t item_processes(void)
{
    uint32_t sum = 0;

    for (unsigned i = 0; i < 1000; i++) {
        int status;
        pid_t child = fork();

        if (child == 0)
            _exit((int)(i & 63));
        if (child < 0 || waitpid(child, &status, 0) != child)
            return 0;
        sum += (uint32_t)WEXITSTATUS(status);
    }
    return sum;
}

int main(void)
{
    static const struct {
        const char *name;
        uint32_t (*run)(void);
    } items[] = {
        {"loop", item_loop},   {"integer", item_integer}, {"calls", item_calls},       {"copy", item_copy},
        {"pages", item_pages}, {"float", item_float},     {"syscalls", item_syscalls}, {"processes", item_processes},
    };

    setvbuf(stdout, NULL, _IONBF, 0);
    for (unsigned i = 0; i < sizeof items / sizeof items[0]; i++) {
        printf("BENCH begin %s\n", items[i].name);
        usleep(PAUSE_US);
        uint32_t sum = items[i].run();
        printf("BENCH end %s %08x\n", items[i].name, (unsigned)sum);
        usleep(PAUSE_US);
    }
    return 0;
}
