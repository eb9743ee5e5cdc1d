/* SPDX-License-Identifier: MIT
 *
 * A machine: everything that one command line makes.  Built, run and freed by the main thread.
 */
#pragma once

#include "cpu/profile.h"
#include "cpu/vcpu.h"
#include "hcall/hcall.h"
#include "platform/machine/areas.h"
#include "platform/base/entropy.h"
#include "platform/base/board.h"
#include "platform/image/boot.h"
#include "platform/base/bus.h"
#include "platform/block/drive.h"
#include "platform/chardev/chardev.h"
#include "platform/base/clock.h"
#include "platform/base/device_bus.h"
#include "platform/options/config.h"
#include "platform/options/device_type.h"
#include "platform/base/irq.h"
#include "platform/image/loader.h"
#include "platform/base/memory.h"
#include "platform/net/net.h"
#include "platform/base/notice.h"
#include "platform/share/share.h"
#include "platform/machine/partition.h"
#include "platform/machine/runstate_ops.h"

/*
 * What the guest asked of one CPU through a device, done by that vCPU's own thread before its next instruction: its core is reset, and waits
 * at its spin-table entry again; or it is let go there.  Both: in this order, since a reset forgets a release before it.
 */
typedef struct CpuRelease {
    bool pending; /* atomic: a reset or a release is asked for; all other members are under the device lock */
    bool reset, let_go;
    uint64_t entry, r3; /* with let_go: where the core begins, and its r3 */
} CpuRelease;

/* Who acknowledges for a core that takes an external interrupt (VCPU_EXIT_EPR): gives the value for EPR. */
typedef struct Proxy {
    uint32_t (*acknowledge)(Device *dev, unsigned cpu);
    Device *dev;
} Proxy;

typedef struct NamedEntropy {
    const char *id; /* of its -object, borrowed; NULL: the host's, without one */
    Entropy *entropy;
} NamedEntropy;

/* A virtio-serial, for the ports of -device. */
typedef struct NamedSerial {
    char *bus; /* what bus= calls it: "ID.0" */
    struct Virtio *virtio;
} NamedSerial;

/* A network card. */
typedef struct NamedNic {
    const DeviceOption *option;
    uint8_t mac[NET_MAC_SIZE];
} NamedNic;

typedef struct MachineProfile MachineProfile; /* profile.c */

typedef struct Machine {
    const Config *config;
    const Boot *boot;
    const Board *board;
    const E500Model *model;
    Memory *memory;
    Bus *bus;
    TimeSource time;
    Clock *clock;
    Vcpus *vcpus;
    RunState *run;
    RunPolicy policy;
    HcallEnv hcall;
    DeviceBus *buses[DEVICE_BUS_CARRIED]; /* owned; each has the devices whose nodes stand below its own */
    uint32_t n_handles;                   /* handles given out: 1, 2, … */
    unsigned n_byte_channels;
    Device *doorbell_page; /* on the system bus; NULL: no doorbell is sent by a store */
    unsigned n_inputs[2];  /* inputs of the controller given out: edge, level */
    Device *mpic;          /* on the soc bus; NULL: there is none, but … */
    Device *hv_pic;        /* … this, on the system bus */
    Proxy proxy;
    Device *spin_table;  /* on the system bus */
    Device *esdhc;       /* on the soc bus; NULL: no card is in its slot */
    Device *pci;         /* the host bridge, on the system bus; NULL: the board has none */
    CpuRelease *release; /* per vCPU */
    Partition *partition;
    struct {
        Device *shutdown, *state, *watchdog; /* on the bus of handles; NULL: the board has none */
        bool stood;                          /* the machine stood still since its vCPUs last ran.  Main thread */
    } bell;
    GArray *entropies;                  /* of NamedEntropy */
    GArray *serial_buses;               /* of NamedSerial */
    GPtrArray *events;                  /* of Event*, owned */
    Notices *notices;                   /* for monitors */
    GPtrArray *chardevs;                /* of Chardev*, owned: those of -chardev, and the serial ports' own */
    Chardev *serial[SERIALS_MAX];       /* each is one of chardevs */
    GPtrArray *nets;                    /* of Net*, owned: those of -netdev */
    GPtrArray *shares;                  /* of Share*, owned: those of -fsdev that a device has */
    GPtrArray *servers;                 /* of Virtio*: devices with a thread of their own */
    unsigned n_macs;                    /* addresses of cards given out */
    char *console;                      /* path of /chosen stdout-path; NULL: the first serial port's */
    GPtrArray *drives;                  /* of Block*, owned: one for each of Config.drives */
    Event *drive_errors;                /* one of events: a drive has an error to be told */
    struct Virtio *balloon;             /* the first one; NULL: there is none */
    GArray *nics;                       /* of NamedNic: the cards, in their order */
    uint64_t (*exits)[VCPU_EXIT_KINDS]; /* per vCPU, how many of each kind; atomic */
    Areas *areas;
    bool goes_on;          /* a saved machine that moves: it ran until then, so it runs where it arrives.  Main thread */
    bool rtc_machine_time; /* the time of day is rtc_start_s plus machine time; otherwise it is rtc_start_s plus the host's time */
    int64_t rtc_start_s;
    GMainLoop *loop;
    GMutex error_lock;
    GError *host_error;      /* the first error of the host that stopped the machine: why HOST_ERROR was requested */
    MachineProfile *profile; /* -profile; NULL: none */
    uint64_t resets;         /* how many were done since the program started */
    GBytes *
        base_tree; /* the machine's own tree, or that of -dtb after nodes_adopt(), which nodes_renew() completes at each reset; NULL
                           before power-on */
} Machine;

