/* SPDX-License-Identifier: MIT
 *
 * The VM: what KVM can do, memory slots, hypercall instructions, and the host's core.
 */
#include "cpu/kvm/kvm.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cpu/log.h"

#define KVM_DEVICE "/dev/kvm"

static const struct {
    const char *name;
    long number;
    bool required;
} caps[KVM_CAPS] = {
#define X(id, required) {"KVM_CAP_" #id, KVM_CAP_##id, required},
    KVM_CAP_LIST(X)
#undef X
};

/* ---- the host ---- */

/* Linux emulates this privileged register for user programs. */
static uint32_t host_pvr(void)
{
    uint32_t pvr;
    __asm__ volatile("mfspr %0,287" : "=r"(pvr));
    return pvr;
}

/* The model of the same core as the host's, perhaps of another revision, with the host's own PVR. */
static const E500Model *host_model(GError **error)
{
    static E500Model host;
    static char doc[64];
    uint32_t pvr = host_pvr();
    size_t n;
    const E500Model *models = e500_models(&n);
    for (size_t i = 0; i < n; i++) {
        if (models[i].pvr >> 16 != pvr >> 16)
            continue;
        host = models[i];
        host.pvr = pvr;
        g_snprintf(doc, sizeof(doc), "the host's core, PVR 0x%08x", pvr);
        host.doc = doc;
        return &host;
    }
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NODEV, "-accel kvm: the host's core, PVR 0x%08x, is none of the e500 models",
                pvr);
    return NULL;
}

/* A guest reads the host's time base, so its device tree must name the host's frequency. */
static bool host_tb_hz(uint64_t *hz, GError **error)
{
    g_autofree char *text = NULL;
    if (!g_file_get_contents("/proc/cpuinfo", &text, NULL, error)) {
        g_prefix_error(error, "-accel kvm: the frequency of the time base: ");
        return false;
    }
    const char *line = strstr(text, "\ntimebase");
    const char *colon = line ? strchr(line, ':') : NULL;
    *hz = colon ? g_ascii_strtoull(colon + 1, NULL, 10) : 0;
    if (!*hz)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "-accel kvm: /proc/cpuinfo does not tell the frequency of the time base");
    return *hz != 0;
}

/* ---- what KVM can do ---- */

static bool device_open(KvmFd *kvm, GError **error)
{
    kvm_fd_init(kvm, false, "%s", KVM_DEVICE);
    kvm->fd = open(KVM_DEVICE, O_RDWR | O_CLOEXEC);
    if (kvm->fd < 0) {
        g_set_error(error, G_FILE_ERROR, (gint)g_file_error_from_errno(errno), KVM_DEVICE ": %s", g_strerror(errno));
        return false;
    }
    int version = kvm_ioctl(FAULT_KVM_GET_API_VERSION, kvm, 0, error);
    if (version < 0)
        return false;
    if (version != KVM_API_VERSION) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOSYS, KVM_DEVICE ": API version %d, and only %d will do", version,
                    KVM_API_VERSION);
        return false;
    }
    return true;
}

/* on: /dev/kvm, whose answers are about some VM, or a VM, whose answers are about itself. */
static bool caps_ask(const KvmFd *on, int cap[KVM_CAPS], GError **error)
{
    for (int i = 0; i < KVM_CAPS; i++) {
        cap[i] = kvm_ioctl(FAULT_KVM_CHECK_EXTENSION, on, (uintptr_t)caps[i].number, error);
        if (cap[i] < 0)
            return false;
        if (!cap[i] && caps[i].required) {
            g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOSYS, "this KVM lacks %s", caps[i].name);
            return false;
        }
    }
    return true;
}

static bool kvm_available(char **why_not)
{
    g_autoptr(GError) error = NULL;
    KvmFd kvm = {.fd = -1};
    int cap[KVM_CAPS];
    bool ok = device_open(&kvm, &error) && caps_ask(&kvm, cap, &error);
    if (kvm.fd >= 0)
        close(kvm.fd);
    if (!ok && why_not)
        *why_not = g_strdup(error->message);
    return ok;
}

