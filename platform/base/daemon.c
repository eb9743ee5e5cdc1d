/* SPDX-License-Identifier: MIT */
#include "platform/base/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int tell_parent = -1; /* the child's end of a pipe; −1: nobody waits there */

static bool failed(GError **error, const char *doing)
{
    int why = errno;
    g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(why), "%s: %s", doing, g_strerror(why));
    return false;
}

/* The parent's part.  A byte says that the child is ready, the pipe's end that it is not any more. */
static void wait_for_child(int from, pid_t child)
{
    char byte;
    ssize_t n;
    int status;
    do
        n = read(from, &byte, 1);
    while (n < 0 && errno == EINTR);
    if (n == 1)
        _exit(EXIT_SUCCESS);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE);
}

bool daemon_start(GError **error)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC))
        return failed(error, "-daemonize: cannot make a pipe");
    pid_t child = fork();
    if (child < 0) {
        failed(error, "-daemonize: cannot fork");
        close(ends[0]);
        close(ends[1]);
        return false;
    }
    if (child) {
        close(ends[1]);
        wait_for_child(ends[0], child);
    }
    close(ends[0]);
    tell_parent = ends[1];
    setsid(); /* of a child that leads no process group it cannot fail; a terminal is opened with O_NOCTTY everywhere */
    umask(S_IWGRP | S_IROTH | S_IWOTH | S_IXOTH);
    return true;
}

void daemon_ready(void)
{
    if (tell_parent < 0)
        return;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO && null >= 0; fd++)
        dup2(null, fd);
    if (null >= 0)
        close(null);
    ssize_t n;
    do
        n = write(tell_parent, "", 1);
    while (n < 0 && errno == EINTR);
    close(tell_parent);
    tell_parent = -1;
}

/* "1000:100" */
static bool take_numbers(const char *user, uid_t *uid, gid_t *gid)
{
    g_auto(GStrv) parts = g_strsplit(user, ":", 2);
    guint64 u, g;
    if (!parts[0] || !parts[1] || !g_ascii_string_to_unsigned(parts[0], 10, 0, UINT32_MAX - 1, &u, NULL) ||
        !g_ascii_string_to_unsigned(parts[1], 10, 0, UINT32_MAX - 1, &g, NULL))
        return false;
    *uid = (uid_t)u;
    *gid = (gid_t)g;
    return true;
}

static bool become(const char *user, const struct passwd *entry, uid_t uid, gid_t gid, GError **error)
{
    bool groups = entry ? initgroups(entry->pw_name, gid) == 0 : setgroups(1, &gid) == 0;
    if (groups && setgid(gid) == 0 && setuid(uid) == 0) {
        if (uid == 0 || setuid(0) != 0)
            return true;
        errno = EPERM;
    }
    g_autofree char *doing = g_strdup_printf("-runas %s: cannot become that user", user);
    return failed(error, doing);
}

bool rights_give_up(const char *root, const char *user, GError **error)
{
    uid_t uid = 0;
    gid_t gid = 0;
    struct passwd *entry = user ? getpwnam(user) : NULL; /* before the root changes, where the file is another */
    if (entry) {
        uid = entry->pw_uid;
        gid = entry->pw_gid;
    } else if (user && !take_numbers(user, &uid, &gid)) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT, "-runas %s: there is no such user, and it is not UID:GID", user);
        return false;
    }
    if (root && (chroot(root) || chdir("/"))) {
        g_autofree char *doing = g_strdup_printf("-chroot %s", root);
        return failed(error, doing);
    }
    return !user || become(user, entry, uid, gid, error);
}
