"""The first schema: everything from outlets to deliveries."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SECONDS = postgresql.TIMESTAMP(timezone=True, precision=0).with_variant(sa.Text(), "sqlite")
MILLIS = postgresql.TIMESTAMP(timezone=True, precision=3).with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    _what_is_watched()
    _what_came_in()
    _what_was_read()
    _what_was_found()
    _stories()
    _decisions()
    _messages()
    _full_text_index()


def downgrade() -> None:
    raise NotImplementedError("the first schema has nothing before it; restore a backup instead")


def _what_is_watched() -> None:
    op.create_table(
        "meta",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_meta"),
    )
    op.create_table(
        "outlets",
        sa.Column("outlet_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("home", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("tier", sa.Integer(), nullable=False),
        sa.Column("paywall", sa.Text(), nullable=False),
        sa.Column("is_agency", sa.SmallInteger(), nullable=False),
        sa.Column("added_at", MILLIS, nullable=False),
        sa.Column("retired_at", MILLIS, nullable=True),
        sa.PrimaryKeyConstraint("outlet_id", name="pk_outlets"),
    )
    op.create_table(
        "sources",
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("outlet_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("section", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=True),
        sa.Column("next_at", MILLIS, nullable=True),
        sa.Column("plan_reason", sa.Text(), nullable=True),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("last_modified", sa.Text(), nullable=True),
        sa.Column("body_hash", sa.Text(), nullable=True),
        sa.Column("unconditional_at", MILLIS, nullable=True),
        sa.Column("last_poll_at", MILLIS, nullable=True),
        sa.Column("last_ok_at", MILLIS, nullable=True),
        sa.Column("last_new_at", MILLIS, nullable=True),
        sa.Column("last_status", sa.Text(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("window_size", sa.Integer(), server_default="0", nullable=False),
        sa.Column("silent_at", MILLIS, nullable=True),
        sa.Column("added_at", MILLIS, nullable=False),
        sa.Column("retired_at", MILLIS, nullable=True),
        sa.ForeignKeyConstraint(["outlet_id"], ["outlets.outlet_id"], name="fk_sources_outlet_id"),
        sa.PrimaryKeyConstraint("source_id", name="pk_sources"),
    )
    op.create_index("ix_sources_next_at", "sources", ["next_at"])
    op.create_index("ix_sources_outlet_id", "sources", ["outlet_id"])
    op.create_table(
        "hosts",
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("next_at", MILLIS, nullable=True),
        sa.Column("held_until", MILLIS, nullable=True),
        sa.Column("held_reason", sa.Text(), nullable=True),
        sa.Column("slowness", sa.Float(), server_default="1", nullable=False),
        sa.Column("slowed_at", MILLIS, nullable=True),
        sa.PrimaryKeyConstraint("host", name="pk_hosts"),
    )
    op.create_table(
        "robots",
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("fetched_at", MILLIS, nullable=False),
        sa.Column("good_at", MILLIS, nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('ok', 'absent', 'unreachable')", name="ck_robots_state"),
        sa.PrimaryKeyConstraint("origin", name="pk_robots"),
    )
    op.create_table(
        "themes",
        sa.Column("theme_id", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("need", sa.Text(), nullable=False),
        sa.Column("severity", sa.Integer(), nullable=False),
        sa.Column("retired_at", MILLIS, nullable=True),
        sa.PrimaryKeyConstraint("theme_id", name="pk_themes"),
    )
    op.create_table(
        "rules",
        sa.Column("rule_id", sa.Text(), nullable=False),
        sa.Column("theme_id", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("retired_at", MILLIS, nullable=True),
        sa.ForeignKeyConstraint(["theme_id"], ["themes.theme_id"], name="fk_rules_theme_id"),
        sa.PrimaryKeyConstraint("rule_id", name="pk_rules"),
    )
    op.create_index("ix_rules_theme_id", "rules", ["theme_id"])
    op.create_table(
        "entities",
        sa.Column("entity_id", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("retired_at", MILLIS, nullable=True),
        sa.PrimaryKeyConstraint("entity_id", name="pk_entities"),
    )


def _what_came_in() -> None:
    op.create_table(
        "polls",
        sa.Column("poll_id", BIG, nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("outlet_id", sa.Text(), nullable=False),
        sa.Column("at", MILLIS, nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("http_status", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("duration_s", sa.Float(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("new", sa.Integer(), nullable=False),
        sa.Column("parser", sa.Text(), nullable=True),
        sa.Column("repairs", sa.Text(), nullable=True),
        sa.Column("is_partial", sa.SmallInteger(), nullable=False),
        sa.Column("is_truncated", sa.SmallInteger(), nullable=False),
        sa.Column("is_overflow", sa.SmallInteger(), nullable=False),
        sa.Column("plan_reason", sa.Text(), nullable=True),
        sa.Column("next_at", MILLIS, nullable=True),
        sa.PrimaryKeyConstraint("poll_id", name="pk_polls"),
    )
    op.create_index("ix_polls_at", "polls", ["at"])
    op.create_index("ix_polls_source_id_at", "polls", ["source_id", "at"])
    op.create_table(
        "entries",
        sa.Column("entry_id", BIG, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("is_linked", sa.SmallInteger(), nullable=False),
        sa.Column("outlet_id", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("poll_id", BIG, nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("guid", sa.Text(), nullable=True),
        sa.Column("published_at", SECONDS, nullable=True),
        sa.Column("modified_at", SECONDS, nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("rest", sa.Text(), nullable=True),
        sa.Column("seen_at", MILLIS, nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_at", MILLIS, nullable=True),
        sa.Column("title_hash", BIG, nullable=False),
        sa.Column("article_id", BIG, nullable=True),
        sa.Column("is_backfill", sa.SmallInteger(), nullable=False),
        sa.Column("is_first_pass", sa.SmallInteger(), nullable=False),
        sa.Column("finished_at", MILLIS, nullable=True),
        sa.CheckConstraint("state IN ('new', 'done', 'refused', 'failed')", name="ck_entries_state"),
        sa.PrimaryKeyConstraint("entry_id", name="pk_entries"),
        sa.UniqueConstraint("key", name="uq_entries_key"),
    )
    op.create_index("ix_entries_article_id", "entries", ["article_id"])
    op.create_index("ix_entries_day", "entries", ["day"])
    op.create_index(
        "ix_entries_due",
        "entries",
        ["outlet_id", "next_at"],
        sqlite_where=sa.text("next_at IS NOT NULL"),
        postgresql_where=sa.text("next_at IS NOT NULL"),
    )
    op.create_index("ix_entries_poll_id", "entries", ["poll_id"])


def _what_was_read() -> None:
    op.create_table(
        "articles",
        sa.Column("article_id", BIG, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("outlet_id", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("canonical_url", sa.Text(), nullable=True),
        sa.Column("headline", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("published_at", SECONDS, nullable=True),
        sa.Column("modified_at", SECONDS, nullable=True),
        sa.Column("seen_at", MILLIS, nullable=False),
        sa.Column("seen_epoch", BIG, nullable=False),
        sa.Column("fetched_at", MILLIS, nullable=True),
        sa.Column("archived_at", MILLIS, nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("rest", sa.Text(), nullable=True),
        sa.Column("section", sa.Text(), nullable=True),
        sa.Column("agency", sa.Text(), nullable=True),
        sa.Column("genre", sa.Text(), nullable=False),
        sa.Column("is_paywalled", sa.SmallInteger(), nullable=False),
        sa.Column("is_backfill", sa.SmallInteger(), nullable=False),
        sa.Column("completeness", sa.Text(), nullable=False),
        sa.Column("extract_status", sa.Text(), nullable=False),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("http_status", sa.Integer(), nullable=True),
        sa.Column("robots", sa.Text(), nullable=False),
        sa.Column("tdm", sa.Text(), nullable=False),
        sa.Column("text_hash", sa.Text(), nullable=False),
        sa.Column("word_count", sa.Integer(), nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("withdrawn_at", MILLIS, nullable=True),
        sa.Column("rules_version", sa.Text(), nullable=True),
        sa.Column("entry_id", BIG, nullable=True),
        sa.Column("story_id", BIG, nullable=True),
        sa.Column("assigned", sa.Text(), nullable=True),
        sa.Column("assigned_score", sa.Float(), nullable=True),
        sa.Column("assigned_to_article_id", BIG, nullable=True),
        sa.CheckConstraint("completeness IN ('full', 'partial', 'teaser')", name="ck_articles_completeness"),
        sa.PrimaryKeyConstraint("article_id", name="pk_articles"),
        sa.UniqueConstraint("key", name="uq_articles_key"),
    )
    op.create_index("ix_articles_archived_at", "articles", ["archived_at"])
    op.create_index("ix_articles_day", "articles", ["day"])
    op.create_index("ix_articles_outlet_id_day", "articles", ["outlet_id", "day"])
    op.create_index("ix_articles_story_id", "articles", ["story_id"])
    op.create_table(
        "article_texts",
        sa.Column("article_id", BIG, autoincrement=False, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("article_id", name="pk_article_texts"),
    )
    op.create_table(
        "revisions",
        sa.Column("revision_id", BIG, nullable=False),
        sa.Column("article_id", BIG, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("replaced_at", MILLIS, nullable=False),
        sa.Column("headline", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("text_hash", sa.Text(), nullable=False),
        sa.Column("modified_at", SECONDS, nullable=True),
        sa.Column("is_headline_changed", sa.SmallInteger(), nullable=False),
        sa.Column("is_text_changed", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("revision_id", name="pk_revisions"),
    )
    op.create_index("ix_revisions_article_id", "revisions", ["article_id"])


def _what_was_found() -> None:
    op.create_table(
        "mentions",
        sa.Column("article_id", BIG, autoincrement=False, nullable=False),
        sa.Column("entity_id", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("occurrences", sa.Integer(), nullable=False),
        sa.Column("is_in_title", sa.SmallInteger(), nullable=False),
        sa.Column("spans", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("article_id", "entity_id", name="pk_mentions"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_mentions_day", "mentions", ["day"])
    op.create_index("ix_mentions_entity_id_day", "mentions", ["entity_id", "day"])
    op.create_table(
        "matches",
        sa.Column("match_id", BIG, nullable=False),
        sa.Column("article_id", BIG, nullable=False),
        sa.Column("rule_id", sa.Text(), nullable=False),
        sa.Column("theme_id", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("relevance", sa.Integer(), nullable=False),
        sa.Column("is_below", sa.SmallInteger(), nullable=False),
        sa.Column("term_count", sa.Integer(), nullable=False),
        sa.Column("snippet", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("rules_version", sa.Text(), nullable=False),
        sa.Column("matched_at", MILLIS, nullable=False),
        sa.PrimaryKeyConstraint("match_id", name="pk_matches"),
        sa.UniqueConstraint("article_id", "rule_id", name="uq_matches_article_id_rule_id"),
    )
    op.create_index("ix_matches_day", "matches", ["day"])
    op.create_index("ix_matches_rule_id_day", "matches", ["rule_id", "day"])
    op.create_index("ix_matches_theme_id_day", "matches", ["theme_id", "day"])


def _stories() -> None:
    op.create_table(
        "stories",
        sa.Column("story_id", BIG, nullable=False),
        sa.Column("merged_into", BIG, nullable=True),
        sa.Column("merged_at", MILLIS, nullable=True),
        sa.Column("first_at", MILLIS, nullable=False),
        sa.Column("last_at", MILLIS, nullable=False),
        sa.Column("first_day", sa.Text(), nullable=False),
        sa.Column("last_day", sa.Text(), nullable=False),
        sa.Column("first_epoch", BIG, nullable=False),
        sa.Column("first_article_id", BIG, nullable=False),
        sa.Column("article_count", sa.Integer(), nullable=False),
        sa.Column("outlet_count", sa.Integer(), nullable=False),
        sa.Column("language_count", sa.Integer(), nullable=False),
        sa.Column("country_count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("story_id", name="pk_stories"),
    )
    op.create_index("ix_stories_first_day", "stories", ["first_day"])
    op.create_index("ix_stories_last_day", "stories", ["last_day"])
    op.create_index("ix_stories_merged_into", "stories", ["merged_into"])
    op.create_table(
        "story_links",
        sa.Column("story_a", BIG, autoincrement=False, nullable=False),
        sa.Column("story_b", BIG, autoincrement=False, nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("linked_at", MILLIS, nullable=False),
        sa.CheckConstraint("story_a < story_b", name="ck_story_links_order"),
        sa.PrimaryKeyConstraint("story_a", "story_b", name="pk_story_links"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_story_links_story_b", "story_links", ["story_b"])
    op.create_table(
        "fingerprints",
        sa.Column("hash", BIG, autoincrement=False, nullable=False),
        sa.Column("article_id", BIG, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("hash", "article_id", name="pk_fingerprints"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "features",
        sa.Column("feature", BIG, autoincrement=False, nullable=False),
        sa.Column("article_id", BIG, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("feature", "article_id", name="pk_features"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "prints",
        sa.Column("article_id", BIG, autoincrement=False, nullable=False),
        sa.Column("at", MILLIS, nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("title_hash", BIG, nullable=False),
        sa.Column("word_count", sa.Integer(), nullable=False),
        sa.Column("shingles", sa.LargeBinary(), nullable=False),
        sa.Column("features", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("article_id", name="pk_prints"),
    )
    op.create_index("ix_prints_at", "prints", ["at"])
    op.create_table(
        "feature_df",
        sa.Column("feature", BIG, autoincrement=False, nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("feature", "day", "language", name="pk_feature_df"),
        sqlite_with_rowid=False,
    )


def _decisions() -> None:
    op.create_table(
        "decisions",
        sa.Column("decision_id", BIG, nullable=False),
        sa.Column("theme_id", sa.Text(), nullable=False),
        sa.Column("story_id", BIG, nullable=False),
        sa.Column("article_id", BIG, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.Column("is_alert", sa.SmallInteger(), nullable=False),
        sa.Column("decided_at", MILLIS, nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("decision_id", name="pk_decisions"),
    )
    op.create_index("ix_decisions_article_id", "decisions", ["article_id"])
    op.create_index("ix_decisions_day", "decisions", ["day"])
    op.create_index("ix_decisions_story_id", "decisions", ["story_id"])
    op.create_table(
        "alerts",
        sa.Column("alert_id", BIG, nullable=False),
        sa.Column("theme_id", sa.Text(), nullable=False),
        sa.Column("story_id", BIG, nullable=False),
        sa.Column("article_id", BIG, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("severity", sa.Integer(), nullable=False),
        sa.Column("relevance", sa.Integer(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("outlet_id", sa.Text(), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("decided_at", MILLIS, nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("alert_id", name="pk_alerts"),
        sa.UniqueConstraint("theme_id", "story_id", "reason", "detail", name="uq_alerts_theme_id_story_id_reason_detail"),
    )
    op.create_index("ix_alerts_article_id", "alerts", ["article_id"])
    op.create_index("ix_alerts_day", "alerts", ["day"])
    op.create_index("ix_alerts_decided_at", "alerts", ["decided_at"])
    op.create_index("ix_alerts_story_id", "alerts", ["story_id"])
    op.create_index("ix_alerts_theme_id_day", "alerts", ["theme_id", "day"])
    op.create_table(
        "alert_rules",
        sa.Column("alert_id", BIG, autoincrement=False, nullable=False),
        sa.Column("rule_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.alert_id"], name="fk_alert_rules_alert_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("alert_id", "rule_id", name="pk_alert_rules"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_alert_rules_rule_id", "alert_rules", ["rule_id"])
    op.create_table(
        "silences",
        sa.Column("alert_id", BIG, autoincrement=False, nullable=False),
        sa.Column("subscription_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", MILLIS, nullable=False),
        sa.PrimaryKeyConstraint("alert_id", "subscription_id", name="pk_silences"),
        sqlite_with_rowid=False,
    )


def _messages() -> None:
    op.create_table(
        "deliveries",
        sa.Column("delivery_id", BIG, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("subscription_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("story_id", BIG, nullable=True),
        sa.Column("notice_id", BIG, nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("severity", sa.Integer(), nullable=False),
        sa.Column("next_at", MILLIS, nullable=False),
        sa.Column("created_at", MILLIS, nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("sent_at", MILLIS, nullable=True),
        sa.Column("delay_s", sa.Float(), nullable=True),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.CheckConstraint("status IN ('pending', 'held', 'sent', 'retry', 'dead')", name="ck_deliveries_status"),
        sa.PrimaryKeyConstraint("delivery_id", name="pk_deliveries"),
        sa.UniqueConstraint("message_id", name="uq_deliveries_message_id"),
    )
    op.create_index("ix_deliveries_day", "deliveries", ["day"])
    op.create_index(
        "ix_deliveries_open",
        "deliveries",
        ["channel", "next_at"],
        sqlite_where=sa.text("status IN ('pending', 'held', 'retry')"),
        postgresql_where=sa.text("status IN ('pending', 'held', 'retry')"),
    )
    op.create_index("ix_deliveries_story_id", "deliveries", ["story_id"])
    op.create_table(
        "delivery_alerts",
        sa.Column("delivery_id", BIG, autoincrement=False, nullable=False),
        sa.Column("alert_id", BIG, autoincrement=False, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.alert_id"], name="fk_delivery_alerts_alert_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["delivery_id"], ["deliveries.delivery_id"], name="fk_delivery_alerts_delivery_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("delivery_id", "alert_id", name="pk_delivery_alerts"),
        sa.UniqueConstraint("alert_id", "channel", name="uq_delivery_alerts_alert_id_channel"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "marks",
        sa.Column("mark_id", BIG, nullable=False),
        sa.Column("alert_id", BIG, nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("at", MILLIS, nullable=False),
        sa.CheckConstraint("verdict IN ('useful', 'noise', 'duplicate')", name="ck_marks_verdict"),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.alert_id"], name="fk_marks_alert_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("mark_id", name="pk_marks"),
    )
    op.create_index("ix_marks_alert_id", "marks", ["alert_id"])
    op.create_table(
        "mutes",
        sa.Column("mute_id", BIG, nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("until", MILLIS, nullable=False),
        sa.Column("at", MILLIS, nullable=False),
        sa.CheckConstraint("scope IN ('story', 'theme', 'outlet')", name="ck_mutes_scope"),
        sa.PrimaryKeyConstraint("mute_id", name="pk_mutes"),
    )
    op.create_index("ix_mutes_until", "mutes", ["until"])
    op.create_table(
        "notices",
        sa.Column("notice_id", BIG, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", MILLIS, nullable=False),
        sa.Column("is_recovery", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("notice_id", name="pk_notices"),
    )
    op.create_index("ix_notices_kind_subject", "notices", ["kind", "subject"])


def _full_text_index() -> None:
    """Which articles hold which tokens: no positions, no text; every hit is checked against the article itself."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE article_index USING fts5(tokens, content='', detail=none, columnsize=0,"
            " tokenize=\"unicode61 remove_diacritics 0 categories 'L* M* N* P* S* Co Cn'\")"
        )
        return
    op.create_table(
        "article_index",
        sa.Column("index_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("tokens", postgresql.TSVECTOR(), nullable=False),
        sa.PrimaryKeyConstraint("index_id", name="pk_article_index"),
    )
    op.create_index("ix_article_index_tokens", "article_index", ["tokens"], postgresql_using="gin")
