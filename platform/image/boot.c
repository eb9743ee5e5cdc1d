/* SPDX-License-Identifier: MIT */
#include "platform/image/boot.h"

#include "cpu/log.h"
#include "platform/image/extras.h"
#include "platform/image/layout.h"

enum {
    MIB = 1 << 20,
    EPAPR_MAGIC = 0x45504150, /* r6 of the boot CPU, ePAPR 1.1 §5.4.1 */
    BOOT_STACK = 16 * MIB - 8,
    TLB1_BOOT_ENTRY = 0,
};

/* TSIZE of the smallest TLB1 page that covers [0, end).  MMU architecture 1.0: powers of four from 4 KiB. */
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

/* The loader's messages begin with the file. */
static bool bad_file(const char *option, GError **error)
{
    g_prefix_error(error, "%s ", option);
    return false;
}

/* The initrd and the tree of an image of several files are the kernel's unless the command line gives others. */
static void take_parts(Boot *boot, const Config *config)
{
    const Image *image = boot->program;
    if (image->initrd && !config->initrd)
        boot->initrd = image_of_bytes(image->initrd, "initrd");
    if (!image->dtb || config->dtb)
        return;
    boot->dtb = g_bytes_ref(image->dtb);
    boot->dtb_from = g_strdup_printf("-kernel %s: its device tree", config->kernel);
}

static bool load_images(Boot *boot, const Config *config, GError **error)
{
    const uint64_t ram = config->ram_size;
    if (!extras_load(boot, config, error))
        return false;
    if (!config->kernel && config->initrd && !boot->program) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "-initrd %s: needs a -kernel that uses it", config->initrd);
        return false;
    }
    if (config->bios && !(boot->program = image_load_firmware(config->bios, ram, error)))
        return bad_file("-bios", error);
    if (config->kernel && !config->bios && !(boot->program = image_load_kernel(config->kernel, ram, error)))
        return bad_file("-kernel", error);
    if (config->kernel && config->bios && !(boot->kernel = image_load_raw(config->kernel, "kernel", ram, error)))
        return bad_file("-kernel", error);
    if (config->initrd && !(boot->initrd = image_load_raw(config->initrd, "initrd", ram, error)))
        return bad_file("-initrd", error);
    if (config->dtb && !(boot->dtb = image_load_dtb(config->dtb, error)))
        return bad_file("-dtb", error);
    if (config->dtb)
        boot->dtb_from = g_strdup_printf("-dtb %s", config->dtb);
    if (config->kernel && !config->bios)
        take_parts(boot, config);
    return true;
}

static uint64_t image_size(const Image *image)
{
    return image ? image->high - image->low : 0;
}

static void too_small(const Config *config, uint64_t needed, GError **error)
{
    const char *const images[][2] = {{"-bios", config->bios}, {"-kernel", config->kernel}, {"-initrd", config->initrd}};
    g_autoptr(GString) names = g_string_new(NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(images); i++)
        if (images[i][1])
            g_string_append_printf(names, "%s%s %s", names->len ? ", " : "", images[i][0], images[i][1]);
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                "-m %" G_GUINT64_FORMAT "M: too small: %s and the device tree take %" G_GUINT64_FORMAT "M", config->ram_size / MIB,
                names->str, needed / MIB);
}

static bool find_places(Boot *boot, const Config *config, GError **error)
{
    Layout layout = {
        .ram_size = config->ram_size,
        .low = boot->program ? boot->program->low : 0,
        .high = boot->program ? boot->program->high : 0,
        .is_firmware = config->bios,
        .kernel_size = image_size(boot->kernel),
        .initrd_size = image_size(boot->initrd),
    };
    bool found = layout_find(&layout);
    if (layout.dtb_too_high) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "-%s %s: it ends at %" G_GUINT64_FORMAT "M, and r3 cannot point to a device tree beyond 4096M",
                    config->bios ? "bios" : "kernel", config->bios ? config->bios : config->kernel, (layout.high + MIB - 1) / MIB);
        return false;
    }
    if (!found) {
        too_small(config, layout.needed, error);
        return false;
    }
    if (layout.dtb_beyond)
        message_warning("-kernel %s: it ends at %" G_GUINT64_FORMAT "M, so the device tree lies at %" G_GUINT64_FORMAT
                        "M, and Linux finds one only within the first %dM around itself",
                        config->kernel, (layout.high + MIB - 1) / MIB, layout.dtb / MIB, LAYOUT_EARLY_MAP / MIB);
    if (boot->kernel)
        image_move(boot->kernel, layout.kernel);
    if (boot->initrd) {
        image_move(boot->initrd, layout.initrd);
        boot->initrd_start = boot->initrd->low;
        boot->initrd_end = boot->initrd->high;
    }
    boot->dtb_gpa = layout.dtb;
    return true;
}

bool boot_load(Boot *boot, const Config *config, GError **error)
{
    *boot = (Boot){0};
    if (!load_images(boot, config, error) || !find_places(boot, config, error) || !extras_check(boot, config, error))
        return false;
    uint64_t end = boot->dtb_gpa + BOOT_DTB_MAX;
    if (boot->has_start & 1)
        end = MAX(end, boot->start[0] + 4);
    boot->mapped = tsize_bytes(tsize_covering(end));
    return true;
}

void boot_clear(Boot *boot)
{
    g_clear_pointer(&boot->program, image_free);
    g_clear_pointer(&boot->kernel, image_free);
    g_clear_pointer(&boot->initrd, image_free);
    g_clear_pointer(&boot->dtb, g_bytes_unref);
    g_clear_pointer(&boot->dtb_from, g_free);
    g_clear_pointer(&boot->extras, g_ptr_array_unref);
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
        (boot->initrd && !image_put(boot->initrd, memory)) || !memory_write(memory, boot->dtb_gpa, data, size) ||
        !extras_put(boot, memory)) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAULT, "images: do not fit into RAM");
        return false;
    }
    return true;
}

/*
 * TLB1[0] maps effective addresses from 0 on to gpa, for supervisor and user.  It has no IPROT, so a guest that invalidates all of TLB1
 * removes this mapping, too.
 */
static void map_start(E500State *s, uint64_t gpa, unsigned tsize)
{
    s->tlb1[TLB1_BOOT_ENTRY] = (E500TlbEntry){
        .mas1 = MAS1_V | tsize << MAS1_TSIZE_SHIFT,
        .mas2 = 0,
        .mas7_3 = (gpa & MAS7_3_RPN) | MAS3_PERMISSIONS,
    };
}

void boot_cpu_state(const Boot *boot, E500State *s, unsigned index)
{
    if (index != 0) {
        if (boot->has_start >> index & 1)
            s->pc = (Ea)boot->start[index];
        s->held = true;
        return;
    }
    s->pc = boot->has_start & 1 ? (Ea)boot->start[0] : boot->program ? (Ea)boot->program->entry : 0;
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
    map_start(s, entry & ~(uint64_t)(BOOT_SECONDARY_MAP - 1), tsize_covering(BOOT_SECONDARY_MAP));
}
