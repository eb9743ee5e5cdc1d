/* SPDX-License-Identifier: MIT
 *
 * The keys of -netdev user: its network of private addresses, and what is forwarded.
 */
#include "platform/net/user.h"

#include <string.h>

#include "platform/base/keyval.h"

const NetKey user_keys[] = {
    {"ipv4", NET_KEY_SWITCH, false},     {"net", NET_KEY_TEXT, false},       {"host", NET_KEY_TEXT, false},
    {"ipv6", NET_KEY_SWITCH, false},     {"ipv6-net", NET_KEY_TEXT, false},  {"ipv6-host", NET_KEY_TEXT, false},
    {"restrict", NET_KEY_SWITCH, false}, {"hostname", NET_KEY_TEXT, false},  {"dhcpstart", NET_KEY_TEXT, false},
    {"dns", NET_KEY_TEXT, false},        {"ipv6-dns", NET_KEY_TEXT, false},  {"dnssearch", NET_KEY_TEXT, true},
    {"domainname", NET_KEY_TEXT, false}, {"tftp", NET_KEY_TEXT, false},      {"tftp-server-name", NET_KEY_TEXT, false},
    {"bootfile", NET_KEY_TEXT, false},   {"hostfwd", NET_KEY_TEXT, true},    {"guestfwd", NET_KEY_TEXT, true},
    {"smb", NET_KEY_TEXT, false},        {"smbserver", NET_KEY_TEXT, false}, {NULL, NET_KEY_TEXT, false},
};

/* --- IPv4 addresses */

static uint32_t number_of(struct in_addr addr)
{
    return ntohl(addr.s_addr);
}

static bool parse_ipv4(const NetSpec *spec, const char *key, const char *text, struct in_addr *addr, GError **error)
{
    return inet_pton(AF_INET, text, addr) == 1 ? true : net_spec_bad(spec, error, "%s=%s is not an IPv4 address", key, text);
}

/* 10.0.2.0/24, 10.0.2.0/255.255.255.0, or without a mask that of the address's class. */
static bool parse_network(const NetSpec *spec, const char *text, SlirpConfig *c, GError **error)
{
    g_auto(GStrv) part = g_strsplit(text, "/", 2);
    unsigned bits = 0;
    if (!parse_ipv4(spec, "net", part[0], &c->vnetwork, error))
        return false;
    uint32_t net = number_of(c->vnetwork);
    uint32_t mask = net >> 31 == 0 ? 0xff000000 : net >> 30 == 2 ? 0xfff00000 : net >> 29 == 6 ? 0xffffff00 : 0xfffffff0;
    if (part[1] && strchr(part[1], '.')) {
        struct in_addr given;
        if (!parse_ipv4(spec, "net", part[1], &given, error))
            return false;
        mask = number_of(given);
    } else if (part[1]) {
        if (!value_uint("net", part[1], 4, 32, &bits, NULL))
            return net_spec_bad(spec, error, "net=%s: the mask is not 4 to 32 bits", text);
        mask = (uint32_t)(UINT64_C(0xffffffff) << (32 - bits));
    }
    if (~mask & (~mask + 1))
        return net_spec_bad(spec, error, "net=%s: the mask has holes", text);
    if (~mask < 15)
        return net_spec_bad(spec, error, "net=%s is too small for the addresses that it needs", text);
    c->vnetmask.s_addr = htonl(mask);
    c->vnetwork.s_addr = htonl(net & mask);
    return true;
}

/* An address of the network: at this place in it unless the key says which. */
static bool parse_member(const NetSpec *spec, const char *key, uint32_t place, const SlirpConfig *c, struct in_addr *addr,
                         GError **error)
{
    const char *text = net_spec_text(spec, key);
    uint32_t net = number_of(c->vnetwork), mask = number_of(c->vnetmask);
    addr->s_addr = htonl(net | (place & ~mask));
    if (!text)
        return true;
    if (!parse_ipv4(spec, key, text, addr, error))
        return false;
    uint32_t given = number_of(*addr);
    if (!(given & mask)) /* 0.0.0.5: a place */
        given |= net;
    addr->s_addr = htonl(given);
    if ((given & mask) != net || given == net || given == (net | ~mask))
        return net_spec_bad(spec, error, "%s=%s is no host of the network", key, text);
    return true;
}

