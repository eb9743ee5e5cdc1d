// SPDX-License-Identifier: GPL-2.0-only
/*
 * Restart and power-off by hypercall.
 *
 * The hypervisor promises the two calls by empty properties of /hypervisor: has-reset and
 * has-shutdown, or kvm,has-reset and kvm,has-shutdown.  A call that works does not return.  One that
 * returns says why in r3, and the next handler in the kernel's chain (the GUTS reset register, the
 * GPIO line) has its turn.
 *
 * quoin_pm.off=1 on the command line leaves both to those other handlers.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/moduleparam.h>
#include <linux/of.h>
#include <linux/reboot.h>

#include <asm/epapr_hcalls.h>

#define KVM_HC_VM_RESET		_EV_HCALL_TOKEN(EV_KVM_VENDOR_ID, 0x100)
#define KVM_HC_VM_SHUTDOWN	_EV_HCALL_TOKEN(EV_KVM_VENDOR_ID, 0x101)

static bool off;
module_param(off, bool, 0);
MODULE_PARM_DESC(off, "leave restart and power-off to the platform's devices");

struct quoin_pm_call {
	const char *name;
	const char *promise[2];
	enum sys_off_mode mode;
	unsigned int token;
};

static struct quoin_pm_call calls[] = {
	{ "reset", { "has-reset", "kvm,has-reset" },
	  SYS_OFF_MODE_RESTART, KVM_HC_VM_RESET },
	{ "shutdown", { "has-shutdown", "kvm,has-shutdown" },
	  SYS_OFF_MODE_POWER_OFF, KVM_HC_VM_SHUTDOWN },
};

static int quoin_pm_do(struct sys_off_data *data)
{
	const struct quoin_pm_call *call = data->cb_data;
	long status = epapr_hypercall0(call->token);

	pr_emerg("%s hypercall failed with status %ld, trying the next way\n", call->name, status);
	return NOTIFY_DONE;
}

static bool __init quoin_pm_promised(const struct device_node *np, const struct quoin_pm_call *call)
{
	return of_property_read_bool(np, call->promise[0]) ||
	       of_property_read_bool(np, call->promise[1]);
}

static int __init quoin_pm_init(void)
{
	struct device_node *np;
	unsigned int i;

	if (off || !epapr_paravirt_enabled)
		return 0;

	np = of_find_node_by_path("/hypervisor");
	if (!np)
		return 0;

	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		struct sys_off_handler *handler;

		if (!quoin_pm_promised(np, &calls[i]))
			continue;
		handler = register_sys_off_handler(calls[i].mode, SYS_OFF_PRIO_FIRMWARE,
						   quoin_pm_do, &calls[i]);
		if (IS_ERR(handler))
			pr_warn("no %s by hypercall: %ld\n", calls[i].name, PTR_ERR(handler));
		else
			pr_info("%s by hypercall 0x%x\n", calls[i].name, calls[i].token);
	}
	of_node_put(np);
	return 0;
}
device_initcall(quoin_pm_init);
