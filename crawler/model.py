"""The crawler's values: outlet, source, entry, poll, page, failure, arrival, article."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class SourceKind(StrEnum):
    """How a source is read; the value is the name of its file under ``crawler/sources``."""

    FEED = "feed"
    SITEMAP = "sitemap"
    LISTING = "listing"
    JSON_API = "json_api"


class Paywall(StrEnum):
    """How much of an outlet a reader without an account sees."""

    NO = "no"
    SOFT = "soft"
    HARD = "hard"
    REGISTRATION = "registration"


class TdmPolicy(StrEnum):
    """What an operator does with a text-and-data-mining reservation."""

    RECORD = "record"
    TEASER = "teaser"
    SKIP = "skip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where in a file a setting stands, for messages a person can act on; line and column count from 1."""

    file: str
    line: int
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One fetchable door of an outlet.

    ``source_id`` is ``<outlet_id>#<8 hex digits of the URL's SHA-256>`` (``crawler.urls.source_id``): stable across restarts and
    file order. ``fields`` maps article fields to paths (kind ``json_api``); ``link_pattern`` is a linear regular expression that
    article links match (kind ``listing``).
    """

    source_id: str
    outlet_id: str
    kind: SourceKind
    url: str
    section: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    link_pattern: str | None = None
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Selectors:
    """CSS selectors of an outlet whose pages defeat the general way."""

    headline: str | None = None
    body: str | None = None
    drop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    """A publication.

    ``outlet_id`` is the slug of its name; ``language`` a BCP 47 tag; ``country`` ISO 3166 alpha-2; ``tier`` 1 (weight 10), 2 (3) or
    3 (1). ``poll_every_s`` is a floor between two polls of one source, ``spacing_s`` between two requests to one host, both in
    seconds; ``None`` takes the default. ``allow_networks`` are CIDR blocks opened for this outlet beside public addresses.
    """

    outlet_id: str
    name: str
    home: str
    country: str = ""
    language: str = ""
    tier: int = 2
    paywall: Paywall = Paywall.NO
    is_agency: bool = False
    sources: tuple[Source, ...] = ()
    poll_every_s: float | None = None
    spacing_s: float | None = None
    articles_per_day: int = 2_000
    allow_networks: tuple[str, ...] = ()
    user_agent: str | None = None
    verify_tls: bool = True
    headers_file: str | None = None
    proxy: str | None = None
    ca_file: str | None = None
    selectors: Selectors | None = None
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a source says of one article before it is fetched.

    ``key`` is the identity: canonical URL, the guid only without a link, a hash of title and date last (``crawler.urls.entry_key``).
    ``summary`` and ``text`` are plain text, ``text`` the full text where a feed carries it. ``published_at`` is aware UTC or None
    and is never used for scheduling. ``entry_id``, ``tries`` and ``seen_at`` are set once the archive holds the entry;
    ``is_backfill`` marks entries of a backfill, which never alert; ``is_first_pass`` those of a source's very first poll, ``is_recheck`` a
    second look at the page of an article, which ``validators`` make conditional.
    """

    key: str
    url: str | None
    outlet_id: str
    source_id: str
    title: str = ""
    summary: str = ""
    text: str = ""
    guid: str | None = None
    published_at: datetime | None = None
    modified_at: datetime | None = None
    language: str | None = None
    authors: tuple[str, ...] = ()
    section: str | None = None
    tags: tuple[str, ...] = ()
    image_url: str | None = None
    entry_id: int | None = None
    tries: int = 0
    seen_at: datetime | None = None
    is_backfill: bool = False
    is_recheck: bool = False
    validators: Validators | None = None
    is_first_pass: bool = False


class PollStatus(StrEnum):
    """How a poll ended; every value is shown to people and counted in metrics."""

    OK = "ok"  # entries read
    UNCHANGED = "unchanged"  # 304, or the body's hash did not change
    EMPTY = "empty"  # a readable source that lists nothing
    BAD_CONTENT = "bad content"  # answered, but not with what the source should be
    BLOCKED = "blocked"  # 401, 403, 451, or a challenge page
    BUSY = "busy"  # 429 or 503: the host asks us to wait
    PUT_OFF = "put off"  # not asked: the host is to be left alone, or its turns are taken for minutes
    GONE = "gone"  # 404 or 410
    SERVER_ERROR = "server error"  # other 5xx
    UNREACHABLE = "unreachable"  # DNS, connect, TLS, reset
    TIMEOUT = "timeout"
    REFUSED_ROBOTS = "refused by robots"  # robots.txt says no
    REFUSED_ADDRESS = "refused address"  # the guard says no
    TOO_LARGE = "too large"
    REDIRECT_LOOP = "redirect loop"

    @property
    def is_success(self) -> bool:
        """The source answered as a source should, with or without news."""
        return self in {PollStatus.OK, PollStatus.UNCHANGED, PollStatus.EMPTY}


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """What makes the next request conditional. ``body_hash`` is the SHA-256 hex digest of the last body, by which an unchanged one is known."""

    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None
    unconditional_at: datetime | None = None  # when the last poll without validators went out


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """One poll of a source and what came of it.

    ``seen`` counts listed entries, ``new`` those the archive had not seen; ``item_times`` are the dates of the new ones (None = undated),
    both filled by the archive, whose insert is the seen-check. ``window_size`` is how many entries the list holds, ``is_overflow``
    says that the whole window was new. ``max_age_s``, ``age_s``, ``ttl_s`` and ``retry_after_s`` come from the answer, in seconds;
    ``skip_hours`` (0-23, GMT) and ``skip_days`` (0 = Monday) from RSS. ``is_truncated`` polls store no validators.
    """

    source_id: str
    outlet_id: str
    at: datetime
    status: PollStatus
    url: str
    final_url: str | None = None
    http_status: int | None = None
    error: str | None = None
    duration_s: float = 0.0
    size: int = 0
    validators: Validators | None = None
    parser: str | None = None
    is_partial: bool = False
    is_truncated: bool = False
    repairs: tuple[str, ...] = ()
    language: str | None = None
    seen: int = 0
    new: int = 0
    item_times: tuple[datetime | None, ...] = ()
    listed_times: tuple[datetime | None, ...] = ()
    window_size: int = 0
    is_overflow: bool = False
    max_age_s: float | None = None
    age_s: float | None = None
    ttl_s: float | None = None
    retry_after_s: float | None = None
    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[int, ...] = ()
    tz_offset_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRead:
    """What ``crawler.sources.*.read`` found in one body; the seen-check is not its business."""

    entries: tuple[Entry, ...]
    parser: str
    is_partial: bool = False
    is_truncated: bool = False
    repairs: tuple[str, ...] = ()
    title: str | None = None
    language: str | None = None
    ttl_s: float | None = None
    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[int, ...] = ()
    tz_offset_s: int | None = None
    further: tuple[str, ...] = ()  # more documents to read, e.g. of a sitemap index, newest first


