// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory areas registered with the hypervisor: time of day, steal time, counts of exits, and this
 * kernel's word that its CPUs are alive.
 *
 * The types that are served are in a property of /hypervisor.  Each CPU registers its own areas as
 * it comes online and unregisters them as it goes; what they say is in /sys/kernel/quoin_areas.
 * Reading them costs no exit.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/init.h>
#include <linux/io.h>
#include <linux/kernel.h>
#include <linux/kobject.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/percpu.h>
#include <linux/reboot.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <linux/timer.h>

#include <asm/epapr_hcalls.h>
#include <asm/time.h>

#include "memory_area.h"

/* What one CPU registers, in one piece of memory of a power of two, which kmalloc aligns to itself. */
struct quoin_areas {
	struct memory_area_steal_time steal_time;
	struct memory_area_watchdog_touch watchdog_touch;
	struct memory_area_run_stats run_stats;
	struct memory_area_wall_clock wall_clock; /* the first CPU's: there is one in the machine */
};

static_assert(sizeof(struct quoin_areas) == 4 * MEMORY_AREA_ALIGN);

static DEFINE_PER_CPU(struct quoin_areas *, areas);
static DEFINE_PER_CPU(u32, registered); /* a bit for each type */
static DEFINE_PER_CPU(struct timer_list, touch_timer);
static struct quoin_areas *clock;       /* whose wall_clock is registered */
static u32 served;                      /* a bit for each type */

static bool quoin_areas_register(unsigned int type, void *area, unsigned int size)
{
	phys_addr_t pa = virt_to_phys(area);
	unsigned long in[8] = { type, upper_32_bits(pa), lower_32_bits(pa), size }, out[8];
	unsigned long status;

	if (!(served & BIT(type)))
		return false;
	status = epapr_hypercall(in, out, QUOIN_AREA_REGISTER);
	if (status)
		pr_warn("type %u on CPU %u: status %lu\n", type, smp_processor_id(), status);
	return !status;
}

static void quoin_areas_unregister(unsigned int type)
{
	unsigned long in[8] = { type }, out[8];

	epapr_hypercall(in, out, QUOIN_AREA_UNREGISTER);
}

static void quoin_areas_touch(struct timer_list *timer)
{
	memory_area_touch(&this_cpu_read(areas)->watchdog_touch, get_tb());
	mod_timer(timer, jiffies + HZ);
}

/* On that CPU. */
static int quoin_areas_online(unsigned int cpu)
{
	struct quoin_areas *mine = kzalloc(sizeof(*mine), GFP_KERNEL);
	u32 got = 0;

	if (!mine)
		return -ENOMEM;
	per_cpu(areas, cpu) = mine;
	if (quoin_areas_register(MEMORY_AREA_STEAL_TIME, &mine->steal_time, sizeof(mine->steal_time)))
		got |= BIT(MEMORY_AREA_STEAL_TIME);
	if (quoin_areas_register(MEMORY_AREA_RUN_STATS, &mine->run_stats, sizeof(mine->run_stats)))
		got |= BIT(MEMORY_AREA_RUN_STATS);
	if (!clock && quoin_areas_register(MEMORY_AREA_WALL_CLOCK, &mine->wall_clock, sizeof(mine->wall_clock))) {
		got |= BIT(MEMORY_AREA_WALL_CLOCK);
		clock = mine;
	}
	if (quoin_areas_register(MEMORY_AREA_WATCHDOG_TOUCH, &mine->watchdog_touch, sizeof(mine->watchdog_touch))) {
		struct timer_list *timer = per_cpu_ptr(&touch_timer, cpu);

		got |= BIT(MEMORY_AREA_WATCHDOG_TOUCH);
		timer_setup(timer, quoin_areas_touch, TIMER_PINNED);
		timer->expires = jiffies + 1;
		add_timer_on(timer, cpu);
	}
	per_cpu(registered, cpu) = got;
	return 0;
}

static int quoin_areas_offline(unsigned int cpu)
{
	struct quoin_areas *mine = per_cpu(areas, cpu);
	u32 got = per_cpu(registered, cpu);
	unsigned int type;

	if (got & BIT(MEMORY_AREA_WATCHDOG_TOUCH))
		del_timer_sync(per_cpu_ptr(&touch_timer, cpu));
	if (clock == mine)
		clock = NULL;
	per_cpu(registered, cpu) = 0;
	per_cpu(areas, cpu) = NULL;
	for (type = 1; type < 32; type++)
		if (got & BIT(type))
			quoin_areas_unregister(type);
	kfree(mine);
	return 0;
}

static ssize_t wall_clock_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	volatile struct memory_area_wall_clock *area;
	struct memory_area_wall_clock now;
	u32 begin;

	cpus_read_lock(); /* a CPU that goes takes its memory with it */
	if (!clock) {
		cpus_read_unlock();
		return -ENODEV;
	}
	area = &clock->wall_clock;
	do {
		begin = memory_area_read_begin(&area->head);
		now.seconds = area->seconds;
		now.nanoseconds = area->nanoseconds;
	} while (memory_area_read_retry(&area->head, begin));
	cpus_read_unlock();
	return sysfs_emit(buf, "%lld.%09u\n", now.seconds, now.nanoseconds);
}

