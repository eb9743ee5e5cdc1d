/* SPDX-License-Identifier: MIT
 *
 * The table of QMP: what the compiler cannot see of it.
 */
#include "platform/control/qmp_schema.h"
#include "platform/machine/runstate.h"
#include "tests/unit/unit.h"

#include <string.h>

static void known_type(const char *type)
{
    char element[QMP_NAME_MAX];
    if (qmp_array_of(type, element))
        known_type(element);
    else if (!qmp_builtin_json(type) && !qmp_type_find(type))
        g_error("qmp.def names the type '%s', which it does not have", type);
}

static void known_members(const char *text)
{
    QmpMember member;
    while (qmp_member_next(&text, &member))
        known_type(member.type);
}

static void types_are_there(void)
{
    size_t n;
    for (unsigned i = 0; i < QMP_COMMANDS; i++) {
        known_members(qmp_command_rows[i].arguments);
        if (*qmp_command_rows[i].returns)
            known_type(qmp_command_rows[i].returns);
    }
    const QmpRow *events = qmp_events(&n);
    for (size_t i = 0; i < n; i++)
        known_members(events[i].arguments);
    const QmpType *types = qmp_types(&n);
    for (size_t i = 0; i < n; i++) {
        if (!types[i].is_enum)
            known_members(types[i].text);
    }
}

/* What arguments are checked for: built-in types, words, objects of the table's, and arrays of them. */
static void arguments_are_of_known_types(void)
{
    for (unsigned i = 0; i < QMP_COMMANDS; i++) {
        QmpMember member;
        for (const char *text = qmp_command_rows[i].arguments; qmp_member_next(&text, &member);) {
            char element[QMP_NAME_MAX];
            const char *type = qmp_array_of(member.type, element) ? element : member.type;
            g_assert_true(qmp_builtin_json(type) || qmp_type_find(type));
        }
    }
}

static void names_are_unique(void)
{
    size_t n;
    const QmpType *types = qmp_types(&n);
    for (size_t i = 0; i < n; i++)
        g_assert_true(qmp_type_find(types[i].name) == &types[i]);
    for (int i = 0; i < QMP_COMMANDS; i++) {
        g_assert_cmpint(qmp_command_index(qmp_command_rows[i].name), ==, i);
        if (qmp_command_refused(qmp_command_rows[i].name))
            g_error("the command %s is in qmp.def, and refused there", qmp_command_rows[i].name);
    }
}

static bool has_word(const char *words, const char *wanted)
{
    char word[QMP_NAME_MAX];
    while (qmp_word_next(&words, word)) {
        if (!strcmp(word, wanted))
            return true;
    }
    return false;
}

static void run_states_have_words(void)
{
    for (unsigned id = 0; id < RUN_STATES; id++)
        g_assert_true(has_word(qmp_type_find("RunState")->text, run_state_name(id)));
}

static void texts_are_parsed(void)
{
    const char *text = " device:str size?:[int] ", *words = "a  b-c ";
    char word[QMP_NAME_MAX];
    QmpMember member;
    g_assert_true(qmp_member_next(&text, &member) && !member.optional);
    g_assert_cmpstr(member.name, ==, "device");
    g_assert_cmpstr(member.type, ==, "str");
    g_assert_true(qmp_member_next(&text, &member) && member.optional);
    g_assert_cmpstr(member.name, ==, "size");
    g_assert_cmpstr(qmp_array_of(member.type, word), ==, "int");
    g_assert_false(qmp_member_next(&text, &member));
    g_assert_true(qmp_word_next(&words, word));
    g_assert_true(qmp_word_next(&words, word));
    g_assert_cmpstr(word, ==, "b-c");
    g_assert_false(qmp_word_next(&words, word));
    g_assert_null(qmp_array_of("str", word));
}

UNIT_TESTS(qmp_schema)
{
    g_test_add_func("/qmp-schema/every-type-is-there", types_are_there);
    g_test_add_func("/qmp-schema/arguments-are-of-known-types", arguments_are_of_known_types);
    g_test_add_func("/qmp-schema/names-are-unique", names_are_unique);
    g_test_add_func("/qmp-schema/every-run-state-has-its-word", run_states_have_words);
    g_test_add_func("/qmp-schema/texts-of-the-table-are-parsed", texts_are_parsed);
}
