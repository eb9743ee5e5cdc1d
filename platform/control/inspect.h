/* SPDX-License-Identifier: MIT
 *
 * What gdb and monitors read of a machine that stands still: registers, memory, files of either.  Main thread, not under the device lock,
 * vCPUs parked: the machine is not running, or between run_hold() and run_let_go().
 */
#pragma once

#include "platform/control/view.h"

/* The copy of the vCPU's state; NULL: the accelerator cannot read it. */
const E500State *inspect_state(const ControlView *view, unsigned cpu, GError **error);

/* RAM by effective address, through the vCPU's translation.  False: not all of it is mapped RAM. */
bool inspect_read(const ControlView *view, unsigned cpu, Ea ea, void *to, size_t size);
bool inspect_write(const ControlView *view, unsigned cpu, Ea ea, const void *from, size_t size);

/*
 * Writes `size` bytes of memory into a regular file, which is made or truncated.  inspect_save_virtual() takes it by effective address,
 * inspect_save_physical() by physical.
 */
bool inspect_save_virtual(const ControlView *view, unsigned cpu, uint64_t ea, uint64_t size, const char *file, GError **error);
bool inspect_save_physical(const ControlView *view, uint64_t gpa, uint64_t size, const char *file, GError **error);

/*
 * A file that a monitor's user names.  Only a regular one: the write of any other may wait for a reader, and the machine with it.
 * −1: the error is set.
 */
int inspect_create(const ControlView *view, const char *file, GError **error);
bool inspect_append(int fd, const void *data, size_t size, const char *file, GError **error);
bool inspect_append_ram(int fd, const ControlView *view, uint64_t gpa, uint64_t size, const char *file, GError **error);
bool inspect_close(int fd, bool ok, const char *file, GError **error); /* ok: all went well until now; else the error stays */