/* config and boot are borrowed.  Errors are the host's (memory, accelerator, back ends). */
Machine *machine_new(const Config *config, const Boot *boot, GError **error);
void machine_free(Machine *machine);
int machine_run(Machine *machine); /* until the run state is FINISHED; exit status */

/*
 * The whole machine but the contents of RAM as sections (platform/base/section.h), and back.  Main thread, vCPUs parked, no request under way.
 * What is loaded was saved by a machine of the same command line; one that ran is PAUSED.  RAM is written after that.  When loading fails, the
 * machine is in no state to go on: it is reset or freed, or loads what it saved before.
 */
bool machine_can_save(const Machine *machine, GError **error);
bool machine_save(Machine *machine, GByteArray *out, GError **error);
bool machine_load(Machine *machine, const void *data, size_t size, GError **error);

/* --- shared by the files of this folder --- */

/* profile.c: -profile.  The samples go to machine_samples(), NULL where there is none; the end, when no vCPU executes any more, writes the files. */
bool machine_add_profile(Machine *machine, GError **error);
Profile *machine_samples(const Machine *machine);
void machine_end_profile(Machine *machine);

GBytes *machine_build_tree(Machine *machine, GError **error);     /* reset.c */
bool machine_reset_rebuilds(const Config *config, unsigned caps); /* a reset makes a new VM; caps: ACCEL_CAP_… */
bool machine_power_on(Machine *machine, GError **error);          /* the first reset; the state is written at level FULL */
RunResetResult machine_reset(Machine *machine, RunCause cause, GError **error);
void machine_answer_deferred(Machine *machine, EvStatus status); /* hypercalls that wait for a reset or the end; they take effect */
void machine_reset_core(Machine *machine, unsigned cpu);         /* for the MPIC's PIR; under the device lock */
Event *machine_new_event(Machine *machine, GError **error);      /* belongs to the machine, which frees it */
extern const RunOps machine_run_ops;                             /* run.c */
bool machine_serve(void *machine, Vcpu *vcpu, VcpuExit *exit);
void machine_host_error(Machine *machine, GError *error /* take */);    /* any thread: stops the machine */
unsigned machine_hcalls_present(const Machine *machine, unsigned caps); /* offer.c: HCALL_NEED_… bits */
extern const HcallServices machine_hcall_services;
/*
 * What a device's drive=ID names; NULL: there is none, which options checked.  Borrowed.  Under the device lock; the next one is called
 * without it, and waits until no request of any drive is under way.
 */
Block *machine_drive(Machine *machine, const char *id);
void machine_drain_drives(Machine *machine);
void machine_settle_drives(Machine *machine); /* the same, but what waits for cont waits on */
/* A device onto a bus, with its region 0 at an address which that bus counts from its base.  Takes dev.  Under the device lock. */
bool machine_add_device(Machine *machine, DeviceBusKind bus, Device *dev, uint64_t address, uint64_t size, GError **error);
/* The same onto the platform bus, in the first pages behind those that are there. */
bool machine_plug_platform(Machine *machine, Device *dev, uint64_t size, GError **error);

/* --- pic.c: the interrupt controller; under the device lock --- */

/* One for each row of device_types.def; under the device lock. */
#define DEVICE(id, ...) bool machine_create_##id(Machine *machine, const DeviceOption *option, GError **error);
#include "platform/options/device_types.def"
#undef DEVICE

