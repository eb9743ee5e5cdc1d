# SPDX-License-Identifier: MIT
"""The files of steps.  A line is a word and what it is about; quotes and # are as in a shell, a backslash at the end joins lines."""
import itertools
import re
import shlex

WITHIN = 300.0  # seconds a step may take, unless the file says


class Wrong(Exception):
    """What is wrong with a file, and where."""


class Step:
    """kind is a word of STEPS.  text is what the report shows; pattern or value what it needs."""

    def __init__(self, kind, text, where, within, value=None, pattern=None):
        self.kind, self.text, self.where, self.within = kind, text, where, within
        self.value, self.pattern = value, pattern


class Test:
    def __init__(self, title, path):
        self.title, self.path = title, path
        self.command, self.steps, self.never = [], [], []


def pattern_of(text, where):
    """What a console is searched for: /RE/, or the very text."""
    if len(text) < 2 or not (text.startswith("/") and text.endswith("/")):
        return re.compile(re.escape(text))
    try:
        return re.compile(text[1:-1], re.M)
    except re.error as why:
        raise Wrong(f"{where}: {text}: {why}") from None


def number_of(text, where):
    try:
        value = float(text)
        if value > 0:
            return value
    except ValueError:
        pass
    raise Wrong(f"{where}: {text!r} is not a number above 0")


def lines_of(path):
    """(where, word, rest), with lines joined and without comments."""
    try:
        with open(path, encoding="utf-8") as file:
            lines = file.read().split("\n")
    except OSError as why:
        raise Wrong(f"{path}: {why.strerror}") from None
    except UnicodeDecodeError:
        raise Wrong(f"{path}: not a text in UTF-8") from None
    whole, first = "", 0
    for number, line in enumerate(lines, 1):
        first = first if whole else number
        whole += line.rstrip("\\") if line.endswith("\\") else line
        if line.endswith("\\"):
            whole += " "
            continue
        word, _, rest = whole.strip().partition(" ")
        if word and not word.startswith("#"):
            yield f"{path}:{first}", word, rest.strip()
        whole = ""


def expand(text, names, where):
    def value(found):
        name = found[1] or found[2]
        if name not in names:
            raise Wrong(f"{where}: ${name} stands for nothing: -D {name}=VALUE")
        return names[name]
    return re.sub(r"\$(?:(\w+)|\{(\w+)\})", value, text)


def words_of(rest, names, where, count=None):
    try:
        words = shlex.split(rest, comments=True)
    except ValueError as why:
        raise Wrong(f"{where}: {why}") from None
    if count is not None and len(words) != count:
        raise Wrong(f"{where}: {count} word{'s' * (count != 1)} expected, {len(words)} found: quotes join words")
    return [expand(word, names, where) for word in words]


def sought(rest, names, where):
    """(text, pattern) of what a console is searched for.  A regular expression is taken as it stands: \\ and $ are its own."""
    found = re.match(r"(/.+/)\s*(#.*)?$", rest)
    text = found[1] if found else words_of(rest, names, where, 1)[0]
    return text, pattern_of(text, where)


def step_of(where, word, rest, names, within):
    if word == "exit":
        text = words_of(rest, names, where, 1)[0]
        if not re.fullmatch(r"\d{1,3}", text):
            raise Wrong(f"{where}: {text!r} is not an exit status")
        return Step(word, f"exit {text}", where, within, value=int(text))
    if word == "expect":
        text, pattern = sought(rest, names, where)
        return Step(word, f"expect {text}", where, within, pattern=pattern)
    text = words_of(rest, names, where, 1)[0]
    return Step(word, f"{word} {text}", where, within, value=text)


STEPS = ("expect", "send", "event", "exit")


def one_test(path, lines, names):
    """The test that the lines describe for one choice of names."""
    test, within = Test(path, path), WITHIN
    for where, word, rest in lines:
        if word == "title":
            test.title = words_of(rest, names, where, 1)[0]
        elif word == "run":
            if test.command:
                raise Wrong(f"{where}: a file runs one machine")
            test.command = words_of(rest, names, where)
        elif word == "within":
            within = number_of(words_of(rest, names, where, 1)[0], where)
        elif word == "never":
            test.never.append(sought(rest, names, where))
        elif word in STEPS:
            test.steps.append(step_of(where, word, rest, names, within))
        else:
            raise Wrong(f"{where}: {word!r} is not one of title, each, run, within, never, {', '.join(STEPS)}")
    if not test.command or not test.steps:
        raise Wrong(f"{path}: nothing is {'expected' if test.command else 'run'}")
    return test


def read_file(path, names):
    """Its tests: one for each combination of the values of `each`."""
    lines, choices = [], {}
    for where, word, rest in lines_of(path):
        if word != "each":
            lines.append((where, word, rest))
            continue
        name, *values = words_of(rest, names, where) or [""]
        if not re.fullmatch(r"[A-Za-z_]\w*", name) or not values:
            raise Wrong(f"{where}: each NAME VALUE… is expected")
        choices[name] = values
    tests = []
    for choice in itertools.product(*choices.values()):
        chosen = dict(zip(choices, choice))
        test = one_test(path, lines, {**names, **chosen})
        plain = one_test(path, lines, {**names, **{name: "" for name in chosen}}).title if chosen else None
        if chosen and test.title == plain:
            test.title += f" ({', '.join(choice)})"
        tests.append(test)
    return tests
