"""What an outlet asks of its readers: robots.txt, Retry-After, back-off and text-and-data-mining reservations, as pure decisions."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache, partial
from http import HTTPStatus
from urllib.parse import urljoin

from protego import Protego

from crawler.model import TdmPolicy
from crawler.ports import RobotsCopy
from crawler.urls import parse

ROBOTS_MAX_BYTES = 500 * 1024
ROBOTS_KEPT = timedelta(hours=24)
ROBOTS_RETRY = timedelta(seconds=30)  # polls are paced already; a host that is back should not wait for its robots.txt
CRAWL_DELAY_MAX_S = 60.0
HOLD_BASE_S = 15 * 60.0
HOLD_MAX_S = 24 * 3600.0
PENALTY_MAX = 16.0
PENALTY_DECAY = timedelta(hours=24)
TDM_PATH = "/.well-known/tdmrep.json"

_AGENT_LINE = re.compile(r"^(\s*user[- ]?agent\s*[:\s]\s*)([^#]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotsDecision:
    """Whether robots.txt lets us fetch a URL; ``reason`` is stored with the page as proof, ``crawl_delay_s`` is capped."""

    is_allowed: bool
    reason: str
    crawl_delay_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tdm:
    """A reservation of text and data mining: ``is_reserved`` None where nothing was said; ``where`` is meta, header or file."""

    is_reserved: bool | None = None
    where: str = ""
    policy_url: str | None = None

    def __str__(self) -> str:
        if self.is_reserved is None:
            return "no statement"
        said = f"{'reserved' if self.is_reserved else 'not reserved'} by {self.where}"
        return f"{said}, {self.policy_url}" if self.policy_url else said


@dataclass(frozen=True, slots=True, kw_only=True)
class TdmRule:
    """One line of tdmrep.json: a path pattern as in robots.txt, and what it reserves."""

    location: str
    is_reserved: bool
    policy_url: str | None = None


def robots_url(origin: str) -> str:
    """Where the robots.txt of ``scheme://host[:port]`` lies."""
    return f"{origin}/robots.txt"


def robots_copy(
    origin: str, *, status: int | None, body: bytes, now: datetime, last: RobotsCopy | None = None, error: str | None = None
) -> RobotsCopy:
    """Turn an answer (``status`` None: none came) into the copy to keep.

    RFC 9309, 2.3.1: success is read up to 500 KiB; 4xx and unresolved redirects mean there are no rules; 5xx and silence mean that nothing
    may be fetched, save that the last good copy serves on for 24 h. 429 counts as 5xx: an outlet that is overrun has not said yes.
    """
    if status is not None and HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        text = body[:ROBOTS_MAX_BYTES].decode("utf-8", "replace").removeprefix("\ufeff").replace("\x00", "")
        return RobotsCopy(host=origin, state="ok", body=text, fetched_at=now, good_at=now)
    is_client_error = status is not None and status < HTTPStatus.INTERNAL_SERVER_ERROR
    if is_client_error and status != HTTPStatus.TOO_MANY_REQUESTS:
        return RobotsCopy(host=origin, state="absent", body="", fetched_at=now, good_at=now, error=f"answered {status}")
    error = error or (f"answered {status}" if status is not None else "did not answer")
    if last is None:
        return RobotsCopy(host=origin, state="unreachable", body="", fetched_at=now, error=error)
    return replace(last, state="unreachable", fetched_at=now, error=error)


def is_stale(copy: RobotsCopy | None, now: datetime) -> bool:
    """Whether robots.txt is to be fetched (again) before anything else of its host."""
    if copy is None:
        return True
    kept = ROBOTS_RETRY if copy.state == "unreachable" else ROBOTS_KEPT
    return not timedelta(0) <= now - copy.fetched_at < kept