bool machine_add_pic(Machine *machine, GError **error);
/* HcallServices */
EvStatus machine_int_set_config(void *machine, uint32_t interrupt, uint32_t config, uint32_t priority, uint32_t cpu);
EvStatus machine_int_get_config(void *machine, uint32_t interrupt, uint32_t *config, uint32_t *priority, uint32_t *cpu);
EvStatus machine_int_set_mask(void *machine, uint32_t interrupt, uint32_t mask);
EvStatus machine_int_get_mask(void *machine, uint32_t interrupt, uint32_t *mask);
EvStatus machine_int_iack(void *machine, unsigned vcpu, uint32_t handle, uint32_t *interrupt);
EvStatus machine_int_eoi(void *machine, unsigned vcpu, uint32_t interrupt);
EvStatus machine_int_send_ipi(void *machine, uint32_t ipi, uint32_t cpus);
EvStatus machine_int_set_task_priority(void *machine, unsigned vcpu, uint32_t handle, uint32_t priority);
EvStatus machine_int_get_task_priority(void *machine, unsigned vcpu, uint32_t handle, uint32_t *priority);
EvStatus machine_msgsnd(void *machine, uint32_t message);

/* --- pci.c: the PCI bus; under the device lock --- */
GVariant *machine_query_pci(void *machine); /* ControlView; floating */
/* tell.c, for ControlView: lines of text.  Under the device lock. */
typedef enum MachineTopic { MACHINE_EXITS, MACHINE_IRQ, MACHINE_PIC, MACHINE_ROMS, MACHINE_NETWORK, MACHINE_JIT } MachineTopic;
void machine_tell(void *machine, unsigned topic, GString *to);
bool machine_balloon(void *machine, const uint64_t *target, uint64_t *left); /* ControlView */

bool machine_add_pci(Machine *machine, GError **error);
bool machine_takes_messages(const Machine *machine); /* of PCI devices: else their vectors of MSI-X lead nowhere */
/*
 * Where a device is to be plugged in: slot << 3 | function, as the option says or the first free slot; and the tag of its saved state,
 * g_free().  NULL: there is no place for it.
 */
char *machine_pci_place(Machine *machine, const DeviceOption *option, unsigned *devfn, GError **error);

/* --- area_services.c: memory areas that the guest registered --- */

void machine_areas_new(Machine *machine); /* after the vCPUs */
EvStatus machine_area_register(void *machine, unsigned vcpu, AreaId id, uint64_t gpa, uint64_t size);
EvStatus machine_area_unregister(void *machine, unsigned vcpu, AreaId id);
void machine_report_touch(Machine *machine,
                          Vcpu *vcpu); /* the vCPU's watchdog expired: says when the guest last touched it.  In the vCPU's thread */

/* --- partition_services.c: the guest's own partition --- */

bool machine_add_partition(Machine *machine, GError **error); /* under the device lock; the next two are called without it */
void machine_ring_shutdown(Machine *machine);                 /* presses the power button, where the board has one */
void machine_ring_watchdog(Machine *machine);
void machine_partition_told(void *machine, RunEvent event, RunCause cause); /* RunListener */

/* --- handles.c: devices below /hypervisor/handles; under the device lock --- */

/*
 * The next free input of the interrupt controller, for a device that has no interrupt of its own.  level: active while it is raised;
 * else each rise is one interrupt.
 */
bool machine_next_input(Machine *machine, bool level, IrqInput *in, GError **error);
uint32_t machine_next_handle(Machine *machine); /* for hv-handle and reg: 1, 2, … */
void machine_handles_describe(void *machine, Dts *dts);

/* --- byte_channels.c; under the device lock --- */

Chardev *machine_chardev(Machine *machine, const char *id);         /* of -chardev; NULL: there is none */
bool machine_add_serial_channels(Machine *machine, GError **error); /* for the serial ports of a board that has no UART */
bool machine_byte_channel_send(void *machine, uint32_t handle, const uint8_t *data, unsigned size, unsigned *sent);
bool machine_byte_channel_receive(void *machine, uint32_t handle, uint8_t *data, unsigned size, unsigned *got);
bool machine_byte_channel_poll(void *machine, uint32_t handle, unsigned *to_receive, unsigned *to_send);

/* --- networks.c --- */

/* What each card has: from its netdev= and mac=, or the next address of QEMU's, 52:54:00:12:34:56 and so on. */
typedef struct MachineNic {
    Net *net; /* borrowed; NULL: no cable */
    uint8_t mac[NET_MAC_SIZE];
} MachineNic;

bool machine_add_nets(Machine *machine, GError **error);              /* main thread, before the devices */
MachineNic machine_nic(Machine *machine, const DeviceOption *option); /* once for each card; under the device lock */

/* --- doorbells.c; under the device lock --- */

EvStatus machine_doorbell_send(void *machine, uint32_t handle);
