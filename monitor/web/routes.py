"""Where the pages are, and what each asks and answers: a value from the archive, written as a page or as JSON."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web
from multidict import MultiMapping

from monitor.archive.reads import pages
from monitor.errors import ArchiveError
from monitor.web import acts, charts, search, trying, views
from monitor.web.site import Site
from monitor.web.values import as_json

Route = Callable[[web.Request], Awaitable[web.StreamResponse]]

_ID: Final = r"{id:[1-9]\d{0,17}}"
_MOST_OFFSET: Final = 1_000_000
_STYLE_AGE_S: Final = 86_400


class Pages:
    """The routes of the six pages."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def add_to(self, app: web.Application) -> None:
        """Put every page into an application, each with its JSON beside it."""
        router = app.router
        router.add_get("/style.css", self._style)
        for path, route in (
            ("/", self._today),
            ("/today.json", self._today),
            (f"/stories/{_ID}", self._story),
            (f"/stories/{_ID}.json", self._story),
            (f"/alerts/{_ID}", self._alert),
            (f"/alerts/{_ID}.json", self._alert),
            (r"/themes/{theme:[^/]+?}.json", self._theme),
            (r"/themes/{theme:[^/]+}", self._theme),
            ("/outlets", self._outlets),
            ("/outlets.json", self._outlets),
            ("/search", self._search),
            ("/search.json", self._search),
            ("/rules/try", self._try),
            ("/rules/try.json", self._try),
        ):
            router.add_get(path, _told(route))
        acts.Acts(self._site).add_to(app)

    async def _style(self, _request: web.Request) -> web.Response:
        headers = {"Cache-Control": f"private, max-age={_STYLE_AGE_S}"}
        return web.Response(body=views.style(), content_type="text/css", charset="utf-8", headers=headers)

    async def _today(self, request: web.Request) -> web.Response:
        now = self._site.clock.now()
        value = await self._site.read(lambda tx: pages.today(tx, now))
        return self._answer(request, "today", value, "Today", "/", "today.json")

    async def _story(self, request: web.Request) -> web.Response:
        story_id, offset, now = int(request.match_info["id"]), whole(request.query, "from"), self._site.clock.now()
        value = await self._site.read(lambda tx: pages.story_page(tx, story_id, now, offset=offset))
        if value is None:
            raise web.HTTPNotFound(text=f"there is no story {story_id}\n")
        here = f"stories/{value.story_id}"
        if value.story_id != story_id:
            raise web.HTTPFound(location=f"../{here}" + (".json" if _wants_json(request) else ""))
        json = f"{here}.json" + (f"?from={offset}" if offset else "")
        return self._answer(request, "story", value, value.headline, f"/{here}", json, links=self._site.signatures)

    async def _alert(self, request: web.Request) -> web.Response:
        alert_id, now = int(request.match_info["id"]), self._site.clock.now()
        value = await self._site.read(lambda tx: pages.alert_page(tx, alert_id, now))
        if value is None:
            raise web.HTTPNotFound(text=f"there is no alert {alert_id}\n")
        here = f"alerts/{alert_id}"
        title = f"{value.alert.theme}: {value.alert.reason}"
        return self._answer(request, "alert", value, title, f"/{here}", f"{here}.json", links=self._site.signatures)

    async def _theme(self, request: web.Request) -> web.Response:
        theme_id, now = request.match_info["theme"], self._site.clock.now()
        value = await self._site.read(lambda tx: pages.theme_page(tx, theme_id, now, self._site.timelines))
        if value is None:
            raise web.HTTPNotFound(text="there is no such theme\n")
        bars = [
            charts.Bar(
                name=views.short_day(day.day), parts=charts.parts(day.by_language, value.languages), usual=day.usual, ticks=day.alerts
            )
            for day in value.days
        ]
        here = f"themes/{views.in_path(theme_id)}"
        return self._answer(request, "theme", value, value.label, f"/{here}", f"{here}.json", bars=bars)

    async def _outlets(self, request: web.Request) -> web.Response:
        offset, now = whole(request.query, "from"), self._site.clock.now()
        value = await self._site.read(lambda tx: pages.outlets_page(tx, now, offset=offset))
        json = "outlets.json" + (f"?from={offset}" if offset else "")
        return self._answer(request, "outlets", value, "Outlets", "/outlets", json)

    async def _search(self, request: web.Request) -> web.Response:
        asked = request.query
        wanted = search.Wanted(
            query=asked.get("q", ""),
            outlet=name(asked, "outlet"),
            language=name(asked, "language"),
            day=asked.get("day", ""),
            before=whole(asked, "before") or None,
        )
        rules = self._site.settings().rules
        monotonic = self._site.clock.monotonic
        value = await self._site.read(lambda tx: search.search_page(tx, wanted, rules, monotonic=monotonic))
        json = f"search.json?{views.query(asked)}" if asked else "search.json"
        return self._answer(request, "search", value, wanted.query or "Search", "/search", json)

    async def _try(self, request: web.Request) -> web.Response:
        asked, clock, rules = request.query, self._site.clock, self._site.settings().rules
        query, beside, now = asked.get("q", ""), asked.get("rule", ""), clock.now()
        value = await self._site.read(lambda tx: trying.try_page(tx, query, beside, rules, now, monotonic=clock.monotonic))
        names = [rule.rule_id for theme in rules.themes for rule in theme.rules]
        json = f"rules/try.json?{views.query(asked)}" if asked else "rules/try.json"
        return self._answer(request, "try", value, "Try a rule", "/rules/try", json, rules=names)

    def _answer(self, request: web.Request, name: str, value: object, title: str, path: str, json: str, **more: object) -> web.Response:
        """Write a value as JSON where that was asked for, else as a page."""
        if _wants_json(request):
            return web.Response(text=as_json(value), content_type="application/json")
        frame = self._site.frame(title, path, json=json, has_forms="links" in more)
        return acts.html(views.page(name, value, frame, **more))


def whole(asked: MultiMapping[str], name: str) -> int:
    """Return a number that was asked for; 0 for what is none."""
    said = asked.get(name, "")
    return min(int(said), _MOST_OFFSET if name == "from" else 10**18) if said.isascii() and said.isdigit() and len(said) < 19 else 0


def name(asked: MultiMapping[str], what: str) -> str:
    """Return a name that was asked for; PostgreSQL refuses a NUL, and nothing is named with one."""
    return asked.get(what, "").replace("\0", "")


def _wants_json(request: web.Request) -> bool:
    return request.path.endswith(".json")


def _told(route: Route) -> Route:
    """Say in words what is wrong with the archive, or that the question took too long."""

    async def answered(request: web.Request) -> web.StreamResponse:
        try:
            return await route(request)
        except ArchiveError as error:
            is_late = "interrupted" in str(error) or "statement timeout" in str(error)
            why = "the question took too long; ask for less" if is_late else str(error)
            raise web.HTTPServiceUnavailable(text=f"{why}\n", headers={"Retry-After": "30"}) from error

    return answered