static unsigned kvm_vm_caps(const AccelVm *vm)
{
    const KvmVm *kvm = (const KvmVm *)vm;
    return ACCEL_CAP_REBUILD | ACCEL_CAP_STATE_WRITE | (kvm->cap[KVM_HAS_SET_GUEST_DEBUG] ? ACCEL_CAP_SET_DEBUG : 0) |
           (kvm->cap[KVM_HAS_EXIT_EPAPR_HCALL] ? ACCEL_CAP_HCALL_EXIT : 0) |
           (kvm->cap[KVM_HAS_EXIT_MEMORY_AREA] ? ACCEL_CAP_AREA_EXIT : 0) |
           (kvm->cap[KVM_HAS_IOEVENTFD] ? ACCEL_CAP_IOEVENTFD : 0) |
           (kvm->mpic.fd >= 0 && kvm->cap[KVM_HAS_IRQFD] && kvm->cap[KVM_HAS_IRQ_ROUTING] ? ACCEL_CAP_IRQFD : 0) |
           (kvm->mpic.fd >= 0 && kvm->cap[KVM_HAS_SIGNAL_MSI] ? ACCEL_CAP_MESSAGE : 0) |
           (kvm->pvinfo.flags & KVM_PPC_PVINFO_FLAGS_EV_IDLE ? ACCEL_CAP_IDLE : 0);
}

/* ---- opening and closing ---- */

static bool config_fits(const KvmVm *vm, GError **error)
{
    const AccelConfig *config = &vm->config;
    if (config->model->pvr != host_pvr()) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "-cpu %s: KVM shows guests the host's core, PVR 0x%08x and not 0x%08x: -cpu host", config->model->name,
                    host_pvr(), config->model->pvr);
        return false;
    }
    int most = MAX(vm->cap[KVM_HAS_MAX_VCPUS], vm->cap[KVM_HAS_NR_VCPUS]);
    if (most && config->n_vcpus > (unsigned)most) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "-smp %u: this KVM has at most %d vCPUs in a VM",
                    config->n_vcpus, most);
        return false;
    }
    if (config->external_proxy && !config->mpic.version && !vm->cap[KVM_HAS_PPC_EPR]) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOSYS,
                    "this KVM lacks KVM_CAP_PPC_EPR, which the board's interrupt controller needs");
        return false;
    }
    return true;
}

/* Warns only once in the life of the process, because each rebuild opens another VM. */
static void say_what_lacks(const KvmVm *vm)
{
    static bool said;
    if (!said && !vm->cap[KVM_HAS_EXIT_EPAPR_HCALL])
        message_warning("this KVM lacks KVM_CAP_EXIT_EPAPR_HCALL and answers hypercalls itself: no has-reset, no has-shutdown, no "
                        "other service by hypercall");
    said = true;
}

static bool vm_open(KvmVm *vm, GError **error)
{
    if (!device_open(&vm->kvm, error) || !host_tb_hz(&vm->tb_hz, error))
        return false;
    vm->vm.fd = kvm_ioctl(FAULT_KVM_CREATE_VM, &vm->kvm, 0, error);
    if (vm->vm.fd < 0 || !caps_ask(&vm->vm, vm->cap, error) || !config_fits(vm, error))
        return false;
    int size = kvm_ioctl(FAULT_KVM_GET_VCPU_MMAP_SIZE, &vm->kvm, 0, error);
    if (size < 0)
        return false;
    if ((size_t)size < sizeof(struct kvm_run)) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "KVM_GET_VCPU_MMAP_SIZE on " KVM_DEVICE ": %d bytes are too few",
                    size);
        return false;
    }
    vm->run_size = (size_t)size;
    return kvm_ioctl(FAULT_KVM_PPC_GET_PVINFO, &vm->vm, (uintptr_t)&vm->pvinfo, error) >= 0 && kvm_mpic_create(vm, error);
}

