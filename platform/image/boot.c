/* SPDX-License-Identifier: MIT */
#include "platform/image/boot.h"

enum {
    MIB = 1 << 20,
    FIRMWARE_ROOM = 32 * MIB, /* what firmware may use as it likes: files for it lie above */
    INITRD_GAP = 32 * MIB,
    INITRD_ALIGN = 16 * MIB,
    DTB_GAP = 24 * MIB,
    EPAPR_MAGIC = 0x45504150, /* r6 of the boot CPU, ePAPR 1.1 §5.4.1 */
    BOOT_STACK = 16 * MIB - 8,
    TLB1_BOOT_ENTRY = 0,
};

static uint64_t align_down(uint64_t v, uint64_t to)
{
    return v & ~(to - 1);
}

static uint64_t align_up(uint64_t v, uint64_t to)
{
    return align_down(v + to - 1, to);
}

/* Smallest TLB1 page (MMU architecture 1.0: powers of four from 4 KiB) that covers [0, end); its
 * TSIZE. */
static unsigned tsize_covering(uint64_t end)
{
    unsigned tsize = 1;
    while ((UINT64_C(1024) << (2 * tsize)) < end && tsize < 11)
        tsize++;
    return tsize;
}

static uint64_t tsize_bytes(unsigned tsize)
{
    return UINT64_C(1024) << (2 * tsize);
}

/* *top: where what was loaded ends. */
static bool load_programs(Boot *boot, const Config *config, uint64_t *top, GError **error)
{
    if (!config->bios && !config->kernel)
        return true;
    boot->program = config->bios ? image_load_firmware(config->bios, config->ram_size, error)
                                 : image_load_kernel(config->kernel, config->ram_size, error);
    if (!boot->program)
        return false;
    *top = boot->program->high;
    if (!config->bios)
        return true;
    *top = MAX(*top, FIRMWARE_ROOM);
    if (!config->kernel)
        return true;
    boot->kernel = image_load_raw(config->kernel, "kernel", align_up(*top, MIB), config->ram_size, error);
    if (!boot->kernel)
        return false;
    *top = boot->kernel->high;
    return true;
}

bool boot_load(Boot *boot, const Config *config, GError **error)
{
    *boot = (Boot){0};
    uint64_t top = 0;
    if (!config->kernel && config->initrd) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "-initrd %s: needs a -kernel that uses it", config->initrd);
        return false;
    }
    if (!load_programs(boot, config, &top, error))
        return false;
    if (config->initrd) {
        uint64_t gpa = align_down(top + INITRD_GAP, INITRD_ALIGN);
        boot->initrd = image_load_raw(config->initrd, "initrd", gpa, config->ram_size, error);
        if (!boot->initrd)
            return false;
        boot->initrd_start = boot->initrd->low;
        boot->initrd_end = top = boot->initrd->high;
    }
    if (config->dtb && !(boot->dtb = image_load_dtb(config->dtb, error)))
        return false;
    boot->dtb_gpa = align_down(top + DTB_GAP, MIB);
    if (boot->dtb_gpa + BOOT_DTB_MAX > config->ram_size) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "-m %" G_GUINT64_FORMAT "M: too small: images and the device tree above them end at %" G_GUINT64_FORMAT "M",
                    config->ram_size / MIB, (boot->dtb_gpa + BOOT_DTB_MAX) / MIB);
        return false;
    }
    boot->mapped = tsize_bytes(tsize_covering(boot->dtb_gpa + BOOT_DTB_MAX));
    return true;
}

void boot_clear(Boot *boot)
{
    g_clear_pointer(&boot->program, image_free);
    g_clear_pointer(&boot->kernel, image_free);
    g_clear_pointer(&boot->initrd, image_free);
    g_clear_pointer(&boot->dtb, g_bytes_unref);
}

bool boot_put(const Boot *boot, Memory *memory, GBytes *tree, GError **error)
{
    gsize size;
    const void *data = g_bytes_get_data(tree, &size);
    if (size > BOOT_DTB_MAX) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOSPC, "device tree: %zu bytes, at most %d fit", size, BOOT_DTB_MAX);
        return false;
    }
    if ((boot->program && !image_put(boot->program, memory)) || (boot->kernel && !image_put(boot->kernel, memory)) ||
        (boot->initrd && !image_put(boot->initrd, memory)) || !memory_write(memory, boot->dtb_gpa, data, size)) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAULT, "images: do not fit into RAM");
        return false;
    }
    return true;
}

/* TLB1[0]: EA 0 → gpa, supervisor and user, not IPROT, so that a guest's flash invalidate removes
 * it. */
static void map_start(E500State *s, uint64_t gpa, unsigned tsize)
{
    s->tlb1[TLB1_BOOT_ENTRY] = (E500TlbEntry){
        .mas1 = UINT32_C(0x80000000) | tsize << 8,
        .mas2 = 0,
        .mas7_3 = (gpa & UINT64_C(0xffffff000)) | 0x3f,
    };
}

void boot_cpu_state(const Boot *boot, E500State *s, unsigned index)
{
    if (index != 0) {
        s->held = true;
        return;
    }
    s->pc = boot->program ? (Ea)boot->program->entry : 0;
    s->gpr[1].w = BOOT_STACK;
    s->gpr[3].w = (uint32_t)boot->dtb_gpa;
    s->gpr[6].w = EPAPR_MAGIC;
    s->gpr[7].w = (uint32_t)MIN(boot->mapped, (uint64_t)UINT32_MAX);
    map_start(s, 0, tsize_covering(boot->mapped));
}

void boot_release_state(E500State *s, uint64_t entry, uint64_t r3)
{
    s->held = false;
    s->pc = (Ea)(entry & (BOOT_SECONDARY_MAP - 1));
    for (unsigned i = 0; i < 32; i++)
        s->gpr[i].d = 0;
    s->gpr[3].w = (uint32_t)r3;
    s->gpr[7].w = BOOT_SECONDARY_MAP;
    map_start(s, align_down(entry, BOOT_SECONDARY_MAP), tsize_covering(BOOT_SECONDARY_MAP));
}
