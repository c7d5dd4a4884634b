"""How we fetch: our own limits, and every setting of Scrapy that we change, with its reason."""

from __future__ import annotations

from dataclasses import dataclass

from crawler.model import Outlet, SourceKind, TdmPolicy

MIB = 1024 * 1024
PROJECT_PAGE = "https://presswatch.example/"


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlSettings:
    """What an operator and the house say about fetching; sizes in bytes, times in seconds.

    ``contact`` is the URL or address by which an outlet reaches the operator. ``allow_networks`` are CIDR blocks opened for every
    outlet. ``queue_size`` orders are held at a time, ``host_queue_size`` of them for one host, ``concurrent`` are on the wire.
    Waits up to ``patience_s`` are sat out with the order in hand; a longer hold answers "busy". ``further_documents`` limits how many
    documents of a sitemap index one poll reads.
    """

    version: str = "0"
    contact: str = ""
    spacing_s: float = 1.0
    allow_networks: tuple[str, ...] = ()
    on_tdm: TdmPolicy = TdmPolicy.RECORD
    queue_size: int = 2_000
    host_queue_size: int = 100
    concurrent: int = 256
    total_s: float = 30.0
    headers_s: float = 10.0
    slow_after_s: float = 10.0
    slow_bytes_per_s: float = 1_000.0
    body_limit: int = 8 * MIB
    sitemap_limit: int = 50 * MIB
    redirects: int = 5
    url_length: int = 2_000
    patience_s: float = 15.0
    pace_patience_s: float = 120.0
    unconditional_every_s: float = 6 * 3_600.0
    further_documents: int = 5
    close_s: float = 3.0

    def user_agent(self, outlet: Outlet | None = None) -> str:
        """The name we go by at an outlet: its own setting, or product, version and whom to write to."""
        if outlet is not None and outlet.user_agent:
            return outlet.user_agent
        return f"Presswatch/{self.version} (+{self.contact or PROJECT_PAGE})"

    def open_networks(self, outlet: Outlet) -> tuple[str, ...]:
        """The CIDR blocks that may be dialled for an outlet beside public addresses."""
        return tuple(dict.fromkeys((*self.allow_networks, *outlet.allow_networks)))

    def spacing(self, outlet: Outlet) -> float:
        """Seconds between two requests to one host of an outlet."""
        return self.spacing_s if outlet.spacing_s is None else outlet.spacing_s

    def size_limit(self, kind: SourceKind) -> int:
        """How many bytes a source of this kind may have, packed or unpacked."""
        return self.sitemap_limit if kind is SourceKind.SITEMAP else self.body_limit


def scrapy_settings(settings: CrawlSettings) -> dict[str, object]:
    """Every setting of Scrapy that differs from its default."""
    return {
        "BOT_NAME": "presswatch",
        "USER_AGENT": settings.user_agent(),
        # The daemon's own asyncio loop carries Scrapy; no Twisted reactor is installed.
        "TWISTED_REACTOR_ENABLED": False,
        # Every address dialled passes the guard; the other schemes have no business here (a feed linked file:///etc/passwd).
        "DOWNLOAD_HANDLERS": {
            "http": "crawler.spiders.dial.GuardedHandler",
            "https": "crawler.spiders.dial.GuardedHandler",
            "file": None,
            "data": None,
            "ftp": None,
            "s3": None,
        },
        # 100 workers per response by default, though a unit of work yields nothing to Scrapy: 1.6-1.9 times the CPU.
        "CONCURRENT_ITEMS": 1,
        # Hanging hosts must not stop the others; one request per host is what keeps us polite.
        "CONCURRENT_REQUESTS": settings.concurrent,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 1,
        # Turns at a host are booked in the archive, where restarts and other nodes see them.
        "DOWNLOAD_DELAY": 0,
        "DOWNLOAD_DELAY_JITTER": 0,
        # 1 GiB and 180 s by default. Both are set per request again, these are the belt.
        "DOWNLOAD_MAXSIZE": settings.body_limit,
        "DOWNLOAD_WARNSIZE": 0,
        "DOWNLOAD_TIMEOUT": settings.total_s,
        # Off by default.
        "DOWNLOAD_VERIFY_CERTIFICATES": True,
        # On by default: a server on loopback that runs the Python sent to it, and a console.
        "REMOTE_CONTROL_ENABLED": False,
        "TELNETCONSOLE_ENABLED": False,
        # Back-off belongs to the cadence, redirects are checked hop by hop, robots.txt has a cache with an end, cookies track.
        "RETRY_ENABLED": False,
        "REDIRECT_ENABLED": False,
        "METAREFRESH_ENABLED": False,
        "REDIRECT_MAX_TIMES": settings.redirects,
        "ROBOTSTXT_OBEY": False,
        "COOKIES_ENABLED": False,
        "REFERER_ENABLED": False,
        "HTTPCACHE_ENABLED": False,
        # Unpacking counts bytes and codings in our handler.
        "COMPRESSION_ENABLED": False,
        # Proxies are an outlet's own; the environment's would take the dialled address out of the guard's sight.
        "HTTPPROXY_ENABLED": False,
        # Scrapy's grows for ever; the archive's insert is the seen-check.
        "DUPEFILTER_CLASS": "scrapy.dupefilters.BaseDupeFilter",
        # No request is kept on disk (pickle): due entries are rows.
        "JOBDIR": None,
        "URLLENGTH_LIMIT": settings.url_length,
        "DOWNLOADER_MIDDLEWARES_BASE": {},
        "SPIDER_MIDDLEWARES_BASE": {},
        "EXTENSIONS_BASE": {},
        "STATS_DUMP": False,
        "LOG_ENABLED": False,
        "WARN_ON_GENERATOR_RETURN_VALUE": False,
    }
