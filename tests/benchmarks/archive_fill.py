"""Fills an archive to any size in minutes: rows as the straight line writes them, through the real tables, many at a time.

What only serves the next days' stories (prints, fingerprints, features) is written for the last days of a filling alone: of older articles
the straight line has forgotten it as well.
"""

from __future__ import annotations

import random
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from crawler.model import Article, Entry
from monitor.archive import Tx, search
from monitor.archive import tables as t
from monitor.archive.ready import Insert, Make, Ready
from monitor.archive.shapes import alert_row, article_row, day_of, entry_row
from monitor.archive.writes.stories import ALL_ARTICLES, SHINGLE_DAYS, print_row
from monitor.model import Evidence, Feature, Features, Findings, Fingerprint, Match, Mention, Span
from tests.archives import alert, article, entry, outlet

OUTLETS = 200
PER_POLL = 5
WORDS = 450
VOCABULARY = 80_000
BATCH = 2_500
CANDIDATES = 10_000
RECENT = 400
"""So many events are reported at a time."""

TABLES = (
    *(t.polls, t.entries, t.articles, t.article_texts, t.mentions, t.matches, t.stories, t.decisions, t.alerts, t.alert_rules),
    *(t.deliveries, t.delivery_alerts),
)
_CANDIDATES = (t.prints, t.fingerprints, t.features)
_INSERTS = {table.name: Ready(lambda make, table=table: make.insert(table)) for table in (*TABLES, *_CANDIDATES)}  # type: ignore[misc]


def _count(make: Make) -> Insert:
    insert = make.insert(t.feature_df)
    return insert.on_conflict_do_update(index_elements=["feature", "day", "language"], set_={"n": t.feature_df.c.n + insert.excluded.n})


_COUNT = Ready(_count)