class FailureReason(StrEnum):
    """Why a page could not be had; every value is shown to people."""

    NO_LINK = "the entry has no link"
    ROBOTS = "robots.txt disallows it"
    TDM = "text and data mining is reserved"
    TDM_TEASER = "text and data mining is reserved: only the teaser is kept"
    ADDRESS = "the address is not public"
    BLOCKED = "the outlet refused us"
    BUSY = "the outlet asked us to wait"
    PUT_OFF = "its host was not to be asked yet"
    GONE = "the page is gone"
    CLIENT_ERROR = "the outlet answered with an error"
    SERVER_ERROR = "the outlet's server failed"
    UNREACHABLE = "the outlet was unreachable"
    TIMEOUT = "the outlet took too long"
    TOO_LARGE = "the page is too large"
    REDIRECTS = "too many redirects"
    NOT_A_PAGE = "the answer is no page"
    BUDGET = "the outlet's daily budget is used up"
    UNCHANGED = "the page has not changed since the last look"

    @property
    def is_refusal(self) -> bool:
        """We decided not to fetch: the entry stays an entry and never becomes an article."""
        return self in {FailureReason.ROBOTS, FailureReason.TDM, FailureReason.ADDRESS}

    @property
    def is_passing(self) -> bool:
        """A later try may succeed."""
        return self in {
            FailureReason.BUSY,
            FailureReason.PUT_OFF,
            FailureReason.SERVER_ERROR,
            FailureReason.UNREACHABLE,
            FailureReason.TIMEOUT,
            FailureReason.BUDGET,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Fetched bytes. Header names are lower case; ``robots`` and ``tdm`` say why the fetch was allowed."""

    url: str
    final_url: str
    http_status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    fetched_at: datetime
    duration_s: float = 0.0
    robots: str = ""
    tdm: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why there is no page."""

    url: str
    reason: FailureReason
    at: datetime
    detail: str = ""
    http_status: int | None = None
    retry_after_s: float | None = None
    robots: str = ""
    tdm: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A fetched entry: the entry, its outlet, and the page or the reason there is none."""

    entry: Entry
    outlet: Outlet
    result: Page | Failure


class Completeness(StrEnum):
    """How much of the article was read."""

    FULL = "full"
    PARTIAL = "partial"
    TEASER = "teaser"


class ExtractStatus(StrEnum):
    """How reading the page ended."""

    OK = "ok"
    EMPTY = "empty"
    FAILED = "failed"
    REFUSED = "refused"
    NO_PAGE = "no page"


class Genre(StrEnum):
    """What sort of text the page says it is."""

    NEWS = "news"
    LIVE = "live"
    OPINION = "opinion"
    PRESS_RELEASE = "press release"


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """What was read from a page, or from the entry alone (``completeness`` teaser).

    ``url`` is where it was fetched (after redirects), ``canonical_url`` what the page calls itself, same site only. ``text`` is plain text,
    paragraphs separated by one newline, the headline not repeated. ``language`` is a BCP 47 tag or "und". All times are aware UTC;
    ``published_at`` is never after ``fetched_at``. ``text_hash`` is the SHA-256 hex digest of headline and text. ``agency`` names the
    wire service a text comes from. ``how`` says which extractor won. ``failure`` is set where there was no page.
    """

    key: str
    url: str
    outlet_id: str
    source_id: str
    headline: str
    text: str = field(repr=False)
    language: str = "und"
    published_at: datetime | None = None
    modified_at: datetime | None = None
    seen_at: datetime
    fetched_at: datetime | None = None
    canonical_url: str | None = None
    authors: tuple[str, ...] = ()
    site_name: str | None = None
    section: str | None = None
    tags: tuple[str, ...] = ()
    image_url: str | None = None
    agency: str | None = None
    genre: Genre = Genre.NEWS
    is_paywalled: bool = False
    completeness: Completeness = Completeness.FULL
    extract_status: ExtractStatus = ExtractStatus.OK
    failure: FailureReason | None = None
    http_status: int | None = None
    robots: str = ""
    tdm: str = ""
    text_hash: str = ""
    word_count: int = 0
    how: str = ""
    is_backfill: bool = False
    entry_id: int | None = None
    article_id: int | None = None
