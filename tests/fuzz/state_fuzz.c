/* SPDX-License-Identifier: MIT
 *
 * Saved state in which anything may be wrong, into a whole machine.  Either one line says why not, or the machine goes on with it: its vCPUs
 * execute some instructions, its timers run out, its registers are read, and what it saves loads again as the same.  Whatever became of it, the next reset and the next load begin from nothing.
 *
 * Input: a byte (bits 1:0 which machine; bit 7: what follows is the saved state, all of it), then changes of what that machine saved; see
 * change_one().
 */
#include <glib.h>
#include <string.h>
#include <sys/prctl.h>

#include "cpu/log.h"
#include "dts/guest_tree.h"
#include "platform/base/lock.h"
#include "platform/machine/machine.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { WHOLE = 0x80, CHANGES_MAX = 16, EXITS = 4, RUN_NS = 50, VALUE_MAX = 4096, AREA_GPA = 0x200000 };

/* One value of the saved state, as the machine saved it, and what an input makes of it. */
typedef struct Value {
    const char *name;
    uint8_t element; /* bytes */
    GBytes *saved;
    GByteArray *now; /* NULL: as it was saved */
    bool gone, renamed;
} Value;

typedef struct Part {
    const char *tag;
    uint32_t version, now;
    GPtrArray *values; /* of Value */
    bool gone, twice;
} Part;

typedef struct Bench {
    const char *options;
    Config config;
    Boot boot;
    Machine *machine;  /* NULL: not made yet */
    GByteArray *saved; /* by it, when it was new */
    GPtrArray *parts;  /* of that, each a Part */
} Bench;

/* ---- operands ---- */

static uint64_t take_value(Input *in)
{
    static const uint64_t edges[] = {0,          1,        UINT64_MAX, INT64_MAX,     (uint64_t)INT64_MAX + 1, UINT32_MAX,
                                     INT32_MAX,  1u << 31, UINT16_MAX, UINT8_MAX,     UINT64_MAX - 1,          UINT64_MAX / 1000,
                                     1000000000, 64 << 20, 4096,       (64 << 20) - 1};
    unsigned shape = (unsigned)take(in, 1);
    if (shape < 64)
        return shape;
    if (shape < 128)
        return edges[shape % G_N_ELEMENTS(edges)];
    if (shape < 192)
        return UINT64_C(1) << (shape & 63);
    return take(in, 1 + (shape & 7));
}

/* ---- the sections, as section.h lays them out ---- */

static const char *take_name(Input *in)
{
    size_t n = take(in, 1);
    const char *name = g_strndup((const char *)in->data, n);
    in->data += n;
    in->size -= n;
    return name;
}

static GPtrArray *parts_of(const GByteArray *saved)
{
    GPtrArray *parts = g_ptr_array_new();
    for (Input in = {saved->data, saved->len}; in.size;) {
        Part *part = g_new0(Part, 1);
        part->tag = take_name(&in);
        part->version = (uint32_t)take(&in, 4);
        part->values = g_ptr_array_new();
        size_t length = take(&in, 4);
        for (const uint8_t *end = in.data + length; in.data < end;) {
            Value *value = g_new0(Value, 1);
            value->name = take_name(&in);
            value->element = (uint8_t)take(&in, 1);
            size_t n = take(&in, 4) * value->element;
            value->saved = g_bytes_new_static(in.data, n);
            in.data += n;
            in.size -= n;
            g_ptr_array_add(part->values, value);
        }
        g_ptr_array_add(parts, part);
    }
    return parts;
}

static void write_values(SectionWriter *w, const Part *part)
{
    for (guint i = 0; i < part->values->len; i++) {
        const Value *value = part->values->pdata[i];
        g_autofree char *name = g_strconcat(value->renamed ? "x" : "", value->name, NULL);
        gsize size;
        const void *data = g_bytes_get_data(value->saved, &size);
        if (value->now) {
            data = value->now->data;
            size = value->now->len;
        }
        if (value->gone)
            continue;
        guint head = w->out->len + 1 + (guint)strlen(name);
        uint32_t count = GUINT32_TO_BE((uint32_t)(size / value->element));
        section_put_bytes(w, name, data, size - size % value->element);
        w->out->data[head] = value->element;
        memcpy(w->out->data + head + 1, &count, sizeof(count));
    }
}

static GByteArray *written(const Bench *b)
{
    GByteArray *out = g_byte_array_new();
    for (guint i = 0; i < b->parts->len; i++) {
        const Part *part = b->parts->pdata[i];
        for (unsigned n = part->gone ? 0 : 1 + part->twice; n; n--) {
            SectionWriter w = section_begin(out, part->tag, part->now);
            write_values(&w, part);
            section_end(&w);
        }
    }
    return out;
}