def robots_decision(copy: RobotsCopy | None, url: str, agent: str, now: datetime) -> RobotsDecision:
    """Decide by a kept copy whether ``agent`` (a User-Agent header or product token) may fetch ``url``."""
    if copy is None:
        return RobotsDecision(is_allowed=False, reason="robots.txt was not read yet")
    if parse(url).path == "/robots.txt":
        return RobotsDecision(is_allowed=True, reason="robots.txt itself")
    if copy.state == "unreachable" and (copy.good_at is None or now - copy.good_at >= ROBOTS_KEPT):
        return RobotsDecision(is_allowed=False, reason=f"robots.txt of {copy.host} {copy.error or 'did not answer'}")
    age = "" if copy.state == "ok" else f", kept from {copy.good_at:%Y-%m-%d %H:%M}" if copy.state == "unreachable" else f" {copy.error}"
    if not copy.body.strip():
        return RobotsDecision(is_allowed=True, reason=f"robots.txt {'is empty' if copy.state == 'ok' else 'has no rules'}{age}")
    token = product_token(agent)
    rules = _rules(copy.body, token)
    is_allowed = rules.can_fetch(url, token)
    delay_s = rules.crawl_delay(token)
    capped_s = min(delay_s, CRAWL_DELAY_MAX_S) if delay_s else None
    return RobotsDecision(
        is_allowed=is_allowed, reason=f"robots.txt {'allows' if is_allowed else 'disallows'}{age}", crawl_delay_s=capped_s
    )


def product_token(agent: str) -> str:
    """The name by which robots.txt addresses us: ``Presswatch`` of ``Presswatch/1.0 (+https://...)``."""
    found = re.match(r"[A-Za-z_-]+", agent.strip())
    return found[0] if found else agent.strip()


@lru_cache(maxsize=256)
def _rules(body: str, token: str) -> Protego:
    """Read once what thousands of decisions ask; the body itself is the key, so no copy is ever stale.

    Groups are found by the whole product token (RFC 9309, 2.2.1), which Protego takes for a part of ours: a name that is ours is written
    without the version behind it, any other so that it means nobody.
    """
    return Protego.parse("\n".join(_AGENT_LINE.sub(partial(_addressed, token), line, count=1) for line in body.splitlines()))


def _addressed(token: str, line: re.Match[str]) -> str:
    named = line[2].strip()
    if named == "*" or named.startswith("* "):
        return line[0]
    is_ours = product_token(named.strip("* ")).casefold() == token.casefold()
    return line[1] + (token if is_ours else "-")


def retry_after_s(value: str | None, now: datetime) -> float | None:
    """Read a Retry-After header, seconds or date, as seconds from now; None where it says nothing that can be read."""
    text = (value or "").strip()
    if re.fullmatch(r"\d{1,300}(\.\d{0,300})?", text, re.ASCII):  # as long as a float can hold: who writes more than a day gets a day
        return float(text)
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max((at - now).total_seconds(), 0.0)


def hold_until(now: datetime, *, asked_s: float | None, refusals: int, base_s: float = HOLD_BASE_S) -> datetime:
    """Say until when a host that answered 429 or 503 is left alone.

    What Retry-After asked for, else 15 minutes doubling with every refusal in a row (``refusals`` counts this one); a day at most.
    """
    wait_s = asked_s if asked_s is not None else base_s * 2.0 ** min(max(refusals, 1) - 1, 20)
    return now + timedelta(seconds=min(max(wait_s, 1.0), HOLD_MAX_S))


def penalty_now(penalty: float, since: datetime | None, now: datetime) -> float:
    """How many times its usual spacing a host gets now: what it was at ``since``, fading to 1 over a day."""
    if since is None or penalty <= 1.0:
        return 1.0
    left = 1.0 - (now - since) / PENALTY_DECAY
    return 1.0 + (penalty - 1.0) * min(max(left, 0.0), 1.0)


def penalty_after_refusal(penalty: float, since: datetime | None, now: datetime) -> float:
    """The penalty to remember, with ``now`` as its time, once a host refused us: twice what it is."""
    return min(2.0 * penalty_now(penalty, since, now), PENALTY_MAX)


