"""Builds the program's values from validated models, each with the place it came from."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping
from urllib.parse import unquote

from crawler import urls
from crawler.model import Outlet, Place, Selectors, Source
from monitor.config import checks, models
from monitor.config.reading import Reading
from monitor.config.secrets import beside
from monitor.config.yaml12 import Document, Path, scalar_text
from monitor.model import Alias, ChannelSettings, Entity, Example, Rule, RuleSet, Severity, Subscription, Theme

_OPTION_PATHS = frozenset({"ca_file"})


def place(document: Document, path: Path, *, key: bool = False) -> Place | None:
    """Return where the value of a path stands, or its key."""
    spot = document.spots.get(path)
    if spot is None:
        return None
    line, column = (spot.key_line, spot.key_column) if key else (spot.line, spot.column)
    return Place(file=document.file, line=line, column=column)


def severity(word: str) -> Severity:
    """Return the severity of a word in a file."""
    return Severity[word.upper()]


# ---- outlets


def outlet(model: models.OutletModel, document: Document, path: Path, reading: Reading) -> Outlet:
    """Build one outlet; doors that are none, and doors named twice, become problems."""
    outlet_id = model.id or urls.slug(model.name)
    sources: list[Source] = []
    for index, door in enumerate(model.sources):
        source = _source(door, outlet_id, document, (*path, "sources", index), reading)
        if source is None:
            continue
        if any(source.source_id == other.source_id for other in sources):
            reading.say(document.at((*path, "sources", index), f"'{source.url}' is named twice for {model.name}", "keep one of them"))
            continue
        sources.append(source)
    if model.proxy and "@" in model.proxy:
        userinfo = model.proxy.partition("://")[2].rpartition("@")[0]
        reading.vault.secrets += [userinfo, *filter(None, (userinfo.partition(":")[2], unquote(userinfo.partition(":")[2])))]
    if model.selectors:
        reading.say(*checks.of_selectors(model.selectors, document, (*path, "selectors")))
    headers = _present(model.headers_file, "headers_file", document, path, reading)
    return Outlet(
        outlet_id=outlet_id,
        name=model.name,
        home=model.home,
        country=model.country,
        language=model.language,
        tier=model.tier,
        paywall=model.paywall,
        is_agency=model.agency,
        sources=tuple(sources),
        poll_every_s=model.poll_every,
        spacing_s=model.spacing,
        articles_per_day=model.articles_per_day,
        allow_networks=model.allow_networks,
        user_agent=model.user_agent,
        verify_tls=model.verify_tls,
        headers_file=headers,
        proxy=model.proxy,
        ca_file=_present(model.ca_file, "ca_file", document, path, reading),
        selectors=Selectors(**model.selectors.model_dump()) if model.selectors else None,
        place=place(document, path),
    )


def _source(model: models.SourceModel, outlet_id: str, document: Document, path: Path, reading: Reading) -> Source | None:
    door = model.door()
    if door is None:
        reading.say(document.at(path, "a source is exactly one of feed, sitemap, listing, json_api", "write - feed: https://…"))
        return None
    kind, url = door
    if model.links is not None and kind is not kind.LISTING:
        reading.say(document.at((*path, "links"), f"links belongs to a listing, this is a {kind.value}", key=True))
    if bool(model.fields) != (kind is kind.JSON_API):
        said = "fields belongs to json_api" if model.fields else "json_api needs fields: article field to path"
        reading.say(document.at((*path, "fields"), said, "fields: {url: …, title: …, published_at: …}", key=True))
    if model.fields:
        reading.say(*checks.of_fields(model.fields, document, (*path, "fields")))
    if model.links is not None:
        reading.say(*checks.of_links(model.links, document, (*path, "links")))
    return Source(
        source_id=urls.source_id(outlet_id, url),
        outlet_id=outlet_id,
        kind=kind,
        url=url,
        section=model.section,
        fields=dict(model.fields),
        link_pattern=model.links,
        place=place(document, path),
    )


def _present(name: str | None, key: str, document: Document, path: Path, reading: Reading) -> str | None:
    """Return the absolute path of a file an outlet names; it must be there when secrets are asked for."""
    if name is None:
        return None
    found = reading.vault.locate(document, name)
    if reading.vault.is_open and not found.is_file():
        reading.say(document.at((*path, key), f"{found}: no such file"))
    elif reading.vault.is_open and key == "headers_file":
        rows = found.read_text(encoding="utf-8", errors="replace").splitlines()
        reading.vault.secrets += [value.strip() for row in rows if (value := row.partition(":")[2]).strip()]
        reading.say(*checks.of_headers(found, document, (*path, key)))
    elif reading.vault.is_open and key == "ca_file":
        reading.say(*checks.of_authorities(found, document, (*path, key)))
    return str(found)


# ---- channels and subscriptions


def channel(model: models.ChannelModel, document: Document, path: Path, reading: Reading) -> ChannelSettings:
    """Build one channel; ``<key>_file`` becomes the secret under ``<key>``."""
    options: dict[str, object] = {}
    places: dict[str, Place] = {}
    for key, value in (model.model_extra or {}).items():
        where = place(document, (*path, key))
        if key.endswith("_file") and key not in _OPTION_PATHS and isinstance(value, str):
            name = key.removesuffix("_file")
            if name in (model.model_extra or {}):
                reading.say(document.at((*path, key), f"'{name}' and '{key}' say the same twice", "keep one of them", key=True))
            options[name] = _option(document, (*path, key), value, reading)
        else:
            name = key
            options[name] = str(beside(document, value)) if key in _OPTION_PATHS and isinstance(value, str) else value
        if where is not None:
            places[name] = places[key] = where
    return ChannelSettings(
        name=model.name,
        kind=model.kind,
        options={key: value for key, value in options.items() if value is not None},
        option_places=places,
        rate_per_minute=model.rate_per_minute,
        place=place(document, path),
    )


def _option(document: Document, path: Path, name: str, reading: Reading) -> str | None:
    """Return what a file holds for an option: a template, which is no secret, else a secret."""
    if path[-1] != "template_file":
        return reading.vault.read(document, path, name)
    found = beside(document, name)
    try:
        return found.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = (error.strerror or str(error)).lower() if isinstance(error, OSError) else "not a text in utf-8"
        reading.say(document.at(path, f"{found}: {reason}", "the layout of a message, see docs/alerts.md"))
        return None


def subscription(model: models.SubscriptionModel, document: Document, path: Path, *, order: int, timezone: str) -> Subscription:
    """Build one subscription; its id is its name, or is made of channel, themes, notices and kind of digest."""
    every = model.digest.every.value if model.digest else "at once"
    print_ = hashlib.sha256(json.dumps([sorted(model.themes), sorted(model.notices), every]).encode()).hexdigest()[:6]
    return Subscription(
        subscription_id=model.name or f"{urls.slug(model.to)}-{print_}",
        channel=model.to,
        themes=model.themes,
        min_severity=severity(model.min_severity),
        min_relevance=model.min_relevance,
        languages=model.languages,
        group_wait_s=model.group_wait,
        quiet_hours=model.quiet_hours,
        digest=model.digest,
        follow_ups=model.follow_ups,
        unusual_volume=model.unusual_volume,
        storm=model.storm,
        timezone=model.timezone or timezone,
        notices=model.notices,
        order=order,
        place=place(document, path),
    )


# ---- rules


def entity(entity_id: str, model: models.EntityModel, document: Document, path: Path) -> Entity:
    """Build one entity."""
    aliases: dict[str, tuple[Alias, ...]] = {}
    for language, names in model.aliases.items():
        base = (*path, "aliases", language)
        aliases[language] = tuple(
            Alias(
                term=name.term,
                near=name.near,
                within=(name.within if name.within is not None else "s") if name.near else None,
                place=_text_place(document, _alias_path(document, base, index)),
            )
            for index, name in enumerate(names)
        )
    return Entity(
        entity_id=entity_id,
        label=model.label,
        kind=model.kind,
        aliases=aliases,
        excluded=model.excluded,
        country=model.country,
        is_salient=model.salient,
        place=place(document, path, key=True),
    )


def _alias_path(document: Document, base: Path, index: int) -> Path:
    item = (*base, index)
    return (*item, "term") if (*item, "term") in document.spots else item if item in document.spots else base


def theme(theme_id: str, model: models.ThemeModel, document: Document, path: Path) -> Theme:
    """Build one theme with its rules and examples."""
    rules = []
    for name, value in model.rules.items():
        at = (*path, "rules", name)
        block = scalar_text(document, at)
        query = block[0] if block else value
        where = Place(file=document.file, line=block[1], column=block[2]) if block else _text_place(document, at)
        rules.append(Rule(rule_id=f"{theme_id}/{name}", theme_id=theme_id, name=name, query=query, place=where))
    examples = [
        Example(
            text=example.text,
            language=example.lang,
            should_match=key == "match",
            title=example.title,
            place=place(document, (*path, "examples", key, index, "text")),
        )
        for key, group in (("match", model.examples.match), ("ignore", model.examples.ignore))
        for index, example in enumerate(group)
    ]
    return Theme(
        theme_id=theme_id,
        label=model.label,
        need=model.need,
        severity=severity(model.severity),
        languages=model.languages,
        min_relevance=model.min_relevance,
        rules=tuple(rules),
        examples=tuple(examples),
        place=place(document, path, key=True),
    )


def _text_place(document: Document, path: Path) -> Place | None:
    """Return where the first character of a text stands, behind its quote."""
    spot = document.spots.get(path)
    return Place(file=document.file, line=spot.line, column=spot.column + bool(spot.style)) if spot else None


def rule_set(entities: Iterable[Entity], themes: Iterable[Theme]) -> RuleSet:
    """Gather what the engine is built from under a digest of it: equal sets have equal versions."""
    known, wanted = tuple(entities), tuple(themes)
    said = json.dumps([_bare([dataclasses.asdict(v) for v in known]), _bare([dataclasses.asdict(v) for v in wanted])], ensure_ascii=False)
    return RuleSet(entities=known, themes=wanted, version=hashlib.sha256(said.encode()).hexdigest()[:16])


def _bare(value: object) -> object:
    """Leave out places and examples, which do not change what is matched."""
    if isinstance(value, Mapping):
        return {key: _bare(inner) for key, inner in value.items() if key not in {"place", "examples"}}
    return [_bare(inner) for inner in value] if isinstance(value, list | tuple) else value
