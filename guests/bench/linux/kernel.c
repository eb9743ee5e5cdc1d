/* SPDX-License-Identifier: MIT
 * What the guest's kernel does: system calls, processes, switches between two. */
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

uint32_t item_syscall(uint32_t work)
{
    uint32_t odd = 0;

    timing_begin();
    for (uint32_t n = 0; n < work; n++)
        odd += syscall(SYS_getppid) < 0;
    return work + odd;
}

uint32_t item_fork(uint32_t work)
{
    uint32_t sum = 0;

    timing_begin();
    for (uint32_t n = 0; n < work; n++) {
        int status = 0;
        pid_t child = fork();

        if (child == 0)
            _exit((int)(n & 127));
        if (child < 0 || waitpid(child, &status, 0) != child)
            give_up("fork");
        sum = sum * 31 + (uint32_t)WEXITSTATUS(status);
    }
    return sum;
}

/* The other process answers each byte by the next number, and goes when nobody can write to it any more. */
static _Noreturn void answer(int in, int out)
{
    uint8_t byte;

    while (read(in, &byte, 1) == 1) {
        byte++;
        if (write(out, &byte, 1) != 1)
            break;
    }
    _exit(0);
}

uint32_t item_pingpong(uint32_t work)
{
    int there[2], back[2];
    uint32_t sum = 0;

    if (pipe(there) != 0 || pipe(back) != 0)
        give_up("pipe");
    pid_t child = fork();
    if (child < 0)
        give_up("fork");
    if (child == 0) {
        close(there[1]);
        close(back[0]);
        answer(there[0], back[1]);
    }
    close(there[0]);
    close(back[1]);
    timing_begin();
    for (uint32_t n = 0; n < work; n++) {
        uint8_t byte = (uint8_t)n;

        if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1)
            give_up("pingpong");
        sum = sum * 31 + byte;
    }
    close(there[1]);
    waitpid(child, NULL, 0);
    return sum;
}
