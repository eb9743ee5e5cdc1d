/* SPDX-License-Identifier: MIT
 *
 * from_qemu-tool FILE: writes FILE (docs/FROM-QEMU.md.in) with the table of QEMU's options in place of the line "@OPTIONS@".
 */
#include <stdio.h>
#include <string.h>

typedef struct Row {
    const char *name, *verdict, *text;
} Row;

/* In a table of Markdown a bar ends the cell. */
static void print_cell(const char *text)
{
    for (; *text; text++)
        printf(*text == '|' ? "\\|" : "%c", *text);
}

static void print_rows(void)
{
    static const Row rows[] = {
#define SAME(name)                         {name, "the same", ""},
#define DIFFERS(name, how)                 {name, "differs", how},
#define NO_EFFECT(name, has_argument, why) {name, "no effect", why},
#define REFUSED(name, has_argument, why)   {name, "refused", why},
#include "platform/options/qemu.def"
    };
    printf("| QEMU's option | here | how it differs, or why |\n|---|---|---|\n");
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        printf("| `-%s` | %s | ", rows[i].name, rows[i].verdict);
        print_cell(rows[i].text);
        printf(" |\n");
    }
}

int main(int argc, char **argv)
{
    char line[1024];
    FILE *in = argc == 2 ? fopen(argv[1], "r") : NULL;
    if (!in) {
        fprintf(stderr, "usage: from_qemu-tool docs/FROM-QEMU.md.in\n");
        return 2;
    }
    while (fgets(line, sizeof(line), in)) {
        if (!strcmp(line, "@OPTIONS@\n"))
            print_rows();
        else
            fputs(line, stdout);
    }
    fclose(in);
    return 0;
}
