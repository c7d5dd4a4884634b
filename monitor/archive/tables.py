"""The archive's tables, portable between SQLite and PostgreSQL; views (views.sql) are their public face."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from monitor.archive.columns import BigId, CleanText, Flag, Hash64, Json, UtcMillis, UtcTime

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _one_of(column: str, *words: str) -> CheckConstraint:
    listed = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


meta = Table(
    "meta",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", CleanText, nullable=False),
)

nodes = Table(
    "nodes",
    metadata,
    Column("node_id", Text, primary_key=True),
    Column("roles", Text, nullable=False),
    Column("host", CleanText, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("version", Text, nullable=False),
    Column("rules_version", Text),
    Column("error", CleanText),  # why it goes on with the settings before
    Column("in_flight", Integer, nullable=False),
    Column("lease_s", Float, nullable=False),
    Column("started_at", UtcMillis, nullable=False),
    Column("beat_at", UtcMillis, nullable=False),
)

# ---- what is watched

outlets = Table(
    "outlets",
    metadata,
    Column("outlet_id", Text, primary_key=True),
    Column("name", CleanText, nullable=False),
    Column("home", CleanText, nullable=False),
    Column("country", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("tier", Integer, nullable=False),
    Column("paywall", Text, nullable=False),
    Column("is_agency", Flag, nullable=False),
    Column("added_at", UtcMillis, nullable=False),
    Column("retired_at", UtcMillis),
)

sources = Table(
    "sources",
    metadata,
    Column("source_id", Text, primary_key=True),
    Column("outlet_id", Text, ForeignKey("outlets.outlet_id"), nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("url", CleanText, nullable=False),
    Column("section", CleanText),
    Column("state", Text),  # the cadence's own JSON (crawler.cadence.FeedState)
    Column("next_at", UtcMillis),
    Column("plan_reason", Text),
    Column("etag", CleanText),
    Column("last_modified", CleanText),
    Column("body_hash", Text),
    Column("unconditional_at", UtcMillis),
    Column("last_poll_at", UtcMillis),
    Column("last_ok_at", UtcMillis),
    Column("last_new_at", UtcMillis),
    Column("last_status", Text),
    Column("last_error", CleanText),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("window_size", Integer, nullable=False, server_default="0"),
    Column("silent_at", UtcMillis),
    Column("added_at", UtcMillis, nullable=False),
    Column("retired_at", UtcMillis),
    Index("ix_sources_next_at", "next_at"),
)

hosts = Table(
    "hosts",
    metadata,
    Column("host", Text, primary_key=True),
    Column("next_at", UtcMillis),
    Column("held_until", UtcMillis),
    Column("held_reason", CleanText),
    Column("slowness", Float, nullable=False, server_default="1"),  # factor on the spacing
    Column("slowed_at", UtcMillis),
    Column("busy_until", UtcMillis),  # while a node of several is asking it
    Column("busy_by", Text),
)

robots = Table(
    "robots",
    metadata,
    Column("origin", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("body", CleanText, nullable=False),
    Column("fetched_at", UtcMillis, nullable=False),
    Column("good_at", UtcMillis),
    Column("error", CleanText),
    _one_of("state", "ok", "absent", "unreachable"),
)

themes = Table(
    "themes",
    metadata,
    Column("theme_id", Text, primary_key=True),
    Column("label", CleanText, nullable=False),
    Column("need", CleanText, nullable=False),
    Column("severity", Integer, nullable=False),
    Column("retired_at", UtcMillis),
)

rules = Table(
    "rules",
    metadata,
    Column("rule_id", Text, primary_key=True),
    Column("theme_id", Text, ForeignKey("themes.theme_id"), nullable=False, index=True),
    Column("query", CleanText, nullable=False),
    Column("retired_at", UtcMillis),
)

entities = Table(
    "entities",
    metadata,
    Column("entity_id", Text, primary_key=True),
    Column("label", CleanText, nullable=False),
    Column("kind", Text, nullable=False),
    Column("retired_at", UtcMillis),
)

# ---- what came in

polls = Table(
    "polls",
    metadata,
    Column("poll_id", BigId, primary_key=True),
    Column("source_id", Text, nullable=False),
    Column("outlet_id", Text, nullable=False),
    Column("at", UtcMillis, nullable=False),
    Column("day", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("http_status", Integer),
    Column("error", CleanText),
    Column("duration_s", Float, nullable=False),
    Column("size", Integer, nullable=False),
    Column("seen", Integer, nullable=False),
    Column("new", Integer, nullable=False),
    Column("parser", Text),
    Column("repairs", CleanText),
    Column("is_partial", Flag, nullable=False),
    Column("is_truncated", Flag, nullable=False),
    Column("is_overflow", Flag, nullable=False),
    Column("plan_reason", Text),
    Column("next_at", UtcMillis),
    Index("ix_polls_source_id_at", "source_id", "at"),
    Index("ix_polls_at", "at"),
)

entries = Table(
    "entries",
    metadata,
    Column("entry_id", BigId, primary_key=True),
    Column("key", CleanText, nullable=False, unique=True),
    Column("url", CleanText),  # NULL where the key is the URL
    Column("is_linked", Flag, nullable=False),
    Column("outlet_id", Text, nullable=False),
    Column("source_id", Text, nullable=False),
    Column("poll_id", BigId, index=True),
    Column("title", CleanText, nullable=False),
    Column("summary", CleanText, nullable=False),
    Column("text", CleanText, nullable=False),
    Column("guid", CleanText),
    Column("published_at", UtcTime),
    Column("modified_at", UtcTime),
    Column("language", Text),
    Column("rest", Json),  # authors, section, tags, image_url
    Column("seen_at", UtcMillis, nullable=False),
    Column("day", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", CleanText, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("next_at", UtcMillis),
    Column("title_hash", Hash64, nullable=False),
    Column("article_id", BigId, index=True),
    Column("is_backfill", Flag, nullable=False),
    Column("is_first_pass", Flag, nullable=False),
    Column("finished_at", UtcMillis),
    Column("etag", CleanText),  # of the page, where it will be looked at again
    Column("last_modified", CleanText),
    Column("body_hash", Text),
    _one_of("state", "new", "done", "refused", "failed"),
    Index(
        "ix_entries_due",
        "outlet_id",
        "next_at",
        sqlite_where=text("next_at IS NOT NULL"),
        postgresql_where=text("next_at IS NOT NULL"),
    ),
    Index("ix_entries_day", "day"),
)

# ---- what was read

articles = Table(
    "articles",
    metadata,
    Column("article_id", BigId, primary_key=True),
    Column("key", CleanText, nullable=False, unique=True),
    Column("outlet_id", Text, nullable=False),
    Column("source_id", Text, nullable=False),
    Column("url", CleanText),  # NULL where the key is the URL
    Column("canonical_url", CleanText),  # NULL where it is the URL
    Column("headline", CleanText, nullable=False),
    Column("language", Text, nullable=False),
    Column("published_at", UtcTime),
    Column("modified_at", UtcTime),
    Column("seen_at", UtcMillis, nullable=False),
    Column("seen_epoch", BigId, nullable=False),  # the same in seconds since 1970: both databases subtract integers alike
    Column("fetched_at", UtcMillis),
    Column("archived_at", UtcMillis, nullable=False),
    Column("day", Text, nullable=False),  # of publication; where undated, of the first sight
    Column("rest", Json),  # authors, tags, image_url, site_name
    Column("section", CleanText),
    Column("agency", CleanText),
    Column("genre", Text, nullable=False),
    Column("is_paywalled", Flag, nullable=False),
    Column("is_backfill", Flag, nullable=False),
    Column("completeness", Text, nullable=False),
    Column("extract_status", Text, nullable=False),
    Column("failure", Text),
    Column("http_status", Integer),
    Column("robots", CleanText, nullable=False),
    Column("tdm", CleanText, nullable=False),
    Column("text_hash", Text, nullable=False),
    Column("word_count", Integer, nullable=False),
    Column("how", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("withdrawn_at", UtcMillis),
    Column("rules_version", Text),
    Column("entry_id", BigId),
    Column("story_id", BigId, index=True),
    Column("assigned", Text),
    Column("assigned_score", Float),
    Column("assigned_to_article_id", BigId),
    _one_of("completeness", "full", "partial", "teaser"),
    Index("ix_articles_day", "day"),
    Index("ix_articles_outlet_id_day", "outlet_id", "day"),
    Index("ix_articles_archived_at", "archived_at"),
)

article_texts = Table(
    "article_texts",
    metadata,
    Column("article_id", BigId, primary_key=True, autoincrement=False),
    Column("text", CleanText, nullable=False),
)

revisions = Table(
    "revisions",
    metadata,
    Column("revision_id", BigId, primary_key=True),
    Column("article_id", BigId, nullable=False, index=True),
    Column("number", Integer, nullable=False),
    Column("replaced_at", UtcMillis, nullable=False),
    Column("headline", CleanText, nullable=False),
    Column("text", CleanText, nullable=False),
    Column("text_hash", Text, nullable=False),
    Column("modified_at", UtcTime),
    Column("is_headline_changed", Flag, nullable=False),
    Column("is_text_changed", Flag, nullable=False),
    Column("diff", CleanText),  # what the next state took out ("- ") and put in ("+ "), by paragraph
)

# ---- what was found

mentions = Table(
    "mentions",
    metadata,
    Column("article_id", BigId, primary_key=True, autoincrement=False),
    Column("entity_id", Text, primary_key=True),
    Column("day", Text, nullable=False),
    Column("occurrences", Integer, nullable=False),
    Column("is_in_title", Flag, nullable=False),
    Column("spans", Json, nullable=False),
    Index("ix_mentions_entity_id_day", "entity_id", "day"),
    Index("ix_mentions_day", "day"),
    sqlite_with_rowid=False,
)

matches = Table(
    "matches",
    metadata,
    Column("match_id", BigId, primary_key=True),
    Column("article_id", BigId, nullable=False),
    Column("rule_id", Text, nullable=False),
    Column("theme_id", Text, nullable=False),
    Column("day", Text, nullable=False),
    Column("relevance", Integer, nullable=False),
    Column("is_below", Flag, nullable=False),
    Column("term_count", Integer, nullable=False),
    Column("snippet", CleanText, nullable=False),
    Column("evidence", Json, nullable=False),
    Column("rules_version", Text, nullable=False),
    Column("matched_at", UtcMillis, nullable=False),
    UniqueConstraint("article_id", "rule_id"),
    Index("ix_matches_theme_id_day", "theme_id", "day"),
    Index("ix_matches_rule_id_day", "rule_id", "day"),
    Index("ix_matches_day", "day"),
)

# ---- stories

stories = Table(
    "stories",
    metadata,
    Column("story_id", BigId, primary_key=True),
    Column("merged_into", BigId),
    Column("merged_at", UtcMillis),
    Column("first_at", UtcMillis, nullable=False),
    Column("last_at", UtcMillis, nullable=False),
    Column("first_day", Text, nullable=False),
    Column("last_day", Text, nullable=False),
    Column("first_epoch", BigId, nullable=False),
    Column("first_article_id", BigId, nullable=False),
    Column("article_count", Integer, nullable=False),
    Column("outlet_count", Integer, nullable=False),
    Column("language_count", Integer, nullable=False),
    Column("country_count", Integer, nullable=False),
    Index(
        "ix_stories_merged_into",
        "merged_into",
        sqlite_where=text("merged_into IS NOT NULL"),
        postgresql_where=text("merged_into IS NOT NULL"),
    ),
    Index("ix_stories_last_day", "last_day"),
    Index("ix_stories_first_day", "first_day"),
)

story_links = Table(
    "story_links",
    metadata,
    Column("story_a", BigId, primary_key=True, autoincrement=False),
    Column("story_b", BigId, primary_key=True, autoincrement=False),
    Column("score", Float, nullable=False),
    Column("linked_at", UtcMillis, nullable=False),
    CheckConstraint("story_a < story_b", name="order"),
    Index("ix_story_links_story_b", "story_b"),
    sqlite_with_rowid=False,
)

fingerprints = Table(
    "fingerprints",
    metadata,
    Column("hash", Hash64, primary_key=True, autoincrement=False),
    Column("article_id", BigId, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

features = Table(
    "features",
    metadata,
    Column("feature", Hash64, primary_key=True, autoincrement=False),
    Column("article_id", BigId, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

prints = Table(
    "prints",
    metadata,
    Column("article_id", BigId, primary_key=True, autoincrement=False),
    Column("at", UtcMillis, nullable=False),
    Column("source_id", Text, nullable=False),
    Column("title_hash", Hash64, nullable=False),
    Column("word_count", Integer, nullable=False),
    Column("shingles", LargeBinary, nullable=False),
    Column("features", Json, nullable=False),
    Index("ix_prints_at", "at"),
)

feature_df = Table(
    "feature_df",
    metadata,
    Column("feature", Hash64, primary_key=True, autoincrement=False),  # 0 counts the articles themselves
    Column("day", Text, primary_key=True),
    Column("language", Text, primary_key=True),
    Column("n", Integer, nullable=False),
    sqlite_with_rowid=False,
)

# ---- decisions and messages

decisions = Table(
    "decisions",
    metadata,
    Column("decision_id", BigId, primary_key=True),
    Column("theme_id", Text, nullable=False),
    Column("story_id", BigId, nullable=False, index=True),
    Column("article_id", BigId, nullable=False, index=True),
    Column("reason", Text, nullable=False),
    Column("detail", CleanText, nullable=False),
    Column("reasons", Json, nullable=False),
    Column("is_alert", Flag, nullable=False),
    Column("decided_at", UtcMillis, nullable=False),
    Column("day", Text, nullable=False),
    Index("ix_decisions_day", "day"),
)

alerts = Table(
    "alerts",
    metadata,
    Column("alert_id", BigId, primary_key=True),
    Column("theme_id", Text, nullable=False),
    Column("story_id", BigId, nullable=False, index=True),
    Column("article_id", BigId, index=True),
    Column("reason", Text, nullable=False),
    Column("detail", CleanText, nullable=False),
    Column("severity", Integer, nullable=False),
    Column("relevance", Integer, nullable=False),
    Column("language", Text, nullable=False),
    Column("outlet_id", Text, nullable=False),
    Column("rules", Json, nullable=False),
    Column("decided_at", UtcMillis, nullable=False),
    Column("day", Text, nullable=False),
    UniqueConstraint("theme_id", "story_id", "reason", "detail"),
    Index("ix_alerts_day", "day"),
    Index("ix_alerts_theme_id_day", "theme_id", "day"),
    Index("ix_alerts_decided_at", "decided_at"),
)

alert_rules = Table(
    "alert_rules",
    metadata,
    Column("alert_id", BigId, ForeignKey("alerts.alert_id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("rule_id", Text, primary_key=True),
    Index("ix_alert_rules_rule_id", "rule_id"),
    sqlite_with_rowid=False,
)

silences = Table(
    "silences",
    metadata,
    Column("alert_id", BigId, primary_key=True, autoincrement=False),
    Column("subscription_id", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("at", UtcMillis, nullable=False),
    sqlite_with_rowid=False,
)

_OPEN = text("status IN ('pending', 'held', 'retry')")

deliveries = Table(
    "deliveries",
    metadata,
    Column("delivery_id", BigId, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("subscription_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("story_id", BigId, index=True),
    Column("notice_id", BigId),
    Column("reason", Text),
    Column("severity", Integer, nullable=False),
    Column("next_at", UtcMillis, nullable=False),
    Column("created_at", UtcMillis, nullable=False),
    Column("day", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("error", CleanText),
    Column("sent_at", UtcMillis),
    Column("delay_s", Float),  # from the first sight of what it tells to sent_at
    Column("message_id", Text, nullable=False, unique=True),
    _one_of("status", "pending", "held", "sent", "retry", "dead"),
    Index("ix_deliveries_open", "channel", "next_at", sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index("ix_deliveries_day", "day"),
)

delivery_alerts = Table(
    "delivery_alerts",
    metadata,
    Column("delivery_id", BigId, ForeignKey("deliveries.delivery_id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("alert_id", BigId, ForeignKey("alerts.alert_id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("channel", Text, nullable=False),
    UniqueConstraint("alert_id", "channel"),
    sqlite_with_rowid=False,
)

marks = Table(
    "marks",
    metadata,
    Column("mark_id", BigId, primary_key=True),
    Column("alert_id", BigId, ForeignKey("alerts.alert_id", ondelete="CASCADE"), nullable=False, index=True),
    Column("verdict", Text, nullable=False),
    Column("at", UtcMillis, nullable=False),
    _one_of("verdict", "useful", "noise", "duplicate"),
)

mutes = Table(
    "mutes",
    metadata,
    Column("mute_id", BigId, primary_key=True),
    Column("scope", Text, nullable=False),
    Column("target", CleanText, nullable=False),
    Column("until", UtcMillis, nullable=False),
    Column("at", UtcMillis, nullable=False),
    _one_of("scope", "story", "theme", "outlet"),
    Index("ix_mutes_until", "until"),
)

notices = Table(
    "notices",
    metadata,
    Column("notice_id", BigId, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("subject", CleanText, nullable=False),
    Column("text", CleanText, nullable=False),
    Column("at", UtcMillis, nullable=False),
    Column("is_recovery", Flag, nullable=False),
    Index("ix_notices_kind_subject", "kind", "subject"),
)
