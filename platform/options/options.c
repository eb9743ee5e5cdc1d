/* SPDX-License-Identifier: MIT
 *
 * From argv to a Config: finds the row of each option, then completes and checks the whole.
 */
#include "platform/options/device_type.h"
#include "platform/options/priv.h"

#include <string.h>

#include "cpu/accel.h"
#include "cpu/e500/state.h"
#include "cpu/log.h"
#include "platform/base/board.h"
#include "platform/block/drive.h"
#include "platform/chardev/chardev.h"
#include "platform/base/suggest.h"

const char *const option_topics[OPTION_TOPICS] = {
#define TOPIC(id, title) title,
#include "platform/options/table.def"
};

const Option options_table[OPTIONS] = {
#define OPTION(id, name, argument, topic, text) {name, argument, text, OPTION_TOPIC_##topic},
#include "platform/options/table.def"
};

/* Every spelling that works. */
static const struct {
    const char *name;
    OptionId id;
} spellings[] = {
#define OPTION(id, name, argument, topic, text) {name, OPTION_##id},
#define ALIAS(alias, id)                        {alias, OPTION_##id},
#include "platform/options/table.def"
};

/* QEMU's that have no row. */
static const struct {
    const char *name, *why;
    bool has_argument, accepted;
} without_row[] = {
#define NO_EFFECT(name, has_argument, why) {name, why, has_argument, true},
#define REFUSED(name, has_argument, why)   {name, why, has_argument, false},
#include "platform/options/qemu.def"
};

static bool (*const setters[OPTIONS])(Parse *p, const char *arg, GError **error) = {
#define OPTION(id, name, argument, topic, text) option_set_##id,
#include "platform/options/table.def"
};

const char *option_nth(unsigned i, const char **argument, const char **text)
{
    if (i >= OPTIONS)
        return NULL;
    *argument = options_table[i].argument;
    *text = options_table[i].text;
    return options_table[i].name;
}

bool option_bad(GError **error, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    g_autofree char *text = g_strdup_vprintf(format, ap);
    va_end(ap);
    g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, text);
    return false;
}

static bool unknown_option(const char *word, const char *name, GError **error)
{
    const char *names[G_N_ELEMENTS(spellings)];
    for (size_t i = 0; i < G_N_ELEMENTS(spellings); i++)
        names[i] = spellings[i].name;
    const char *closest = suggest_closest(name, names, G_N_ELEMENTS(names));
    if (closest)
        return option_bad(error, "%s: unknown option (did you mean '-%s'?); -help lists them", word, closest);
    return option_bad(error, "%s: unknown option; -help lists them", word);
}

bool option_set_by_name(Parse *p, const char *name, const char *arg, GError **error)
{
    for (size_t s = 0; s < G_N_ELEMENTS(spellings); s++)
        if (!strcmp(spellings[s].name, name))
            return setters[spellings[s].id](p, arg, error);
    return option_bad(error, "-%s: not supported", name);
}

static bool option_without_row(const char *word, const char *name, int argc, int *i, GError **error)
{
    size_t r = 0;
    while (r < G_N_ELEMENTS(without_row) && strcmp(without_row[r].name, name))
        r++;
    if (r == G_N_ELEMENTS(without_row))
        return unknown_option(word, name, error);
    if (!without_row[r].accepted)
        return option_bad(error, "%s: not supported: %s", word, without_row[r].why);
    if (without_row[r].has_argument && *i + 1 >= argc)
        return option_bad(error, "%s: needs an argument", word);
    *i += without_row[r].has_argument;
    message_warning("%s: has no effect: %s", word, without_row[r].why);
    return true;
}

