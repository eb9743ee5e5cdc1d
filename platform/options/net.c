/* SPDX-License-Identifier: MIT
 *
 * Networks: -netdev, and -nic and -net, which are a -netdev and a -device in one.
 */
#include "platform/options/device_type.h"
#include "platform/options/priv.h"

#include <stdio.h>
#include <string.h>

#include "platform/base/board.h"
#include "platform/base/keyval.h"
#include "platform/base/suggest.h"
#include "platform/net/net.h"

/* --- -netdev */

static bool add_netdev(Parse *p, const char *text, GError **error)
{
    g_autofree char *id = NULL;
    if (!net_option_check(text, &id, error))
        return false;
    if (backend_find(p->config->netdevs, id))
        return option_bad(error, "-netdev %s: there is already a back end with id '%s'", text, id);
    g_ptr_array_add(p->config->netdevs, backend_config_new(id, text));
    return true;
}

bool option_set_netdev(Parse *p, const char *arg, GError **error)
{
    g_autofree char *json = NULL;
    if (!option_json("-netdev", "type", arg, &json, error))
        return false;
    arg = json ? json : arg;
    if (strcmp(arg, "help"))
        return add_netdev(p, arg, error);
    net_option_help();
    p->done = true;
    return true;
}

/* --- models of cards */

static const struct {
    const char *alias, *type, *type_without_pci; /* the last one on boards that have no PCI */
} models[] = {{"virtio", "virtio-net-pci", "virtio-net-device"}, {"fsl,etsec2", "eTSEC", "eTSEC"}};

static bool is_card(const DeviceType *type)
{
    const DeviceProperty *property = type->properties;
    while (property->key && property->type != PROPERTY_NETDEV)
        property++;
    return property->key != NULL;
}

static bool print_models(Parse *p)
{
    printf("Models of network cards:\n");
    for (size_t i = 0; i < DEVICE_TYPES; i++)
        if (is_card(&device_types[i]))
            printf("%s\n", device_types[i].name);
    p->done = true;
    return true;
}

/* The type of -device that a model is; NULL: the error is set. */
static const char *model_type(const char *what, const char *model, const Board *board, GError **error)
{
    const char *names[DEVICE_TYPES + 1];
    size_t n = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(models); i++)
        if (!strcmp(models[i].alias, model))
            model = board_pci_or_not(board, models[i].type, models[i].type_without_pci);
    for (size_t i = 0; i < DEVICE_TYPES; i++) {
        if (!is_card(&device_types[i]))
            continue;
        if (!strcmp(device_types[i].name, model))
            return device_types[i].name;
        names[n++] = device_types[i].name;
    }
    g_autofree char *hint = suggest_phrase(model, names, n);
    option_bad(error, "%s model: '%s' is unknown or not yet supported%s; model=help lists what there is", what, model, hint);
    return NULL;
}

/* --- -nic and -net */

static void append_pair(GString *to, const char *key, const char *value)
{
    g_auto(GStrv) parts = g_strsplit(value, ",", -1);
    g_autofree char *escaped = g_strjoinv(",,", parts);
    g_string_append_printf(to, "%s%s%s%s", to->len ? "," : "", key, *key ? "=" : "", escaped);
}

static bool is_card_key(const char *key)
{
    return !strcmp(key, "model") || !strcmp(key, "mac") || !strcmp(key, "macaddr") || !strcmp(key, "addr");
}

/* What of a -nic or -net is the card's and what the back end's. */
typedef struct Nic {
    char *option, *model, *id; /* id: of the back end; NULL: none */
    GString *card, *backend;
} Nic;

static void nic_free(gpointer pointer)
{
    Nic *nic = pointer;
    g_free(nic->option);
    g_free(nic->model);
    g_free(nic->id);
    g_string_free(nic->card, TRUE);
    g_string_free(nic->backend, TRUE);
    g_free(nic);
}

static Nic *nic_new(const char *option, const GPtrArray *pairs)
{
    Nic *nic = g_new0(Nic, 1);
    nic->option = g_strdup(option);
    nic->card = g_string_new(NULL);
    nic->backend = g_string_new(NULL);
    for (guint i = 0; i < pairs->len; i++) {
        const KeyVal *pair = pairs->pdata[i];
        if (!strcmp(pair->key, "model")) {
            g_free(nic->model);
            nic->model = g_strdup(pair->value);
        } else if (is_card_key(pair->key)) {
            append_pair(nic->card, strcmp(pair->key, "macaddr") ? pair->key : "mac", pair->value);
        } else {
            if (!strcmp(pair->key, "id")) {
                g_free(nic->id);
                nic->id = g_strdup(pair->value);
            }
            append_pair(nic->backend, i && !*pair->key ? pair->value : pair->key, pair->value);
        }
    }
    return nic;
}

