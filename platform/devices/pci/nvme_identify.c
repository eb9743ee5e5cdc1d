/* SPDX-License-Identifier: MIT
 *
 * What the controller and its namespace say of themselves: Identify (§5.15) and Get Log Page (§5.14).  Numbers are little-endian.
 */
#include <string.h>

#include "platform/devices/pci/nvme_priv.h"

enum { CNS_NAMESPACE = 0, CNS_CONTROLLER = 1, CNS_ACTIVE = 2, CNS_DESCRIPTORS = 3, IDENTIFY_SIZE = 4096 };
enum { UUID_TYPE = 3, UUID_SIZE = 16, SUBNQN = 768, SUBNQN_SIZE = 256, POWER_STATE = 2048, TEMPERATURE = 323 /* K */ };

/* Optional commands and what else there is */
enum {
    OAES_NONE = 0,
    ONCS_DATASET = 0x04,
    ONCS_WRITE_ZEROES = 0x08,
    ONCS_SELECT = 0x10, /* SEL of Get Features */
    FRMW_ONE_SLOT = 0x03,
    LPA_EXTENDED = 0x04,
    VWC_PRESENT = 0x01,
    VWC_ALL_NAMESPACES = 0x06, /* Flush takes FFFFFFFFh, too */
    DLFEAT_ZEROES_DEALLOCATE = 0x08,
    NSATTR_WRITE_PROTECTED = 0x01,
};