class Press:
    """Articles of a Zipf vocabulary; one in four reports an event that others report too, one in five matches a theme."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.words = [self._word() for _ in range(VOCABULARY)]
        weights = [1.0 / (i + 3) for i in range(VOCABULARY)]
        self._stream = self.random.choices(self.words, weights, k=2_000_000)
        self._events: deque[tuple[int, ...]] = deque(maxlen=RECENT)
        self.outlets = [
            outlet(f"Outlet {i}", country=["DE", "FR", "CH", "US", "CN"][i % 5], language=["de", "fr", "en", "zh", "it"][i % 5])
            for i in range(OUTLETS)
        ]

    def _word(self) -> str:
        return "".join(self.random.choices("aeioubdfgklmnprstvwz", k=self.random.randint(3, 11)))

    def text(self) -> str:
        """About 450 words in paragraphs."""
        start = self.random.randrange(len(self._stream) - WORDS)
        words = self._stream[start : start + self.random.randint(WORDS // 2, WORDS * 3 // 2)]
        return "\n".join(" ".join(words[i : i + 90]) for i in range(0, len(words), 90))

    def read(self, listed: Entry) -> tuple[Article, Findings, Fingerprint]:
        """The article of an entry, what the rules find, and its fingerprint."""
        text, r = self.text(), self.random
        matched = r.random() < 0.2
        text = f"Nordlicht {text}" if matched else text
        language = self.outlets[int(listed.outlet_id.rsplit("-", 1)[1])].language
        made = article(listed, text=text, language=language, published_at=listed.published_at, fetched_at=listed.seen_at)
        spot = Evidence(term="@nordlicht", field="body", start=0, end=9, surface="Nordlicht")
        mention = Mention(entity_id="nordlicht", spans=(Span(field="body", start=0, end=9, surface="Nordlicht"),))
        match = Match(rule_id="models/shown", theme_id="models", relevance=r.randint(1, 100), evidence=(spot,))
        findings = Findings(mentions=(mention,) if matched else (), matches=(match,) if matched else (), version="v1")
        return made, findings, self._fingerprint(made.word_count)

    def _fingerprint(self, word_count: int) -> Fingerprint:
        r = self.random
        if self._events and r.random() < 0.25:
            features = r.choice(self._events)
        else:
            features = tuple(r.getrandbits(62) if r.random() < 0.5 else int(r.paretovariate(0.6)) % 40_000 for _ in range(20))
            self._events.append(features)
        shingles = tuple(sorted(r.getrandbits(63) for _ in range(max(word_count // 16, 8))))
        return Fingerprint(
            shingles=shingles,
            features=Features(
                Feature(kind="w", value=f"w{h % 99_999}", in_title=i < 6, hash=h) for i, h in enumerate(dict.fromkeys(features))
            ),
            word_count=word_count,
        )


def named(number: int) -> tuple[str, str]:
    """The outlet and the name of an article: outlets take turns, five articles each."""
    return f"outlet-{number // PER_POLL % OUTLETS}", f"{number // PER_POLL // OUTLETS}-{number % PER_POLL}"


@dataclass(slots=True, kw_only=True)
class _Told:
    """A story while its event is reported."""

    story_id: int
    first_at: datetime
    first_article_id: int
    last_at: datetime
    articles: int = 0
    outlets: set[str] = field(default_factory=set)
    languages: set[str] = field(default_factory=set)
    countries: set[str] = field(default_factory=set)

    def row(self) -> dict[str, Any]:
        return {
            "story_id": self.story_id,
            "first_at": self.first_at,
            "last_at": self.last_at,
            "first_day": day_of(self.first_at),
            "last_day": day_of(self.last_at),
            "first_epoch": int(self.first_at.timestamp()),
            "first_article_id": self.first_article_id,
            "article_count": self.articles,
            "outlet_count": len(self.outlets),
            "language_count": len(self.languages),
            "country_count": len(self.countries),
        }


class _Candidates:
    """What later articles are compared with, gathered and written in the order of the tables: every page once."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Begin anew."""
        self.count = 0
        self._prints: list[dict[str, Any]] = []
        self._hashes: list[tuple[int, int]] = []
        self._features: list[tuple[int, int]] = []
        self._counts: Counter[tuple[int, str, str]] = Counter()

    def add(self, read: Article, article_id: int, prints: Fingerprint) -> None:
        """Keep one article's."""
        self.count += 1
        at = read.fetched_at or read.seen_at
        self._prints.append(print_row(article_id, prints, read))
        self._hashes += [(h, article_id) for h in prints.shingles]
        features = {f.hash for f in prints.features}
        self._features += [(h, article_id) for h in features]
        self._counts.update((h, day_of(at), read.language) for h in (*features, ALL_ARTICLES))

    def write(self, tx: Tx) -> None:
        """Write what was gathered."""
        tx.do_many(_INSERTS["prints"], self._prints)
        tx.do_many(_INSERTS["fingerprints"], [{"hash": h, "article_id": i} for h, i in sorted(self._hashes)])
        tx.do_many(_INSERTS["features"], [{"feature": h, "article_id": i} for h, i in sorted(self._features)])
        counted = [{"feature": h, "day": day, "language": language, "n": n} for (h, day, language), n in sorted(self._counts.items())]
        tx.do_many(_COUNT, counted)
        self.clear()


