"""How the outlets a person watches differ from the shipped ones: what an upgrade brings to those who wrote their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from crawler.model import Outlet, Source

Row = Mapping[str, Any]

_KEYS: Final[Mapping[str, str]] = {
    "name": "name",
    "home": "home",
    "country": "country",
    "language": "language",
    "tier": "tier",
    "paywall": "paywall",
    "agency": "is_agency",
    "poll_every": "poll_every_s",
    "spacing": "spacing_s",
    "articles_per_day": "articles_per_day",
    "allow_networks": "allow_networks",
    "user_agent": "user_agent",
    "verify_tls": "verify_tls",
    "headers_file": "headers_file",
    "proxy": "proxy",
    "ca_file": "ca_file",
    "selectors": "selectors",
}
"""Keys of a block in outlets/*.yaml and the attributes they set."""


def differences(shipped: Sequence[Outlet], watched: Sequence[Outlet]) -> Iterator[Row]:
    """Yield one row per difference: ``state`` is overridden, copied (an override that changes nothing), left out, own or twice.

    ``twice`` is a door that a shipped outlet and one of another id both poll.
    """
    ours = {outlet.outlet_id: outlet for outlet in watched}
    known = {outlet.outlet_id: outlet for outlet in shipped}
    doors = {source.url: outlet for outlet in shipped if outlet.outlet_id in ours for source in outlet.sources}
    for outlet_id, one in known.items():
        mine = ours.get(outlet_id)
        if mine is None:
            yield _row(one, "left out", shipped=one.home, place=None, shipped_place=one.place)
        elif mine.place != one.place:
            yield from _overridden(one, mine)
    for mine in watched:
        if mine.outlet_id in known:
            continue
        yield _row(mine, "own", yours=mine.home, place=mine.place)
        for source in mine.sources:
            if source.url in doors:
                other = doors[source.url]
                yield _row(mine, "twice", "source", shipped=f"{other.outlet_id}: {source.url}", yours=source.url, place=source.place)


def _overridden(shipped: Outlet, mine: Outlet) -> Iterator[Row]:
    changes = [*_changed_keys(shipped, mine), *_changed_doors(shipped, mine)]
    if not changes:
        yield _row(mine, "copied", place=mine.place, shipped_place=shipped.place)
    for key, theirs, yours in changes:
        yield _row(mine, "overridden", key, shipped=theirs, yours=yours, place=mine.place, shipped_place=shipped.place)


def _changed_keys(shipped: Outlet, mine: Outlet) -> Iterator[tuple[str, object, object]]:
    for key, name in _KEYS.items():
        theirs, yours = getattr(shipped, name), getattr(mine, name)
        if theirs != yours:
            yield key, theirs, yours


def _changed_doors(shipped: Outlet, mine: Outlet) -> Iterator[tuple[str, object, object]]:
    theirs, yours = ({source.url: _door(source) for source in outlet.sources} for outlet in (shipped, mine))
    for url in dict.fromkeys((*theirs, *yours)):
        if theirs.get(url) != yours.get(url):
            yield "source", theirs.get(url), yours.get(url)


def _door(source: Source) -> str:
    """Return all that tells one door from another, as a person would write it."""
    more = {"section": source.section, "links": source.link_pattern, "fields": dict(source.fields) or None}
    return ", ".join([f"{source.kind.value}: {source.url}", *(f"{key}: {value}" for key, value in more.items() if value)])


def _row(
    outlet: Outlet,
    state: str,
    key: str = "",
    *,
    shipped: object = None,
    yours: object = None,
    place: object = None,
    shipped_place: object = None,
) -> Row:
    return {
        "outlet_id": outlet.outlet_id,
        "outlet": outlet.name,
        "state": state,
        "key": key,
        "shipped": _text(shipped),
        "yours": _text(yours),
        "place": str(place or ""),
        "shipped_place": str(shipped_place or ""),
    }


def _text(value: object) -> str | None:
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return None if value is None else str(value)
