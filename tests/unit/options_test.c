/* SPDX-License-Identifier: MIT */
#include "platform/options/priv.h"
#include "platform/options/device_type.h"
#include "tests/unit/unit.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "cpu/accel.h"
#include "cpu/log.h"
#include "platform/base/keyval.h"
#include "platform/base/suggest.h"
#include "platform/block/drive.h"

/* Words separated by blanks; '~' stands for a blank inside of a word. */
static OptionsResult parse(const char *line, Config *config, GError **error)
{
    g_autofree char *all = g_strconcat("quoin", *line ? " " : "", line, NULL);
    g_auto(GStrv) words = g_strsplit(all, " ", -1);
    for (char **w = words; *w; w++)
        g_strdelimit(*w, "~", ' ');
    return options_parse((int)g_strv_length(words), words, config, error);
}

static Config good(const char *line)
{
    Config c;
    g_autoptr(GError) error = NULL;
    OptionsResult r = parse(line, &c, &error);
    g_assert_no_error(error);
    g_assert_cmpint(r, ==, OPTIONS_RUN);
    return c;
}

static void bad(const char *line, const char *message)
{
    Config c;
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(parse(line, &c, &error), ==, OPTIONS_BAD);
    g_assert_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE);
    g_assert_cmpstr(error->message, ==, message);
    config_clear(&c);
}

static void test_defaults(void)
{
    Config c = good("-kernel vmlinux");
    g_assert_cmpstr(c.board, ==, "ppce500");
    g_assert_cmpstr(c.cpu, ==, "e500v2_v30");
    g_assert_cmpstr(c.accel, ==, "soft");
    g_assert_cmpstr(c.append, ==, "");
    g_assert_cmpstr(c.rtc_base, ==, "utc");
    g_assert_cmpstr(c.serial[0], ==, "mon:stdio");
    g_assert_cmpstr(c.serial[1], ==, "null");
    g_assert_cmpuint(c.ram_size, ==, 128 << 20);
    g_assert_cmpuint(c.n_vcpus, ==, 1);
    g_assert_true(c.has_reset && c.has_shutdown && c.has_idle);
    g_assert_cmpint(c.reset_mode, ==, RESET_MODE_PLAIN);
    g_assert_cmpint(c.action_reboot, ==, REBOOT_RESET);
    g_assert_cmpint(c.action_panic, ==, PANIC_SHUTDOWN);
    g_assert_false(c.reset_ram_clear || c.start_paused || c.icount || c.protected_state || c.rtc_clock_vm);
    g_assert_null(c.gdb);
    g_assert_cmpuint(c.monitors->len, ==, 1);
    g_assert_cmpstr(((MonitorConfig *)c.monitors->pdata[0])->spec, ==, "chardev:serial0");
    config_clear(&c);
}

static void test_engines_are_verified_under_virtual_time(void)
{
    Config c = good("-kernel k -accel soft,engine=verify");
    g_assert_cmpint(c.engine, ==, ENGINE_VERIFY);
    g_assert_true(c.icount);
    g_assert_cmpuint(c.icount_shift, ==, 3);
    config_clear(&c);
    c = good("-kernel k -icount 1 -accel soft,engine=verify");
    g_assert_cmpuint(c.icount_shift, ==, 1);
    config_clear(&c);
    c = good("-kernel k -accel soft,engine=plain");
    g_assert_cmpint(c.engine, ==, ENGINE_PLAIN);
    g_assert_false(c.icount);
    config_clear(&c);
    c = good("-kernel k -accel soft,jit=verify");
    g_assert_true(c.translate && c.verify && c.icount);
    config_clear(&c);
}

static void test_soft_translates_unless_an_interpreter_is_asked_for(void)
{
    static const struct {
        const char *line;
        bool translate, verify;
    } rows[] = {
        {"-kernel k", true, false},
        {"-kernel k -accel soft,jit=on", true, false},
        {"-kernel k -accel soft,jit=off", false, false},
        {"-kernel k -accel soft,engine=fast", false, false},
        {"-kernel k -accel soft,engine=plain", false, false},
        {"-kernel k -accel soft,engine=verify", false, true},
        {"-kernel k -accel soft,engine=verify,jit=on", true, true},
        {"-kernel k -accel soft,jit=verify", true, true},
    };
    FOR_ROWS (i, rows) {
        Config c = good(rows[i].line);
        g_assert_cmpint(c.translate, ==, rows[i].translate);
        g_assert_cmpint(c.verify, ==, rows[i].verify);
        config_clear(&c);
    }
}

static void test_a_full_line(void)
{
    Config c = good("-M "
                    "ppce500,dt_compatible=fsl,,x,reset=rebuild,reset-ram=clear,has-reset=off,"
                    "inject-fault=reset:2 "
                    "-cpu e500mc -m 256 -smp 4 -kernel uImage -initrd rd -append "
                    "console=ttyS0~quiet -dtb a.dtb "
                    "-nographic -serial null -serial file:out -no-reboot -no-shutdown -S -s "
                    "-qmp unix:/run/q,server=on,wait=off -rtc base=2006-06-17T16:01:21,clock=vm "
                    "-icount shift=3 "
                    "-pidfile p -snapshot-file f -loadvm a -incoming defer -only-migratable -accel tcg,thread=multi -accel "
                    "soft,protected=on,rebuild=off -d "
                    "int,hcall -D log -name guest -uuid 12345678-90AB-cdef-1234-567890abcdef");
    g_assert_cmpstr(c.uuid, ==, "12345678-90ab-cdef-1234-567890abcdef");
    g_assert_cmpstr(c.dt_compatible, ==, "fsl,x");
    g_assert_cmpint(c.reset_mode, ==, RESET_MODE_REBUILD);
    g_assert_true(c.reset_ram_clear && !c.has_reset && c.has_shutdown && c.start_paused && c.protected_state && c.no_rebuild);
    g_assert_cmpstr(c.fault, ==, "reset:2");
    g_assert_cmpuint(c.ram_size, ==, 256 << 20);
    g_assert_cmpuint(c.n_vcpus, ==, 4);
    g_assert_cmpstr(c.append, ==, "console=ttyS0 quiet");
    g_assert_cmpstr(c.serial[0], ==, "null");
    g_assert_cmpstr(c.serial[1], ==, "file:out");
    g_assert_cmpint(c.action_reboot, ==, REBOOT_SHUTDOWN);
    g_assert_cmpint(c.action_shutdown, ==, SHUTDOWN_PAUSE);
    g_assert_cmpstr(c.gdb, ==, "tcp::1234");
    g_assert_cmpstr(c.snapshot_file, ==, "f");
    g_assert_cmpstr(c.loadvm, ==, "a");
    g_assert_cmpstr(c.incoming, ==, "defer");
    g_assert_true(c.only_migratable);
    g_assert_cmpuint(c.monitors->len, ==, 1);
    const MonitorConfig *qmp = c.monitors->pdata[0];
    g_assert_true(qmp->control);
    g_assert_cmpstr(qmp->spec, ==, "unix:/run/q,server=on,wait=off");
    g_assert_cmpstr(c.rtc_base, ==, "2006-06-17T16:01:21");
    g_assert_true(c.rtc_clock_vm && c.icount);
    g_assert_cmpuint(c.icount_shift, ==, 3);
    g_assert_cmpstr(c.accel, ==, "soft");
    g_assert_cmpuint(c.log_mask, ==, LOG_INT | LOG_HCALL);
    g_assert_cmpstr(c.log_file, ==, "log");
    g_assert_cmpstr(c.name, ==, "guest");
    config_clear(&c);
}

