/* SPDX-License-Identifier: MIT
 *
 * -d jit, op and out_asm: each block as it is made.
 */
#include <stdio.h>

#include "cpu/jit/front.h"
#include "cpu/log.h"

enum { BYTES_IN_LINE = 32 };

static void print_home(GString *s, const char *name, unsigned home)
{
    if (home == HOME_LR)
        g_string_append_printf(s, " %s=lr", name);
    else if (home == HOME_CTR)
        g_string_append_printf(s, " %s=ctr", name);
    else if (home != IR_NONE)
        g_string_append_printf(s, " %s=r%u", name, home);
}

static void trace_op(const IrOp *op)
{
    static const char *const name[IR_OPS] = {
#define X(id, text) #id,
        IR_LIST(X)
#undef X
    };
    g_autoptr(GString) s = g_string_new(name[op->op]);
    print_home(s, "d", op->d);
    print_home(s, "a", op->a);
    print_home(s, "b", op->b);
    g_string_append_printf(s, " k=%u flags=0x%x imm=0x%x", op->k, op->flags, op->imm);
    if (op->record) {
        const JitRecord *r = op->record;
        g_string_append_printf(s, " record=%s@0x%" PRI_EA, insn_info[r->insn.id].name, r->pc);
    }
    log_line(LOG_OP, "  %s", s->str);
}

/* As QEMU prints code that it cannot disassemble: objdump -D -b binary -m i386:x86-64 does. */
static void trace_code(const uint8_t *code, size_t size)
{
    log_line(LOG_OUT_ASM, "OUT: [size=%zu]", size);
    for (size_t at = 0; at < size; at += BYTES_IN_LINE) {
        char text[2 * BYTES_IN_LINE + 1];
        size_t n = MIN(BYTES_IN_LINE, size - at);
        for (size_t i = 0; i < n; i++)
            snprintf(&text[2 * i], 3, "%02x", code[at + i]);
        log_line(LOG_OUT_ASM, "%p:  %s", (const void *)(code + at), text);
    }
}

void jit_trace_block(const Jit *jit, const JitBlock *b, size_t size)
{
    LOG(LOG_JIT, "vCPU %u: block 0x%" PRI_EA " at 0x%09" PRIx64 ": %u instructions, %zu bytes", jit->vcpu->core.index, b->pc,
        b->gpa, jit->ir.n_insns, size);
    if (log_on(LOG_OP)) {
        log_line(LOG_OP, "OP: block 0x%" PRI_EA, b->pc);
        for (unsigned i = 0; i < jit->ir.n; i++)
            trace_op(&jit->ir.op[i]);
    }
    if (log_on(LOG_OUT_ASM))
        trace_code(b->code, size);
}
