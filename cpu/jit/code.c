/* SPDX-License-Identifier: MIT
 *
 * Code memory: pages of a file in memory, mapped twice.  No address is ever both writable and executable.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cpu/fault.h"
#include "cpu/jit/jit.h"

static void *map(int fd, size_t size, int access)
{
    void *at = mmap(NULL, size, access, MAP_SHARED, fd, 0);
    return at == MAP_FAILED ? NULL : at;
}

bool jit_code_new(JitCode *code, size_t size, GError **error)
{
    *code = (JitCode){.size = size, .sites = size};
    if (fault_here(FAULT_CODE_MEMORY, error))
        return false;
    int fd = memfd_create("quoin-code", MFD_CLOEXEC);
    if (fd >= 0 && !ftruncate(fd, (off_t)size)) {
        code->write = map(fd, size, PROT_READ | PROT_WRITE);
        code->execute = map(fd, size, PROT_READ | PROT_EXEC);
    }
    int why = errno;
    if (fd >= 0)
        close(fd);
    if (code->write && code->execute)
        return true;
    jit_code_free(code);
    g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(why), "%zu MiB of executable memory: %s", size >> 20, g_strerror(why));
    return false;
}

void jit_code_free(JitCode *code)
{
    if (code->write)
        munmap(code->write, code->size);
    if (code->execute)
        munmap((void *)(uintptr_t)code->execute, code->size);
    *code = (JitCode){0};
}
