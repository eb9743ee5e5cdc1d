/* SPDX-License-Identifier: MIT
 *
 * man-tool FILE: writes FILE (docs/quoin.1.in) with the option table in place of the line
 * "@OPTIONS@".
 */
#include <stdio.h>
#include <string.h>

#include "platform/options/priv.h"

int main(int argc, char **argv)
{
    char line[512];
    FILE *in = argc == 2 ? fopen(argv[1], "r") : NULL;
    if (!in) {
        fprintf(stderr, "usage: man-tool docs/quoin.1.in\n");
        return 2;
    }
    while (fgets(line, sizeof(line), in)) {
        if (!strcmp(line, "@OPTIONS@\n"))
            options_print_man(stdout);
        else
            fputs(line, stdout);
    }
    fclose(in);
    return 0;
}
