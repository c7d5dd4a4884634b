"""What was learned of each source, when it is polled next and why then, as ``presswatch outlets plan`` shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from crawler import cadence
from monitor.archive import Tx, reads
from monitor.cli.listing import Column, ago

REASONS: Final[Mapping[str, str]] = {
    "plan": "best for the price",
    "floor": "as often as allowed",
    "window": "before its list runs over",
    "cache": "as its source asks",
    "retry": "failed, tried again",
    "cold": "never polled",
    "dead": "dead for a fortnight",
}
_KEYS: Final = (
    "outlet_id",
    "outlet",
    "kind",
    "url",
    "next_at",
    "plan_reason",
    "last_poll_at",
    "last_new_at",
    "last_status",
    "failures",
    "waiting",
)
_HOURS_KNOWN: Final = 48.0
_WORDS_CELLS: Final = 16


def rows(tx: Tx, source_ids: set[str]) -> list[dict[str, Any]]:
    """Return a row per source, the one polled next first; rates are entries a day, times in seconds."""
    states = {row["source_id"]: row["state"] for row in reads.source_states(tx)}
    found = []
    for row in reads.listing(tx, "v_outlet_health", reads.Filter(limit=None)):
        if row["source_id"] not in source_ids:
            continue
        state = states.get(row["source_id"])
        learned = learned_of(cadence.FeedState.from_json(state)) if state else dict.fromkeys(("per_day", "peak_hour", "window"))
        gap = (row["next_at"] - row["last_poll_at"]).total_seconds() if row["next_at"] and row["last_poll_at"] else None
        found.append({**{key: row[key] for key in _KEYS}, "why": REASONS.get(row["plan_reason"] or "cold", ""), "every_s": gap, **learned})
    return sorted(found, key=lambda row: (row["next_at"] is None, row["next_at"]))


def learned_of(state: cadence.FeedState) -> dict[str, Any]:
    """What the planner knows of a source: entries a day, the busiest hour of its weekdays (its own time), and how many its list holds."""
    workdays = cadence.profile(state)[:24]
    is_known = sum(state.exposure) >= _HOURS_KNOWN and max(workdays) > 1.2 * sum(workdays) / 24
    return {
        "per_day": round(state.rate * 24, 1),
        "peak_hour": workdays.index(max(workdays)) if is_known else None,
        "window": state.window,
    }


def budget_line(found: Sequence[Mapping[str, Any]], per_hour: float) -> str:
    """Say what the plans of all sources cost together."""
    planned = sum(3600.0 / row["every_s"] for row in found if row["every_s"])
    return f"{len(found)} source{'s' if len(found) != 1 else ''}, {planned:,.0f} polls an hour by these plans; the budget is {per_hour:,.0f} (requests_per_hour)"


def columns(now: datetime) -> tuple[Column, ...]:
    """The table: two words a column, so that it fits a terminal."""
    return (
        Column(title="IN", show=lambda row: "now" if row["next_at"] and row["next_at"] <= now else ago(now, row["next_at"] or now)),
        Column(title="WHY", show=lambda row: row["why"], gives_way=True, least=_WORDS_CELLS),
        Column(title="OUTLET", show=lambda row: row["outlet"], gives_way=True, least=_WORDS_CELLS),
        Column(title="LAST", show=lambda row: row["last_status"], gives_way=True, may_go=True),
        Column(title="KIND", show=lambda row: row["kind"], may_go=True),
        Column(title="A DAY", show=lambda row: "" if row["per_day"] is None else f"{row['per_day']:g}", is_number=True),
        Column(title="PEAK", show=lambda row: "" if row["peak_hour"] is None else f"{row['peak_hour']:02}h", may_go=True),
        Column(title="NEWS", show=lambda row: ago(row["last_new_at"], now)),
    )