/* What one option says, another one says too. */
static void test_other_ways_to_say_it(void)
{
    Config c = good("-M type=ppce500,kernel=k,initrd=rd,append=quiet,dtb=t -name guest=g -watchdog-action pause "
                    "-accel soft,jit=on,tb-size=8,stats=on");
    g_assert_cmpstr(c.kernel, ==, "k");
    g_assert_cmpstr(c.initrd, ==, "rd");
    g_assert_cmpstr(c.append, ==, "quiet");
    g_assert_cmpstr(c.dtb, ==, "t");
    g_assert_cmpstr(c.name, ==, "g");
    g_assert_cmpint(c.action_watchdog, ==, WATCHDOG_PAUSE);
    g_assert_true(c.translate && !c.verify && c.accel_stats);
    g_assert_cmpuint(c.tb_mib, ==, 8);
    config_clear(&c);

    g_autoptr(GError) error = NULL;
    OptionsResult r = parse("-kernel k -enable-kvm", &c, &error);
    bool there = accel_find("kvm")->available(NULL);
    g_assert_cmpint(r, ==, there ? OPTIONS_RUN : OPTIONS_BAD);
    g_assert_true(there ? !strcmp(c.accel, "kvm") : g_str_has_prefix(error->message, "-accel kvm: "));
    config_clear(&c);
}

static void test_two_dashes(void)
{
    Config c = good("--machine ppce500 --kernel k --m size=1G --smp cpus=2 --no-reboot --action "
                    "panic=pause,watchdog=none");
    g_assert_cmpuint(c.ram_size, ==, 1 << 30);
    g_assert_cmpuint(c.n_vcpus, ==, 2);
    g_assert_cmpint(c.action_panic, ==, PANIC_PAUSE);
    g_assert_cmpint(c.action_watchdog, ==, WATCHDOG_NONE);
    config_clear(&c);
}

static void test_what_is_asked_for_already_is(void)
{
    Config c = good("-kernel k -display none -monitor none -vga none -net none -nic none -parallel none "
                    "-no-user-config -M ppce500,usb=off -rtc driftfix=none -icount 0,sleep=off");
    g_assert_cmpstr(c.serial[0], ==, "stdio"); /* no monitor, nothing to share the terminal with */
    config_clear(&c);
    c = good("-kernel k -nodefaults");
    g_assert_cmpstr(c.serial[0], ==, "null");
    config_clear(&c);
}

static void test_first_available_accelerator(void)
{
    Config c = good("-kernel k -M accel=kvm:tcg");
    g_assert_cmpstr(c.accel, ==, accel_find("kvm")->available(NULL) ? "kvm" : "soft");
    config_clear(&c);
    c = good("-kernel k -M accel=tcg:kvm");
    g_assert_cmpstr(c.accel, ==, "soft");
    config_clear(&c);
}

static void test_firmware_instead_of_a_kernel(void)
{
    Config c = good("-bios u-boot.elf");
    g_assert_cmpstr(c.bios, ==, "u-boot.elf");
    g_assert_null(c.kernel);
    config_clear(&c);
    c = good("-M firmware=u-boot.elf -kernel uImage");
    g_assert_cmpstr(c.bios, ==, "u-boot.elf");
    g_assert_cmpstr(c.kernel, ==, "uImage");
    config_clear(&c);
}

static void test_tree_dump_needs_no_kernel(void)
{
    Config c = good("-M ppce500,dumpdtb=x.dtb");
    g_assert_cmpstr(c.dumpdtb, ==, "x.dtb");
    config_clear(&c);
}

static void test_boards(void)
{
    Config c = good("-M mpc8544ds -smp 15 -m 2047M -kernel k");
    g_assert_cmpstr(c.board, ==, "mpc8544ds");
    config_clear(&c);
    bad("-M mpc8544ds -smp 16 -kernel k", "-smp 16: board mpc8544ds has 15 cores at most");
    bad("-M mpc8544 -kernel k", "-M mpc8544: unknown board (did you mean 'mpc8544ds'?); -M help lists them");
}

#if SIZE_MAX > UINT32_MAX
static void test_much_memory(void)
{
    Config c = good("-M mpc8544ds -m 3G -kernel k");
    g_assert_cmpuint(c.ram_size, ==, UINT64_C(3) << 30);
    config_clear(&c);
    bad("-m 3073M -M mpc8544ds -kernel k", "-m 3073M: board mpc8544ds has room for 3072M of RAM");
}
#else
static void test_much_memory(void)
{
    bad("-m 2G -kernel k", "-m 2G: more than the address space of this host");
    bad("-m 48G -kernel k", "-m 48G: more than the address space of this host");
}
#endif