/* One option and its argument at argv[*i]; a word alone is the image of the first drive, as in QEMU. */
static bool parse_one(Parse *p, int argc, char **argv, int *i, GError **error)
{
    const char *word = argv[*i], *name = word + 1;
    if (word[0] != '-')
        return option_set_hda(p, word, error);
    name += *name == '-';
    if (!*name)
        return option_bad(error, "'%s': not an option", word);
    for (size_t s = 0; s < G_N_ELEMENTS(spellings); s++) {
        if (strcmp(spellings[s].name, name))
            continue;
        OptionId id = spellings[s].id;
        if (!options_table[id].argument)
            return setters[id](p, NULL, error);
        if (*i + 1 >= argc)
            return option_bad(error, "%s: needs an argument, %s", word, options_table[id].argument);
        return setters[id](p, argv[++*i], error);
    }
    return option_without_row(word, name, argc, i, error);
}

static bool choose_accel(Parse *p, GError **error)
{
    g_autofree char *why = NULL;
    for (guint i = 0; i < p->accels->len; i++) {
        const AccelOps *ops = accel_find(p->accels->pdata[i]);
        g_clear_pointer(&why, g_free);
        if (ops->available(&why)) {
            p->config->accel = ops->name;
            break;
        }
    }
    if (!p->accels->len)
        p->config->accel = "soft";
    if (!p->config->accel) { /* the line is right, but not for this host */
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "-accel %s: %s", (char *)p->accels->pdata[p->accels->len - 1], why);
        return false;
    }
    if ((p->config->protected_state || p->config->no_rebuild) && strcmp(p->config->accel, "soft"))
        return option_bad(error, "-accel %s: protected=on and rebuild=off are soft's alone", p->config->accel);
    if ((p->config->engine || p->config->jit) && strcmp(p->config->accel, "soft"))
        return option_bad(error, "-accel %s: engine= and jit= are soft's alone", p->config->accel);
    return true;
}

static void complete_engine(Config *c)
{
    c->translate = c->jit == JIT_ON || c->jit == JIT_VERIFY || (!c->jit && !c->engine);
    c->verify = c->engine == ENGINE_VERIFY || c->jit == JIT_VERIFY;
}

/* Two engines see the same time only where instructions make it. */
static void complete_time(Config *c)
{
    if (c->verify && !c->icount) {
        c->icount = true;
        c->icount_shift = ICOUNT_SHIFT_USUAL;
    }
}

static bool complete_serials(Parse *p, GError **error)
{
    Config *c = p->config;
    unsigned n_stdio = 0;
    for (unsigned i = 0; i < SERIALS_MAX; i++) {
        bool taken = i || p->nodefaults || p->monitor_on_stdio || c->daemonize || options_stdio_owner(c);
        const char *standard = taken ? "null" : p->no_monitor ? "stdio" : "mon:stdio";
        if (!c->serial[i])
            c->serial[i] = standard;
        n_stdio += !strcmp(c->serial[i], "stdio") || !strcmp(c->serial[i], "mon:stdio");
    }
    if (c->daemonize && (n_stdio || p->monitor_on_stdio || options_stdio_owner(c)))
        return option_bad(error, "-daemonize: standard input and output are the terminal's, which stays behind");
    if (n_stdio > 1)
        return option_bad(error, "-serial %s: standard input and output are already serial0's", c->serial[1]);
    return true;
}

/* What depends on the board. */
static bool complete_board(Parse *p, GError **error)
{
    Config *c = p->config;
    size_t n;
    if (!c->board)
        c->board = boards(&n)->name;
    const Board *board = board_find(c->board);
    if (!c->cpu)
        c->cpu = strcmp(c->accel, "kvm") ? board->cpu : "host";
    if (!p->reset_given)
        c->has_reset = board_has_soc(board);
    if (!p->shutdown_given)
        c->has_shutdown = board_has_soc(board);
    if ((c->no_external_proxy || c->direct_eoi) && board_has_soc(board))
        return option_bad(error, "-M %s,%s: the board has no virtual interrupt controller", board->name,
                          c->direct_eoi ? "direct-eoi=on" : "external-proxy=off");
    if (c->kernel_irqchip && (!board_has_soc(board) || strcmp(c->accel, "kvm")))
        return option_bad(error, "-M kernel-irqchip=on: %s %s has none", board_has_soc(board) ? "accelerator" : "board",
                          board_has_soc(board) ? c->accel : board->name);
    if (c->profile && strcmp(c->accel, "soft"))
        return option_bad(error, "-profile: accelerator %s takes no samples, soft does", c->accel);
    if (c->n_vcpus > board->cpus_max)
        return option_bad(error, "-smp %u: board %s has %u cores at most", c->n_vcpus, board->name, board->cpus_max);
    if (c->ram_size > board->ram_max)
        return option_bad(error, "-m %" G_GUINT64_FORMAT "M: board %s has room for %" G_GUINT64_FORMAT "M of RAM",
                          c->ram_size >> 20, board->name, board->ram_max >> 20);
    return true;
}