class Fill:
    """Writes articles number ``first`` to ``last`` of a press that publishes so many a day, beginning at ``start``."""

    def __init__(self, press: Press, *, start: datetime, per_day: int) -> None:
        self._press = press
        self._start = start
        self._per_day = per_day
        self._open: dict[tuple[int, ...], _Told] = {}
        self._candidates = _Candidates()
        self._countries = {o.outlet_id: o.country for o in press.outlets}

    def at(self, number: int) -> datetime:
        """When the article of this number is seen."""
        return self._start + timedelta(days=number / self._per_day)

    def run(self, write: Callable[[Callable[[Tx], None]], None], first: int, last: int, progress: Callable[[int], None]) -> None:
        """Fill in transactions of a thousand articles; the last days' articles also as candidates of stories."""
        window = self.at(last) - timedelta(days=SHINGLE_DAYS)
        for number in range(first, last, BATCH):
            upto, is_recent = min(number + BATCH, last), self.at(number) >= window
            write(lambda tx, a=number, b=upto, r=is_recent: self._batch(tx, range(a, b), is_recent=r))  # type: ignore[misc]
            progress(upto)
        write(lambda tx: self._close(tx, 0))
        write(self._candidates.write)
        write(_settle_sequences)

    def _batch(self, tx: Tx, numbers: Sequence[int], *, is_recent: bool) -> None:
        rows: dict[str, list[dict[str, Any]]] = {table.name: [] for table in TABLES}
        next_ids = {name: _next_id(tx, name) for name in ("polls", "entries", "articles", "stories", "alerts", "deliveries")}
        next_ids["stories"] = max(next_ids["stories"], *(told.story_id + 1 for told in self._open.values()), 0)
        for number in numbers:
            self._article(tx, number, rows, next_ids, is_recent=is_recent)
        for name, made in rows.items():
            tx.do_many(_INSERTS[name], made)
        self._close(tx, RECENT)
        if self._candidates.count >= CANDIDATES:
            self._candidates.write(tx)

    def _article(self, tx: Tx, number: int, rows: dict[str, list[dict[str, Any]]], ids: dict[str, int], *, is_recent: bool) -> None:
        now, (outlet_id, name) = self.at(number), named(number)
        listed = replace(entry(outlet_id, name), published_at=now - timedelta(minutes=4), summary="", seen_at=now)
        read, findings, prints = self._press.read(listed)
        if number % PER_POLL == 0 or not rows["polls"]:
            rows["polls"].append(_poll(_take(ids, "polls"), outlet_id, now))
        article_id, day = _take(ids, "articles"), day_of(listed.published_at or now)
        rows["entries"].append(_entry(listed, _take(ids, "entries"), rows["polls"][-1]["poll_id"], article_id, now))
        told, is_new = self._story(prints, article_id, now, ids)
        told.last_at, told.articles = now, told.articles + 1
        told.outlets.add(outlet_id)
        told.languages.add(read.language)
        told.countries.add(self._countries[outlet_id])
        rows["articles"].append(
            {
                **article_row(read), "article_id": article_id, "archived_at": now, "revision": 1, "rules_version": "v1",
                "entry_id": rows["entries"][-1]["entry_id"], "story_id": told.story_id, "assigned": "new" if is_new else "same event",
            }
        )  # fmt: skip
        rows["article_texts"].append({"article_id": article_id, "text": read.text})
        search.put_index(tx, article_id, 1, read)
        if is_recent:
            self._candidates.add(read, article_id, prints)
        if findings.matches:
            _matched(rows, ids, replace(read, article_id=article_id), findings, told, day, now, is_new=is_new)

    def _story(self, prints: Fingerprint, article_id: int, now: datetime, ids: dict[str, int]) -> tuple[_Told, bool]:
        key = tuple(f.hash for f in prints.features)
        told = self._open.get(key)
        if told is not None:
            return told, False
        made = _Told(story_id=_take(ids, "stories"), first_at=now, first_article_id=article_id, last_at=now)
        self._open[key] = made
        return made, True

    def _close(self, tx: Tx, keep: int) -> None:
        """Write stories whose event is over."""
        over = list(self._open)[: max(len(self._open) - keep, 0)]
        tx.do_many(_INSERTS["stories"], [self._open.pop(key).row() for key in over])


def _next_id(tx: Tx, name: str) -> int:
    table = t.metadata.tables[name]
    (key,) = table.primary_key.columns
    return int(tx.value(sa.select(sa.func.coalesce(sa.func.max(key), 0)))) + 1


def _take(ids: dict[str, int], name: str) -> int:
    ids[name] += 1
    return ids[name] - 1