static void forget_changes(const Bench *b)
{
    for (guint i = 0; i < b->parts->len; i++) {
        Part *part = b->parts->pdata[i];
        part->gone = part->twice = false;
        part->now = part->version;
        for (guint n = 0; n < part->values->len; n++) {
            Value *value = part->values->pdata[n];
            value->gone = value->renamed = false;
            g_clear_pointer(&value->now, g_byte_array_unref);
        }
    }
}

/* ---- the changes ---- */

static GByteArray *now_of(Value *value)
{
    if (!value->now) {
        gsize size;
        const uint8_t *data = g_bytes_get_data(value->saved, &size);
        value->now = g_byte_array_new();
        if (size)
            g_byte_array_append(value->now, data, (guint)size);
    }
    return value->now;
}

static void put_element(Value *value, guint at, uint64_t number)
{
    uint64_t be = GUINT64_TO_BE(number);
    memcpy(now_of(value)->data + at * value->element, (const uint8_t *)&be + 8 - value->element, value->element);
}

static void change_elements(Value *value, Input *in, bool all)
{
    guint n = now_of(value)->len / value->element, first = (guint)take(in, 2);
    uint64_t number = take_value(in);
    if (!n)
        return;
    for (guint i = all ? 0 : first % n; i < (all ? n : first % n + 1); i++)
        put_element(value, i, number);
}

static void change_length(Value *value, Input *in)
{
    guint old = now_of(value)->len, new = (guint)(take(in, 2) % (VALUE_MAX + 1)) * value->element;
    g_byte_array_set_size(value->now, new);
    if (new > old)
        memset(value->now->data + old, (int)take(in, 1), new - old);
}

static void change_bytes(Value *value, Input *in)
{
    GByteArray *now = now_of(value);
    guint n = (guint)take(in, 1);
    g_byte_array_set_size(now, 0);
    for (; n && in->size; n--) {
        uint8_t byte = (uint8_t)take(in, 1);
        g_byte_array_append(now, &byte, 1);
    }
}

/* An operation, a section of those there are, a value of those it has, and the operation's own operands. */
static void change_one(const Bench *b, Input *in)
{
    unsigned op = (unsigned)take(in, 1) % 16;
    Part *part = b->parts->pdata[take(in, 1) % b->parts->len];
    Value *value = part->values->len ? part->values->pdata[take(in, 1) % part->values->len] : NULL;
    switch (op) {
    case 0:
        part->gone = true;
        return;
    case 1:
        part->twice = true;
        return;
    case 2:
        part->now++;
        return;
    }
    if (!value)
        return;
    switch (op) {
    case 3:
        value->gone = true;
        return;
    case 4:
        value->renamed = true;
        return;
    case 5:
    case 6:
        change_length(value, in);
        return;
    case 7:
    case 8:
        change_bytes(value, in);
        return;
    case 9:
    case 10:
        change_elements(value, in, true);
        return;
    default:
        change_elements(value, in, false);
    }
}

/* ---- the machines ---- */

/* Something in everything that a guest or a user sets, so that there is something to change. */
static void fill(Machine *m)
{
    static const uint8_t value[] = {'v', 'a', 'l', 'u', 'e', 0};
    device_lock();
    for (unsigned id = 0; id < AREA_COUNT; id++)
        for (unsigned vcpu = 0; vcpu < m->config->n_vcpus; vcpu++)
            areas_register(m->areas, vcpu, (AreaId)id, AREA_GPA + 0x10000 * vcpu + 0x1000 * id, 64, &(Steal){0});
    guest_tree_set(partition_tree(m->partition), "/chosen", "fuzz", value, sizeof(value));
    partition_bus_error(m->partition, 0xfe0000000, false);
    device_unlock();
    for (guint i = 0; i < m->chardevs->len; i++)
        chardev_write(m->chardevs->pdata[i], value, sizeof(value));
}

static void bench_open(Bench *b)
{
    GError *error = NULL;
    g_auto(GStrv) argv = g_strsplit(b->options, " ", 0);
    prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0); /* a reset clears what was touched: small pages */
    if (options_parse((int)g_strv_length(argv), argv, &b->config, &error) != OPTIONS_RUN)
        g_error("%s", error->message);
    b->config.kernel = NULL; /* what is executed is what was loaded */
    if (!boot_load(&b->boot, &b->config, &error) || !(b->machine = machine_new(&b->config, &b->boot, &error)))
        g_error("%s", error->message);
    fill(b->machine);
    b->saved = g_byte_array_new();
    if (!machine_save(b->machine, b->saved, &error))
        g_error("%s", error->message);
    b->parts = parts_of(b->saved);
    forget_changes(b);
    b->saved = written(b);
}

