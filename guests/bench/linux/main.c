/* SPDX-License-Identifier: MIT
 *
 * The program that is timed, as the kernel's first process: no shell, no library of the guest's.  The command line's word
 *
 *   bench=NAME[/DIVISOR],NAME...
 *
 * says which items, and by what the work of each is divided.  `coremark` is a program of the user's beside this one.
 * On the console:
 *
 *   BENCH init                       user land is there
 *   BENCH begin NAME
 *   BENCH end NAME CHECKSUM SECONDS  by the guest's clock
 *   BENCH failed NAME                and the other items go on
 *   BENCH done                       then the machine is switched off
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

static const struct {
    const char *name;
    ItemRun *run;
    uint32_t work;
} items[] = {
#define ITEM(id, name, work) {name, item_##id, work},
    ITEM_LIST
#undef ITEM
};

static const char *timed; /* the item's name, in its process */
static double begun;

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void timing_begin(void)
{
    printf("BENCH begin %s\n", timed);
    fflush(stdout);
    begun = seconds();
}

uint32_t digest(const void *data, size_t bytes)
{
    const uint8_t *p = data;
    uint32_t sum = 2166136261u;

    for (size_t i = 0; i < bytes; i++)
        sum = (sum ^ p[i]) * 16777619u;
    return sum;
}

uint32_t next_random(uint32_t *state)
{
    uint32_t x = *state;

    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return *state = x;
}

void give_up(const char *what)
{
    printf("BENCH: %s: %s\n", what, strerror(errno));
    fflush(stdout);
    _exit(1);
}

/* CoreMark's own words: seeds of its performance run, iterations, its default algorithms and size.  What it computed is its
 * line "crcfinal", and "Correct operation" says that it checked the rest. */
static uint32_t run_coremark(uint32_t divisor)
{
    char command[80], line[256];
    unsigned sum = 0, correct = 0;
    FILE *out;

    snprintf(command, sizeof command, "%u", 40000 / divisor);
    int ends[2];
    if (pipe(ends) != 0)
        give_up("pipe");
    timing_begin();
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], 1);
        close(ends[0]);
        execl("/bench/coremark", "coremark", "0", "0", "0x66", command, "7", "1", "2000", (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    if (!(out = fdopen(ends[0], "r")))
        give_up("fdopen");
    while (fgets(line, sizeof line, out)) {
        sscanf(line, "[0]crcfinal : %x", &sum);
        correct |= strstr(line, "[0]crcfinal") != NULL;
    }
    fclose(out);
    if (waitpid(child, NULL, 0) != child || !correct) {
        errno = ENOEXEC;
        give_up("/bench/coremark");
    }
    return sum;
}

static uint32_t run_item(const char *name, uint32_t divisor)
{
    if (!strcmp(name, "coremark"))
        return run_coremark(divisor);
    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++)
        if (!strcmp(name, items[i].name))
            return items[i].run(items[i].work / divisor ? items[i].work / divisor : 1);
    errno = ENOENT;
    give_up(name);
}

/* In a process of its own: an item begins with the memory of none before it, and one that dies is a line. */
static bool time_item(const char *name, uint32_t divisor)
{
    int status = -1;

    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        timed = name;
        uint32_t sum = run_item(name, divisor);
        printf("BENCH end %s %08x %.6f\n", name, sum, seconds() - begun);
        fflush(stdout);
        _exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
        printf("BENCH failed %s\n", name);
        return false;
    }
    return true;
}

/* What the kernel's command line asks for; the environment has it too, as it is no parameter of the kernel's. */
static bool time_all(char *words)
{
    bool good = true;

    for (char *word = strtok(words, ","); word; word = strtok(NULL, ",")) {
        char *slash = strchr(word, '/');
        unsigned long divisor = slash ? strtoul(slash + 1, NULL, 10) : 1;

        if (slash)
            *slash = 0;
        good &= time_item(word, divisor ? (uint32_t)divisor : 1);
    }
    return good;
}

int main(int argc, char **argv)
{
    const char *words = getenv("bench");
    bool first = getpid() == 1, good;

    if (argc > 1)
        words = argv[1];
    printf("BENCH init\n");
    good = time_all(strdup(words ? words : ""));
    printf("BENCH done\n");
    fflush(stdout);
    if (first) {
        sync();
        reboot(RB_POWER_OFF);
    }
    return !good;
}
