/* SPDX-License-Identifier: MIT
 *
 * area-tool FILE: writes FILE (docs/MEMORY-AREAS.md.in) with the types and layouts of hcall/area.def in place of the line "@TYPES@".
 */
#include <stdio.h>
#include <string.h>

#include "hcall/area.h"

static const struct {
    AreaId area;
    const char *name;
    unsigned offset, bits;
    const char *doc;
} fields[] = {
#define X(area, id, offset, bits, doc) {AREA_##area, #id, offset, bits, doc},
    AREA_LIST(AREA_NO_ROW, X)
#undef X
};

static void print_lower(const char *text)
{
    for (; *text; text++)
        putchar(*text >= 'A' && *text <= 'Z' ? *text - 'A' + 'a' : *text);
}

static void print_types(void)
{
    printf("| type | name | bytes | registered per | written by | |\n| --- | --- | --- | --- | --- | --- |\n");
    for (unsigned id = 0; id < AREA_COUNT; id++) {
        const AreaType *t = &area_types[id];
        printf("| %u | %s | %u | %s | %s | %s |\n", t->number, t->name, t->size, t->per == AREA_PER_VCPU ? "vCPU" : "machine",
               t->writer == AREA_WRITER_HOST ? "hypervisor" : "guest", t->doc);
    }
    for (unsigned id = 0; id < AREA_COUNT; id++) {
        printf("\n### %s\n\n| offset | bits | name | |\n| --- | --- | --- | --- |\n", area_types[id].name);
        for (unsigned i = 0; i < sizeof fields / sizeof fields[0]; i++) {
            if (fields[i].area != id)
                continue;
            printf("| 0x%02x | %u | ", fields[i].offset, fields[i].bits);
            print_lower(fields[i].name);
            printf(" | %s |\n", fields[i].doc);
        }
    }
    printf("\n");
}

int main(int argc, char **argv)
{
    char line[512];
    FILE *in = argc == 2 ? fopen(argv[1], "r") : NULL;
    if (!in) {
        fprintf(stderr, "usage: area-tool docs/MEMORY-AREAS.md.in\n");
        return 2;
    }
    while (fgets(line, sizeof(line), in)) {
        if (!strcmp(line, "@TYPES@\n"))
            print_types();
        else
            fputs(line, stdout);
    }
    fclose(in);
    return 0;
}