/* The card's back end is made at once, and the card when the board is known. */
static bool add_nic(Parse *p, Nic *nic, GError **error)
{
    g_ptr_array_add(p->nics, nic);
    if (!nic->backend->len)
        return true;
    if (!nic->id) {
        nic->id = g_strdup_printf("#net%u", p->n_net_ids++);
        append_pair(nic->backend, "id", nic->id);
    }
    return add_netdev(p, nic->backend->str, error);
}

static bool wants_models(const GPtrArray *pairs)
{
    for (guint i = 0; i < pairs->len; i++) {
        const KeyVal *pair = pairs->pdata[i];
        if (!strcmp(pair->key, "model") && !strcmp(pair->value, "help"))
            return true;
    }
    return false;
}

bool option_set_nic(Parse *p, const char *arg, GError **error)
{
    g_autoptr(GPtrArray) pairs = keyval_split(arg);
    if (!strcmp(arg, "none"))
        return true;
    if (wants_models(pairs))
        return print_models(p);
    if (!strcmp(arg, "help"))
        return option_set_netdev(p, arg, error);
    return add_nic(p, nic_new("-nic", pairs), error);
}

/* -net nic, and at most one: QEMU joins all of them by a hub. */
static bool add_net_nic(Parse *p, const char *arg, GPtrArray *pairs, GError **error)
{
    if (p->net_nic)
        return option_bad(error, "-net %s: a second card is not supported here: -nic or -device has as many as there are back ends",
                          arg);
    g_ptr_array_remove_index(pairs, 0);
    p->net_nic = nic_new("-net nic", pairs);
    g_ptr_array_add(p->nics, p->net_nic);
    if (!p->net_nic->backend->len)
        return true;
    for (guint i = 0; i < pairs->len; i++) {
        const KeyVal *pair = pairs->pdata[i];
        if (!strcmp(pair->key, "netdev"))
            p->net_nic->id = g_strdup(pair->value);
        else if (!is_card_key(pair->key) && strcmp(pair->key, "name") && strcmp(pair->key, "id"))
            return option_bad(error, "-net nic: unknown key '%s'", *pair->key ? pair->key : pair->value);
    }
    return true;
}

static bool add_net_backend(Parse *p, const char *arg, GError **error)
{
    if (p->net_backend)
        return option_bad(error, "-net %s: a second back end is not supported here: -nic or -netdev has as many as there are cards",
                          arg);
    p->net_backend = g_strdup_printf("#net%u", p->n_net_ids++);
    g_autofree char *text = g_strdup_printf("%s,id=%s", arg, p->net_backend);
    return add_netdev(p, text, error);
}

bool option_set_net(Parse *p, const char *arg, GError **error)
{
    g_autoptr(GPtrArray) pairs = keyval_split(arg);
    const KeyVal *first = pairs->pdata[0];
    if (!strcmp(arg, "none"))
        return true;
    if (wants_models(pairs))
        return print_models(p);
    if (!*first->key && !strcmp(first->value, "nic"))
        return add_net_nic(p, arg, pairs, error);
    return add_net_backend(p, arg, error);
}

/* --- what the whole line comes to */

static bool add_card(Parse *p, const Nic *nic, guint place, GError **error)
{
    GPtrArray *devices = p->config->devices;
    const Board *board = board_find(p->config->board);
    const char *type = model_type(nic->option, nic->model ? nic->model : board->nic, board, error);
    if (!type)
        return false;
    g_autoptr(GString) text = g_string_new(type);
    if (nic->card->len)
        g_string_append_printf(text, ",%s", nic->card->str);
    if (nic->id)
        append_pair(text, "netdev", nic->id);
    if (!option_set_device(p, text->str, error))
        return false;
    /* The board's own cards come before those of -device. */
    g_ptr_array_insert(devices, (gint)place, g_ptr_array_steal_index(devices, devices->len - 1));
    return true;
}

static bool claim_netdevs(Parse *p, const DeviceOption *option, GError **error)
{
    const DeviceType *type = &device_types[option->type];
    for (unsigned i = 0; type->properties[i].key; i++)
        if (type->properties[i].type == PROPERTY_NETDEV && option->value[i] &&
            !backend_claim(p->config->netdevs, "-netdev", type->option, option->value[i], error))
            return false;
    return true;
}

bool options_complete_netdevs(Parse *p, GError **error)
{
    if (p->net_nic && p->net_backend && !p->net_nic->id)
        p->net_nic->id = g_strdup(p->net_backend);
    for (guint i = 0; i < p->nics->len; i++)
        if (!add_card(p, p->nics->pdata[i], i, error))
            return false;
    for (guint i = 0; i < p->config->devices->len; i++)
        if (!claim_netdevs(p, p->config->devices->pdata[i], error))
            return false;
    return true;
}

GPtrArray *options_nics_new(void)
{
    return g_ptr_array_new_with_free_func(nic_free);
}