/* A line for each CPU: its number, then what show_one() says. */
static ssize_t show_cpus(char *buf, unsigned int type, int (*show_one)(struct quoin_areas *mine, char *buf, int at))
{
	unsigned int cpu;
	int at = 0;

	cpus_read_lock();
	for_each_online_cpu(cpu) {
		if (!(per_cpu(registered, cpu) & BIT(type)))
			continue;
		at += sysfs_emit_at(buf, at, "%u ", cpu);
		at += show_one(per_cpu(areas, cpu), buf, at);
	}
	cpus_read_unlock();
	return at;
}

static int steal_time_one(struct quoin_areas *mine, char *buf, int at)
{
	volatile struct memory_area_steal_time *area = &mine->steal_time;
	struct memory_area_steal_time now;
	u32 begin;

	do {
		begin = memory_area_read_begin(&area->head);
		now.steal_ns = area->steal_ns;
		now.run_ns = area->run_ns;
	} while (memory_area_read_retry(&area->head, begin));
	return sysfs_emit_at(buf, at, "steal_ns %llu run_ns %llu\n", now.steal_ns, now.run_ns);
}

static int run_stats_one(struct quoin_areas *mine, char *buf, int at)
{
	volatile struct memory_area_run_stats *area = &mine->run_stats;
	struct memory_area_run_stats now;
	u32 begin;

	do {
		begin = memory_area_read_begin(&area->head);
		now.exits = area->exits;
		now.hypercalls = area->hypercalls;
		now.accesses = area->accesses;
		now.waits = area->waits;
	} while (memory_area_read_retry(&area->head, begin));
	return sysfs_emit_at(buf, at, "exits %llu hypercalls %llu accesses %llu waits %llu\n", now.exits,
			     now.hypercalls, now.accesses, now.waits);
}

/* Written by its CPU, in this kernel: the version says no less here. */
static int watchdog_touch_one(struct quoin_areas *mine, char *buf, int at)
{
	volatile struct memory_area_watchdog_touch *area = &mine->watchdog_touch;
	u64 touches;
	u32 begin;

	do {
		begin = memory_area_read_begin(&area->head);
		touches = area->touches;
	} while (memory_area_read_retry(&area->head, begin));
	return sysfs_emit_at(buf, at, "touches %llu\n", touches);
}

#define SHOW_CPUS(name, type)										\
	static ssize_t name##_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)	\
	{												\
		return show_cpus(buf, type, name##_one);						\
	}												\
	static struct kobj_attribute name##_attr = __ATTR_RO(name)

SHOW_CPUS(steal_time, MEMORY_AREA_STEAL_TIME);
SHOW_CPUS(run_stats, MEMORY_AREA_RUN_STATS);
SHOW_CPUS(watchdog_touch, MEMORY_AREA_WATCHDOG_TOUCH);
static struct kobj_attribute wall_clock_attr = __ATTR_RO(wall_clock);

static struct attribute *quoin_areas_attrs[] = {
	&wall_clock_attr.attr, &steal_time_attr.attr, &run_stats_attr.attr, &watchdog_touch_attr.attr, NULL,
};

static const struct attribute_group quoin_areas_group = { .attrs = quoin_areas_attrs };

/* The types of MEMORY_AREA_PROPERTY that this driver knows and that are large enough for it. */
static u32 __init quoin_areas_served(void)
{
	struct device_node *np = of_find_node_by_path("/hypervisor");
	u32 type, size, found = 0;
	int i;

	for (i = 0; np && !of_property_read_u32_index(np, MEMORY_AREA_PROPERTY, i, &type) &&
		    !of_property_read_u32_index(np, MEMORY_AREA_PROPERTY, i + 1, &size); i += 2)
		if (type && type < 32 && size >= MEMORY_AREA_ALIGN)
			found |= BIT(type);
	of_node_put(np);
	return found;
}

static struct kobject *kobj;
static int hotplug_state = -1;

/* A kernel that kexec starts gets this memory, and no reset tells the hypervisor to leave it alone. */
static int quoin_areas_reboot(struct notifier_block *self, unsigned long action, void *data)
{
	cpuhp_remove_state(hotplug_state);
	return NOTIFY_DONE;
}

static struct notifier_block reboot_notifier = { .notifier_call = quoin_areas_reboot };

static int __init quoin_areas_init(void)
{
	if (!epapr_paravirt_enabled)
		return 0;
	served = quoin_areas_served();
	if (!served)
		return 0;
	hotplug_state = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "quoin/areas:online", quoin_areas_online,
					  quoin_areas_offline);
	if (hotplug_state < 0)
		return hotplug_state;
	kobj = kobject_create_and_add("quoin_areas", kernel_kobj);
	if (!kobj || sysfs_create_group(kobj, &quoin_areas_group))
		pr_warn("nothing in sysfs\n");
	register_reboot_notifier(&reboot_notifier);
	pr_info("types 0x%x\n", served);
	return 0;
}

static void __exit quoin_areas_exit(void)
{
	kobject_put(kobj);
	if (hotplug_state >= 0) {
		unregister_reboot_notifier(&reboot_notifier);
		cpuhp_remove_state(hotplug_state);
	}
}

module_init(quoin_areas_init);
module_exit(quoin_areas_exit);
MODULE_DESCRIPTION("Memory areas registered with the hypervisor");
MODULE_LICENSE("GPL");