/* ---- what the machine does with it ---- */

/* In the vCPU's thread, as if it ran. */
static void execute(Vcpu *vcpu, void *opaque)
{
    Machine *m = opaque;
    for (unsigned i = 0; i < EXITS; i++) {
        __atomic_store_n(&m->time.next_deadline_ns, time_now_ns(&m->time) + RUN_NS, __ATOMIC_RELAXED);
        vcpu->valid = false;
        vcpus_vm(vcpu->set)->ops->vcpu_run(vcpu->handle, &vcpu->exit, false);
        machine_serve(m, vcpu, &vcpu->exit);
        if (vcpu->deferred)
            hcall_answer(&vcpu->exit, EV_INTERNAL);
        vcpu->deferred = false;
    }
}

static void go_on(Machine *m)
{
    for (unsigned i = 0; i < m->config->n_vcpus; i++)
        vcpu_call(vcpus_get(m->vcpus, i), execute, m);
    device_lock();
    time_source_advance(&m->time, 1000000);
    clock_run_due(m->clock);
    for (unsigned kind = 0; kind < DEVICE_BUS_CARRIED; kind++) {
        const Device *dev;
        for (unsigned n = 0; (dev = device_bus_get(m->buses[kind], n)); n++) {
            uint64_t value;
            for (uint64_t at = 0; dev->region[0].size && at < 64; at += 4)
                bus_read(m->bus, dev->region[0].gpa + at, 4, &value);
        }
    }
    device_unlock();
}

static void check_error(const GError *error)
{
    g_assert_nonnull(error);
    g_assert_null(strchr(error->message, '\n'));
}

/* A machine of this kind, as one that was just made. */
static void begin(Bench *b)
{
    g_autoptr(GError) error = NULL;
    if (!b->machine)
        bench_open(b);
    g_assert_cmpint(machine_reset(b->machine, RUN_CAUSE_HOST_RESET, &error), ==, RUN_RESET_DONE);
    machine_load(b->machine, b->saved->data, b->saved->len, &error);
    g_assert_no_error(error);
}

/* What was loaded is in range and complete: to save and to load it again changes nothing. */
static void check_same_again(Machine *m)
{
    g_autoptr(GByteArray) first = g_byte_array_new();
    g_autoptr(GByteArray) second = g_byte_array_new();
    g_autoptr(GError) error = NULL;
    g_assert_true(machine_save(m, first, &error));
    machine_load(m, first->data, first->len, &error);
    g_assert_no_error(error);
    g_assert_true(machine_save(m, second, &error));
    g_assert_cmpmem(first->data, first->len, second->data, second->len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static Bench benches[4] = {
        {.options = "quoin -M ppce500 -cpu e500mc -smp 2 -m 64 -icount 0 -serial null -serial null -kernel none"},
        {.options = "quoin -M p4080ds-hv -cpu e500mc -smp 2 -m 64 -icount 0 -serial null -serial null -kernel none -chardev "
                    "ringbuf,id=c,size=64 -device epapr-byte-channel,chardev=c -device epapr-doorbell,name=bell"},
        {.options = "quoin -M mpc8544ds -cpu e500v2 -m 64 -icount 0 -serial null -serial null -kernel none"},
        {.options = "quoin -M p4080ds-hv -m 64 -icount 3 -serial null -serial null -kernel none"},
    };
    g_autoptr(GError) error = NULL;
    Input in = {data, size};

    if (size < 1)
        return 0;
    log_silence(true);
    unsigned how = (unsigned)take(&in, 1);
    Bench *b = &benches[how % G_N_ELEMENTS(benches)];
    begin(b);
    forget_changes(b);
    for (unsigned i = 0; i < CHANGES_MAX && in.size && !(how & WHOLE); i++)
        change_one(b, &in);
    g_autoptr(GByteArray) changed = how & WHOLE ? NULL : written(b);
    bool ok = changed ? machine_load(b->machine, changed->data, changed->len, &error)
                      : machine_load(b->machine, in.data, in.size, &error);
    if (!ok) {
        check_error(error);
        return 0;
    }
    check_same_again(b->machine);
    go_on(b->machine);
    return 0;
}