static void kvm_vm_close(AccelVm *base)
{
    KvmVm *vm = (KvmVm *)base;
    if (vm->mpic.fd >= 0)
        close(vm->mpic.fd);
    if (vm->vm.fd >= 0)
        close(vm->vm.fd);
    if (vm->kvm.fd >= 0)
        close(vm->kvm.fd);
    g_free(vm);
}

static AccelVm *kvm_vm_open(const AccelConfig *config, GError **error)
{
    if (fault_here(FAULT_VM_OPEN, error))
        return NULL;
    KvmVm *vm = g_new0(KvmVm, 1);
    vm->base.ops = &accel_kvm;
    vm->config = *config;
    vm->kvm.fd = -1;
    kvm_fd_init(&vm->vm, false, "VM");
    kvm_fd_init(&vm->mpic, false, "the MPIC");
    kvm_kick_init();
    if (!vm_open(vm, error)) {
        kvm_vm_close(&vm->base);
        return NULL;
    }
    say_what_lacks(vm);
    return &vm->base;
}

/* ---- memory, hypercalls, time ---- */

static bool kvm_vm_map_ram(AccelVm *base, const AccelRam *ram, GError **error)
{
    KvmVm *vm = (KvmVm *)base;
    unsigned most = vm->cap[KVM_HAS_NR_MEMSLOTS] ? MIN((unsigned)vm->cap[KVM_HAS_NR_MEMSLOTS], KVM_RAM_MAX) : KVM_RAM_MAX;
    if (fault_here(FAULT_MAP_RAM, error))
        return false;
    if (vm->n_ram == most) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOSPC, "kvm: more than %u memory slots", most);
        return false;
    }
    struct kvm_userspace_memory_region region = {
        .slot = vm->n_ram,
        .guest_phys_addr = ram->gpa,
        .memory_size = ram->size,
        .userspace_addr = (uintptr_t)ram->hva,
    };
    if (kvm_ioctl(FAULT_KVM_SET_USER_MEMORY_REGION, &vm->vm, (uintptr_t)&region, error) < 0) {
        g_prefix_error(error, "slot %u, %" PRIu64 " bytes at 0x%" PRIx64 ": ", region.slot, ram->size, ram->gpa);
        return false;
    }
    vm->ram[vm->n_ram++] = *ram;
    return true;
}

static unsigned kvm_vm_hcall_instructions(const AccelVm *base, uint32_t insn[4])
{
    const KvmVm *vm = (const KvmVm *)base;
    for (unsigned i = 0; i < 4; i++)
        insn[i] = GUINT32_FROM_BE(vm->pvinfo.hcall[i]);
    return 4;
}

static uint64_t kvm_vm_tb_hz(const AccelVm *base)
{
    return ((const KvmVm *)base)->tb_hz;
}

const AccelOps accel_kvm = {
    .name = "kvm",
    .doc = "the hypervisor of a Linux host on an e500 core",
    .available = kvm_available,
    .host_model = host_model,
    .vm_open = kvm_vm_open,
    .vm_close = kvm_vm_close,
    .vm_caps = kvm_vm_caps,
    .vm_map_ram = kvm_vm_map_ram,
    .vm_hcall_instructions = kvm_vm_hcall_instructions,
    .vm_tb_hz = kvm_vm_tb_hz,
    .vm_set_source = kvm_vm_set_source,
    .vm_message = kvm_vm_message,
    .vm_eventfd = kvm_vm_eventfd,
    .vcpu_create = kvm_vcpu_create,
    .vcpu_destroy = kvm_vcpu_destroy,
    .vcpu_run = kvm_vcpu_run,
    .vcpu_kick = kvm_vcpu_kick,
    .vcpu_set_irq = kvm_vcpu_set_irq,
    .vcpu_get_state = kvm_get_state,
    .vcpu_put_state = kvm_put_state,
    .vcpu_set_debug = kvm_set_debug,
    .vcpu_translate = kvm_translate,
};