static bool parse_addresses(const NetSpec *spec, SlirpConfig *c, GError **error)
{
    const char *net = net_spec_text(spec, "net"), *dhcp = net_spec_text(spec, "dhcpstart");
    if (!parse_network(spec, net ? net : "10.0.2.0/24", c, error) || !parse_member(spec, "host", 2, c, &c->vhost, error) ||
        !parse_member(spec, "dhcpstart", 15, c, &c->vdhcp_start, error) || !parse_member(spec, "dns", 3, c, &c->vnameserver, error))
        return false;
    if (c->vhost.s_addr == c->vnameserver.s_addr)
        return net_spec_bad(spec, error, "host= and dns= must differ");
    if (c->vdhcp_start.s_addr == c->vhost.s_addr || c->vdhcp_start.s_addr == c->vnameserver.s_addr)
        return net_spec_bad(spec, error, "%s must not be the host's or the name server's",
                            dhcp ? "dhcpstart=" : "the first guest's address");
    return true;
}

/* --- IPv6 addresses */

static bool parse_ipv6(const NetSpec *spec, const char *key, const char *text, struct in6_addr *addr, GError **error)
{
    return inet_pton(AF_INET6, text, addr) == 1 ? true : net_spec_bad(spec, error, "%s=%s is not an IPv6 address", key, text);
}

static bool parse_member6(const NetSpec *spec, const char *key, uint8_t place, const SlirpConfig *c, struct in6_addr *addr,
                          GError **error)
{
    const char *text = net_spec_text(spec, key);
    *addr = c->vprefix_addr6;
    addr->s6_addr[15] |= place;
    if (!text)
        return true;
    if (!parse_ipv6(spec, key, text, addr, error))
        return false;
    for (unsigned bit = 0; bit < c->vprefix_len; bit++) {
        unsigned differ = addr->s6_addr[bit / 8] ^ c->vprefix_addr6.s6_addr[bit / 8];
        if (differ & (0x80 >> bit % 8))
            return net_spec_bad(spec, error, "%s=%s is not in the network", key, text);
    }
    return true;
}

static bool parse_addresses6(const NetSpec *spec, SlirpConfig *c, GError **error)
{
    const char *text = net_spec_text(spec, "ipv6-net");
    g_auto(GStrv) part = g_strsplit(text ? text : "fec0::/64", "/", 2);
    unsigned bits = 64;
    if (!parse_ipv6(spec, "ipv6-net", part[0], &c->vprefix_addr6, error))
        return false;
    if (part[1] && !value_uint("ipv6-net", part[1], 1, 126, &bits, NULL))
        return net_spec_bad(spec, error, "ipv6-net=%s: the prefix is not 1 to 126 bits", text);
    c->vprefix_len = (uint8_t)bits;
    return parse_member6(spec, "ipv6-host", 2, c, &c->vhost6, error) &&
           parse_member6(spec, "ipv6-dns", 3, c, &c->vnameserver6, error);
}

/* --- forwards */

static bool parse_port(const char *text, unsigned min, unsigned *port)
{
    return value_uint("port", text, min, 65535, port, NULL);
}

/* [tcp|udp]:[HOST]:PORT-[GUEST]:PORT */
static bool parse_forward(const NetSpec *spec, const char *text, UserConfig *c, GError **error)
{
    UserForward f = {.guest = c->slirp.vdhcp_start};
    g_auto(GStrv) end = g_strsplit(text, "-", 2);
    g_auto(GStrv) host = g_strsplit(end[0] ? end[0] : "", ":", 3);
    g_auto(GStrv) guest = g_strsplit(end[0] && end[1] ? end[1] : "", ":", 2);
    if (g_strv_length(host) != 3 || g_strv_length(guest) != 2)
        return net_spec_bad(spec, error, "hostfwd=%s is not [tcp|udp]:[HOST]:PORT-[GUEST]:PORT", text);
    f.udp = !strcmp(host[0], "udp");
    if (!f.udp && *host[0] && strcmp(host[0], "tcp"))
        return net_spec_bad(spec, error, "hostfwd=%s: '%s' is neither tcp nor udp", text, host[0]);
    f.host.s_addr = htonl(INADDR_LOOPBACK);
    if ((*host[1] && !parse_ipv4(spec, "hostfwd", host[1], &f.host, error)) ||
        (*guest[0] && !parse_ipv4(spec, "hostfwd", guest[0], &f.guest, error)))
        return false;
    if (!parse_port(host[2], 0, &f.host_port) || !parse_port(guest[1], 1, &f.guest_port))
        return net_spec_bad(spec, error, "hostfwd=%s: a port is missing, or no number up to 65535", text);
    g_array_append_val(c->forwards, f);
    return true;
}

