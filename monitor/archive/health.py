"""Whether an archive is whole: what the database finds wrong with its file, and what contradicts itself in the rows."""

from __future__ import annotations

import time
from collections.abc import Sequence

import sqlalchemy as sa

from monitor.archive.engine import Address, sqlite_module
from monitor.archive.tx import Tx
from monitor.errors import ArchiveError

_SOUND = {
    "articles without their text": "SELECT count(*) FROM articles a WHERE NOT EXISTS (SELECT 1 FROM article_texts x WHERE x.article_id = a.article_id)",
    "texts without an article": "SELECT count(*) FROM article_texts x WHERE NOT EXISTS (SELECT 1 FROM articles a WHERE a.article_id = x.article_id)",
    "articles no rule ever looked at": "SELECT count(*) FROM articles WHERE rules_version IS NULL",
    "articles in no story": "SELECT count(*) FROM articles WHERE story_id IS NULL",
    "articles in a story that was merged away": (
        "SELECT count(*) FROM articles a JOIN stories s ON s.story_id = a.story_id WHERE s.merged_into IS NOT NULL"
    ),
    "entries that are done without an article": "SELECT count(*) FROM entries WHERE state = 'done' AND article_id IS NULL",
    "alerts on a story that is not there": (
        "SELECT count(*) FROM alerts l WHERE NOT EXISTS (SELECT 1 FROM stories s WHERE s.story_id = l.story_id)"
    ),
    "messages that carry nothing": (
        "SELECT count(*) FROM deliveries d WHERE d.kind NOT IN ('notice', 'test') AND NOT EXISTS"
        " (SELECT 1 FROM delivery_alerts c WHERE c.delivery_id = d.delivery_id)"
    ),
    "alerts that a channel carries twice": (
        "SELECT count(*) FROM (SELECT 1 AS one FROM delivery_alerts GROUP BY alert_id, channel HAVING count(*) > 1) twice"
    ),
}


def unsound(tx: Tx) -> list[str]:
    """What contradicts itself in the archive, one line each."""
    counts = {what: int(tx.value(sa.text(query))) for what, query in _SOUND.items()}
    problems = [f"{n} {what}" for what, n in counts.items() if n]
    if not tx.is_postgres:
        broken = tx.rows(sa.text("PRAGMA foreign_key_check"))
        problems += [f"{len(broken)} rows that refer to nothing"] if broken else []
    return problems


def damage(where: Address, pragma: str, *, budget_s: float | None = None) -> list[str]:
    """What SQLite itself finds wrong with its file; nothing where the time is up before it is through."""
    if not where.is_sqlite:
        return []
    module = sqlite_module()
    connection = module.connect(str(where.path))
    try:
        if budget_s is not None:
            end = time.monotonic() + budget_s
            connection.set_progress_handler(lambda: int(time.monotonic() > end), 10_000)
        lines = [str(row[0]) for row in connection.execute(pragma)]
    except module.DatabaseError as error:
        return [] if "interrupted" in str(error) else [str(error)]
    finally:
        connection.close()
    return [] if lines == ["ok"] else lines


def check_file(where: Address, *, budget_s: float) -> None:
    """Refuse a damaged SQLite file at the start, as far as it can be read through in the time given."""
    found = damage(where, "PRAGMA quick_check(3)", budget_s=budget_s)
    if found:
        raise broken(where, found)


def broken(where: Address, found: Sequence[str]) -> ArchiveError:
    """What is said of a damaged archive, with the way out."""
    lines = "; ".join(" ".join(line.split()) for line in found)[:300]
    return ArchiveError(
        f"the archive {where.shown} is damaged ({lines}); nothing was changed. Restore the last backup: presswatch db restore FILE"
    )
