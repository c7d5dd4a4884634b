"""What a source says of one article while it is being read, and how that becomes an entry."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from crawler.clean import clean_text, one_line
from crawler.model import Entry, Outlet, Source
from crawler.sources.dates import parse_date
from crawler.sources.document import Repairs
from crawler.urls import canonical_url, entry_key, resolve

TITLE_MAX, SUMMARY_MAX, TEXT_MAX, NAME_MAX, LIST_MAX = 1_000, 20_000, 400_000, 200, 50
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,4}")
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_FUTURE = timedelta(days=1)


@dataclass(slots=True)
class Draft:
    """One listed article as it is collected; ``links``, ``published`` and ``modified`` are kept by rank, the lowest counts; the spare title and summary and the
    picture within the text where there is no other.
    """

    links: dict[int, str] = field(default_factory=dict)
    base: str | None = None
    guid: str | None = None
    title: str = ""
    spare_title: str = ""
    summary: str = ""
    spare_summary: str = ""
    text: str = ""
    published: dict[int, str] = field(default_factory=dict)
    modified: dict[int, str] = field(default_factory=dict)
    language: str | None = None
    authors: list[str] = field(default_factory=list)
    section: str | None = None
    tags: list[str] = field(default_factory=list)
    image: str | None = None
    picture: str | None = None


@dataclass(slots=True, kw_only=True)
class Reading:
    """One reading of one body: where it came from, what was mended, and what the dates say of the outlet's zone."""

    source: Source
    outlet: Outlet
    base: str
    now: datetime
    language: str | None = None  # what the answer's headers say
    repairs: Repairs = field(default_factory=Repairs)
    offsets: Counter[int] = field(default_factory=Counter)

    @property
    def tz_offset_s(self) -> int | None:
        """The zone most dates were written in, None where all were in UTC, which says nothing."""
        common = self.offsets.most_common(1)
        return common[0][0] if common else None

    def entries(self, drafts: Iterable[Draft]) -> tuple[Entry, ...]:
        """Finish the drafts in order; of several with one identity the first is kept."""
        found: dict[str, Entry] = {}
        for draft in drafts:
            entry = self._entry(draft)
            while entry and entry.key in found and len(draft.links) > 1 and found[entry.key].guid != entry.guid:
                del draft.links[min(draft.links)]  # every item links to one page, but its guid is a link of its own
                entry = self._entry(draft)
            if entry and not entry.url and entry.key in found and found[entry.key].title != entry.title:
                entry = replace(entry, key=self._key_of_words(entry))  # one guid for everything is none
            if entry is None:
                self.repairs.note("items that say nothing left out")
            elif found.setdefault(entry.key, entry) is not entry:
                self.repairs.note("items listed twice")
        return tuple(found.values())

    def _key_of_words(self, entry: Entry) -> str:
        return entry_key(
            url=None, guid=None, title=entry.title or entry.summary, published_at=entry.published_at, outlet_id=self.source.outlet_id
        )

    def _entry(self, draft: Draft) -> Entry | None:
        url, refused = self._link(draft)
        guid = self._guid(draft) if draft.guid else None
        title = (draft.title or draft.spare_title)[:TITLE_MAX]
        summary = (draft.summary or draft.spare_summary)[:SUMMARY_MAX]
        if not (url or refused or guid or title or summary or draft.text or _says_anything(draft)):
            return None
        published = self._time(draft.published) if draft.published else None
        modified = self._time(draft.modified) if draft.modified else None
        source = self.source
        key = url or entry_key(url=refused, guid=guid, title=title or summary, published_at=published, outlet_id=source.outlet_id)
        return Entry(
            key=key,
            url=url or refused,
            outlet_id=source.outlet_id,
            source_id=source.source_id,
            title=title,
            summary=summary,
            text=draft.text[:TEXT_MAX],
            guid=guid,
            published_at=published or modified,
            modified_at=modified,
            language=language_tag(draft.language) if draft.language else None,
            authors=tuple(dict.fromkeys(draft.authors[:LIST_MAX])) if draft.authors else (),
            section=source.section or draft.section,
            tags=tuple(dict.fromkeys(draft.tags[:LIST_MAX])) if draft.tags else (),
            image_url=self._image(draft),
        )

    def _link(self, draft: Draft) -> tuple[str | None, str | None]:
        """The canonical link; else one that may not be fetched, as it was written, for the guard to refuse by name.

        A link to a site's front page is taken only where there is no other: some feeds put the article's into the guid.
        """
        front = refused = None
        base = draft.base or self.base
        for rank in sorted(draft.links) if len(draft.links) > 1 else draft.links:
            link = draft.links[rank]
            try:
                url = canonical_url(link, base)
            except ValueError as error:
                refused = refused or clean_text(link).strip()[:TITLE_MAX]
                self.repairs.note(f"links kept though the URL {error}")
                continue
            if url.count("/") > 3 or not url.endswith("/"):
                return url, None
            front = front or url
        return front, None if front else refused

    def _guid(self, draft: Draft) -> str | None:
        """The guid; one that is a path is resolved, as Atom's may be."""
        guid = one_line(draft.guid or "")[:TITLE_MAX]
        if guid.startswith("/") or (draft.base and "/" in guid and ":" not in guid):
            try:
                return resolve(guid, draft.base or self.base)
            except ValueError:
                return guid
        return guid or None

    def _image(self, draft: Draft) -> str | None:
        image = draft.image or draft.picture
        if not image:
            return None
        try:
            return resolve(image, draft.base or self.base)
        except ValueError:
            return None

    def _time(self, written: Mapping[int, str]) -> datetime | None:
        """The first date that can be read and believed, in UTC."""
        for rank in sorted(written) if len(written) > 1 else written:
            at = parse_date(written[rank], country=self.outlet.country)
            if at is None:
                self.repairs.note("dates that cannot be read")
                continue
            offset = at.utcoffset()
            if offset:
                self.offsets[int(offset.total_seconds())] += 1
            if _EARLIEST <= at <= self.now + _FUTURE:
                return at.astimezone(UTC)
            self.repairs.note("dates before 1990 or in the future ignored")
        return None


def language_tag(written: str | None) -> str | None:
    """Return a language as BCP 47 writes it, None where what was written is none."""
    tag = (written or "").strip().partition(",")[0].replace("_", "-")
    return tag if _LANGUAGE.fullmatch(tag) else None


def _says_anything(draft: Draft) -> bool:
    """Whether an item without link, guid and words still tells a date, a name, a tag or a picture."""
    return bool(draft.published or draft.modified or draft.authors or draft.tags or draft.image or draft.picture)
