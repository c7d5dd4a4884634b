"""presswatch why: the whole way of a URL, an alert or an article, gate by gate."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Final

import click

from monitor.cli.given import Given, pass_given, shared
from monitor.cli.listing import Show, listing
from monitor.config.terminal import width

if TYPE_CHECKING:
    from monitor.archive.reads import Trail
    from monitor.config.settings import Settings
    from monitor.why import Asked, Gate

_NUMBER: Final = re.compile(r"(?:(alert|article)[ :#]*|#)?(\d+)", re.IGNORECASE)
_SIGNS: Final = {"passed": "✓", "waiting": "…", "stopped": "✗"}
_NAME_CELLS: Final = 13
_NARROWEST: Final = 40


@click.command("why")
@click.argument("target", metavar="URL|ALERT|ARTICLE")
@listing
@shared
@pass_given
def command(given: Given, target: str, show: Show) -> None:
    """Tell the whole way of a URL, an alert or an article: every gate it came to, and what was said there.

    An alert is named by its number, as messages do: 812 or '#812'; an article as article:55. A URL need not be known: of one that was
    never fetched it tells why, of one that no source listed it tells what is watched at its host. Exit code 1 where nothing was told
    of it.
    """
    from monitor.why import answer, gates  # noqa: PLC0415 - the database is paid for only by commands that ask it

    settings = given.settings()
    subject, trail, alert_id = _trail(given, settings, target)
    asked = _asked(given, settings, alert_id)
    way = gates(trail, asked)
    if show.is_table:
        click.echo("\n".join(_lines(subject, answer(way), way)))
    else:
        show.one(_as_row(subject, answer(way), way, trail))
    if not any(gate.name == "delivered" and gate.standing == "passed" for gate in way):
        raise click.exceptions.Exit(1)


def _asked(given: Given, settings: Settings, alert_id: int | None) -> Asked:
    from monitor.why import Asked  # noqa: PLC0415 - the database is paid for only by commands that ask it

    wishes = {s.subscription_id: f"{s.channel} ({', '.join(s.themes or s.notices)})" for s in settings.subscriptions}
    return Asked(now=given.clock.now(), timezone=settings.timezone, alert_id=alert_id, wishes=wishes)


def _trail(given: Given, settings: Settings, target: str) -> tuple[str, Trail, int | None]:
    """Return what is meant, its trail, and the alert's number where one is meant."""
    from monitor.archive import reads  # noqa: PLC0415 - the database is paid for only by commands that ask it

    number = _NUMBER.fullmatch(target.strip())
    with given.archive(settings) as archive:
        if number is None:
            key = _key(target)
            return key, archive.read_now(lambda tx: reads.about_url(tx, key)), None
        wanted = int(number[2])
        alert = None if (number[1] or "").lower() == "article" else archive.read_now(lambda tx: reads.about_alert(tx, wanted))
        if alert is not None:
            return f"alert #{wanted}", alert, wanted
        article = None if (number[1] or "").lower() == "alert" else archive.read_now(lambda tx: reads.about_article(tx, wanted))
        if article is not None and article.article is not None:
            return f"article {wanted}", article, None
    raise click.ClickException(f"there is no {number[1].lower() if number[1] else 'alert or article'} {wanted}")


def _key(target: str) -> str:
    from crawler.urls import canonical_url  # noqa: PLC0415 - only here

    try:
        return canonical_url(target.strip())
    except ValueError as error:
        raise click.UsageError(f"'{target}' is no URL, and no number of an alert or an article: {error}") from None


# ---- for people, and for programs


def _lines(subject: str, said: str, way: tuple[Gate, ...]) -> Iterator[str]:
    """Yield the answer first, then each gate, its lines under its name."""
    from monitor.render.clean import line  # noqa: PLC0415 - only the words for people need it

    cells = max(width(sys.stdout) or 80, _NARROWEST)
    yield line(subject)
    yield from _wrapped(line(said), cells)
    yield ""
    for gate in way:
        for index, sentence in enumerate(gate.said):
            head = f"{_SIGNS[gate.standing.value]} {gate.name}" if index == 0 else ""
            first, *rest = _wrapped(line(sentence), cells - _NAME_CELLS)
            yield f"{head:<{_NAME_CELLS}}{first}"
            yield from (" " * _NAME_CELLS + more for more in rest)


def _wrapped(text: str, cells: int) -> list[str]:
    """Wrap to cells of a terminal, of which a Chinese character takes two; an address stays whole."""
    found = wrap(text, cells, break_long_words=False, break_on_hyphens=False) or [""]
    return [piece for whole in found for piece in ([whole] if whole.isascii() else _cut(whole, cells))]


def _cut(text: str, cells: int) -> Iterator[str]:
    from wcwidth import wcwidth  # noqa: PLC0415 - only here

    kept, used = "", 0
    for character in text:
        wide = max(0, wcwidth(character))
        if used + wide > cells:
            yield kept
            kept, used = "", 0
        kept, used = kept + character, used + wide
    yield kept


def _as_row(subject: str, said: str, way: tuple[Gate, ...], trail: Trail) -> Mapping[str, Any]:
    """Return the answer, the gates, and the rows they were read from."""
    from dataclasses import fields  # noqa: PLC0415 - only here

    facts = {f.name: getattr(trail, f.name) for f in fields(trail)}
    return {
        "subject": subject,
        "answer": said,
        "gates": [{"gate": gate.name, "standing": gate.standing.value, "said": list(gate.said)} for gate in way],
        "facts": {
            name: dict(value) if isinstance(value, Mapping) else [dict(row) for row in value] if value is not None else None
            for name, value in facts.items()
        },
    }
