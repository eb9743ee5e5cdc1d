/* SPDX-License-Identifier: MIT
 *
 * The terminal in raw mode, and back however the program ends or stops.  One terminal: only one
 * chardev owns stdio.
 */
#include "platform/chardev/priv.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "platform/base/process.h"

static struct termios cooked, raw;
static int tty_fd;
static volatile sig_atomic_t is_raw; /* the terminal should be raw: between tty_make_raw() and tty_restore() */

/* tcsetattr() from the background would stop the program. */
static bool in_foreground(void)
{
    return tcgetpgrp(tty_fd) == getpgrp();
}

static void catch_signal(int signo, void (*handler)(int), int flags)
{
    struct sigaction old, new = {.sa_handler = handler, .sa_flags = flags | SA_RESTART};
    sigaction(signo, NULL, &old);
    if (!(old.sa_flags & SA_SIGINFO) && (old.sa_handler == SIG_DFL || old.sa_handler == handler))
        sigaction(signo, &new, NULL);
}

static void restore_cooked(void) /* signal-safe */
{
    int saved = errno;
    if (is_raw && in_foreground())
        tcsetattr(tty_fd, TCSANOW, &cooked);
    errno = saved;
}

static void on_stop(int signo);

static void on_continue(int signo)
{
    int saved = errno;
    catch_signal(SIGTSTP, on_stop, SA_RESETHAND | SA_NODEFER);
    if (is_raw && in_foreground())
        tcsetattr(tty_fd, TCSANOW, &raw);
    errno = saved;
}

static void on_stop(int signo)
{
    restore_cooked();
    raise(signo);
    on_continue(
        signo); /* reached after SIGCONT; or at once, where no shell could continue the program and the kernel therefore does not stop it */
}

bool tty_make_raw(int fd, bool signals)
{
    if (is_raw || tcgetattr(fd, &cooked))
        return false;
    tty_fd = fd;
    raw = cooked;
    raw.c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
    raw.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | IEXTEN | (signals ? 0 : ISIG));
    raw.c_cflag &= ~(tcflag_t)(CSIZE | PARENB);
    raw.c_cflag |= CS8;
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    static bool once;
    if (!once)
        atexit(tty_restore);
    once = true;
    is_raw = true;
    process_on_fatal_signal(restore_cooked);
    catch_signal(SIGTSTP, on_stop, SA_RESETHAND | SA_NODEFER);
    catch_signal(SIGCONT, on_continue, 0);
    if (in_foreground()) /* otherwise it is done when the program comes into the foreground */
        tcsetattr(fd, TCSANOW, &raw);
    return true;
}

void tty_restore(void)
{
    if (is_raw && in_foreground())
        tcsetattr(tty_fd, TCSANOW, &cooked);
    is_raw = false;
}
