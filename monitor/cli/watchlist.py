"""What the command line writes into a person's files of outlets."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from crawler import urls
from monitor.cli.given import Given

if TYPE_CHECKING:
    from monitor.cli.opml import Feed
    from monitor.config.settings import Settings

OWN: Final = "own.yaml"
IMPORTED: Final = "imported.yaml"


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


def blocks_of(feeds: Sequence[Feed], settings: Settings) -> tuple[list[dict[str, Any]], list[str]]:
    """Return blocks for feeds that are not watched yet, one per publication, and what was left out and why."""
    watched = {source.url for outlet in settings.outlets for source in outlet.sources}
    taken = {outlet.outlet_id for outlet in settings.outlets}
    by_home: dict[str, dict[str, Any]] = {}
    left: list[str] = []
    for feed in feeds:
        try:
            home = urls.origin(feed.home)
            urls.parse(feed.url)
            if feed.url in watched:
                left.append(f"{feed.url}: watched already")
                continue
            block = by_home.get(home) or _block(feed, taken)
        except ValueError as error:
            left.append(f"{feed.url}: {error}")
            continue
        by_home[home] = block
        block["sources"].append({"feed": feed.url})
    return list(by_home.values()), left


def _block(feed: Feed, taken: set[str]) -> dict[str, Any]:
    """Return a block without sources, its id not among those taken."""
    wanted = urls.slug(feed.name)
    name_id = free(wanted, taken)
    taken.add(name_id)
    block: dict[str, Any] = {"name": feed.name}
    if name_id != wanted:
        block["id"] = name_id
    block["home"] = urls.origin(feed.home)
    if feed.language:
        block["language"] = feed.language
    return {**block, "tier": 2, "sources": []}


def free(wanted: str, taken: Collection[str]) -> str:
    """Return an id that nobody has."""
    return next(found for number in range(1, 10_000) if (found := wanted if number == 1 else f"{wanted}-{number}") not in taken)
