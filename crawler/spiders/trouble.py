"""What can go wrong between asking for a document and having it, and what that means for a poll and for a page."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from crawler.model import FailureReason, PollStatus


class Cause(Enum):
    """Why there is no document; the values name the poll's status and the page's failure."""

    UNCHANGED = (PollStatus.UNCHANGED, FailureReason.UNCHANGED)
    ADDRESS = (PollStatus.REFUSED_ADDRESS, FailureReason.ADDRESS)
    ROBOTS = (PollStatus.REFUSED_ROBOTS, FailureReason.ROBOTS)
    BLOCKED = (PollStatus.BLOCKED, FailureReason.BLOCKED)
    BUSY = (PollStatus.BUSY, FailureReason.BUSY)
    PUT_OFF = (PollStatus.PUT_OFF, FailureReason.PUT_OFF)
    GONE = (PollStatus.GONE, FailureReason.GONE)
    CLIENT_ERROR = (PollStatus.BAD_CONTENT, FailureReason.CLIENT_ERROR)
    SERVER_ERROR = (PollStatus.SERVER_ERROR, FailureReason.SERVER_ERROR)
    UNREACHABLE = (PollStatus.UNREACHABLE, FailureReason.UNREACHABLE)
    TIMEOUT = (PollStatus.TIMEOUT, FailureReason.TIMEOUT)
    TOO_LARGE = (PollStatus.TOO_LARGE, FailureReason.TOO_LARGE)
    REDIRECTS = (PollStatus.REDIRECT_LOOP, FailureReason.REDIRECTS)
    CONTENT = (PollStatus.BAD_CONTENT, FailureReason.NOT_A_PAGE)

    @property
    def status(self) -> PollStatus:
        """How a poll ends that met this."""
        return self.value[0]

    @property
    def reason(self) -> FailureReason:
        """Why a page is missing that met this."""
        return self.value[1]


class Trouble(Exception):
    """There is no document; ``detail`` says to a person what happened, without secrets."""

    def __init__(
        self,
        cause: Cause,
        detail: str,
        *,
        http_status: int | None = None,
        retry_after_s: float | None = None,
        final_url: str | None = None,
        robots: str = "",
    ) -> None:
        super().__init__(detail)
        self.cause = cause
        self.detail = detail
        self.http_status = http_status
        self.retry_after_s = retry_after_s
        self.final_url = final_url
        self.robots = robots


_BY_STATUS = {
    401: Cause.BLOCKED,
    402: Cause.BLOCKED,
    403: Cause.BLOCKED,
    404: Cause.GONE,
    408: Cause.TIMEOUT,
    410: Cause.GONE,
    429: Cause.BUSY,
    451: Cause.BLOCKED,
    503: Cause.BUSY,
}

_WALLS = (
    b"<title>just a moment...</title>",
    b"<title>attention required! | cloudflare</title>",
    b"_incapsula_resource",
    b"captcha-delivery.com",
    b"px-captcha",
    b"<title>access denied</title>",
    b"<title>pardon our interruption</title>",
)
_WALL_SIZE = 64 * 1024


def cause_of(status: int, headers: Mapping[str, str]) -> Cause | None:
    """Why an answer with this status is no document; None where it may be one."""
    if headers.get("cf-mitigated", "").lower() == "challenge":
        return Cause.BLOCKED
    if 200 <= status < 300:
        return None
    if status >= 500:
        return _BY_STATUS.get(status, Cause.SERVER_ERROR)
    return _BY_STATUS.get(status, Cause.CLIENT_ERROR)


def is_wall(body: bytes) -> bool:
    """Whether a body is the page that a bot wall shows instead of the content."""
    return len(body) <= _WALL_SIZE and any(mark in body.lower() for mark in _WALLS)