def _poll(poll_id: int, outlet_id: str, now: datetime) -> dict[str, Any]:
    return {
        "poll_id": poll_id, "source_id": f"{outlet_id}#0", "outlet_id": outlet_id, "at": now, "day": day_of(now), "status": "ok",
        "http_status": 200, "duration_s": 0.3, "size": 40_000, "seen": 25, "new": PER_POLL, "parser": "feed", "is_partial": False,
        "is_truncated": False, "is_overflow": False, "plan_reason": "plan", "next_at": now + timedelta(minutes=5),
    }  # fmt: skip


def _entry(listed: Entry, entry_id: int, poll_id: int, article_id: int, now: datetime) -> dict[str, Any]:
    return {
        **entry_row(listed), "entry_id": entry_id, "poll_id": poll_id, "seen_at": now, "day": day_of(now), "state": "done", "reason": "",
        "tries": 0, "next_at": None, "article_id": article_id, "is_first_pass": False, "finished_at": now,
    }  # fmt: skip


def _matched(
    rows: dict[str, list[dict[str, Any]]],
    ids: dict[str, int],
    read: Article,
    findings: Findings,
    told: _Told,
    day: str,
    now: datetime,
    *,
    is_new: bool,
) -> None:
    """What the rules found in it, the decision, and the alert with its sent message where the story is new."""
    (match,), article_id = findings.matches, read.article_id
    rows["mentions"].append(
        {
            "article_id": article_id, "entity_id": "nordlicht", "day": day, "occurrences": 1, "is_in_title": False,
            "spans": [["body", 0, 9, "Nordlicht"]],
        }
    )  # fmt: skip
    rows["matches"].append(
        {
            "article_id": article_id, "rule_id": match.rule_id, "theme_id": match.theme_id, "day": day, "relevance": match.relevance,
            "is_below": False, "term_count": 1, "snippet": read.text[:240], "evidence": [["@nordlicht", "body", 0, 9, "Nordlicht", None, []]],
            "rules_version": "v1", "matched_at": now,
        }
    )  # fmt: skip
    reason = "first report" if is_new else "already told"
    rows["decisions"].append(
        {
            "theme_id": match.theme_id, "story_id": told.story_id, "article_id": article_id, "reason": reason, "detail": "",
            "reasons": [[reason, ""]], "is_alert": is_new, "decided_at": now, "day": day_of(now),
        }
    )  # fmt: skip
    if not is_new:
        return
    alert_id, delivery_id = _take(ids, "alerts"), _take(ids, "deliveries")
    made = alert(told.story_id, article_id, outlet_id=read.outlet_id, decided_at=now)
    rows["alerts"].append({**alert_row(made), "alert_id": alert_id})
    rows["alert_rules"].append({"alert_id": alert_id, "rule_id": match.rule_id})
    rows["deliveries"].append(
        {
            "delivery_id": delivery_id, "channel": "desk", "subscription_id": "desk-1", "kind": "story", "status": "sent",
            "story_id": told.story_id, "severity": 2, "next_at": now, "created_at": now, "day": day_of(now), "attempts": 1,
            "sent_at": now + timedelta(seconds=2), "delay_s": 2.0, "message_id": f"filled-{delivery_id}",
        }
    )  # fmt: skip
    rows["delivery_alerts"].append({"delivery_id": delivery_id, "alert_id": alert_id, "channel": "desk"})


def _settle_sequences(tx: Tx) -> None:
    """Let PostgreSQL count on from the ids that were given here."""
    if not tx.is_postgres:
        return
    for table in TABLES:
        keys = list(table.primary_key.columns)
        if len(keys) == 1 and keys[0].autoincrement is not False:
            name, key = table.name, keys[0].name
            tx.run(sa.text(f"SELECT setval(pg_get_serial_sequence('{name}', '{key}'), (SELECT max({key}) FROM {name}))"))
