/* SPDX-License-Identifier: MIT
 *
 * From a guest's path to a file of the host, one component after the other: none of them is followed if it is a symbolic link, and none is
 * "..", so the way leads down only, whatever others do to the directory meanwhile.
 */
#include "platform/share/priv.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

char *path_join(const char *path, const char *name)
{
    if (strlen(path) + strlen(name) + 2 > PATH_BYTES_MAX)
        return NULL;
    return *path ? g_strconcat(path, "/", name, NULL) : g_strdup(name);
}

/* One step down from *dir, which is closed. */
static int enter(int *dir, const char *name)
{
    int below = openat(*dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), error = below < 0 ? errno : 0;
    close(*dir);
    *dir = below;
    return error;
}

int path_parent(const Share *s, const char *path, int *dir, const char **name)
{
    char component[NAME_BYTES_MAX + 1];
    const char *slash;
    if ((*dir = fcntl(s->root, F_DUPFD_CLOEXEC, 0)) < 0)
        return errno;
    for (; (slash = strchr(path, '/')); path = slash + 1) {
        g_strlcpy(component, path, MIN((size_t)(slash - path) + 1, sizeof(component)));
        int error = enter(dir, component);
        if (error)
            return error;
    }
    *name = *path ? path : ".";
    return 0;
}

int path_directory(const Share *s, const char *path, int *dir)
{
    const char *name;
    int error = path_parent(s, path, dir, &name);
    return error || !*path ? error : enter(dir, name);
}

int path_stat(const Share *s, const char *path, struct stat *st)
{
    const char *name;
    int dir, error = path_parent(s, path, &dir, &name);
    if (error)
        return error;
    error = fstatat(dir, name, st, AT_SYMLINK_NOFOLLOW) ? errno : 0;
    close(dir);
    return error;
}

static int open_at(const Share *s, const char *path, int flags, int *fd)
{
    const char *name;
    int dir, error = path_parent(s, path, &dir, &name);
    if (error)
        return error;
    *fd = openat(dir, name, flags | O_NOFOLLOW | O_CLOEXEC);
    error = *fd < 0 ? errno : 0;
    close(dir);
    return error;
}

/* What it is is known before it is opened: to open a device or a FIFO can do something, and can wait. */
int path_open(const Share *s, const char *path, int flags, int *fd)
{
    struct stat st;
    int error = path_stat(s, path, &st);
    if (error)
        return error;
    if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
        return S_ISLNK(st.st_mode) ? ELOOP : ENXIO;
    error = open_at(s, path, flags | O_NONBLOCK | O_NOCTTY, fd);
    if (error)
        return error;
    if (!fstat(*fd, &st) && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)))
        return 0;
    close(*fd);
    return ENXIO;
}

int path_handle(const Share *s, const char *path, int *fd)
{
    return open_at(s, path, O_PATH, fd);
}
