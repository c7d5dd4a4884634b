"""Everything that changes the archive; each function takes the transaction first and is safe to run again."""

from __future__ import annotations

from monitor.archive.writes.alerts import end_mute, put_alerts, put_mark, put_mute, put_notice, put_verdicts
from monitor.archive.writes.articles import Revision, Stored, put_article
from monitor.archive.writes.clock import forgive_the_future
from monitor.archive.writes.deliveries import mark_dead, mark_retry, mark_sent, mark_sent_late, put_deliveries, release, resend
from monitor.archive.writes.entries import finish_entry, postpone, put_look
from monitor.archive.writes.findings import put_findings
from monitor.archive.writes.fleet import forget_node, forget_nodes, postpone_source, put_node
from monitor.archive.writes.hosts import hold_host, put_turns, store_robots
from monitor.archive.writes.outlets import put_meta, put_outlets, put_rules, put_silence
from monitor.archive.writes.polls import Planner, put_entries, record_poll
from monitor.archive.writes.stories import assign_story, forget_old, lock_stories, put_fingerprint

__all__ = [
    "Planner",
    "Revision",
    "Stored",
    "assign_story",
    "end_mute",
    "finish_entry",
    "forget_node",
    "forget_nodes",
    "forget_old",
    "forgive_the_future",
    "hold_host",
    "lock_stories",
    "mark_dead",
    "mark_retry",
    "mark_sent",
    "mark_sent_late",
    "postpone",
    "postpone_source",
    "put_alerts",
    "put_article",
    "put_deliveries",
    "put_entries",
    "put_findings",
    "put_fingerprint",
    "put_look",
    "put_mark",
    "put_meta",
    "put_mute",
    "put_node",
    "put_notice",
    "put_outlets",
    "put_rules",
    "put_silence",
    "put_turns",
    "put_verdicts",
    "record_poll",
    "release",
    "resend",
    "store_robots",
]
