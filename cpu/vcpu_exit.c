/* SPDX-License-Identifier: MIT */
#include "cpu/vcpu_exit.h"

#include <glib.h>
#include <inttypes.h>

const char *vcpu_exit_name(VcpuExitKind kind)
{
    static const char *const names[VCPU_EXIT_KINDS] = {
#define X(id, doc) #id,
        VCPU_EXIT_LIST(X)
#undef X
    };
    return kind < VCPU_EXIT_KINDS ? names[kind] : "?";
}

static char *debug_text(const VcpuExit *exit)
{
    static const char *const reasons[] = {
        [VCPU_DEBUG_BREAKPOINT] = "breakpoint",
        [VCPU_DEBUG_STEP] = "step",
        [VCPU_DEBUG_WATCHPOINT] = "watchpoint",
    };
    const char *reason = reasons[exit->debug.reason];
    if (exit->debug.reason == VCPU_DEBUG_WATCHPOINT)
        return g_strdup_printf("%s at 0x%" PRIx64 ", pc 0x%" PRIx64, reason, exit->debug.ea, exit->debug.pc);
    return g_strdup_printf("%s, pc 0x%" PRIx64, reason, exit->debug.pc);
}

/* What the kind alone does not tell; NULL: nothing. */
static char *details(const VcpuExit *exit)
{
    const VcpuExitKind kind = exit->kind;
    switch (kind) {
    case VCPU_EXIT_MMIO:
        if (exit->mmio.is_write)
            return g_strdup_printf("write of %u bytes at 0x%09" PRIx64 ": 0x%" PRIx64, exit->mmio.size, exit->mmio.gpa,
                                   exit->mmio.data);
        return g_strdup_printf("read of %u bytes at 0x%09" PRIx64, exit->mmio.size, exit->mmio.gpa);
    case VCPU_EXIT_EPAPR_HCALL:
        return g_strdup_printf("token 0x%" PRIx64, exit->epapr_hcall.nr);
    case VCPU_EXIT_IDLE:
        return exit->idle.deadline_ns == UINT64_MAX ? NULL : g_strdup_printf("until %" PRIu64 " ns", exit->idle.deadline_ns);
    case VCPU_EXIT_DEBUG:
        return debug_text(exit);
    case VCPU_EXIT_WATCHDOG:
        return g_strdup_printf("TCR[WRC] = %u", exit->watchdog.wrc);
    case VCPU_EXIT_SHUTDOWN:
        return g_strdup(exit->shutdown.reason == VCPU_SHUTDOWN_CHECKSTOP ? "checkstop" : "reset of the core");
    case VCPU_EXIT_FATAL:
        return g_strdup(exit->fatal.message);
    case VCPU_EXIT_INTR:
    case VCPU_EXIT_EPR:
    case VCPU_EXIT_KINDS:
        break;
    }
    return NULL;
}

char *vcpu_exit_text(const VcpuExit *exit)
{
    g_autofree char *more = details(exit);
    return g_strconcat(vcpu_exit_name(exit->kind), more ? ": " : NULL, more, NULL);
}
