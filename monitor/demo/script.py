"""What the newsstand shows and when: outlets, articles and changes, read from a YAML file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import cast

from crawler.model import SourceKind
from monitor.config import yaml12
from monitor.errors import ConfigError, Problem

FORMS = ("rss", "rdf", "atom", "json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """One source of an outlet; ``form`` says how a feed is written."""

    kind: SourceKind
    path: str
    form: str = "rss"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """An outlet of the stand. ``charset`` is what it writes, ``declared`` what it says it writes; ``style`` the build of its pages."""

    outlet_id: str
    name: str
    language: str
    country: str
    doors: tuple[Door, ...]
    tier: int = 2
    charset: str = "utf-8"
    declared: str = "utf-8"
    style: str = "plain"
    sections: tuple[str, ...] = ()
    notice: str = ""
    robots: str = "User-agent: *\nDisallow:\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """An article as it is printed; ``at`` in seconds after the stand opens, paragraphs of ``text`` separated by an empty line."""

    article_id: str
    outlet_id: str
    headline: str
    text: str
    at: float = 0.0
    lead: str = ""
    author: str = ""
    section: str = ""

    @property
    def paragraphs(self) -> tuple[str, ...]:
        """The text's paragraphs."""
        return tuple(" ".join(part.split()) for part in self.text.split("\n\n") if part.strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What happens to an article later; empty fields stay as they are."""

    at: float
    article_id: str
    headline: str = ""
    text: str = ""
    is_withdrawn: bool = False

    def apply(self, piece: Piece) -> Piece:
        """Return the article as it is printed from now on."""
        return replace(piece, headline=self.headline or piece.headline, text=self.text or piece.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """The whole play."""

    papers: tuple[Paper, ...]
    pieces: tuple[Piece, ...] = field(default=())
    changes: tuple[Change, ...] = field(default=())


def load(path: Path | None = None) -> Script:
    """Read a script, the shipped one by default; raises ConfigError where it is no script."""
    data = path.read_bytes() if path else resources.files("monitor.demo").joinpath("script.yaml").read_bytes()
    document = yaml12.read(data, file=str(path or "script.yaml"))
    if document.problems:
        raise ConfigError(document.problems)
    try:
        return _script(cast("Mapping[str, Sequence[Mapping[str, object]]]", document.value))
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError([Problem(place=document.file, line=1, column=1, message=f"is no newsstand script: {error!r}")]) from error


def _script(tree: Mapping[str, Sequence[Mapping[str, object]]]) -> Script:
    texts = {str(row["id"]): str(row["text"]) for row in tree["articles"] if "text" in row}
    return Script(
        papers=tuple(_paper(row) for row in tree["outlets"]),
        pieces=tuple(_piece(row, texts) for row in tree["articles"]),
        changes=tuple(
            Change(
                at=_seconds(row["at"]),
                article_id=str(row["article"]),
                headline=str(row.get("headline", "")),
                text=str(row.get("text", "")),
                is_withdrawn=bool(row.get("withdrawn")),
            )
            for row in tree.get("changes", ())
        ),
    )


def _paper(row: Mapping[str, object]) -> Paper:
    doors = cast("Sequence[Mapping[str, object]]", row["sources"])
    known = {name: str(row[name]) for name in ("charset", "declared", "style", "notice", "robots") if name in row}
    tier = row.get("tier", 2)
    assert isinstance(tier, int)
    return Paper(
        outlet_id=str(row["id"]),
        name=str(row["name"]),
        language=str(row["language"]),
        country=str(row.get("country", "")),
        tier=tier,
        sections=tuple(str(name) for name in cast("Sequence[object]", row.get("sections", ()))),
        doors=tuple(
            Door(kind=SourceKind(str(door["kind"])), path=str(door["path"]), form=str(door.get("form", FORMS[0]))) for door in doors
        ),
        **known,
    )


def _piece(row: Mapping[str, object], texts: Mapping[str, str]) -> Piece:
    known = {name: str(row[name]) for name in ("lead", "author", "section") if name in row}
    return Piece(
        article_id=str(row["id"]),
        outlet_id=str(row["outlet"]),
        headline=str(row["headline"]),
        at=_seconds(row.get("at", 0)),
        text=texts[str(row.get("copy_of", row["id"]))],
        **known,
    )


def _seconds(value: object) -> float:
    if not isinstance(value, int | float):
        raise TypeError(f"{value!r} is no number of seconds")
    return float(value)
