"""presswatch alerts: what was said, to whom, why; and what readers say back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import click

from monitor.cli.given import Given, pass_given, shared
from monitor.cli.listing import Column, DurationType, Filters, Show, filters, listing, local
from monitor.errors import ArchiveError

if TYPE_CHECKING:
    from monitor.archive import Tx
    from monitor.archive.reads import Filter, Trail
    from monitor.config.settings import Settings

_FEW: Final = 50
_HEADLINE_CELLS: Final = 26
_MARKS: Final = {"sent": "✓", "dead": "✗", "retry": "…", "pending": "…", "held": "held"}


@click.group("alerts")
def command() -> None:
    """What was said, to whom, why; and what readers say back."""


@command.command("list")
@filters()
@click.option("--failed", is_flag=True, help="Only those a channel never took.")
@listing
@shared
@pass_given
def listed(given: Given, filters: Filters, show: Show, *, failed: bool) -> None:
    """List alerts, the newest first; 50 unless --since or --limit say otherwise."""
    from monitor.archive import reads  # noqa: PLC0415 - the database is paid for only by commands that ask it

    settings = given.settings()
    where = reads.Filter(
        since=filters.since_at(given.clock.now(), settings.timezone),
        themes=filters.themes,
        outlets=filters.outlets,
        languages=filters.languages,
        limit=filters.limit or (None if filters.since else _FEW),
    )
    with given.archive(settings) as archive:
        rows = archive.read_now(lambda tx: _failed(tx, where) if failed else reads.listing(tx, "v_alerts", where))
        told = archive.read_now(lambda tx: reads.listing(tx, "v_deliveries", _around(rows)))
    by_alert: dict[int, list[Mapping[str, Any]]] = {}
    for delivery in told:
        by_alert.setdefault(delivery["alert_id"], []).append(delivery)
    full = [{**row, "deliveries": [_short(d) for d in by_alert.get(row["alert_id"], [])]} for row in rows]
    show(full, _columns(settings.timezone), empty="no alerts yet" if not failed else "nothing failed")


@command.command("show")
@click.argument("alert_id", metavar="ID", type=int)
@listing
@shared
@pass_given
def shown(given: Given, alert_id: int, show: Show) -> None:
    """Show one alert: its article, the spans that prove it, its story, who was told and who was not."""
    settings = given.settings()
    trail = _trail(given, settings, alert_id)
    if not show.is_table:
        show.one(_as_row(trail, alert_id))
        return
    click.echo("\n".join(_lines(trail, alert_id, settings.timezone)))


@command.command("resend")
@click.argument("alert_ids", metavar="[ID]...", type=int, nargs=-1)
@click.option("--failed", is_flag=True, help="Everything a channel never took.")
@click.option("--channel", "channels", multiple=True, metavar="NAME", help="Only over this channel; may be repeated.")
@shared
@pass_given
def resend(given: Given, alert_ids: Sequence[int], channels: Sequence[str], *, failed: bool) -> None:
    """Send alerts once more; a running daemon does it, or the next one."""
    from monitor.archive import reads, writes  # noqa: PLC0415 - the database is paid for only by commands that ask it

    if not alert_ids and not failed:
        raise click.UsageError("name alerts, or use --failed")
    settings = given.settings()
    where = reads.Filter(status=("dead",) if failed else (), channels=channels)
    with given.archive(settings) as archive:
        rows = archive.read_now(lambda tx: reads.listing(tx, "v_deliveries", where))
        chosen = {row["delivery_id"] for row in rows if not alert_ids or row["alert_id"] in alert_ids}
        count = archive.write_now(lambda tx: writes.resend(tx, chosen, given.clock.now())) if chosen else 0
    click.echo(f"{count} message{' is' if count == 1 else 's are'} due again" if count else "nothing to send again", err=True)
    if not count:
        raise click.exceptions.Exit(1)


@command.command("mute")
@click.argument("alert_id", metavar="ID", type=int)
@click.option("--for", "length", type=DurationType(), default="24h", show_default=True, help="How long, such as 24h or 7d.")
@click.option("--scope", type=click.Choice(["story", "theme", "outlet"]), default="story", show_default=True, help="What is muted.")
@shared
@pass_given
def mute(given: Given, alert_id: int, length: timedelta, scope: str) -> None:
    """Silence the story of an alert, its theme or its outlet."""
    from monitor.archive import writes  # noqa: PLC0415 - the database is paid for only by commands that ask it
    from monitor.model import Mute  # noqa: PLC0415 - the same

    settings = given.settings()
    alert = _one(_trail(given, settings, alert_id).alerts, alert_id)
    target = str(alert[f"{scope}_id"])
    now = given.clock.now()
    with given.archive(settings) as archive:
        archive.write_now(lambda tx: writes.put_mute(tx, Mute(scope=scope, target=target, until=now + length, at=now)))
    click.echo(f"{scope} {target} is muted until {local(now + length, settings.timezone)}", err=True)


@command.command("mark")
@click.argument("alert_id", metavar="ID", type=int)
@click.argument("verdict", type=click.Choice(["useful", "noise", "duplicate"]))
@shared
@pass_given
def mark(given: Given, alert_id: int, verdict: str) -> None:
    """Say whether an alert was useful; rules are judged by it."""
    from monitor.archive import writes  # noqa: PLC0415 - the database is paid for only by commands that ask it
    from monitor.model import Mark, Verdicts  # noqa: PLC0415 - the same

    settings = given.settings()
    _trail(given, settings, alert_id)
    said = Mark(alert_id=alert_id, verdict=Verdicts(verdict), at=given.clock.now())
    with given.archive(settings) as archive:
        archive.write_now(lambda tx: writes.put_mark(tx, said))
    click.echo(f"alert {alert_id} is marked {verdict}", err=True)


# ---- reading


def _trail(given: Given, settings: Settings, alert_id: int) -> Trail:
    from monitor.archive import reads  # noqa: PLC0415 - the database is paid for only by commands that ask it

    with given.archive(settings) as archive:
        trail = archive.read_now(lambda tx: reads.about_alert(tx, alert_id))
    if trail is None:
        raise click.ClickException(f"there is no alert {alert_id}")
    return trail


def _one(alerts: Iterable[Mapping[str, Any]], alert_id: int) -> Mapping[str, Any]:
    found = next((alert for alert in alerts if alert["alert_id"] == alert_id), None)
    if found is None:
        raise ArchiveError(f"alert {alert_id} belongs to no story; run: presswatch archive verify")
    return found


def _failed(tx: Tx, where: Filter) -> list[dict[str, Any]]:
    """Return the alerts a channel never took, however many came after them; a digest may have waited a week for its day."""
    from monitor.archive import reads  # noqa: PLC0415 - the database is paid for only by commands that ask it

    dead = reads.listing(tx, "v_deliveries", reads.Filter(status=("dead",)))
    if not dead:
        return []
    numbers, first = {row["alert_id"] for row in dead}, min(row["created_at"] for row in dead) - timedelta(days=8)
    among = replace(where, since=max(where.since or first, first), limit=None)
    return [row for row in reads.listing(tx, "v_alerts", among) if row["alert_id"] in numbers][: where.limit]


def _around(rows: Sequence[Mapping[str, Any]]) -> Any:
    """Return the filter of deliveries that may carry these alerts."""
    from monitor.archive import reads  # noqa: PLC0415 - the database is paid for only by commands that ask it

    times = [row["decided_at"] for row in rows if isinstance(row["decided_at"], datetime)]
    return reads.Filter(since=min(times)) if times else reads.Filter(limit=1)


def _short(delivery: Mapping[str, Any]) -> dict[str, Any]:
    return {key: delivery[key] for key in ("channel", "status", "kind", "sent_at", "attempts", "error")}


# ---- for people


def _columns(timezone: str) -> tuple[Column, ...]:
    return (
        Column(title="ID", show=lambda row: row["alert_id"], is_number=True),
        Column(title="WHEN", show=lambda row: local(row["decided_at"], timezone)),
        Column(title="THEME", show=lambda row: row["theme_id"], gives_way=True),
        Column(title="REASON", show=why, gives_way=True, may_go=True),
        Column(title="OUTLET", show=lambda row: row["outlet"] or row["outlet_id"], gives_way=True, may_go=True),
        Column(title="HEADLINE", show=lambda row: row["headline"], gives_way=True, least=_HEADLINE_CELLS),
        Column(title="SENT TO", show=lambda row: _sent(row["deliveries"]), may_go=True),
    )


def why(row: Mapping[str, Any]) -> str:
    """Return an alert's reason as messages say it: "now in 10 outlets", "first in Chinese"."""
    from monitor.model import Reason, Said  # noqa: PLC0415 - only tables for people say it
    from monitor.render.phrases import reason  # noqa: PLC0415 - the same

    return reason(Said(reason=Reason(row["reason"]), detail=row["detail"]))


