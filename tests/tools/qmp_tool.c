/* SPDX-License-Identifier: MIT
 *
 * Prints docs/QMP.md from the table of QMP.
 */
#include <stdio.h>

#include "platform/control/qmp_schema.h"

/* "device:str format?:DataFormat" as a reader of QEMU's documentation knows it. */
static void print_members(const char *text)
{
    QmpMember member;
    for (const char *separator = ""; qmp_member_next(&text, &member); separator = ", ")
        printf("%s%s%s: %s", separator, member.name, member.optional ? "?" : "", member.type);
}

static void print_types(bool enums)
{
    size_t n;
    const QmpType *types = qmp_types(&n);
    for (size_t i = 0; i < n; i++) {
        if (types[i].is_enum != enums)
            continue;
        printf("| %s | ", types[i].name);
        if (enums)
            printf("%s", types[i].text);
        else
            print_members(types[i].text);
        printf(" |\n");
    }
}

static void print_events(void)
{
    size_t n;
    const QmpRow *events = qmp_events(&n);
    for (size_t i = 0; i < n; i++) {
        printf("| %s | ", events[i].name);
        print_members(events[i].arguments);
        printf(" | %s |\n", events[i].doc);
    }
}

static void print_refusals(void)
{
    size_t n;
    const QmpRefusal *refusals = qmp_refusals(&n);
    for (size_t i = 0; i < n; i++)
        printf("| %s | %s |\n", refusals[i].names, refusals[i].why);
}

int main(void)
{
    printf("<!-- Written by `make docs` from platform/control/qmp.def -->\n"
           "# QMP\n\n"
           "`-qmp unix:PATH,server=on,wait=off` is a socket that speaks QEMU's machine protocol: a greeting, then\n"
           "`{\"execute\": \"qmp_capabilities\"}`, then commands, each answered in order. Names, arguments and answers are those "
           "of QEMU 7.2\n"
           "where QEMU has the command; names that begin with `x-` or `X_` are Quoin's own. A `?` marks what may be left out, "
           "`[T]` is an\n"
           "array of T. Errors are of class GenericError, CommandNotFound or DeviceNotFound. No capability is offered, so there is "
           "no\n"
           "`exec-oob`. `query-qmp-schema` answers with what this page says.\n\n"
           "## Commands\n\n| command | arguments | answer | |\n|---|---|---|---|\n");
    for (unsigned i = 0; i < QMP_COMMANDS; i++) {
        const QmpRow *row = &qmp_command_rows[i];
        printf("| %s | ", row->name);
        print_members(row->arguments);
        printf(" | %s | %s |\n", row->returns, row->doc);
    }
    printf("\n## Events\n\n| event | data | |\n|---|---|---|\n");
    print_events();
    printf("\n## Types\n\n| type | members |\n|---|---|\n");
    print_types(false);
    printf("\n| type | one of |\n|---|---|\n");
    print_types(true);
    printf("\n## Commands of QEMU that are refused\n\n"
           "A client that sends one gets an error of class CommandNotFound, which says why.\n\n| commands | why |\n|---|---|\n");
    print_refusals();
    return 0;
}
