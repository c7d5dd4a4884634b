"""What the daemon counts, in Prometheus' terms; labels are bounded and never hold a URL, headline or story."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from crawler.model import PollStatus
from monitor.model import DeliveryStatus, Reason

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SHORT_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_LONG_S = (1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600, 6 * 3600, 24 * 3600)


class Metrics:
    """One registry per daemon, so that two daemons in one process never share a counter."""

    def __init__(self) -> None:
        r = self.registry = CollectorRegistry()
        self.polls = Counter("presswatch_polls_total", "polls of sources", ["outlet", "status"], registry=r)
        self.poll_duration = Histogram(
            "presswatch_poll_duration_seconds", "from a poll's request to its last byte", buckets=_SHORT_S, registry=r
        )
        self.fetches = Counter("presswatch_fetches_total", "entries that were fetched, by how they ended", ["outlet", "status"], registry=r)
        self.fetch_duration = Histogram(
            "presswatch_fetch_duration_seconds", "from a page's request to its last byte", buckets=_SHORT_S, registry=r
        )
        self.extract_duration = Histogram(
            "presswatch_extract_duration_seconds",
            "reading a page into an article, the wait for a child process included",
            buckets=_SHORT_S,
            registry=r,
        )
        self.articles = Counter("presswatch_articles_total", "articles archived, revisions included", ["outlet", "language"], registry=r)
        self.matches = Counter("presswatch_matches_total", "rules found in articles", ["rule"], registry=r)
        self.alerts = Counter("presswatch_alerts_total", "alerts decided", ["theme", "reason"], registry=r)
        self.silences = Counter("presswatch_silences_total", "decisions to stay silent", ["reason"], registry=r)
        self.deliveries = Counter("presswatch_deliveries_total", "tries to deliver a message", ["channel", "status"], registry=r)
        self.delivery_lag = Histogram(
            "presswatch_delivery_lag_seconds", "from an article's publication to its message", buckets=_LONG_S, registry=r
        )
        self.outbox = Gauge("presswatch_outbox_size", "messages that are not sent", ["status"], registry=r)
        self.source_ok = Gauge(
            "presswatch_source_last_success_timestamp_seconds", "when a source last answered well, since the start", ["source"], registry=r
        )
        self.source_silent = Gauge("presswatch_source_silent", "1 while a source is silent against its own habit", ["source"], registry=r)
        self.conditions = Gauge(
            "presswatch_conditions", "troubles of sources, outlets and settings that are not over", ["kind"], registry=r
        )
        self.queue = Gauge("presswatch_queue_size", "orders at the spider, entries on the line", ["queue"], registry=r)
        self.nodes = Gauge("presswatch_nodes", "nodes on this archive", ["state"], registry=r)
        self.jobs = Gauge("presswatch_jobs", "jobs of the queue that nodes share", ["kind", "state"], registry=r)
        self.oldest_job = Gauge("presswatch_oldest_job_seconds", "how long the oldest waiting job has waited", ["kind"], registry=r)
        self.loop_lag = Histogram("presswatch_loop_lag_seconds", "how late the tick of each second came", buckets=_SHORT_S, registry=r)
        self.archive_bytes = Gauge("presswatch_archive_bytes", "size of a SQLite archive", registry=r)
        self.archive_free_bytes = Gauge("presswatch_archive_free_bytes", "space left beside a SQLite archive", registry=r)
        self.archive_writable = Gauge("presswatch_archive_writable", "0 while the archive takes no writes and fetching waits", registry=r)
        self.clock_jumps = Counter("presswatch_clock_jumps_total", "minutes in which the system's clock stood apart from ours", registry=r)
        self.reload_ok = Gauge("presswatch_config_last_reload_successful", "0 after settings that were not taken", registry=r)
        self.build = Gauge("presswatch_build_info", "1, with the version as its label", ["version"], registry=r)
        ProcessCollector(registry=r)
        self.archive_writable.set(1)
        self.reload_ok.set(1)

    def prepare(self, *, version: str, outlets: Iterable[str], themes: Iterable[str], channels: Iterable[str]) -> None:
        """Set every bounded label to zero, so that rates work from the first event."""
        self.build.labels(version).set(1)
        for outlet, status in product(outlets, (PollStatus.OK, PollStatus.UNCHANGED, PollStatus.TIMEOUT)):
            self.polls.labels(outlet, status.value)
        for theme, reason in product(themes, (r for r in Reason if r.speaks)):
            self.alerts.labels(theme, reason.value)
        for reason in (r for r in Reason if not r.speaks):
            self.silences.labels(reason.value)
        for channel, outcome in product(channels, (DeliveryStatus.SENT, DeliveryStatus.RETRY, DeliveryStatus.DEAD)):
            self.deliveries.labels(channel, outcome.value)
        for name in ("spider", "line"):
            self.queue.labels(name).set(0)
        for waiting in (DeliveryStatus.PENDING, DeliveryStatus.HELD, DeliveryStatus.RETRY, DeliveryStatus.DEAD):
            self.outbox.labels(waiting.value).set(0)

    def page(self) -> bytes:
        """The exposition text of everything."""
        return generate_latest(self.registry)