static void test_bad_lines(void)
{
    bad("-kernal x", "-kernal: unknown option (did you mean '-kernel'?); -help lists them");
    bad("--no-rebot", "--no-rebot: unknown option (did you mean '-no-reboot'?); -help lists them");
    bad("-zzzzz", "-zzzzz: unknown option; -help lists them");
    bad("-kernel", "-kernel: needs an argument, FILE");
    bad("-", "'-': not an option");
    bad("disk.img disk.img -kernel k", "-hda disk.img: index 0 of if=none is already that of -hda disk.img");
    bad("-M p4080ds-hv", "nothing to boot: give -kernel FILE or -bios FILE");
    bad("-M mac99", "-M mac99: unknown board; -M help lists them");
    bad("-M ppce500,rset=plain", "-M: unknown property 'rset' (did you mean 'reset'?)");
    bad("-M ppce500,reset=hard", "-M reset: 'hard' is not one of plain, rebuild");
    bad("-M has-idle=maybe", "-M has-idle: 'maybe' is not on or off");
    bad("-M usb=on", "-M usb=on: not yet supported");
    bad("-cpu e500v1", "-cpu e500v1: not yet supported; -cpu help lists what is");
    bad("-cpu e500mcc", "-cpu e500mcc: unknown model (did you mean 'e500mc'?); -cpu help lists them");
    bad("-cpu e500mc,x=1", "-cpu e500mc: the model has no property 'x=1'");
    bad("-m lots", "-m: 'lots' is not a size (512, 512M, 2G)");
    bad("-m -5", "-m: '-5' is not a size (512, 512M, 2G)");
    bad("-m 1e30", "-m: '1e30' is not a size that any host has");
    bad("-m 32", "-m 32: guest RAM is a multiple of 1 MiB from 64M to 48G");
    bad("-m 100.5K", "-m 100.5K: guest RAM is a multiple of 1 MiB from 64M to 48G");
    bad("-m 49G", "-m 49G: guest RAM is a multiple of 1 MiB from 64M to 48G");
    bad("-m 512,slots=2", "-m slots=2: not yet supported");
    bad("-smp 33", "-smp: '33' is not a number from 1 to 32");
    bad("-smp 0", "-smp: '0' is not a number from 1 to 32");
    bad("-smp 2,threads=2", "-smp threads: '2' is not a number from 1 to 1");
    bad("-smp cpus=3,sockets=2,cores=2", "-smp cpus=3,sockets=2,cores=2: the numbers disagree, or are more than 32 cores");
    bad("-serial tcp:1", "-serial tcp:1: needs a host and a port: [HOST]:PORT");
    bad("-serial stdoi", "-serial stdoi: unknown back end (did you mean 'stdio'?); -help lists them");
    bad("-serial file:", "-serial file:: the path is missing");
    bad("-serial unix:/x,sever=on", "-serial unix:/x,sever=on: unknown property 'sever' (did you mean 'server'?)");
    bad("-serial null -serial null -serial null", "-serial null: the board has only 2 serial ports");
    bad("-kernel k -serial stdio -serial mon:stdio", "-serial mon:stdio: standard input and output are already serial0's");
    bad("-kernel k -monitor stdio -serial stdio", "-monitor stdio: standard input and output are somebody else's already");
    bad("-monitor stdio -qmp stdio", "-qmp stdio: standard input and output are already another monitor's");
    bad("-monitor mon:stdio", "-monitor mon:stdio: stdio is meant, or -serial mon:stdio");
    bad("-mon mode=control", "-mon mode=control: chardev=ID is missing");
    bad("-mon a,mode=write", "-mon mode: 'write' is not one of readline, control");
    bad("-kernel k -mon chardev=a", "-mon: no -chardev has the id 'a'");
    bad("-display gtk", "-display gtk: not yet supported, there is no display");
    bad("-nic card", "-netdev card: unknown or not yet supported; -netdev help lists what there is");
    Config c = good("-kernel k -device virtio-net,csum=off -device virtio-rng-pci-non-transitional -device virtio-balloon");
    g_assert_cmpint(((DeviceOption *)c.devices->pdata[0])->type, ==, DEVICE_TYPE_virtio_net);
    g_assert_cmpint(((DeviceOption *)c.devices->pdata[1])->type, ==, DEVICE_TYPE_virtio_rng);
    g_assert_true(device_option_on(c.devices->pdata[1], "disable-legacy"));
    g_assert_false(device_option_on(c.devices->pdata[2], "disable-legacy"));
    config_clear(&c);
    bad("-device virtio-9p-pci,fsdev=f,mount_tag=t", "-device virtio-9p-pci: no -fsdev has the id 'f'");
    bad("-fsdev local,id=f,path=/,security_model=none -fsdev local,id=f,path=/,security_model=none",
        "-fsdev local,id=f,path=/,security_model=none: there is already one with id 'f'");
    bad("-virtfs local,path=/,security_model=none", "-virtfs local,path=/,security_model=none: mount_tag= is missing");
    bad("-netdev dgram,id=n,local.type=fd,local.str=7 -netdev dgram,id=n,local.type=fd,local.str=8",
        "-netdev dgram,id=n,local.type=fd,local.str=8: there is already a back end with id 'n'");
    bad("-kernel k -net nic -net nic",
        "-net nic: a second card is not supported here: -nic or -device has as many as there are back ends");
    bad("-kernel k -net nic,model=card", "-net nic model: 'card' is unknown or not yet supported; model=help lists what there is");
    bad("-kernel k -net nic,size=3", "-net nic: unknown key 'size'");
    bad("-action reboot=panic", "-action reboot: 'panic' is not one of reset, shutdown");
    bad("-action rebot=reset", "-action: unknown property 'rebot' (did you mean 'reboot'?)");
    bad("-accel soft,engine=slow", "-accel engine: 'slow' is not one of fast, plain, verify");
    bad("-accel soft,jit=maybe", "-accel jit: 'maybe' is not one of on, off, verify");
    bad("-accel xen", "-accel: 'xen' is not one of soft, tcg, kvm");
    bad("-gdb 1234", "-gdb 1234: unknown back end; -help lists them");
    bad("-qmp udp:1", "-qmp udp:1: needs a host and a port: [HOST]:PORT");
    bad("-rtc base=yesterday", "-rtc base: 'yesterday' is not utc, localtime, or a date like 2006-06-17T16:01:21");
    bad("-rtc base=2006-02-30", "-rtc base: '2006-02-30' is not utc, localtime, or a date like 2006-06-17T16:01:21");
    bad("-icount sleep=off", "-icount sleep=off: shift=N is missing");
    bad("-icount 11", "-icount shift: '11' is not a number from 0 to 10");
    bad("-d intt", "-d: 'intt' is not one of in_asm, int, mmu, guest_errors, unimp, hcall, exit, jit, op, out_asm "
                   "(did you mean 'int'?)");
    bad("-d op_opt", "-d op_opt: not yet supported");
    bad("-initrd ", "-initrd: must not be empty");
}

typedef enum Verdict { SAME_OR_DIFFERS, NO_EFFECT_ROW, REFUSED_ROW } Verdict;

static const struct {
    const char *name, *why;
    bool has_argument;
    Verdict verdict;
} qemu_rows[] = {
#define SAME(name)                         {name, NULL, false, SAME_OR_DIFFERS},
#define DIFFERS(name, how)                 {name, NULL, false, SAME_OR_DIFFERS},
#define NO_EFFECT(name, has_argument, why) {name, why, has_argument, NO_EFFECT_ROW},
#define REFUSED(name, has_argument, why)   {name, why, has_argument, REFUSED_ROW},
#include "platform/options/qemu.def"
};

/* What qemu.def says of each option is what becomes of it. */
static void test_options_of_qemu(void)
{
    static const char *const ours[] = {
#define OPTION(id, name, argument, topic, text) name,
#define ALIAS(alias, id)                        alias,
#include "platform/options/table.def"
        NULL};
    FOR_ROWS (i, qemu_rows) {
        g_autofree char *message = g_strdup_printf("-%s: not supported: %s", qemu_rows[i].name, qemu_rows[i].why);
        g_autofree char *line = g_strdup_printf("-%s%s -kernel k", qemu_rows[i].name, qemu_rows[i].has_argument ? " x" : "");
        g_assert_cmpint(g_strv_contains(ours, qemu_rows[i].name), ==, qemu_rows[i].verdict == SAME_OR_DIFFERS);
        if (qemu_rows[i].verdict == REFUSED_ROW)
            bad(line, message);
        if (qemu_rows[i].verdict == NO_EFFECT_ROW) {
            Config c = good(line);
            g_assert_cmpstr(c.kernel, ==, "k");
            config_clear(&c);
        }
    }
    bad("-kernel k -boot", "-boot: needs an argument");
}

static void test_options_of_peoples_lines(void)
{
    Config c =
        good("-kernel k -nodefaults -no-user-config -vga none -display none -vnc none -echr 0x14 -overcommit mem-lock=on "
             "-msg timestamp=on,guest-name=off -name guest=a,debug-threads=on -d nochain,int -singlestep "
             "-smp 1,maxcpus=2,sockets=2,cores=1,threads=1,dies=1 -M ppce500,usb=off,dump-guest-core=off,mem-merge=on disk.img");
    g_assert_cmpint(c.escape_key, ==, 0x14);
    g_assert_true(c.lock_memory && c.message_time && !c.message_name);
    g_assert_cmpint(c.jit, ==, JIT_OFF);
    g_assert_cmpuint(c.log_mask, ==, LOG_INT);
    g_assert_cmpuint(c.n_vcpus, ==, 1);
    g_assert_cmpuint(c.drives->len, ==, 1);
    config_clear(&c);
    c = good("-kernel k -accel tcg,thread=multi,tb-size=64,one-insn-per-tb=on -msg timestamp");
    g_assert_cmpint(c.jit, ==, JIT_OFF);
    g_assert_true(c.message_time);
    config_clear(&c);
    bad("-echr 32", "-echr 32: not the code of a key with Ctrl, from 1 to 31");
    bad("-echr ^T", "-echr: '^T' is not a number");
    bad("-vnc :0", "-vnc :0: not supported, there is no display");
    bad("-overcommit cpu-pm=on", "-overcommit cpu-pm=on: not yet supported");
    bad("-smp 3,maxcpus=2", "-smp 3,maxcpus=2: the numbers disagree, or are more than 32 cores");
    bad("-smp 1,maxcpus=2,sockets=3,cores=1",
        "-smp 1,maxcpus=2,sockets=3,cores=1: the numbers disagree, or are more than 32 cores");
}