static void put(uint8_t *at, unsigned size, uint64_t value)
{
    for (unsigned i = 0; i < size; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

/* Text is filled up with spaces, and not terminated. */
static void put_text(uint8_t *at, unsigned size, const char *text)
{
    size_t length = strnlen(text, size);
    memset(at, ' ', size);
    memcpy(at, text, length);
}

static void put_serial(const Nvme *n, uint8_t *at)
{
    char text[NVME_SERIAL_MAX + 1] = "";
    memcpy(text, n->serial, sizeof(n->serial));
    put_text(at, NVME_SERIAL_MAX, text);
}

static void name_subsystem(const Nvme *n, char name[SUBNQN_SIZE])
{
    g_snprintf(name, SUBNQN_SIZE, "nqn.2019-08.org.qemu:%.*s", NVME_SERIAL_MAX, n->serial);
}

/* One that is the same at each start: of version 5, made from the name of the subsystem. */
static void make_uuid(const Nvme *n, uint8_t uuid[UUID_SIZE])
{
    char name[SUBNQN_SIZE];
    uint8_t digest[20];
    gsize size = sizeof(digest);
    name_subsystem(n, name);
    GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA1);
    g_checksum_update(sum, (const guchar *)name, -1);
    g_checksum_get_digest(sum, digest, &size);
    g_checksum_free(sum);
    memcpy(uuid, digest, UUID_SIZE);
    uuid[6] = (uuid[6] & 0x0f) | 0x50;
    uuid[8] = (uuid[8] & 0x3f) | 0x80;
}

/* Figure 247.  Ids and texts are QEMU's, by which scripts find the disk. */
static void fill_controller(const Nvme *n, uint8_t *d)
{
    put(d + 0, 2, 0x1b36);
    put(d + 2, 2, 0x1af4);
    put_serial(n, d + 4);
    put_text(d + 24, 40, "QEMU NVMe Ctrl");
    put_text(d + 64, 8, "1.0");
    d[77] = NVME_MDTS;
    put(d + 80, 4, 0x00010400); /* VER */
    put(d + 92, 4, OAES_NONE);
    d[258] = 3; /* ACL: so many aborts at a time, and one */
    d[259] = NVME_EVENTS_MAX - 1;
    d[260] = FRMW_ONE_SLOT;
    d[261] = LPA_EXTENDED;
    put(d + 266, 2, 343); /* WCTEMP, CCTEMP */
    put(d + 268, 2, 373);
    d[512] = 0x66; /* SQES, CQES: the size that is needed, and the largest */
    d[513] = 0x44;
    put(d + 516, 4, 1); /* NN */
    put(d + 520, 2, ONCS_DATASET | ONCS_WRITE_ZEROES | ONCS_SELECT);
    d[525] = (block_write_cache(n->block) ? VWC_PRESENT : 0) | VWC_ALL_NAMESPACES;
    name_subsystem(n, (char *)d + SUBNQN);
    put(d + POWER_STATE, 2, 2500); /* MP: centiwatts */
    put(d + POWER_STATE + 4, 4, 16);
    put(d + POWER_STATE + 8, 4, 4); /* ENLAT, EXLAT */
}

/* Figure 245 */
static void fill_namespace(const Nvme *n, uint8_t *d)
{
    const uint64_t blocks = block_size(n->block) / NVME_BLOCK;
    put(d + 0, 8, blocks);
    put(d + 8, 8, blocks);
    put(d + 16, 8, blocks);
    d[33] = DLFEAT_ZEROES_DEALLOCATE;
    d[99] = block_read_only(n->block) ? NSATTR_WRITE_PROTECTED : 0;
    d[130] = 9; /* LBADS of the one format: 2⁹ bytes */
}

NvmeStatus nvme_identify(Nvme *n, const NvmeCommand *c)
{
    uint8_t data[IDENTIFY_SIZE] = {0};
    const bool own = c->nsid == NVME_NAMESPACE;
    switch (NVME_CDW(c, 10) & 0xff) {
    case CNS_NAMESPACE: /* FFFFFFFFh: what all namespaces have in common, which is all of it */
        if (!own && c->nsid != NVME_ALL_NAMESPACES)
            return NVME_BAD_NAMESPACE;
        fill_namespace(n, data);
        break;
    case CNS_CONTROLLER:
        fill_controller(n, data);
        break;
    case CNS_ACTIVE: /* those with a larger number than the one that is given */
        if (c->nsid >= NVME_ALL_NAMESPACES - 1)
            return NVME_BAD_NAMESPACE;
        put(data, 4, c->nsid < NVME_NAMESPACE ? NVME_NAMESPACE : 0);
        break;
    case CNS_DESCRIPTORS:
        if (!own)
            return NVME_BAD_NAMESPACE;
        data[0] = UUID_TYPE;
        data[1] = UUID_SIZE;
        make_uuid(n, data + 4);
        break;
    default:
        return NVME_BAD_FIELD;
    }
    return nvme_to_guest(n, c, data, sizeof(data));
}

/* --- log pages */

enum { LOG_SIZE = 512, RETAIN = 1 << 15 };

static void fill_errors(const Nvme *n, uint8_t *d)
{
    put(d + 0, 8, n->errors);
    put(d + 8, 2, n->error_sq);
    put(d + 10, 2, n->error_cid);
    put(d + 12, 2, n->error_status);
    put(d + 14, 2, 0xffff); /* which byte of the command is wrong is not said */
    put(d + 16, 8, n->error_lba);
    put(d + 24, 4, n->error_namespace);
}

static void fill_health(const Nvme *n, uint8_t *d)
{
    enum { UNIT = 1000 /* sectors */ };
    put(d + 1, 2, TEMPERATURE);
    d[3] = 100; /* percent of spare */
    d[4] = 10;
    put(d + 32, 8, (n->sectors_read + UNIT - 1) / UNIT);
    put(d + 48, 8, (n->sectors_written + UNIT - 1) / UNIT);
    put(d + 64, 8, n->reads);
    put(d + 80, 8, n->writes);
    put(d + 160, 8, n->media_errors);
    put(d + 176, 8, n->errors);
}

static void fill_firmware(uint8_t *d)
{
    d[0] = 1;
    put_text(d + 8, 8, "1.0");
}

/* The part that the guest wants: from LPO on, NUMD dwords and one.  Behind the page are zeros. */
static NvmeStatus send_log(Nvme *n, const NvmeCommand *c, const uint8_t *log)
{
    const uint64_t size = (((uint64_t)(NVME_CDW(c, 11) & 0xffff) << 16 | NVME_CDW(c, 10) >> 16) + 1) * 4,
                   from = NVME_CDW(c, 12) | (uint64_t)NVME_CDW(c, 13) << 32;
    if (size > NVME_TRANSFER_MAX || from % 4 || from > LOG_SIZE)
        return NVME_BAD_FIELD;
    g_autofree uint8_t *data = g_malloc0((size_t)size);
    memcpy(data, log + from, (size_t)MIN(size, LOG_SIZE - from));
    return nvme_to_guest(n, c, data, size);
}

NvmeStatus nvme_get_log(Nvme *n, const NvmeCommand *c)
{
    uint8_t log[LOG_SIZE] = {0};
    const unsigned id = NVME_CDW(c, 10) & 0xff;
    switch (id) {
    case NVME_LOG_ERRORS:
        fill_errors(n, log);
        break;
    case NVME_LOG_HEALTH:
        if (c->nsid != 0 && c->nsid != NVME_ALL_NAMESPACES)
            return NVME_BAD_FIELD; /* there is none for a namespace alone */
        fill_health(n, log);
        break;
    case NVME_LOG_FIRMWARE:
        fill_firmware(log);
        break;
    default:
        return NVME_BAD_LOG_PAGE;
    }
    NvmeStatus status = send_log(n, c, log);
    if (status == NVME_OK && id == NVME_LOG_ERRORS && !(NVME_CDW(c, 10) & RETAIN))
        nvme_error_log_was_read(n);
    return status;
}
