/* SPDX-License-Identifier: ((GPL-2.0-only WITH Linux-syscall-note) OR MIT) */
/*
 * ePAPR hypercalls for user space: what is added to the KVM API.
 *
 * The kernel and the program that uses it carry this very file.  The numbers
 * are private and keep well clear of those that upstream gives out one after
 * the other.
 */
#ifndef _UAPI_LINUX_KVM_EPAPR_H
#define _UAPI_LINUX_KVM_EPAPR_H

#include <linux/types.h>

/*
 * Capabilities: KVM_CHECK_EXTENSION on the system or VM descriptor says whether
 * they are there, KVM_ENABLE_CAP on each vCPU (flags and args zero) turns them
 * on, for as long as the vCPU exists.
 *
 * EXIT_EPAPR_HCALL: hypercalls that the kernel does not implement exit, but for
 *                   those of EXIT_MEMORY_AREA.
 * EXIT_MEMORY_AREA: the two calls below exit, unless the kernel serves the type
 *                   of area itself. It serves none so far.
 *
 * Neither implies the other. What is not turned on is EV_UNIMPLEMENTED to the
 * guest.
 */
#define KVM_CAP_EXIT_EPAPR_HCALL	0x0e500001
#define KVM_CAP_EXIT_MEMORY_AREA	0x0e500002

/* Hypercall tokens of registered memory areas: r3 is the type. */
#define KVM_MEMORY_AREA_REGISTER	0x00000100
#define KVM_MEMORY_AREA_UNREGISTER	0x00000101	/* type 0: all */

/* kvm_run->exit_reason */
#define KVM_EXIT_EPAPR_HCALL		0x0e500001

/*
 * The exit's part of kvm_run: it begins where the union does, as run->hw.
 *
 *	nr	r11 of the guest, the hypercall token
 *	ret	in: EV_UNIMPLEMENTED.  out: r3
 *	args	in: r3 ... r10.  out: args[0] ... args[6] are r4 ... r10
 *
 * The next KVM_RUN writes the eight registers back, before anything else and
 * also with immediate_exit; r11 and all others keep the guest's values.  Note
 * the shift: user space that returns nothing in r4 ... r10 moves args[1] ...
 * args[7] down by one, or the guest sees its own r3 in r4.
 *
 * The upper halves are zero in both directions unless the guest is in 64-bit
 * mode.
 */
struct kvm_epapr_hcall {
	__u64 nr;
	__u64 ret;
	__u64 args[8];
};

#endif /* _UAPI_LINUX_KVM_EPAPR_H */