/* Every row is reached by its own name, and shows in help and man page. */
static void test_every_row_is_documented(void)
{
    g_autofree char *help = NULL, *man = NULL;
    size_t size;
    FILE *f = open_memstream(&help, &size);
    options_print_help(f);
    fclose(f);
    f = open_memstream(&man, &size);
    options_print_man(f);
    fclose(f);
    for (unsigned i = 0; i < OPTIONS; i++) {
        g_autofree char *dashed = g_strconcat("-", options_table[i].name, NULL);
        g_assert_nonnull(strstr(help, dashed));
        g_auto(GStrv) pieces = g_strsplit(dashed, "-", -1);
        g_autofree char *escaped = g_strjoinv("\\-", pieces);
        g_assert_nonnull(strstr(man, escaped));
    }
}

static void test_names_are_unique(void)
{
    static const char *const names[] = {
#define OPTION(id, name, argument, topic, text) name,
#define ALIAS(alias, id)                        alias,
#include "platform/options/table.def"
    };
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    FOR_ROWS (i, names)
        g_assert_true(g_hash_table_add(seen, (gpointer)names[i]));
}

static void test_suggestions(void)
{
    static const char *const names[] = {"kernel", "initrd", "m", "serial", "no-reboot"};
    g_assert_cmpstr(suggest_closest("kerenl", names, 5), ==, "kernel"); /* neighbours swapped */
    g_assert_cmpstr(suggest_closest("seial", names, 5), ==, "serial");
    g_assert_cmpstr(suggest_closest("seriall", names, 5), ==, "serial");
    g_assert_cmpstr(suggest_closest("no-re", names, 5), ==, "no-reboot"); /* an abbreviation */
    g_assert_null(suggest_closest("unrelated", names, 5));
    g_autofree char *long_word = g_strnfill(1000, 'k');
    g_assert_null(suggest_closest(long_word, names, 5));
}

static void test_pairs(void)
{
    g_autoptr(GPtrArray) pairs = keyval_split("a,,b,c=d,,e=f,g,=h");
    static const char *const expected[][2] = {{"", "a,b"}, {"c", "d,e=f"}, {"g", "on"}, {"", "h"}};
    g_assert_cmpuint(pairs->len, ==, 4);
    for (guint i = 0; i < 4; i++) {
        const KeyVal *pair = pairs->pdata[i];
        g_assert_cmpstr(pair->key, ==, expected[i][0]);
        g_assert_cmpstr(pair->value, ==, expected[i][1]);
    }
}

static void test_sizes(void)
{
    static const struct {
        const char *text;
        uint64_t size;
    } cases[] = {{"1", 1 << 20}, {"1b", 1}, {"1.5k", 1536}, {"2G", UINT64_C(2) << 30}, {"1T", UINT64_C(1) << 40}};
    FOR_ROWS (i, cases) {
        uint64_t size;
        g_assert_true(value_size("-m", cases[i].text, 20, &size, NULL));
        g_assert_cmpuint(size, ==, cases[i].size);
    }
    static const char *const wrong[] = {"", "x", "1x", "1MM", "-1", "+1", "0x10", "inf", "nan", "1 M", "1e300"};
    FOR_ROWS (i, wrong) {
        uint64_t size;
        g_assert_false(value_size("-m", wrong[i], 20, &size, NULL));
    }
}

static void test_chardevs(void)
{
    Config c = good("-kernel k -chardev null,id=a -serial chardev:a -chardev ringbuf,id=b,size=4K "
                    "-device epapr-byte-channel,chardev=b,name=log,console=on "
                    "-device epapr-byte-channel,chardev=c -chardev socket,id=c,path=s,server=on");
    g_assert_cmpuint(c.chardevs->len, ==, 3);
    g_assert_cmpuint(c.devices->len, ==, 2);
    const DeviceOption *first = c.devices->pdata[0], *second = c.devices->pdata[1];
    g_assert_cmpint(first->type, ==, DEVICE_TYPE_byte_channel);
    g_assert_cmpstr(device_option_string(first, "chardev"), ==, "b");
    g_assert_cmpstr(device_option_string(first, "name"), ==, "log");
    g_assert_true(device_option_on(first, "console") && !device_option_on(second, "console"));
    g_assert_cmpstr(device_option_string(second, "chardev"), ==, "c");
    g_assert_null(device_option_string(second, "name"));
    config_clear(&c);

    c = good("-kernel k -chardev stdio,id=a"); /* the terminal is taken */
    g_assert_cmpstr(c.serial[0], ==, "null");
    config_clear(&c);
}

static const DriveSpec *drive(const Config *c, guint i)
{
    return c->drives->pdata[i];
}

static void test_drives(void)
{
    Config c = good("-kernel k -drive file=a,,b,if=none,format=raw,id=root,cache=directsync,discard=unmap -hda x,y -cdrom z "
                    "-drive readonly=on,file=d -hdb b -hdd d");
    g_assert_cmpuint(c.drives->len, ==, 6);
    g_assert_cmpstr(drive(&c, 0)->file, ==, "a,b");
    g_assert_cmpstr(drive(&c, 0)->id, ==, "root");
    g_assert_true(drive(&c, 0)->direct && drive(&c, 0)->writethrough && drive(&c, 0)->unmap && !drive(&c, 0)->no_flush);
    g_assert_cmpstr(drive(&c, 1)->file, ==, "x,y");
    g_assert_cmpstr(drive(&c, 1)->id, ==, "none0");
    g_assert_cmpstr(drive(&c, 2)->id, ==, "none2");
    g_assert_true(drive(&c, 2)->read_only && drive(&c, 3)->read_only && !drive(&c, 1)->read_only);
    g_assert_cmpstr(drive(&c, 3)->id, ==, "none5"); /* root has 4 */
    g_assert_cmpstr(drive(&c, 4)->id, ==, "none1");
    g_assert_cmpstr(drive(&c, 5)->option, ==, "-hdd d");
    config_clear(&c);
}

static const DeviceOption *device(const Config *c, guint i)
{
    return c->devices->pdata[i];
}

/* Whatever is on the platform bus beside them, it begins with the flashes, in their order. */
static void test_flashes_come_first(void)
{
    Config c = good("-kernel k -device eTSEC -pflash a -drive file=b,if=pflash,readonly=on -sd c");
    g_assert_cmpuint(c.devices->len, ==, 4);
    g_assert_cmpstr(device(&c, 0)->text, ==, "cfi.pflash01,drive=pflash0");
    g_assert_cmpstr(device(&c, 1)->text, ==, "cfi.pflash01,drive=pflash1");
    g_assert_cmpstr(device(&c, 2)->text, ==, "eTSEC");
    g_assert_cmpstr(device(&c, 3)->text, ==, "sd-card,drive=sd0");
    config_clear(&c);
}

static void test_snapshot_is_for_all_but_those_that_say(void)
{
    Config c = good("-kernel k -hda a -snapshot -drive file=b,snapshot=off -drive file=c,format=qcow2,snapshot=on");
    g_assert_true(drive(&c, 0)->snapshot && !drive(&c, 1)->snapshot && drive(&c, 2)->snapshot);
    g_assert_cmpint(drive(&c, 2)->format, ==, BLOCK_FORMAT_QCOW2);
    config_clear(&c);
}

