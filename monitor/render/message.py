"""One delivery as one message in a channel's format, fitted to its length: the headline first, what proves it, then who else and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from monitor.model import Brief, DeliveryKind, Message, MessageFormat, Severity, StoryBrief
from monitor.render import payload, phrases
from monitor.render.clean import cut, length, line, shown
from monitor.render.escape import fill
from monitor.render.template import filled
from monitor.render.views import STEPS, Detail, acts_of, headline, link, page_of, ranked, view

BUDGET = 1_000
"""Every alert fits into this many characters: the strictest chats cut there."""

_TITLE = 200
_SHORTEST_HEADLINE = 40
_STORM_STORIES = 10
_DIGEST_SNIPPET = 160
_LEAST_STORY = 60
_SHORT = replace(STEPS[-1], headline=120)


def message(brief: Brief, form: MessageFormat, limit: int = BUDGET, template: str | None = None) -> Message:
    """Write what a delivery has to say; ``limit`` counts characters of the body, 0 is none. Alerts keep to 1,000 whatever the limit.

    ``template`` is a person's own layout of a message on one story, in the format asked for.
    """
    plan = _plan(brief, form, template)
    text = plan.write(MessageFormat.TEXT, limit)
    alerts = [a for s in brief.stories for a in s.alerts]
    written = Message(
        message_id=message_id(brief),
        format=form,
        title=cut(line(plan.title), _TITLE),
        lead=plan.lead,
        body=text,
        text=text,
        thread=f"story-{brief.delivery.story_id}" if brief.delivery.story_id is not None else None,
        themes=tuple(dict.fromkeys(a.theme_id for a in alerts)),
        severity=max((a.severity for a in alerts), default=brief.delivery.severity if not brief.notice else Severity.NORMAL),
        footer=_footer(brief),
        url=plan.url,
        kind=brief.delivery.kind,
        at=max(brief.delivery.created_at, brief.delivery.due_at),
    )
    if form is MessageFormat.JSON:
        said = payload.payload(brief, written)
        return replace(written, payload=said, body=payload.encoded(said))
    return written if form is MessageFormat.TEXT else replace(written, body=plan.write(form, limit))


def message_id(brief: Brief) -> str:
    """Return the id that stays over retries, and is the same for what is sent twice."""
    return brief.delivery.message_id or f"delivery-{brief.delivery.delivery_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What kind of message it is: its subject, its first line of plain text, where it links to, and how its body is written."""

    title: str
    lead: str
    write: Callable[[MessageFormat, int], str]
    url: str | None = None


def _plan(brief: Brief, form: MessageFormat, template: str | None) -> _Plan:
    kind = brief.delivery.kind
    if kind is DeliveryKind.NOTICE or brief.notice is not None:
        return _notice(brief)
    if kind is DeliveryKind.TEST:
        return _test(brief)
    if kind is DeliveryKind.DIGEST:
        return _digest(brief)
    if kind is DeliveryKind.STORM:
        return _storm(brief)
    if len(brief.stories) != 1:
        return _group(brief)
    return _story(brief, brief.stories[0], {form: template} if template else {})


# ---- one story


def _story(brief: Brief, story: StoryBrief, own: Mapping[MessageFormat, str]) -> _Plan:
    page, acts = page_of(brief, story), acts_of(brief, story)
    zone, year = ZoneInfo(brief.timezone), _year(brief)

    def write(form: MessageFormat, limit: int) -> str:
        most = min(limit or BUDGET, BUDGET)
        body = ""
        for detail in _shrinking(story):
            shown_story = view(story, detail, zone=zone, year=year, page=page, acts=acts)
            body = filled(own[form], shown_story, form) if form in own else fill("story", form, {"story": shown_story})
            if length(body) <= most:
                return body
        return body  # an address longer than the budget: the link is worth more than the limit

    title = f"[{_themes(brief)}] {line(story.outlet_name)}: {line(story.article.headline) or headline(story)}"
    return _Plan(title=title, lead=headline(story), write=write, url=page or link(story))


