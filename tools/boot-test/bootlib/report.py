# SPDX-License-Identifier: MIT
"""What came of the tests: a line each, TAP, JUnit's XML, and a page for a browser that needs nothing beside itself."""
import html
import os
import re
from xml.sax.saxutils import escape, quoteattr

ESCAPES = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|[@-Z\\-_])|[\x00-\x08\x0b-\x1f\x7f]|[\ud800-\udfff\ufffe\uffff]")


def clean(text):
    """Without a terminal's control sequences, and without what XML cannot hold."""
    return ESCAPES.sub("", text)


def write(path, text):
    """Whole or not at all."""
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(path + ".new", path)


def line(result):
    verdict = f"FAILED: {result.failure}" if result.failure else "ok"
    return f"{result.test.title:60} {verdict}  [{result.seconds:.1f} s]"


def tap(number, result):
    title = result.test.title.replace("#", "\\#")
    if not result.failure:
        return f"ok {number} - {title}"
    return f"not ok {number} - {title}\n# " + clean(result.failure).replace("\n", "\n# ")


def console_of(result):
    return clean("".join(text for _, text in result.console))


def junit(results):
    failed = sum(bool(result.failure) for result in results)
    seconds = sum(result.seconds for result in results)
    out = ['<?xml version="1.0" encoding="UTF-8"?>',
           f'<testsuite name="quoin-boot-test" tests="{len(results)}" failures="{failed}" time="{seconds:.3f}">']
    for result in results:
        out.append(f"<testcase classname={quoteattr(clean(result.test.path))} name={quoteattr(clean(result.test.title))} "
                   f'time="{result.seconds:.3f}">')
        if result.failure:
            out.append(f"<failure message={quoteattr(clean(result.failure))}/>")
        out.append(f"<system-out>{escape(console_of(result))}</system-out></testcase>")
    return "\n".join(out + ["</testsuite>", ""])


# --- the page

STYLE = """
:root { color-scheme: light dark; --line: #8884; --good: #1a7f37; --bad: #cf222e; --quiet: #6e7781; --event: #8250df; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; display: inline } h3 { font-size: 1rem; margin: 1rem 0 .3rem }
table { border-collapse: collapse } td, th { padding: .15rem .8rem .15rem 0; text-align: left; vertical-align: top }
.ok { color: var(--good) } .failed { color: var(--bad) } .quiet { color: var(--quiet) }
details.test { border-top: 1px solid var(--line); padding: .6rem 0 } summary { cursor: pointer }
pre { background: #8881; padding: .6rem; overflow: auto; max-height: 32rem; font: 12.5px/1.4 ui-monospace, monospace }
pre i { color: var(--quiet); font-style: normal; user-select: none }
svg { width: 100%; height: auto } svg text { font: 11px system-ui, sans-serif; fill: currentColor }
"""
LANES = (("step", "steps", "var(--good)"), ("event", "events", "var(--event)"), ("hcall", "hypercalls", "var(--quiet)"))
WIDTH, LEFT, LANE = 1000, 90, 26


def ticks_of(seconds):
    """Five to ten round numbers of seconds."""
    size = next(n * 10 ** k for k in range(-3, 6) for n in (1, 2, 5) if seconds / (n * 10 ** k) <= 10)
    return [n * size for n in range(int(seconds / size) + 1)]


def time_line(result):
    """A picture of what happened when.  Marks that would lie on each other are one."""
    seconds = max(result.seconds, 0.001)
    place = lambda at: LEFT + at / seconds * (WIDTH - LEFT - 20)
    height = LANE * len(LANES) + 24
    out = [f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="what happened when">']
    for at in ticks_of(seconds):
        x = place(at)
        out.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="4" y2="{height - 18}" stroke="var(--line)"/>'
                   f'<text x="{x:.1f}" y="{height - 4}" text-anchor="middle">{at:g} s</text>')
    for lane, (kind, name, colour) in enumerate(LANES):
        y = lane * LANE + 6
        out.append(f'<text x="0" y="{y + 13}">{name}</text>')
        marks = {}
        for at, what, text in result.events:
            if what == kind:
                marks.setdefault(round(place(at)), []).append(f"{at:.3f} s: {text}")
        for x, texts in marks.items():
            shown = texts if len(texts) <= 8 else texts[:8] + [f"and {len(texts) - 8} more"]
            out.append(f'<rect x="{x - 1}" y="{y}" width="3" height="{LANE - 8}" fill="{colour}">'
                       f"<title>{html.escape(clean(chr(10).join(shown)))}</title></rect>")
    return "\n".join(out + ["</svg>"])


def timed_console(result):
    """Each line behind the time at which its first character came."""
    out, begun = [], True
    for at, text in result.console:
        for part in re.split(r"(?<=\n)", clean(text)):
            if part and begun:
                out.append(f"<i>{at:9.3f}  </i>")
            out.append(html.escape(part))
            begun = part.endswith("\n") if part else begun
    return "".join(out)


def rows(pairs):
    return "".join("<tr>" + "".join(f"<td>{html.escape(clean(str(cell)))}</td>" for cell in row) + "</tr>" for row in pairs)


def section(result, shown):
    verdict = "failed" if result.failure else "ok"
    parts = [f'<details class="test"{" open" if shown or result.failure else ""}><summary><h2>{html.escape(clean(result.test.title))}</h2> '
             f'<span class="{verdict}">{verdict}</span> <span class="quiet">{result.seconds:.1f} s</span></summary>']
    if result.failure:
        parts.append(f'<p class="failed">{html.escape(clean(result.failure))}</p>')
    parts.append(f"<h3>Time line</h3>{time_line(result)}")
    for kind, title in (("step", "Steps"), ("event", "Resets and other events")):
        found = [(f"{at:.3f} s", text) for at, what, text in result.events if what == kind]
        if found:
            parts.append(f"<h3>{title}</h3><table>{rows(found)}</table>")
    if result.calls:
        calls = sorted(result.calls.items(), key=lambda call: -call[1])
        parts.append(f"<h3>Hypercalls</h3><table>{rows((f'{n} ×', name) for name, n in calls)}</table>")
    parts.append(f"<h3>Console</h3><pre>{timed_console(result)}</pre>")
    parts.append(f'<p class="quiet">{html.escape(clean(" ".join(result.test.command)))}</p></details>')
    return "\n".join(parts)


def html_page(results):
    failed = sum(bool(result.failure) for result in results)
    return "\n".join([
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1"><title>Boot tests</title>',
        f"<style>{STYLE}</style></head><body><h1>Boot tests</h1>",
        f'<p><span class="ok">{len(results) - failed} passed</span>, '
        f'<span class="{"failed" if failed else "quiet"}">{failed} failed</span></p>',
        *[section(result, len(results) == 1) for result in results], "</body></html>", ""])
