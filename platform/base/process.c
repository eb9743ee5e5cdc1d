/* SPDX-License-Identifier: MIT */
#include "platform/base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    DESCRIPTORS = 32,           /* of a machine with a few clients; some are kept for what may come */
    ADDRESS_SPACE = 256u << 20, /* of code, libraries' arenas, caches and the stacks of a few threads */
};

/* A list that only grows, so that a signal handler can walk it at any moment. */
typedef struct OwnFile {
    char *path;  /* as its owner calls it */
    char *where; /* from the root on: the working directory may change */
    volatile sig_atomic_t gone;
    struct OwnFile *next;
} OwnFile;

static OwnFile *files;                     /* atomic */
static void (*hooks[PROCESS_HOOKS])(void); /* from the first on; atomic */

/* The signals whose default action ends the program. */
static const int fatal_signals[] = {
    SIGHUP,    SIGINT,  SIGQUIT, SIGILL,  SIGTRAP, SIGABRT,   SIGBUS,  SIGFPE,  SIGUSR1,
    SIGSEGV,   SIGUSR2, SIGALRM, SIGTERM, SIGXCPU, SIGVTALRM, SIGPROF, SIGPOLL, SIGSYS,
#ifdef SIGPWR
    SIGPWR,
#endif
#ifdef SIGSTKFLT
    SIGSTKFLT,
#endif
};

static void on_fatal(int signo)
{
    int saved = errno;
    for (unsigned i = 0; i < PROCESS_HOOKS; i++) {
        void (*hook)(void) = __atomic_load_n(&hooks[i], __ATOMIC_ACQUIRE);
        if (hook)
            hook();
    }
    for (OwnFile *f = __atomic_load_n(&files, __ATOMIC_ACQUIRE); f; f = f->next)
        if (!f->gone)
            unlink(f->where);
    errno = saved;
    raise(signo); /* SA_RESETHAND took this handler away, so now the signal does what it does by default */
}

/* A signal that was ignored when the program started (nohup) stays so; a sanitizer's handler stays too. */
static void catch_fatal(int signo)
{
    struct sigaction old, new = {.sa_handler = on_fatal, .sa_flags = SA_RESETHAND | SA_NODEFER | SA_RESTART};
    if (sigaction(signo, NULL, &old) == 0 && !(old.sa_flags & SA_SIGINFO) && old.sa_handler == SIG_DFL)
        sigaction(signo, &new, NULL);
}

void process_start(void)
{
    /* A file opened later must not become standard error. */
    int fd;
    do
        fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd > STDERR_FILENO)
        close(fd);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    for (size_t i = 0; i < G_N_ELEMENTS(fatal_signals); i++)
        catch_fatal(fatal_signals[i]);
    for (int signo = SIGRTMIN; signo <= SIGRTMAX; signo++)
        catch_fatal(signo);
}

/* Found out by making that many and closing them again: how many are open already, or the system allows, cannot be asked for. */
static bool has_descriptors(GError **error)
{
    int fd[DESCRIPTORS];
    unsigned n = 0;
    while (n < DESCRIPTORS && (fd[n] = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)) >= 0)
        n++;
    int why = errno;
    for (unsigned i = 0; i < n; i++)
        close(fd[i]);
    if (n == DESCRIPTORS)
        return true;
    g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(why),
                "%u descriptors are free, at least %d are needed (ulimit -n): %s", n, DESCRIPTORS, g_strerror(why));
    return false;
}

/* Only where the user set a limit; without one the kernel decides when memory is touched. */
static bool has_address_space(uint64_t bytes, GError **error)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_AS, &limit) || limit.rlim_cur == RLIM_INFINITY)
        return true;
    uint64_t need = bytes + ADDRESS_SPACE;
    void *area =
        need > SIZE_MAX ? MAP_FAILED : mmap(NULL, (size_t)need, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (area != MAP_FAILED) {
        munmap(area, (size_t)need);
        return true;
    }
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM,
                "%" G_GUINT64_FORMAT "M of address space are needed, and the limit of %" G_GUINT64_FORMAT
                "M does not leave them (ulimit -v)",
                (guint64)(need >> 20), (guint64)limit.rlim_cur >> 20);
    return false;
}

bool process_has_room(uint64_t bytes, GError **error)
{
    return has_descriptors(error) && has_address_space(bytes, error);
}

bool process_lock_memory(GError **error)
{
    if (!mlockall(MCL_CURRENT | MCL_FUTURE))
        return true;
    g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "-overcommit mem-lock=on: %s (ulimit -l)", g_strerror(errno));
    return false;
}

void process_own_file(const char *path)
{
    OwnFile *f = g_new0(OwnFile, 1); /* never freed: a handler may stand on it */
    f->path = g_strdup(path);
    f->where = g_canonicalize_filename(path, NULL);
    f->next = files;
    __atomic_store_n(&files, f, __ATOMIC_RELEASE);
}

void process_remove_file(const char *path)
{
    for (OwnFile *f = files; f; f = f->next)
        if (!f->gone && !strcmp(f->path, path)) {
            f->gone = true;
            unlink(f->where);
            return;
        }
    unlink(path);
}

void process_on_fatal_signal(void (*hook)(void))
{
    unsigned i = 0;
    while (i < PROCESS_HOOKS && hooks[i] && hooks[i] != hook)
        i++;
    g_assert(i < PROCESS_HOOKS);
    __atomic_store_n(&hooks[i], hook, __ATOMIC_RELEASE);
}
