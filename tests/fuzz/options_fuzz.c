/* SPDX-License-Identifier: MIT
 *
 * Command lines: whatever the words, a Config or one line of error.  Each line of the input is a word; what follows a zero byte is the
 * file of -readconfig, so no other file is read.  Nothing is opened or made: that begins behind options_parse().
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cpu/log.h"
#include "platform/options/config.h"

enum { WORDS_MAX = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The path by which -readconfig reads this. */
static char *file_of(int fd, const uint8_t *data, size_t size)
{
    g_assert_cmpint(ftruncate(fd, 0), ==, 0);
    g_assert_cmpint(pwrite(fd, data, size, 0), ==, (ssize_t)size);
    return g_strdup_printf("/proc/self/fd/%d", fd);
}

static bool reads_a_file(const char *word)
{
    return !strcmp(word, "-readconfig") || !strcmp(word, "--readconfig");
}

/* -help and its like write to standard output, where the fuzzer's own lines go. */
static OptionsResult parse_unseen(char **words, Config *config, GError **error)
{
    int out = dup(STDOUT_FILENO), nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
    g_assert_cmpint(dup2(nothing, STDOUT_FILENO), ==, STDOUT_FILENO);
    log_silence(true);
    OptionsResult result = options_parse((int)g_strv_length(words), words, config, error);
    log_silence(false);
    fflush(stdout);
    g_assert_cmpint(dup2(out, STDOUT_FILENO), ==, STDOUT_FILENO);
    close(nothing);
    close(out);
    return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int fd = -1;
    if (fd < 0)
        fd = memfd_create("readconfig", MFD_CLOEXEC);
    const uint8_t *end = memchr(data, 0, size);
    size_t line = end ? (size_t)(end - data) : size;
    g_autofree char *file = file_of(fd, end ? end + 1 : data, end ? size - line - 1 : 0);
    g_autofree char *text = g_strndup((const char *)data, line), *all = g_strconcat("quoin\n", text, NULL);
    g_auto(GStrv) words = g_strsplit(all, "\n", WORDS_MAX);
    for (char **w = words; *w && w[1]; w++) {
        if (!reads_a_file(*w))
            continue;
        g_free(w[1]);
        w[1] = g_strdup(file);
    }
    g_autoptr(GError) error = NULL;
    Config config;
    OptionsResult result = parse_unseen(words, &config, &error);
    g_assert_true((result == OPTIONS_BAD) == !!error);
    g_assert_true(!error || *error->message);
    g_assert_true(result != OPTIONS_RUN || (config.accel && config.board && config.cpu && config.n_vcpus && config.ram_size));
    config_clear(&config);
    return 0;
}