static void test_nodes(void)
{
    Config c = good("-kernel k -hda h -blockdev driver=qcow2,node-name=top,file=bottom,discard=unmap -blockdev "
                    "driver=file,node-name=bottom,filename=a,,b,cache.direct=on,discard=unmap,read-only=on,aio=threads "
                    "-blockdev driver=raw,node-name=flat,file.driver=file,file.filename=f,cache.no-flush=on");
    g_assert_cmpuint(c.drives->len, ==, 3);
    g_assert_cmpstr(drive(&c, 0)->id, ==, "none0");
    g_assert_cmpstr(drive(&c, 1)->id, ==, "top");
    g_assert_cmpstr(drive(&c, 1)->file, ==, "a,b");
    g_assert_true(drive(&c, 1)->read_only && drive(&c, 1)->direct && drive(&c, 1)->unmap);
    g_assert_cmpint(drive(&c, 1)->aio, ==, DRIVE_AIO_THREADS);
    g_assert_cmpint(drive(&c, 1)->format, ==, BLOCK_FORMAT_QCOW2);
    g_assert_cmpstr(drive(&c, 2)->file, ==, "f");
    g_assert_cmpint(drive(&c, 2)->format, ==, BLOCK_FORMAT_RAW);
    config_clear(&c);
    bad("-blockdev driver=raw,filename=a", "-blockdev: node-name=ID is missing");
    bad("-blockdev rwa,node-name=a,filename=a", "-blockdev driver: 'rwa' is not one of raw, qcow2 (did you mean 'raw'?)");
    bad("-blockdev node-name=a,filename=a", "-blockdev: driver=raw|qcow2|file is missing");
    bad("-blockdev driver=raw,node-name=a", "-blockdev: either filename=FILE or file=NODE is needed");
    bad("-blockdev driver=nbd,node-name=a", "-blockdev driver: not yet supported; raw and qcow2 are");
    bad("-kernel k -blockdev driver=raw,node-name=a,file=b",
        "-blockdev driver=raw,node-name=a,file=b: file=b is no -blockdev with driver=file");
    bad("-kernel k -blockdev driver=raw,node-name=a,file=a",
        "-blockdev driver=raw,node-name=a,file=a: file=a is no -blockdev with driver=file");
    bad("-kernel k -hda x -blockdev driver=file,node-name=none0,filename=a",
        "-blockdev driver=file,node-name=none0,filename=a: 'none0' is already the id of -hda x");
}

/* What a disk says of its drive. */
static void test_drive_of_a_device(void)
{
    Config c = good("-kernel k -drive file=a,id=a,if=none -drive file=b,id=b,if=none,werror=stop,detect-zeroes=unmap,discard=on "
                    "-device virtio-blk-pci,drive=a,share-rw=on,write-cache=off,werror=report,rerror=stop,bootindex=1 "
                    "-device nvme,drive=b,serial=s,write-cache=auto,werror=auto");
    g_assert_true(drive(&c, 0)->share_rw && drive(&c, 0)->writethrough && !drive(&c, 1)->share_rw && !drive(&c, 1)->writethrough);
    g_assert_cmpint(drive(&c, 0)->werror, ==, DRIVE_ON_ERROR_REPORT);
    g_assert_cmpint(drive(&c, 0)->rerror, ==, DRIVE_ON_ERROR_STOP);
    g_assert_cmpint(drive(&c, 1)->werror, ==, DRIVE_ON_ERROR_STOP);
    g_assert_cmpint(drive(&c, 1)->zeros, ==, DRIVE_ZEROS_UNMAPPED);
    config_clear(&c);
}

static void test_backing_nodes(void)
{
    Config c =
        good("-kernel k -blockdev driver=file,node-name=f0,filename=base -blockdev driver=raw,node-name=n0,file=f0 "
             "-blockdev driver=qcow2,node-name=n1,file.driver=file,file.filename=mid,backing=n0 "
             "-blockdev driver=qcow2,node-name=n2,file.filename=top,backing=n1 "
             "-blockdev driver=qcow2,node-name=n3,file.filename=alone,backing= -blockdev driver=null-co,node-name=n4,size=1M");
    g_assert_cmpuint(c.drives->len, ==, 3);
    const DriveSpec *top = drive(&c, 0);
    g_assert_cmpstr(top->file, ==, "top");
    g_assert_cmpstr(top->behind->file, ==, "mid");
    g_assert_cmpstr(top->behind->behind->file, ==, "base");
    g_assert_true(!top->read_only && top->behind->read_only && top->behind->behind->read_only);
    g_assert_true(!drive(&c, 1)->behind && !*drive(&c, 1)->behind_node);
    g_assert_cmpint(drive(&c, 2)->format, ==, BLOCK_FORMAT_NULL);
    g_assert_cmpuint(drive(&c, 2)->size, ==, 1 << 20);
    config_clear(&c);
}

#if HAVE_JSON_GLIB
/* The JSON of each is what the keys say. */
static void test_json(void)
{
    const char *const argv[] = {
        "quoin",
        "-kernel",
        "k",
        "-blockdev",
        "{\"node-name\": \"d\", \"driver\": \"qcow2\", \"read-only\": true, \"cache\": {\"direct\": true, \"no-flush\": false}, "
        "\"file\": {\"driver\": \"file\", \"filename\": \"a,b=c\"}, \"backing\": null, \"discard\": \"unmap\"}",
        "-device",
        "{\"drive\": \"d\", \"id\": \"v\", \"driver\": \"virtio-blk-pci\", \"num-queues\": 2, \"share-rw\": true}",
        "-object",
        "{\"qom-type\": \"rng-builtin\", \"id\": \"r\"}",
        "-netdev",
        "{\"id\": \"n\", \"type\": \"socket\", \"listen\": \":1234\"}",
        NULL};
    GError *error = NULL;
    Config c;
    g_assert_cmpint(options_parse(G_N_ELEMENTS(argv) - 1, (char **)argv, &c, &error), ==, OPTIONS_RUN);
    g_assert_no_error(error);
    g_assert_cmpstr(drive(&c, 0)->file, ==, "a,b=c");
    g_assert_true(drive(&c, 0)->read_only && drive(&c, 0)->direct && !drive(&c, 0)->no_flush && drive(&c, 0)->unmap);
    g_assert_true(drive(&c, 0)->behind_node && !*drive(&c, 0)->behind_node && drive(&c, 0)->share_rw);
    g_assert_cmpstr(device(&c, 0)->id, ==, "v");
    g_assert_cmpuint(device_option_number(device(&c, 0), "num-queues"), ==, 2);
    g_assert_cmpstr(((const BackendConfig *)c.objects->pdata[0])->text, ==, "rng-builtin,id=r");
    g_assert_cmpstr(((const BackendConfig *)c.netdevs->pdata[0])->text, ==, "socket,id=n,listen=:1234");
    config_clear(&c);
    bad("-blockdev {}", "-blockdev: \"driver\" is missing");
    bad("-device {\"driver\":7}", "-device: \"driver\" is missing");
    bad("-device {\"driver\":\"nvme\",\"serial\":1.5}", "-device: \"serial\": a number with a point is not possible");
    bad("-device {\"driver\":\"nvme\",\"a=b\":1}", "-device: unknown property \"a=b\"");
}
#endif

