"""What the pages may change: a mark, a mute, a cookie. Opening a link shows what it would do; only a POST does it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import Final
from urllib.parse import parse_qsl

from aiohttp import web

from monitor import links
from monitor.archive import Tx, reads, writes
from monitor.archive.reads import pages
from monitor.clock import Clock
from monitor.links import Act, Standing
from monitor.model import Mark, Mute
from monitor.web import guard, views
from monitor.web.site import Site

_WORDS: Final = {
    Act.USEFUL: ("Was it useful?", "Mark as useful", "Marked as useful."),
    Act.NOISE: ("Was it noise?", "Mark as noise", "Marked as noise."),
    Act.DUPLICATE: ("Was it told before?", "Mark as duplicate", "Marked as duplicate."),
    Act.MUTE: ("Mute this story?", "Mute for 24 hours", "Muted for 24 hours."),
}
_PROMISE: Final = {
    Act.MUTE: "Its story stays silent for 24 hours, whatever comes; other stories are told as ever.",
}
_MARKS: Final = "The mark says how precise the rules are; a later one replaces it."
_PATH: Final = re.compile(r"/alerts/([1-9]\d{0,17})/(mute|useful|noise|duplicate)")
_YEAR_S: Final = 365 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class ActPage:
    """What a link would do, or did."""

    alert_id: int
    act: str
    signature: str
    title: str
    headline: str
    language: str
    theme: str
    said: str
    button: str
    is_done: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPage:
    """The way in."""

    next: str
    is_wrong: bool


def signed(site: Site, request: web.Request) -> Standing | None:
    """Say what the signature of a request is worth; None where its path takes none."""
    found = _PATH.fullmatch(request.path)
    if found is None:
        return None
    return site.standing(Act(found[2]), int(found[1]), request.query.get(links.PARAMETER, ""))


class Acts:
    """The routes that act."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def add_to(self, app: web.Application) -> None:
        """Put them into an application."""
        for act in Act:
            app.router.add_get(rf"/alerts/{{id:[1-9]\d{{0,17}}}}/{act.value}", partial(self._act, act))
            app.router.add_post(rf"/alerts/{{id:[1-9]\d{{0,17}}}}/{act.value}", partial(self._act, act))
        app.router.add_post(guard.ENTRY, self._open)

    async def _act(self, act: Act, request: web.Request) -> web.Response:
        alert_id, signature = int(request.match_info["id"]), request.query.get(links.PARAMETER, "")
        match self._site.standing(act, alert_id, signature):
            case Standing.FORGED:
                raise web.HTTPForbidden(text="this link was not made by this Presswatch; open the alert and use its buttons\n")
            case Standing.EXPIRED:
                raise web.HTTPGone(text="this link has expired; open the alert and use its buttons\n")
            case Standing.GOOD:
                pass
        now = self._site.clock.now()
        found = await self._site.read(lambda tx: pages.alert_page(tx, alert_id, now))
        if found is None:
            raise web.HTTPNotFound(text=f"there is no alert {alert_id}\n")
        is_done = request.method == "POST"
        if is_done:
            await self._site.archive.write(lambda tx: do(tx, act, found, self._site.clock))
        title, button, done = _WORDS[act]
        value = ActPage(
            alert_id=alert_id,
            act=act.value,
            signature=signature,
            title=done.removesuffix(".") if is_done else title,
            headline="".join(part.text for part in found.report.headline) if found.report else "",
            language=found.report.language if found.report else "und",
            theme=found.alert.theme,
            said=done if is_done else _PROMISE.get(act, _MARKS),
            button=button,
            is_done=is_done,
        )
        frame = self._site.frame(value.title, request.path, has_forms=not is_done)
        return html(views.page("act", value, frame, may_look=may_look(self._site, request)))

    async def _open(self, request: web.Request) -> web.Response:
        """Take the token and give a cookie for it."""
        token = self._site.settings().token
        given = await _fields(request)
        said, onward = given.get("token", ""), guard.own_path(given.get("next", "/"))
        if token is None or not guard.is_token(token, said):
            return closed(self._site, onward, is_wrong=token is not None)
        answer = web.Response(status=303, headers={"Location": "." + onward})
        answer.set_cookie(guard.COOKIE, guard.cookie(token), max_age=_YEAR_S, httponly=True, samesite="Lax", secure=is_secure(request))
        return answer


async def _fields(request: web.Request) -> dict[str, str]:
    """Read the form that our own page sends, and no other kind: this is the one body that strangers may send."""
    if request.content_type != "application/x-www-form-urlencoded":
        raise web.HTTPUnsupportedMediaType(text="send the token as the form on the page does\n")
    return dict(parse_qsl((await request.read()).decode("utf-8", "replace")))


def do(tx: Tx, act: Act, found: pages.AlertPage, clock: Clock) -> None:
    """Mute the story, or leave a mark; what was said already is not said again."""
    now, alert = clock.now(), found.alert
    if act.verdict is not None:
        if alert.verdict != act.verdict.value:
            writes.put_mark(tx, Mark(alert_id=alert.alert_id, verdict=act.verdict, at=now))
        return
    until = now + links.MUTE_FOR
    standing = [m for m in reads.mutes(tx, now) if (m.scope, m.target) == ("story", str(found.story_id))]
    if not any(m.until >= until for m in standing):
        writes.put_mute(tx, Mute(scope="story", target=str(found.story_id), until=until, at=now))


def closed(site: Site, onward: str, *, is_wrong: bool = False) -> web.Response:
    """Answer with the way in."""
    here = guard.ENTRY if is_wrong else onward.partition("?")[0]
    frame = site.frame("Closed", here, has_forms=True)
    return html(views.page("token", TokenPage(next=onward, is_wrong=is_wrong), frame), status=401)


def may_look(site: Site, request: web.Request) -> bool:
    """Say whether who asks may see the other pages too."""
    door = site.door
    return door.token is None or guard.knows(door.token, asked(request))


def asked(request: web.Request, *, is_signed: bool = False) -> guard.Asked:
    """Take from a request what decides about it."""
    return guard.Asked(
        method=request.method,
        path=request.path,
        host=request.headers.get("Host", ""),
        origin=request.headers.get("Origin"),
        authorization=request.headers.get("Authorization"),
        cookie=request.cookies.get(guard.COOKIE),
        is_signed=is_signed,
    )


def is_secure(request: web.Request) -> bool:
    """Say whether the browser came over TLS: by the origin that it states."""
    return request.headers.get("Origin", "").startswith("https:")


def html(text: str, *, status: int = 200) -> web.Response:
    """Answer with a page under the policy of pages."""
    headers = {"Content-Security-Policy": guard.PAGE_POLICY}
    return web.Response(body=text.encode("utf-8", "replace"), status=status, content_type="text/html", charset="utf-8", headers=headers)
