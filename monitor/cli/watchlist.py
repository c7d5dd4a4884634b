"""What the command line writes into a person's files of outlets."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from crawler import urls
from monitor.cli.given import Given

if TYPE_CHECKING:
    from crawler.opml import Outline
    from monitor.config.settings import Settings

OWN: Final = "own.yaml"
IMPORTED: Final = "imported.yaml"
_SHARED: Final = frozenset({
    "feeds.feedburner.com", "feedproxy.google.com", "feeds2.feedburner.com", "medium.com", "github.com", "www.youtube.com", "www.reddit.com",
    "news.google.com", "huggingface.co", "rsshub.app", "hnrss.org", "rss.arxiv.org",
})  # fmt: skip
"""Hosts of many publications: two feeds there are none of one outlet."""


def add(given: Given, settings: Settings, file: str, blocks: Sequence[Mapping[str, Any]], *, is_dry: bool) -> Path | None:
    """Append blocks to a file of outlets beside the settings; return it, or print it where nothing is to be changed."""
    from monitor.config.edit import Edit  # noqa: PLC0415 - only editors pay

    if settings.config_path is None:
        raise click.ClickException("there are no settings of your own yet; write them first: presswatch init")
    path = settings.config_path.parent / "outlets" / file
    edit = Edit(path)
    for block in blocks:
        edit.append("outlets", block, is_one_line=False)
    if is_dry:
        click.echo(edit.text(), nl=False)
        return None
    path.parent.mkdir(exist_ok=True)
    edit.save(lambda: _must_hold(given.settings(), blocks, path))
    return path


def _must_hold(settings: Settings, blocks: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Refuse to write where the settings do not lead."""
    known = {outlet.outlet_id for outlet in settings.outlets}
    for block in blocks:
        if (block.get("id") or urls.slug(block["name"])) not in known:
            raise click.ClickException(f"'outlets' in {settings.config_path} does not lead to {path}; add it there")


def blocks_of(feeds: Sequence[Outline], settings: Settings) -> tuple[list[dict[str, Any]], list[str]]:
    """Return blocks for feeds that are not watched yet, one per publication, and what was left out and why.

    A publication is known by its home; what its further feeds are called becomes their section.
    """
    from crawler.opml import known_as  # noqa: PLC0415 - lxml is paid for only by commands that read lists

    watched = {known_as(source.url) for outlet in settings.outlets for source in outlet.sources}
    taken = {outlet.outlet_id for outlet in settings.outlets}
    by_home: dict[str, dict[str, Any]] = {}
    left: list[str] = []
    for feed in feeds:
        try:
            url = urls.resolve(feed.url).partition("#")[0]
        except ValueError as error:
            left.append(f"{urls.without_user(feed.url)}: {error}")
            continue
        if known_as(url) in watched:
            left.append(f"{url}: watched already")
            continue
        home = _home(feed.home, url)
        publication = url if urls.host_key(home) in _SHARED else home
        if publication not in by_home:
            by_home[publication] = _block(feed, home, taken)
            if feed.language and "language" not in by_home[publication]:
                left.append(f"the language '{feed.language}' of {url}: it is no tag such as de or zh-Hans")
        block = by_home[publication]
        section = _literal(feed.name).removeprefix(f"{block['name']}: ")
        block["sources"].append({"feed": _literal(url)} | ({"section": section} if section not in {"", block["name"]} else {}))
    return list(by_home.values()), left


def _home(said: str, url: str) -> str:
    """The publication's home: what the list says, with or without https://, else where its feed lies."""
    try:
        return urls.origin(said if "://" in said else f"https://{said}")
    except ValueError:
        return urls.origin(url)


def _block(feed: Outline, home: str, taken: set[str]) -> dict[str, Any]:
    """Return a block without sources, its id not among those taken; a name that makes no id gives way to the host's."""
    from monitor.config import notations  # noqa: PLC0415 - only editors pay

    name = feed.name if any(map(str.isalnum, feed.name)) else urls.host_key(home)
    wanted = urls.slug(name)
    name_id = free(wanted, taken)
    taken.add(name_id)
    block: dict[str, Any] = {"name": _literal(name)}
    if name_id != wanted:
        block["id"] = name_id
    block["home"] = home
    with suppress(notations.Wrong):
        block |= {"language": notations.language(feed.language)} if feed.language else {}
    return {**block, "tier": 2, "sources": []}


def _literal(text: str) -> str:
    """Keep a stranger's text from reading variables of the environment into a URL that is then asked for."""
    return text.replace("${", "$${")


def free(wanted: str, taken: Collection[str]) -> str:
    """Return an id that nobody has."""
    return next(found for number in range(1, 10_000) if (found := wanted if number == 1 else f"{wanted}-{number}") not in taken)