static void test_bad_drives(void)
{
    bad("-drive if=none", "-drive: file=FILE is missing: a drive without a medium is not yet supported");
    bad("-drive file=", "-drive file: must not be empty");
    bad("-drive file=a,if=vitio", "-drive if: 'vitio' is not one of none, virtio, sd, pflash, mtd, ide, scsi, floppy "
                                  "(did you mean 'virtio'?)");
    bad("-drive file=a,fromat=raw", "-drive: unknown property 'fromat' (did you mean 'format'?)");
    bad("-drive file=a,cache=nothing", "-drive cache: 'nothing' is not one of writeback, none, unsafe, writethrough, directsync");
    bad("-drive file=a,id=1", "-drive id: an id is a letter, then letters, digits, '-', '.' and '_'");
    bad("-drive file=a,copy-on-read=on", "-drive copy-on-read: not yet supported");
    bad("-drive file=a,detect-zeroes=unmap", "-drive: detect-zeroes=unmap needs discard=unmap");
    bad("-drive file=a,bps_max=5", "-drive: drives are not throttled: bps=, iops= and their like are not supported");
    bad("-blockdev throttling.iops-total=5", "-blockdev: drives are not throttled: bps=, iops= and their like are not supported");
    bad("-blockdev driver=null-co,node-name=a,filename=b", "-blockdev: driver=null-co has no file");
    bad("-blockdev driver=null-co,node-name=a,size=100", "-blockdev size: a drive is a multiple of 512 bytes");
    bad("-blockdev driver=raw,node-name=a,file=b,backing=c", "-blockdev: only driver=qcow2 has a backing file");
    bad("-kernel k -drive file=a,id=a,if=none -device virtio-blk-pci,drive=a,werror=maybe",
        "-device virtio-blk-pci werror: 'maybe' is not one of report, ignore, stop, enospc");
    bad("-kernel k -drive file=a,id=a,if=none -device nvme,serial=s,drive=a,write-cache=maybe",
        "-device nvme write-cache: 'maybe' is not on or off");
    bad("-kernel k -blockdev driver=qcow2,node-name=a,file.filename=a,backing=b",
        "-blockdev driver=qcow2,node-name=a,file.filename=a,backing=b: backing=b is no -blockdev");
    bad("-kernel k -blockdev driver=qcow2,node-name=a,file.filename=a,backing=a",
        "-blockdev driver=qcow2,node-name=a,file.filename=a,backing=a: backing=a is no -blockdev");
    bad("-kernel k -drive file=a,id=x -drive file=b,id=x", "-drive file=b,id=x: the id 'x' is already that of -drive file=a,id=x");
    bad("-kernel k -hdc a -cdrom b", "-hdc a: index 2 of if=none is already that of -cdrom b");
    bad("-kernel k -sd a -device virtio-blk-pci,drive=sd0",
        "-device virtio-blk-pci: the drive 'sd0' is already used by -device sd-card; "
        "a -drive for drive= is one of if=none");
    bad("-kernel k -mtdblock a", "-mtdblock a: if=mtd: not yet supported");
}

static void test_doorbells(void)

{
    Config c =
        good("-kernel k -device epapr-doorbell,name=own -device epapr-doorbell,chardev=x,name=far,id=there -chardev null,id=x");
    g_assert_cmpuint(c.devices->len, ==, 2);
    const DeviceOption *own = c.devices->pdata[0], *far = c.devices->pdata[1];
    g_assert_cmpint(own->type, ==, DEVICE_TYPE_doorbell);
    g_assert_false(device_option_on(own, "mmio"));
    g_assert_cmpstr(device_option_string(own, "name"), ==, "own");
    g_assert_null(device_option_string(own, "chardev"));
    g_assert_cmpstr(device_option_string(far, "name"), ==, "far");
    g_assert_cmpstr(device_option_string(far, "chardev"), ==, "x");
    g_assert_cmpstr(far->id, ==, "there");
    config_clear(&c);
}

static void test_paravirtual_board(void)
{
    Config c = good("-kernel k -M p4080ds-hv");
    g_assert_cmpstr(c.cpu, ==, "e500mc");
    g_assert_true(!c.has_reset && !c.has_shutdown && c.has_idle && !c.no_external_proxy && !c.direct_eoi);
    config_clear(&c);
    c = good("-kernel k -M p4080ds-hv,has-reset=on,external-proxy=off,direct-eoi=on");
    g_assert_true(c.has_reset && !c.has_shutdown && c.no_external_proxy && c.direct_eoi);
    config_clear(&c);
    bad("-kernel k -M kernel-irqchip=on", "-M kernel-irqchip=on: accelerator soft has none");
    bad("-kernel k -accel soft,kernel-irqchip=on", "-M kernel-irqchip=on: accelerator soft has none");
    bad("-kernel k -M p4080ds-hv,kernel-irqchip=on", "-M kernel-irqchip=on: board p4080ds-hv has none");
    bad("-kernel k -M kernel_irqchip=split", "-M kernel_irqchip: 'split' is not one of off, on");
    bad("-kernel k -M ppce500,direct-eoi=on", "-M ppce500,direct-eoi=on: the board has no virtual interrupt controller");
    bad("-kernel k -M mpc8544ds,external-proxy=off",
        "-M mpc8544ds,external-proxy=off: the board has no virtual interrupt controller");
}

static void test_bad_chardevs(void)
{
    bad("-chardev null", "-chardev null: id=ID is missing");
    bad("-chardev id=a", "-chardev: the back end comes first: BACKEND,id=ID");
    bad("-chardev nul,id=a", "-chardev nul: unknown back end (did you mean 'null'?)");
    bad("-chardev udp,id=a", "-chardev udp: port=PORT is missing");
    bad("-chardev null,id=1", "-chardev null id: an id is a letter, then letters, digits, '-', '.' and '_'");
    bad("-chardev null,id=a,path=x", "-chardev null: unknown property 'path'");
    bad("-chardev file,id=a,apend=on", "-chardev file: unknown property 'apend' (did you mean 'append'?)");
    bad("-chardev file,id=a", "-chardev file: path=FILE is missing");
    bad("-chardev socket,id=a", "-chardev socket: one of path=FILE, port=PORT and fd=N is needed");
    bad("-chardev socket,id=a,path=x,port=1", "-chardev socket: one of path=FILE, port=PORT and fd=N is needed");
    bad("-chardev socket,id=a,path=x,host=h", "-chardev socket: host= goes with port=");
    bad("-chardev socket,id=a,port=x", "-chardev socket port: 'x' is not a number from 0 to 65535");
    bad("-chardev ringbuf,id=a,size=3", "-chardev ringbuf size: must be a power of two, of 1G at most");
    bad("-chardev ringbuf,id=a,size=16G", "-chardev ringbuf size: must be a power of two, of 1G at most");
    bad("-chardev null,id=a -chardev pty,id=a", "-chardev pty,id=a: there is already a back end with id 'a'");
    bad("-kernel k -serial chardev:x", "-serial: no -chardev has the id 'x'");
    bad("-kernel k -chardev null,id=cone -serial chardev:con", "-serial: no -chardev has the id 'con' (did you mean 'cone'?)");
    bad("-kernel k -chardev null,id=a -serial chardev:a -serial chardev:a", "-serial: the back end 'a' is already used by -serial");
    bad("-kernel k -chardev null,id=a -serial chardev:a -device epapr-byte-channel,chardev=a",
        "-device epapr-byte-channel: the back end 'a' is already used by -serial");
    bad("-kernel k -chardev stdio,id=a -chardev stdio,id=b", "-chardev stdio,id=b: standard input and output are already a's");
    bad("-kernel k -chardev stdio,id=a -serial mon:stdio", "-serial mon:stdio: standard input and output are already a's");
    bad("-device epapr-byte-channel,chardev=x", "-device epapr-byte-channel: no -chardev has the id 'x'");
    bad("-device epapr-byte-channel", "-device epapr-byte-channel: chardev= is missing: the back end at its other end");
    bad("-uuid 1234", "-uuid 1234: not of the form 12345678-90ab-cdef-1234-567890abcdef");
    bad("-device epapr-byte-channel,chardev=x,nam=y", "-device epapr-byte-channel: unknown property 'nam' (did you mean 'name'?)");
    bad("-device epapr-byte-channel,chardev=x,name=\t", "-device epapr-byte-channel name: must be printable ASCII");
    bad("-device epapr-byte-channel,chardev=x,name=y -device epapr-byte-channel,chardev=z,name=y",
        "-device epapr-byte-channel name: 'y' is already another epapr-byte-channel's");
    bad("-device epapr-byte-channel,chardev=x,console=on -device epapr-byte-channel,chardev=y,console=on",
        "-device epapr-byte-channel console: it is already on for another epapr-byte-channel");
    bad("-device epapr-doorbell,name=a,mmio=maybe", "-device epapr-doorbell mmio: 'maybe' is not on or off");
    bad("-device epapr-doorbell", "-device epapr-doorbell: name= is missing: label of both its nodes");
    bad("-device epapr-doorbell,name=a -device epapr-doorbell,name=a",
        "-device epapr-doorbell name: 'a' is already another epapr-doorbell's");
    bad("-device epapr-doorbell,name=a,bus=pci.0", "-device epapr-doorbell bus: 'pci.0' is not 'handles', the bus of such devices");
    bad("-device epapr-doorbell,bus=handles,addr=3", "-device epapr-doorbell addr: a device on the bus 'handles' has no address");
    bad("-device epapr-doorbell,name=\t", "-device epapr-doorbell name: must be printable ASCII");
    bad("-device epapr-doorbell,name=a,chardev=x", "-device epapr-doorbell: no -chardev has the id 'x'");
    bad("-chardev null,id=x -device epapr-doorbell,name=a,chardev=x -device epapr-doorbell,name=b,chardev=x",
        "-device epapr-doorbell: the back end 'x' is already used by -device epapr-doorbell");
    bad("-device sungem", "-device sungem: unknown or not yet supported; -device help lists what there is");
}

