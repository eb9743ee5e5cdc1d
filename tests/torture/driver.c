/* SPDX-License-Identifier: MIT
 *
 * Runs the programs that it is linked with, each in a process of its own, as a Linux guest's first process.  build.sh makes the
 * table: a program's main() under a name of its own.  The command line's word torture=WORD,... selects programs whose names
 * have one of the words in them.  On the console, in the table's order:
 *
 *   TORTURE count N
 *   TORTURE O2/NAME exit STATUS | signal N  DIGEST     of what it printed
 *   TORTURE done                                       then the machine is switched off
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "table.h" /* PROGRAM(name, function): each */

enum { HANG = 1200 }; /* seconds of the guest's clock, far beyond any program */

typedef int ProgramMain(int argc, char **argv, char **environment);

#define PROGRAM(name, function) ProgramMain function;
PROGRAMS
#undef PROGRAM

static const struct {
    const char *name;
    ProgramMain *run;
} programs[] = {
#define PROGRAM(name, function) {name, function},
    PROGRAMS
#undef PROGRAM
};
enum { COUNT = sizeof programs / sizeof programs[0] };

static bool selected(const char *name)
{
    const char *words = getenv("torture");
    char copy[1024], *left = copy;

    if (!words || !*words)
        return true;
    snprintf(copy, sizeof copy, "%s", words);
    for (char *word; (word = strsep(&left, ","));)
        if (*word && strstr(name, word))
            return true;
    return false;
}

/* In the new process.  Its files are three: nothing to read, and the pipe. */
static _Noreturn void run_program(unsigned n, int out)
{
    char *argv[] = {(char *)programs[n].name, NULL}, *environment[] = {NULL};

    dup2(out, 1);
    dup2(out, 2);
    close(0);
    open("/dev/null", O_RDONLY);
    for (int fd = 3; fd < 10; fd++)
        close(fd);
    alarm(HANG);
    exit(programs[n].run(1, argv, environment));
}

/* FNV-1a of all that comes */
static uint32_t digest(int in)
{
    uint8_t data[4096];
    uint32_t sum = 2166136261u;

    for (ssize_t got; (got = read(in, data, sizeof data)) != 0;) {
        if (got < 0 && errno != EINTR)
            break;
        for (ssize_t i = 0; i < got; i++)
            sum = (sum ^ data[i]) * 16777619u;
    }
    return sum;
}

static bool report_program(unsigned n)
{
    int ends[2], status;

    if (pipe(ends) != 0)
        return false;
    pid_t child = fork();
    if (child == 0)
        run_program(n, ends[1]);
    close(ends[1]);
    uint32_t sum = digest(ends[0]);
    close(ends[0]);
    if (child < 0 || waitpid(child, &status, 0) != child)
        return false;
    printf("TORTURE %s %s %d %08x\n", programs[n].name, WIFSIGNALED(status) ? "signal" : "exit",
           WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), (unsigned)sum);
    return true;
}

int main(void)
{
    unsigned count = 0;

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (getpid() == 1) { /* what programs look for, in an empty file system */
        mkdir("/dev", 0755);
        mkdir("/tmp", 01777);
        mknod("/dev/null", S_IFCHR | 0666, makedev(1, 3));
        mknod("/dev/zero", S_IFCHR | 0666, makedev(1, 5));
        if (chdir("/tmp") != 0)
            return 1;
    }
    for (unsigned n = 0; n < COUNT; n++)
        count += selected(programs[n].name);
    printf("TORTURE count %u\n", count);
    for (unsigned n = 0; n < COUNT; n++)
        if (selected(programs[n].name) && !report_program(n)) {
            printf("TORTURE %s: %s\n", programs[n].name, strerror(errno));
            return 1;
        }
    printf("TORTURE done\n");
    if (getpid() == 1)
        reboot(RB_POWER_OFF);
    return 0;
}