static bool complete(Parse *p, GError **error)
{
    Config *c = p->config;
    complete_engine(c);
    complete_time(c);
    if (!options_complete_memory(p, error) || !choose_accel(p, error) || !complete_serials(p, error) || !complete_board(p, error) ||
        !options_complete_drives(p, error) || !options_complete_chardevs(p, error) || !options_complete_monitors(p, error))
        return false;
    if (!options_complete_images(p, error) || !options_complete_netdevs(p, error) || !options_complete_globals(p, error) ||
        !options_complete_objects(p, error) || !options_complete_fsdevs(p, error))
        return false;
    if (!c->append)
        c->append = "";
    if (!c->rtc_base)
        c->rtc_base = "utc";
    return true;
}

const char *config_text(Config *c, const char *text)
{
    return g_string_chunk_insert(c->texts, text);
}

OptionsResult options_parse(int argc, char **argv, Config *config, GError **error)
{
    g_autoptr(GPtrArray) accels = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) nics = options_nics_new(), virtfs = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GArray) globals = options_globals_new();
    g_autoptr(GArray) backends = options_memory_backends_new();
    Parse p = {.config = config, .accels = accels, .nics = nics, .virtfs = virtfs, .globals = globals, .memory_backends = backends};
    *config = (Config){
        .texts = g_string_chunk_new(256),
        .chardevs = g_ptr_array_new_with_free_func(backend_config_free),
        .netdevs = g_ptr_array_new_with_free_func(backend_config_free),
        .drives = g_ptr_array_new_with_free_func((GDestroyNotify)drive_spec_free),
        .fsdevs = g_ptr_array_new_with_free_func(backend_config_free),
        .objects = g_ptr_array_new_with_free_func(backend_config_free),
        .monitors = g_ptr_array_new_with_free_func(g_free),
        .devices = g_ptr_array_new_with_free_func((GDestroyNotify)device_option_free),
        .loaders = g_array_new(FALSE, FALSE, sizeof(LoaderConfig)),
        .data_dirs = g_ptr_array_new_with_free_func(g_free),
        .has_idle = true,
        .has_partition = true,
        .memory_areas = true,
        .ram_size = UINT64_C(128) << 20,
        .n_vcpus = 1,
        .action_panic = PANIC_SHUTDOWN,
    };
    bool ok = true;
    for (int i = 1; i < argc && !p.done && ok; i++)
        ok = parse_one(&p, argc, argv, &i, error);
    ok = ok && (p.done || complete(&p, error));
    g_free(p.net_backend);
    return !ok ? OPTIONS_BAD : p.done ? OPTIONS_DONE : OPTIONS_RUN;
}

void config_clear(Config *c)
{
    g_clear_pointer(&c->texts, g_string_chunk_free);
    g_clear_pointer(&c->chardevs, g_ptr_array_unref);
    g_clear_pointer(&c->netdevs, g_ptr_array_unref);
    g_clear_pointer(&c->drives, g_ptr_array_unref);
    g_clear_pointer(&c->fsdevs, g_ptr_array_unref);
    g_clear_pointer(&c->objects, g_ptr_array_unref);
    g_clear_pointer(&c->devices, g_ptr_array_unref);
    g_clear_pointer(&c->monitors, g_ptr_array_unref);
    g_clear_pointer(&c->loaders, g_array_unref);
    g_clear_pointer(&c->data_dirs, g_ptr_array_unref);
    *c = (Config){0};
}