/* [tcp]:SERVER:PORT-cmd:COMMAND or -unix:PATH */
static bool parse_service(const NetSpec *spec, const char *text, UserConfig *c, GError **error)
{
    UserService s = {0};
    const char *target = strchr(text, '-');
    g_autofree char *from = target ? g_strndup(text, (gsize)(target - text)) : g_strdup("");
    g_auto(GStrv) part = g_strsplit(from, ":", 3);
    if (g_strv_length(part) != 3 || (*part[0] && strcmp(part[0], "tcp")))
        return net_spec_bad(spec, error, "guestfwd=%s is not [tcp]:SERVER:PORT-cmd:COMMAND or -unix:PATH", text);
    if (!parse_ipv4(spec, "guestfwd", part[1], &s.server, error))
        return false;
    if (!parse_port(part[2], 1, &s.port))
        return net_spec_bad(spec, error, "guestfwd=%s: '%s' is not a port", text, part[2]);
    s.command = g_str_has_prefix(++target, "cmd:") && target[4] ? target + 4 : NULL;
    s.path = g_str_has_prefix(target, "unix:") && target[5] ? target + 5 : NULL;
    if (!s.command && !s.path)
        return net_spec_bad(spec, error, "guestfwd=%s: to '%s' is not yet supported; to cmd:COMMAND and unix:PATH is", text,
                            target);
    uint32_t server = number_of(s.server), mask = number_of(c->slirp.vnetmask);
    if ((server & mask) != number_of(c->slirp.vnetwork) || s.server.s_addr == c->slirp.vhost.s_addr)
        return net_spec_bad(spec, error, "guestfwd=%s: the server must be of the network, and not its host", text);
    g_array_append_val(c->services, s);
    return true;
}

/* --- all of it */

static bool parse_texts(const NetSpec *spec, UserConfig *c, GError **error)
{
    enum { LABEL_MAX = 63, NAME_MAX_DHCP = 255, BOOTFILE_MAX = 127 };
    SlirpConfig *s = &c->slirp;
    unsigned n = 0;
    s->vhostname = net_spec_text(spec, "hostname");
    s->vdomainname = net_spec_text(spec, "domainname");
    s->tftp_path = net_spec_text(spec, "tftp");
    s->tftp_server_name = net_spec_text(spec, "tftp-server-name");
    s->bootfile = net_spec_text(spec, "bootfile");
    while (net_spec_nth(spec, "dnssearch", n))
        n++;
    c->search = g_new0(const char *, n + 1);
    for (unsigned i = 0; i < n; i++)
        c->search[i] = net_spec_nth(spec, "dnssearch", i);
    s->vdnssearch = n ? c->search : NULL;
    if (s->vhostname && strlen(s->vhostname) > LABEL_MAX)
        return net_spec_bad(spec, error, "hostname= has more than %d characters", LABEL_MAX);
    if (s->vdomainname && strlen(s->vdomainname) > NAME_MAX_DHCP)
        return net_spec_bad(spec, error, "domainname= has more than %d characters", NAME_MAX_DHCP);
    if (s->tftp_server_name && strlen(s->tftp_server_name) > NAME_MAX_DHCP)
        return net_spec_bad(spec, error, "tftp-server-name= has more than %d characters", NAME_MAX_DHCP);
    if (s->bootfile && strlen(s->bootfile) > BOOTFILE_MAX)
        return net_spec_bad(spec, error, "bootfile= has more than %d characters", BOOTFILE_MAX);
    return true;
}

bool user_config_parse(const NetSpec *spec, UserConfig *c, GError **error)
{
    const char *text;
    *c = (UserConfig){
        .slirp = {.version = 1, /* of the structure: what the oldest libslirp knows is enough */
                  .restricted = net_spec_on(spec, "restrict", false),
                  .in_enabled = net_spec_on(spec, "ipv4", true),
                  .in6_enabled = net_spec_on(spec, "ipv6", true)},
        .forwards = g_array_new(FALSE, FALSE, sizeof(UserForward)),
        .services = g_array_new(FALSE, FALSE, sizeof(UserService)),
    };
    if (net_spec_text(spec, "smb") || net_spec_text(spec, "smbserver"))
        return net_spec_bad(spec, error, "smb= is not supported; tftp= hands files to a guest");
    if (!c->slirp.in_enabled && !c->slirp.in6_enabled)
        return net_spec_bad(spec, error, "with ipv4=off and ipv6=off nothing is left");
    if (!parse_addresses(spec, &c->slirp, error) || !parse_addresses6(spec, &c->slirp, error) || !parse_texts(spec, c, error))
        return false;
    for (unsigned i = 0; (text = net_spec_nth(spec, "hostfwd", i)); i++)
        if (!parse_forward(spec, text, c, error))
            return false;
    for (unsigned i = 0; (text = net_spec_nth(spec, "guestfwd", i)); i++)
        if (!parse_service(spec, text, c, error))
            return false;
    return true;
}

void user_config_clear(UserConfig *c)
{
    g_clear_pointer(&c->forwards, g_array_unref);
    g_clear_pointer(&c->services, g_array_unref);
    g_clear_pointer(&c->search, g_free);
}
