/* SPDX-License-Identifier: MIT */
#include "cpu/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

uint32_t log_mask;
static FILE *log_file; /* NULL: stderr */

static const char *const log_words[LOG_BITS] = {
#define X(id, word, doc) word,
    LOG_LIST(X)
#undef X
};

static void line_write(FILE *out, const char *prefix, const char *format, va_list ap)
{
    g_autofree char *text = g_strdup_vprintf(format, ap);
    /* One call, so that lines of several threads do not mix. */
    fprintf(out, "%s%s\n", prefix, text);
    fflush(out);
}

void log_line(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    line_write(log_file ? log_file : stderr, "", format, ap);
    va_end(ap);
}

void message_error(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    line_write(stderr, "quoin: ", format, ap);
    va_end(ap);
}

void message_warning(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    line_write(stderr, "quoin: warning: ", format, ap);
    va_end(ap);
}

bool log_parse(const char *words, uint32_t *mask, GError **error)
{
    g_auto(GStrv) list = g_strsplit(words, ",", -1);
    *mask = 0;
    for (char **w = list; *w; w++) {
        unsigned i;
        for (i = 0; i < LOG_BITS && strcmp(*w, log_words[i]); i++)
            ;
        if (i == LOG_BITS) {
            g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "-d: unknown word '%s' (-d help lists them)", *w);
            return false;
        }
        *mask |= 1u << i;
    }
    return true;
}

bool log_open(const char *file, GError **error)
{
    if (!file)
        return true;
    FILE *f = fopen(file, "we");
    if (!f) {
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "-D %s: %s", file, g_strerror(errno));
        return false;
    }
    log_file = f;
    return true;
}
