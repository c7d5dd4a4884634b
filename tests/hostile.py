"""An archive full of what nobody wants to show: naughty texts in every field, one story with three thousand articles."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import sqlalchemy as sa

from monitor.archive import Tx, writes
from monitor.archive import tables as t
from monitor.archive.columns import clean
from monitor.model import Mark, Mute, Rule, RuleSet, Severity, Theme, Verdicts
from tests.archives import ENTITIES, NOW, RULES, article, entry, findings, list_entries, outlet, settle
from tests.naughty import NAUGHTY

TITLE = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 63
"""Five thousand characters of one German word."""
HAN = "杭州深度求索发布新模型训练成本再降一半开放测试" * 220
SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'><svg onload=alert(3)>"
BIDI = "safe\u202egnp.exe\u202c \u2066txet\u2069 \u200fمرحبا"
BIG = 3_000

HEADLINES = (*NAUGHTY, TITLE, HAN, SCRIPT, BIDI)
THEMES = (
    replace(RULES.themes[0], label=SCRIPT, need=SCRIPT + TITLE),
    replace(RULES.themes[1], label=BIDI, need="\n".join(NAUGHTY)[:3_000]),
    Theme(
        theme_id="wide", label=TITLE, need=HAN, severity=Severity.HIGH,
        rules=(Rule(rule_id="wide/<b>", theme_id="wide", name="<b>", query='"' + TITLE + '" OR ' + "Nordlicht"),),
    ),
)  # fmt: skip
HOSTILE = RuleSet(entities=ENTITIES, themes=THEMES, version="v1")


def furnish_badly(tx: Tx) -> int:
    """Fill an archive; return the id of the story with three thousand articles."""
    papers = [
        replace(outlet(f"paper{n}"), name=name or "x", language="x" * 50 if n == 2 else "zh")
        for n, name in enumerate((SCRIPT, TITLE, BIDI, HAN))
    ]
    writes.put_outlets(tx, papers, NOW)
    writes.put_rules(tx, HOSTILE, NOW)
    for n, headline in enumerate(HEADLINES):
        _one(tx, n, headline)
    last = settle(tx, *list_entries(tx, entry("paper0", "big", title="Nordlicht")), themes=("models", "bergen"), now=NOW)
    _grow(tx, last.article_id, last.story_id)
    for alert in last.alerts:
        writes.put_mark(tx, Mark(alert_id=alert.alert_id or 0, verdict=Verdicts.NOISE, at=NOW))
    writes.put_mute(tx, Mute(scope="story", target=str(last.story_id), until=NOW + timedelta(hours=1), at=NOW))
    writes.put_mute(tx, Mute(scope="outlet", target=SCRIPT, until=NOW + timedelta(hours=1), at=NOW))
    tx.run(sa.update(t.sources).values(last_error=SCRIPT + TITLE, failures=3, last_status="<b>", section=SCRIPT, silent_at=NOW))
    tx.run(sa.update(t.deliveries).values(error=SCRIPT + TITLE, attempts=3))
    return last.story_id


def _one(tx: Tx, number: int, headline: str) -> None:
    """One article with a naughty headline and text, which were others before."""
    listed = list_entries(tx, entry(f"paper{number % 4}", f"piece-{number}", title="x", section=clean(headline)[:200]))[0]
    text = f"Nordlicht {clean(headline)} Nordlicht in Bergen. {SCRIPT} {clean(headline)[:2_000]}"
    language = ("de", "zh", SCRIPT, "x-" + "y" * 200)[number % 4]
    read = replace(
        article(listed, headline=f"before {clean(headline)[:3_000]}", text=f"Nordlicht {SCRIPT} before", language=language),
        agency=clean(headline)[:500] or None,
    )
    put = settle(tx, listed, read=read, themes=("models", "bergen"), now=NOW - timedelta(hours=number % 20))
    later = replace(read, headline=clean(headline), text=text)
    writes.put_article(tx, later, NOW)
    writes.put_findings(tx, put.article_id, findings(later, themes=("models", "bergen")), NOW)


def _grow(tx: Tx, article_id: int, story_id: int) -> None:
    """Copy an article until its story has three thousand, many with a match."""
    row = dict(tx.rows(sa.select(t.articles).where(t.articles.c.article_id == article_id))[0])
    made = [
        {
            **row,
            "article_id": article_id + n,
            "key": f"https://paper{n % 4}.example/big-{n}",
            "url": "javascript:alert(1)" if n % 5 == 0 else None,
            "outlet_id": f"paper{n % 4}" if n % 3 else f"gone-{n // 3 % 150}",
            "headline": HEADLINES[n % len(HEADLINES)] or "x",
            "language": ("de", "zh", "en", "fr", "it", "el", "ja")[n % 7],
            "seen_at": NOW + timedelta(seconds=n),
            "seen_epoch": row["seen_epoch"] + n,
        }
        for n in range(1, BIG)
    ]
    tx.run_many(sa.insert(t.articles), made)
    tx.run_many(
        sa.insert(t.article_texts), [{"article_id": m["article_id"], "text": f"Nordlicht {HAN[: n % 700]}"} for n, m in enumerate(made)]
    )
    counts = {"article_count": BIG, "outlet_count": 154, "language_count": 7, "last_at": NOW + timedelta(seconds=BIG)}
    tx.run(sa.update(t.stories).where(t.stories.c.story_id == story_id).values(counts))
    match = dict(tx.rows(sa.select(t.matches).where(t.matches.c.article_id == article_id).limit(1))[0])
    tx.run_many(
        sa.insert(t.matches),
        [{**{k: v for k, v in match.items() if k != "match_id"}, "article_id": m["article_id"]} for m in made[::3]],
    )
    decision = dict(tx.rows(sa.select(t.decisions).where(t.decisions.c.article_id == article_id).limit(1))[0])
    tx.run_many(
        sa.insert(t.decisions),
        [
            {
                **{k: v for k, v in decision.items() if k != "decision_id"},
                "article_id": m["article_id"],
                "is_alert": False,
                "reason": "already told",
            }
            for m in made[::3]
        ],
    )