def tdm_rules(body: bytes) -> tuple[TdmRule, ...]:
    """Read tdmrep.json; rules that break the protocol are left out, as it demands."""
    try:
        found = json.loads(body[:ROBOTS_MAX_BYTES])
    except (ValueError, RecursionError):
        return ()
    return tuple(rule for row in found if (rule := _tdm_rule(row))) if isinstance(found, list) else ()


def tdm_reservation(url: str, *, headers: Mapping[str, str] | None = None, body: bytes = b"", rules: tuple[TdmRule, ...] = ()) -> Tdm:
    """Say what was reserved for a URL: the page's own meta elements first, then the header (names lower case), then the site's file."""
    for tdm in (_by_meta(body), _by_header(headers or {}), _by_file(rules, url)):
        if tdm.is_reserved is not None:
            return replace(tdm, policy_url=urljoin(url, tdm.policy_url)) if tdm.policy_url else tdm
    return Tdm()


def tdm_action(tdm: Tdm, policy: TdmPolicy) -> TdmPolicy:
    """What to do with a page: ``record`` reads it, ``teaser`` keeps to the entry's own words, ``skip`` refuses it."""
    return policy if tdm.is_reserved else TdmPolicy.RECORD


def _tdm_rule(row: object) -> TdmRule | None:
    if not isinstance(row, dict) or not isinstance(row.get("location"), str):
        return None
    is_reserved = _reserved(row.get("tdm-reservation"))
    if is_reserved is None:
        return None
    policy = row.get("tdm-policy")
    return TdmRule(location=row["location"], is_reserved=is_reserved, policy_url=policy if isinstance(policy, str) else None)


def _reserved(value: object) -> bool | None:
    """0 and 1 mean something; anything else is a protocol error and counts as nothing said."""
    return {"0": False, "1": True}.get(str(value).strip()) if not isinstance(value, bool) else None


def _by_file(rules: tuple[TdmRule, ...], url: str) -> Tdm:
    address = parse(url)
    path = address.path + (f"?{address.query}" if address.query is not None else "")
    for rule in rules:  # the first that matches counts
        if _matches(rule.location, path):
            return Tdm(is_reserved=rule.is_reserved, where="file", policy_url=rule.policy_url)
    return Tdm()


def _matches(location: str, path: str) -> bool:
    """Match a robots.txt pattern without a regular expression: ``*`` is any text, a final ``$`` the end."""
    is_anchored = location.endswith("$")
    first, *others = location.removesuffix("$").split("*")
    if not path.startswith(first):
        return False
    at = len(first)
    for i, part in enumerate(others):
        if is_anchored and i == len(others) - 1:
            return len(path) - len(part) >= at and path.endswith(part)
        found = path.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return not is_anchored or at == len(path)


def _by_header(headers: Mapping[str, str]) -> Tdm:
    said = {_reserved(value) for value in headers.get("tdm-reservation", "").split(",")}  # one header sent twice is one with a comma
    is_reserved = next((known for known in (True, False) if known in said), None)
    return Tdm(is_reserved=is_reserved, where="header", policy_url=headers.get("tdm-policy") or None) if is_reserved is not None else Tdm()


_META = re.compile(rb"<meta\s[^<>]{0,2000}>", re.IGNORECASE)
_ATTRIBUTE = re.compile(rb"""(name|content)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_META_WITHIN = 256 * 1024


def _by_meta(body: bytes) -> Tdm:
    """Look for the two meta elements in the head of a page without parsing it."""
    head = body[:_META_WITHIN]
    if b"tdm-reservation" not in head.lower():
        return Tdm()
    said: dict[str, str] = {}
    for element in _META.finditer(head):
        parts = {m[1].lower(): (m[2] or m[3] or m[4] or b"").decode("utf-8", "replace") for m in _ATTRIBUTE.finditer(element[0])}
        said.setdefault(parts.get(b"name", "").lower(), parts.get(b"content", ""))
    is_reserved = _reserved(said.get("tdm-reservation", ""))
    return Tdm(is_reserved=is_reserved, where="meta", policy_url=said.get("tdm-policy") or None) if is_reserved is not None else Tdm()