/* What "virtio" means depends on whether the board has PCI. */
static void test_virtio_of_the_board(void)
{
    static const struct {
        const char *line;
        DeviceTypeId disk, card;
    } rows[] = {
        {"-kernel k -drive file=a,if=virtio -net nic,model=virtio", DEVICE_TYPE_virtio_blk, DEVICE_TYPE_virtio_net},
        {"-kernel k -drive file=a,if=virtio -nic user,model=virtio -M p4080ds-hv", DEVICE_TYPE_virtio_blk_mmio,
         DEVICE_TYPE_virtio_net_mmio},
        {"-kernel k -M p4080ds-hv -drive file=a,if=virtio -net nic -net user", DEVICE_TYPE_virtio_blk_mmio,
         DEVICE_TYPE_virtio_net_mmio},
        {"-kernel k -drive file=a,id=a,if=none -device virtio-net-device -device virtio-blk-device,drive=a,serial=x",
         DEVICE_TYPE_virtio_blk_mmio, DEVICE_TYPE_virtio_net_mmio},
    };
    FOR_ROWS (i, rows) {
        Config c = good(rows[i].line);
        g_assert_cmpuint(c.devices->len, ==, 2);
        g_assert_cmpuint(((const DeviceOption *)c.devices->pdata[0])->type, ==, rows[i].card); /* cards come first */
        g_assert_cmpuint(((const DeviceOption *)c.devices->pdata[1])->type, ==, rows[i].disk);
        config_clear(&c);
    }
    Config c = good("-kernel k -device virtio-serial-device,id=v -chardev null,id=c -device virtconsole,chardev=c,bus=v.0,nr=0");
    g_assert_cmpstr(((const DeviceOption *)c.devices->pdata[1])->bus, ==, "v.0");
    config_clear(&c);
    bad("-kernel k -device virtserialport", "-device virtserialport: chardev= is missing: the back end at its other end");
    bad("-device virtio-rng-device,addr=1", "-device virtio-rng-device addr: a device on the bus 'platform' has no address");
    bad("-device virtio-rng-device,vectors=1", "-device virtio-rng-device: unknown property 'vectors'");
}

static void test_pci_devices(void)
{
    Config c =
        good("-kernel k -object rng-random,id=r,filename=/dev/zero -device virtio-rng-pci,rng=r,addr=5,bus=pci.0,max-bytes=0x10 "
             "-device virtio-rng-pci,addr=0x1f.7,period=9");
    const DeviceOption *one = c.devices->pdata[0], *two = c.devices->pdata[1];
    g_assert_cmpint(one->devfn, ==, 5 << 3);
    g_assert_cmpint(two->devfn, ==, 0xff);
    g_assert_cmpuint(device_option_number(one, "max-bytes"), ==, 16);
    g_assert_cmpuint(device_option_number(one, "period"), ==, 65536);
    g_assert_cmpuint(device_option_number(two, "period"), ==, 9);
    config_clear(&c);
    bad("-device virtio-rng-pci,addr=20",
        "-device virtio-rng-pci addr: '20' is no slot from 1 to 1f, with or without a function from .0 to .7");
    bad("-device virtio-rng-pci,addr=1.8",
        "-device virtio-rng-pci addr: '1.8' is no slot from 1 to 1f, with or without a function from .0 to .7");
    bad("-device virtio-rng-pci,addr=-1",
        "-device virtio-rng-pci addr: '-1' is no slot from 1 to 1f, with or without a function from .0 to .7");
    bad("-device virtio-rng-pci,bus=pci.1", "-device virtio-rng-pci bus: 'pci.1' is not 'pci.0', the bus of such devices");
    bad("-device virtio-rng-pci,period=x", "-device virtio-rng-pci period: 'x' is not a number");
    bad("-kernel k -device virtio-rng-pci,rng=r", "-device virtio-rng-pci rng: no -object has the id 'r'");
    bad("-object rng-builtin", "-object rng-builtin: id= is missing");
    bad("-object rng-biltin,id=x", "-object rng-biltin,id=x: unknown or not yet supported; there are rng-builtin and rng-random "
                                   "(did you mean 'rng-builtin'?)");
    bad("-object rng-builtin,id=x,filename=y", "-object rng-builtin,id=x,filename=y: unknown property filename");
    bad("-object rng-builtin,id=x -object rng-random,id=x", "-object rng-random,id=x: there is already an object with id 'x'");
}

static char *written(const char *text)
{
    char *path = NULL;
    int fd = g_file_open_tmp("quoin-options-XXXXXX", &path, NULL);
    g_assert_cmpint(write(fd, text, strlen(text)), ==, strlen(text));
    close(fd);
    return path;
}

static void test_readconfig(void)
{
    g_autofree char *path =
        written("# of QEMU's\n[machine]\n  type = \"mpc8544ds\"\n[memory]\n  size = \"512\"\n[chardev \"con\"]\n"
                "  backend = \"ringbuf\"\n  size = \"4096\"\n\n[device \"r\"]\n  driver = \"virtio-rng-pci\"\n"
                "  period = \"7\"\n[drive \"d\"]\n  if = \"none\"\n  file = \"a,b\"\n");
    g_autofree char *line = g_strconcat("-kernel k -readconfig ", path, " -serial chardev:con", NULL);
    Config c = good(line);
    const DeviceOption *device = c.devices->pdata[0];
    g_assert_cmpstr(c.board, ==, "mpc8544ds");
    g_assert_cmpuint(c.ram_size, ==, 512 << 20);
    g_assert_cmpstr(((BackendConfig *)c.chardevs->pdata[0])->id, ==, "con");
    g_assert_cmpstr(device->id, ==, "r");
    g_assert_cmpuint(device_option_number(device, "period"), ==, 7);
    g_assert_cmpuint(c.drives->len, ==, 1);
    config_clear(&c);
    g_unlink(path);
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"[nonsense]\n", ": line 1 is not [OPTION], [OPTION \"ID\"] or KEY = \"VALUE\""},
        {"[memory]\nsize = 512\n", ": line 2 is not [OPTION], [OPTION \"ID\"] or KEY = \"VALUE\""},
        {"size = \"512\"\n", ": line 1 is not [OPTION], [OPTION \"ID\"] or KEY = \"VALUE\""},
        {"[memory\n", ": line 1 is not [OPTION], [OPTION \"ID\"] or KEY = \"VALUE\""},
        {"\n[memory]\nsize = \"1T\"\n", ": [memory] in line 2: -m 1T: guest RAM is a multiple of 1 MiB from 64M to 48G"},
    };
    FOR_ROWS (i, rows) {
        g_autofree char *file = written(rows[i].text);
        g_autofree char *bad_line = g_strconcat("-kernel k -readconfig ", file, NULL);
        g_autofree char *message = g_strconcat("-readconfig ", file, rows[i].message, NULL);
        bad(bad_line, message);
        g_unlink(file);
    }
}

