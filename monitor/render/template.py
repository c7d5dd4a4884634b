"""A person's own layout of an alert: `string.Template` over a fixed list of fields, nothing to compute and no format codes.

A template is written in the channel's format and trusted as such; what stands in a field is escaped for that format and never taken for
a placeholder. A line whose fields are all empty is left out.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from string import Template
from typing import Final

from markupsafe import escape

from monitor.model import MessageFormat
from monitor.render.escape import markdown
from monitor.render.views import View

FIELDS: Final = ("headline", "url", "about", "snippet", "also", "themes", "alerts", "page")
"""``about`` is outlet, time and language; ``themes`` are the themes with their reasons, ``alerts`` the numbers of the alerts."""

LONGEST: Final = 500
"""Characters of a template's own: what it adds must leave room for the story."""

_NEEDED: Final = ("headline", "url", "themes")
_MARKS: Final = {MessageFormat.TEXT: "*{}*", MessageFormat.MARKDOWN: "**{}**", MessageFormat.HTML: "<b>{}</b>"}
_ESCAPES: Final[Mapping[MessageFormat, Callable[[str], str]]] = {
    MessageFormat.TEXT: str,
    MessageFormat.MARKDOWN: lambda text: str(markdown(text)),
    MessageFormat.HTML: lambda text: str(escape(text)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """What is wrong with a template, on which of its lines."""

    line: int
    message: str
    hint: str


def flaws(template: str) -> Iterator[Flaw]:
    """Say what is wrong with a template before anything is written with it."""
    known = f"fields: {', '.join('$' + f for f in FIELDS)}"
    named: set[str] = set()
    for found in Template.pattern.finditer(template):
        line = template.count("\n", 0, found.start()) + 1
        name = found["named"] or found["braced"]
        if found["invalid"] is not None:
            yield Flaw(line=line, message="a '$' stands before no field", hint="write $$ for the sign itself")
        elif name and name not in FIELDS:
            near = difflib.get_close_matches(name, FIELDS, n=1)
            yield Flaw(line=line, message=f"there is no field '${name}'", hint=f"did you mean '${near[0]}'?" if near else known)
        elif name:
            named.add(name)
    if missing := [f"${f}" for f in _NEEDED if f not in named]:
        yield Flaw(line=1, message=f"the template lacks {', '.join(missing)}", hint="a message never goes without headline, link and theme")
    if len(template) > LONGEST:
        yield Flaw(
            line=1, message=f"the template has {len(template)} characters", hint=f"at most {LONGEST}, so that the story fits beside it"
        )


def filled(template: str, story: View, form: MessageFormat) -> str:
    """Return one story in a person's own layout."""
    values = _values(story, form)
    rows = (_row(row, values) for row in template.strip("\n").split("\n"))
    return "\n".join(row for row in rows if row is not None)


def _row(row: str, values: Mapping[str, str]) -> str | None:
    names = [found["named"] or found["braced"] for found in Template.pattern.finditer(row) if found["escaped"] is None]
    return None if names and not any(values[name] for name in names) else Template(row).substitute(values)


def _values(story: View, form: MessageFormat) -> dict[str, str]:
    safe = _ESCAPES[form]
    link = str if form is MessageFormat.MARKDOWN else safe  # an address of ours breaks out of nothing, and a backslash would break it
    return {
        "headline": safe(story.headline),
        "url": link(story.url or ""),
        "about": safe(story.second),
        "snippet": "".join(_MARKS[form].format(safe(part.text)) if part.is_evidence else safe(part.text) for part in story.snippet),
        "also": safe(story.also),
        "themes": safe(story.themes),
        "alerts": safe(story.numbers),
        "page": link(story.page or ""),
    }