def _shrinking(story: StoryBrief) -> Iterator[Detail]:
    """Yield less and less detail, then shorter and shorter headlines."""
    yield from STEPS
    size = min(STEPS[-1].headline, len(story.article.headline))
    while size > _SHORTEST_HEADLINE:
        size = max(_SHORTEST_HEADLINE, int(size * 0.8))
        yield replace(STEPS[-1], headline=size)


# ---- several stories


def _group(brief: Brief) -> _Plan:
    heading = f"{_themes(brief)}: {phrases.count(len(brief.stories), 'story', 'stories')}"
    title = f"[{_themes(brief)}] {phrases.count(len(brief.stories), 'story', 'stories')}"
    if brief.stories:
        title += f": {line(brief.stories[0].article.headline)}"
    return _listed(brief, brief.stories, title=title, heading=heading, notes=(), most=BUDGET)


def _digest(brief: Brief) -> _Plan:
    zone = ZoneInfo(brief.timezone)
    stories = ranked(brief.stories)
    total = phrases.count(len(stories), "story", "stories") if stories else "no new stories"
    articles = sum(1 + len(s.also) for s in stories)
    languages = {s.article.language for s in stories} | {r.language for s in stories for r in s.also}
    heading = f"{_themes(brief)}: {total}"
    if stories:
        heading += f" from {phrases.count(articles, 'article')} in {phrases.count(len(languages), 'language')}"
    if brief.since and brief.until:
        heading += f", {phrases.span(brief.since, brief.until, zone)}"
    silent = f"Silent: {', '.join(line(s) for s in brief.silent_sources)}." if brief.silent_sources else ""
    dropped = f"Dropped: {'; '.join(line(d) for d in brief.dropped)}." if brief.dropped else "Nothing was dropped."
    day = phrases.day(brief.until or brief.delivery.due_at, zone)
    return _listed(
        brief, stories, title=f"[{_themes(brief)}] {total}, {day}", heading=heading, notes=(f"{silent} {dropped}".strip(),), most=0
    )


def _storm(brief: Brief) -> _Plan:
    stories = ranked(brief.stories)
    total = max(brief.total, len(brief.delivery.alert_ids), sum(len(s.alerts) for s in stories))
    heading = phrases.count(total, "alert")
    if brief.since and brief.until:
        heading += f" in {phrases.count(max(1, round((brief.until - brief.since).total_seconds() / 60)), 'minute')}"
    top = stories[:_STORM_STORIES]
    title = f"[{_themes(brief)}] {heading}"
    return _listed(brief, top, title=title, heading=f"{heading}, the strongest first:", notes=(), most=0, total=total, short=True)