static void test_global(void)
{
    Config c = good("-kernel k -global virtio-rng-pci.period=9 -device virtio-rng-pci -device virtio-rng-pci,period=5 "
                    "-global driver=virtio-pci,property=disable-legacy,value=on -device virtio-balloon-pci");
    const DeviceOption *one = c.devices->pdata[0], *two = c.devices->pdata[1], *three = c.devices->pdata[2];
    g_assert_cmpuint(device_option_number(one, "period"), ==, 9);
    g_assert_cmpuint(device_option_number(two, "period"), ==, 5);
    g_assert_true(device_option_on(one, "disable-legacy") && device_option_on(three, "disable-legacy"));
    config_clear(&c);
    bad("-kernel k -global virtio-rng-pci.perod=9",
        "-global virtio-rng-pci.perod=9: 'virtio-rng-pci' has no property 'perod' that several may have");
    bad("-kernel k -global period=9", "-global: unknown property 'period'");
    bad("-kernel k -global virtio-rng-pci.period=x -device virtio-rng-pci", "-device virtio-rng-pci period: 'x' is not a number");
}

static void test_memory_backends(void)
{
    Config c = good("-kernel k -object memory-backend-file,id=m,mem-path=/x,size=256M,share=on -M memory-backend=m -m 256");
    g_assert_cmpstr(c.ram_source.path, ==, "/x");
    g_assert_true(c.ram_source.share && !c.ram_source.prealloc);
    config_clear(&c);
    c = good("-kernel k -mem-path /x -mem-prealloc");
    g_assert_cmpstr(c.ram_source.path, ==, "/x");
    g_assert_true(c.ram_source.prealloc && !c.ram_source.share);
    config_clear(&c);
    c = good("-kernel k -object memory-backend-memfd,id=m,size=64M -M memory-backend=m -mem-prealloc");
    g_assert_true(c.ram_source.memfd && c.ram_source.prealloc);
    g_assert_cmpuint(c.ram_size, ==, 64 << 20);
    config_clear(&c);
    bad("-kernel k -M memory-backend=m", "-M memory-backend=m: no -object memory-backend-… has this id");
    bad("-kernel k -object memory-backend-ram,id=m,size=64M -M memory-backend=m -m 128",
        "-M memory-backend=m: its size is not that of -m");
    bad("-kernel k -object memory-backend-ram,id=m,size=1M -M memory-backend=m",
        "-M memory-backend: guest RAM is a multiple of 1 MiB from 64M to 48G");
    bad("-kernel k -object memory-backend-file,id=m,size=64M",
        "-object memory-backend-file,id=m,size=64M: mem-path=FILE is missing");
    bad("-kernel k -object memory-backend-ram,id=m,mem-path=/x", "-object mem-path: memory-backend-file has it alone");
    bad("-kernel k -object memory-backend-ram,id=m", "-object memory-backend-ram,id=m: size=SIZE is missing");
}

static void test_daemon(void)
{
    Config c = good("-kernel k -daemonize -nographic -runas nobody -chroot /x");
    g_assert_true(c.daemonize);
    g_assert_cmpstr(c.serial[0], ==, "null");
    g_assert_cmpstr(c.runas, ==, "nobody");
    g_assert_cmpstr(c.chroot, ==, "/x");
    config_clear(&c);
    bad("-kernel k -daemonize -serial stdio", "-daemonize: standard input and output are the terminal's, which stays behind");
    bad("-kernel k -daemonize -monitor stdio", "-daemonize: standard input and output are the terminal's, which stays behind");
    c = good("-M none,accel=tcg -nodefaults -nographic -S"); /* how libvirt asks what there is */
    g_assert_true(c.start_paused && !c.bios && !c.kernel);
    config_clear(&c);
}

UNIT_TESTS(options)
{
    g_test_add_func("/options/a-file-has-groups", test_readconfig);
    g_test_add_func("/options/what-is-global-is-every-device's", test_global);
    g_test_add_func("/options/ram-is-made-of-an-object", test_memory_backends);
    g_test_add_func("/options/a-daemon-has-no-terminal", test_daemon);
    g_test_add_func("/options/pci-devices-have-places", test_pci_devices);
    g_test_add_func("/options/what-virtio-means-depends-on-the-board", test_virtio_of_the_board);
    g_test_add_func("/options/soft-translates-unless-an-interpreter-is-asked-for",
                    test_soft_translates_unless_an_interpreter_is_asked_for);
    g_test_add_func("/options/a-board-has-its-own-limits", test_boards);
    g_test_add_func(SIZE_MAX > UINT32_MAX ? "/options/a-board-may-have-more-memory-than-another"
                                          : "/options/memory-must-fit-this-host",
                    test_much_memory);
    g_test_add_func("/options/defaults", test_defaults);
    g_test_add_func("/options/engines-are-verified-under-virtual-time", test_engines_are_verified_under_virtual_time);
    g_test_add_func("/options/a-full-line", test_a_full_line);
    g_test_add_func("/options/two-dashes-do", test_two_dashes);
    g_test_add_func("/options/what-already-is-may-be-asked-for", test_what_is_asked_for_already_is);
    g_test_add_func("/options/other-ways-to-say-it", test_other_ways_to_say_it);
    g_test_add_func("/options/the-first-available-accelerator-is-used", test_first_available_accelerator);
    g_test_add_func("/options/firmware-instead-of-a-kernel", test_firmware_instead_of_a_kernel);
    g_test_add_func("/options/dumping-the-tree-needs-no-kernel", test_tree_dump_needs_no_kernel);
    g_test_add_func("/options/a-bad-line-is-one-message", test_bad_lines);
    g_test_add_func("/options/each-of-qemu-has-its-row", test_options_of_qemu);
    g_test_add_func("/options/lines-that-people-have", test_options_of_peoples_lines);
    g_test_add_func("/options/every-row-is-documented", test_every_row_is_documented);
    g_test_add_func("/options/names-are-unique", test_names_are_unique);
    g_test_add_func("/options/the-closest-name-is-suggested", test_suggestions);
    g_test_add_func("/options/back-ends-have-names", test_chardevs);
    g_test_add_func("/options/a-back-end-is-there-and-used-once", test_bad_chardevs);
    g_test_add_func("/options/drives", test_drives);
    g_test_add_func("/options/flashes-come-first-on-their-bus", test_flashes_come_first);
    g_test_add_func("/options/snapshot-is-for-all-but-those-that-say", test_snapshot_is_for_all_but_those_that_say);
    g_test_add_func("/options/nodes", test_nodes);
    g_test_add_func("/options/bad-drives", test_bad_drives);
    g_test_add_func("/options/drive-of-a-device", test_drive_of_a_device);
    g_test_add_func("/options/backing-nodes", test_backing_nodes);
#if HAVE_JSON_GLIB
    g_test_add_func("/options/json", test_json);
#endif
    g_test_add_func("/options/doorbells", test_doorbells);
    g_test_add_func("/options/paravirtual-board", test_paravirtual_board);
    g_test_add_func("/options/double-commas-are-commas", test_pairs);
    g_test_add_func("/options/sizes", test_sizes);
}