def _sent(deliveries: object) -> str:
    rows = deliveries if isinstance(deliveries, list) else []
    return " ".join(f"{row['channel']} {_MARKS.get(row['status'], row['status'])}" for row in rows)


def _lines(trail: Trail, alert_id: int, timezone: str) -> list[str]:
    """Return an alert as a person reads it, the headline first."""
    alert, article = _one(trail.alerts, alert_id), trail.article or {}
    outlet = trail.outlet["name"] if trail.outlet else alert["outlet_id"]
    lines = [
        f"#{alert_id}  {alert['theme_id']} · {why(alert)} · relevance {alert['relevance']}",
        f"  {article.get('headline') or ''}",
        f"  {outlet} · {local(article.get('published_at') or article.get('seen_at'), timezone)} · {alert['language']}",
        f"  {article.get('url') or article.get('key') or ''}",
    ]
    lines += [f"  {match['rule_id']}: {' · '.join(_surfaces(match))}" for match in trail.matches if match["theme_id"] == alert["theme_id"]]
    if len(trail.reports) > 1:
        lines += [f"story {alert['story_id']}: {len(trail.reports)} articles"]
        lines += [f"  {local(r['seen_at'], timezone)}  {r['outlet_id']} ({r['language']}): {r['headline']}" for r in trail.reports]
    lines += [
        f"{d['channel']}: {d['status']} {local(d['sent_at'], timezone)}".rstrip() + (f", {d['error']}" if d["error"] else "")
        for d in trail.deliveries
        if d["alert_id"] == alert_id
    ]
    return lines + [f"{s['subscription_id']}: not told, {s['reason']}" for s in trail.silences if s["alert_id"] == alert_id]


def _surfaces(match: Mapping[str, Any]) -> list[str]:
    return list(dict.fromkeys(span["surface"] for span in _evidence(match)))


def _evidence(match: Mapping[str, Any]) -> list[dict[str, Any]]:
    from monitor.archive.shapes import evidence_of  # noqa: PLC0415 - the database is paid for only by commands that ask it

    return [asdict(span) for span in evidence_of(match["evidence"])]


def _as_row(trail: Trail, alert_id: int) -> dict[str, object]:
    return {
        "alert": dict(_one(trail.alerts, alert_id)),
        "article": dict(trail.article) if trail.article else None,
        "matches": [{**row, "evidence": _evidence(row)} for row in trail.matches],
        "reports": [dict(row) for row in trail.reports],
        "deliveries": [dict(row) for row in trail.deliveries if row["alert_id"] == alert_id],
        "silences": [dict(row) for row in trail.silences if row["alert_id"] == alert_id],
    }