def _listed(
    brief: Brief,
    stories: Sequence[StoryBrief],
    *,
    title: str,
    heading: str,
    notes: tuple[str, ...],
    most: int,
    total: int = 0,
    short: bool = False,
) -> _Plan:
    """Plan a list of stories; what does not fit loses detail first, then the last stories, and then it says how many and where they are.

    A ``short`` list counts alerts and tells each story in its headline and themes alone.
    """
    zone, year = ZoneInfo(brief.timezone), _year(brief)
    total = max(total, len(stories))

    def fitted(form: MessageFormat, shown_count: int, detail: Detail) -> str:
        views = [
            view(s, detail, zone=zone, year=year, page=page_of(brief, s), acts=acts_of(brief, s) if form is MessageFormat.HTML else ())
            for s in stories[:shown_count]
        ]
        more = total - (sum(len(s.alerts) for s in stories[:shown_count]) if short else shown_count)
        tail = (f"+{more} more: presswatch alerts list --since {_since(brief, zone)}",) if more > 0 else ()
        values: dict[str, object] = {"heading": shown(heading), "stories": views, "notes": [shown(n) for n in (*tail, *notes)]}
        return fill("list", form, values)

    def write(form: MessageFormat, limit: int) -> str:
        room = min(most, limit) if most and limit else most or limit
        if room and len(stories) > room // _LEAST_STORY:
            return _fewer(lambda n: fitted(form, n, _SHORT), room // _LEAST_STORY, room)
        details = [replace(d, snippet=min(d.snippet, _DIGEST_SNIPPET)) for d in (STEPS[4:] if short else STEPS)]
        for detail in details:
            body = fitted(form, len(stories), detail)
            if not room or length(body) <= room:
                return body
        return _fewer(lambda n: fitted(form, n, _SHORT), len(stories), room)

    return _Plan(title=title, lead=shown(heading), write=write, url=page_of(brief, stories[0]) if len(stories) == 1 else None)


def _fewer(write: Callable[[int], str], count: int, room: int) -> str:
    """Return the body with as many stories as fit, at least one, by bisection."""
    low, high = 1, max(count, 1)
    while low < high:
        middle = (low + high + 1) // 2
        if length(write(middle)) <= room:
            low = middle
        else:
            high = middle - 1
    return write(low)


# ---- no story


def _notice(brief: Brief) -> _Plan:
    notice = brief.notice
    assert notice is not None
    what = f"{line(notice.subject)}: {line(notice.kind)}" + (" is over" if notice.is_recovery else "")
    at = phrases.moment(notice.at, ZoneInfo(brief.timezone), year=_year(brief))
    return _noted(title=f"[Presswatch] {what}", heading=f"Presswatch: {what}", rows=(line(notice.text), at))


def _test(brief: Brief) -> _Plan:
    themes = brief.subscription.themes if brief.subscription else ()
    coming = "alerts of every theme" if "*" in themes else f"alerts of {', '.join(line(t) for t in themes)}" if themes else "alerts"
    return _noted(
        title="[Presswatch] Test message",
        heading="Presswatch: test message",
        rows=(f"This channel works; {coming} will arrive here.",),
    )


def _noted(*, title: str, heading: str, rows: tuple[str, ...]) -> _Plan:
    def write(form: MessageFormat, limit: int) -> str:
        most = min(limit or BUDGET, BUDGET)
        for size in (700, 350, 120, 40):
            body = fill("note", form, {"heading": shown(cut(heading, size)), "rows": [shown(cut(r, size)) for r in rows]})
            if length(body) <= most:
                break
        return body

    return _Plan(title=title, lead=shown(cut(heading, _TITLE)), write=write)


# ---- what several kinds say


def _themes(brief: Brief) -> str:
    """Name the theme a message is about; a message on many says how many."""
    names = list(dict.fromkeys(line(a.theme_id) for s in brief.stories for a in s.alerts))
    if not names and brief.subscription:
        names = [line(t) for t in brief.subscription.themes if t != "*"]
    if not names:
        return "Presswatch"
    if len(names) > 2 and brief.delivery.kind is not DeliveryKind.STORY:
        return f"{len(names)} themes"
    return ", ".join(names[:2]) + (f" +{len(names) - 2}" if len(names) > 2 else "")


def _footer(brief: Brief) -> str:
    """Say which subscription and line sent this, and how to mute it."""
    wish = brief.subscription
    lines = []
    if wish is not None:
        themes = "every theme" if "*" in wish.themes else ", ".join(line(t) for t in wish.themes) or "notices"
        where = f" ({wish.place})" if wish.place else ""
        lines.append(f"You get this because {line(wish.channel)} subscribes to {themes}{where}.")
    number = next((a.alert_id for s in brief.stories for a in s.alerts if a.alert_id is not None), None)
    if number is not None and len(brief.stories) == 1 and not acts_of(brief, brief.stories[0]):
        lines.append(f"Mute this story for 24 h: presswatch alerts mute {number} --for 24h")
    return "\n".join(lines)


def _year(brief: Brief) -> int:
    return _local(brief, brief.delivery.created_at).year


def _local(brief: Brief, at: datetime) -> datetime:
    return at.astimezone(ZoneInfo(brief.timezone))


def _since(brief: Brief, zone: ZoneInfo) -> str:
    return phrases.iso_day(brief.since or brief.delivery.created_at, zone)
