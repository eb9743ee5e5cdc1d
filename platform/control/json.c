/* SPDX-License-Identifier: MIT */
#include "platform/control/json.h"

#include <string.h>

typedef struct Scan {
    const char *p, *end;
} Scan;

static void skip_space(Scan *s)
{
    while (s->p < s->end && strchr(" \t\r\n", *s->p) && *s->p)
        s->p++;
}

static bool take(Scan *s, char c)
{
    if (s->p >= s->end || *s->p != c)
        return false;
    s->p++;
    return true;
}

static bool digits(Scan *s)
{
    const char *start = s->p;

    while (s->p < s->end && g_ascii_isdigit(*s->p))
        s->p++;
    return s->p > start;
}

static bool scan_number(Scan *s)
{
    take(s, '-');
    if (!take(s, '0') && !digits(s))
        return false;
    if (take(s, '.') && !digits(s))
        return false;
    if (take(s, 'e') || take(s, 'E')) {
        if (!take(s, '+'))
            take(s, '-');
        return digits(s);
    }
    return true;
}

static bool scan_string(Scan *s)
{
    if (!take(s, '"'))
        return false;
    while (s->p < s->end) {
        unsigned char c = (unsigned char)*s->p++;
        if (c == '"')
            return true;
        if (c < 0x20)
            return false;
        if (c != '\\')
            continue;
        if (take(s, 'u')) {
            for (unsigned i = 0; i < 4; i++)
                if (s->p >= s->end || !g_ascii_isxdigit(*s->p++))
                    return false;
        } else if (s->p >= s->end || !*s->p || !strchr("\"\\/bfnrt", *s->p++)) {
            return false;
        }
    }
    return false;
}

static bool scan_word(Scan *s, const char *word)
{
    size_t n = strlen(word);

    if ((size_t)(s->end - s->p) < n || memcmp(s->p, word, n))
        return false;
    s->p += n;
    return true;
}

static bool scan_value(Scan *s, unsigned depth);

/* Members or elements up to `close`; the opening bracket was taken. */
static bool scan_list(Scan *s, unsigned depth, bool object, char close)
{
    skip_space(s);
    if (take(s, close))
        return true;
    do {
        skip_space(s);
        if (object) {
            if (!scan_string(s))
                return false;
            skip_space(s);
            if (!take(s, ':'))
                return false;
        }
        if (!scan_value(s, depth + 1))
            return false;
        skip_space(s);
    } while (take(s, ','));
    return take(s, close);
}

static bool scan_value(Scan *s, unsigned depth)
{
    skip_space(s);
    if (depth >= JSON_DEPTH_MAX || s->p >= s->end)
        return false;
    if (take(s, '{'))
        return scan_list(s, depth, true, '}');
    if (take(s, '['))
        return scan_list(s, depth, false, ']');
    if (*s->p == '"')
        return scan_string(s);
    return scan_word(s, "true") || scan_word(s, "false") || scan_word(s, "null") || scan_number(s);
}

JsonFrame json_frame(const char *text, size_t size, size_t *used)
{
    Scan s = {text, text + size};
    size_t depth = 0;
    bool quoted = false;

    skip_space(&s);
    *used = (size_t)(s.p - text);
    if (s.p == s.end)
        return JSON_FRAME_NONE;
    bool bracketed = *s.p == '{' || *s.p == '[';
    while (s.p < s.end) {
        char c = *s.p++;
        bool ends = !bracketed && c == '\n';
        if (quoted && c == '\\' && s.p < s.end) {
            s.p++;
        } else if (c == '"') {
            quoted = !quoted;
        } else if (!quoted && (c == '{' || c == '[')) {
            depth++;
        } else if (!quoted && (c == '}' || c == ']') && bracketed) {
            ends = --depth == 0;
        }
        if (ends) {
            *used = (size_t)(s.p - text);
            return JSON_FRAME_VALUE;
        }
    }
    return JSON_FRAME_MORE;
}

bool json_check(const char *text, size_t size)
{
    Scan s = {text, text + size};

    if (!g_utf8_validate_len(text, size, NULL) || !scan_value(&s, 0))
        return false;
    skip_space(&s);
    return s.p == s.end;
}

bool json_is_object(JsonSpan value)
{
    Scan s = {value.text, value.text + value.size};

    skip_space(&s);
    return s.p < s.end && *s.p == '{';
}

JsonSpan json_member(JsonSpan object, const char *name)
{
    Scan s = {object.text, object.text + object.size};
    size_t n = strlen(name);

    skip_space(&s);
    if (!take(&s, '{'))
        return (JsonSpan){0};
    do {
        skip_space(&s);
        const char *key = s.p;
        if (!scan_string(&s))
            break;
        bool found = (size_t)(s.p - key) == n + 2 && !memcmp(key + 1, name, n);
        skip_space(&s);
        take(&s, ':');
        skip_space(&s);
        const char *value = s.p;
        if (!scan_value(&s, 1))
            break;
        if (found)
            return (JsonSpan){value, (size_t)(s.p - value)};
        skip_space(&s);
    } while (take(&s, ','));
    return (JsonSpan){0};
}

bool json_equals(JsonSpan value, const char *text)
{
    size_t n = strlen(text);

    return value.text && value.size == n + 2 && value.text[0] == '"' &&
           !memcmp(value.text + 1, text, n);
}

void json_quote(GString *out, const char *text)
{
    g_string_append_c(out, '"');
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            g_string_append_printf(out, "\\%c", c);
        else if (c < 0x20)
            g_string_append_printf(out, "\\u%04x", c);
        else
            g_string_append_c(out, (char)c);
    }
    g_string_append_c(out, '"');
}
