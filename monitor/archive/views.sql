-- The public face of the archive: the same text on SQLite and PostgreSQL, described column by column in docs/sql.md.
-- Days are UTC text (2026-11-24), flags 0 or 1, times UTC. No statement may use what only one of the two databases understands.

-- one row per article, as it reads now
CREATE VIEW v_articles AS
SELECT a.article_id, a.day, a.headline, a.outlet_id, o.name AS outlet, o.country, o.tier, a.language,
       a.published_at, a.modified_at, a.seen_at, a.fetched_at, coalesce(a.url, a.key) AS url,
       a.story_id, a.word_count, a.completeness, a.extract_status, a.failure, a.is_paywalled, a.is_backfill,
       a.agency, a.genre, a.section, a.revision, a.withdrawn_at, a.robots, a.tdm, a.rules_version, x.text
FROM articles a
LEFT JOIN outlets o ON o.outlet_id = a.outlet_id
LEFT JOIN article_texts x ON x.article_id = a.article_id;

-- one row per article and entity
CREATE VIEW v_mentions AS
SELECT m.article_id, m.day, m.entity_id, e.label AS entity, e.kind, m.occurrences, m.is_in_title,
       a.headline, a.outlet_id, o.name AS outlet, o.country, a.language, a.published_at, a.seen_at,
       coalesce(a.url, a.key) AS url, a.story_id
FROM mentions m
JOIN articles a ON a.article_id = m.article_id
LEFT JOIN outlets o ON o.outlet_id = a.outlet_id
LEFT JOIN entities e ON e.entity_id = m.entity_id;

-- one row per article and rule that hit it with enough relevance
CREATE VIEW v_matches AS
SELECT m.match_id, m.day, m.theme_id, t.label AS theme,
       CASE t.severity WHEN 1 THEN 'low' WHEN 2 THEN 'normal' WHEN 3 THEN 'high' END AS severity,
       m.rule_id, m.relevance, m.term_count, m.snippet, a.headline, a.outlet_id, o.name AS outlet, o.country,
       a.language, a.published_at, a.seen_at, coalesce(a.url, a.key) AS url, a.story_id, m.article_id,
       m.matched_at, m.rules_version
FROM matches m
JOIN articles a ON a.article_id = m.article_id
LEFT JOIN outlets o ON o.outlet_id = a.outlet_id
LEFT JOIN themes t ON t.theme_id = m.theme_id
WHERE m.is_below = 0;

-- one row per day, theme and language
CREATE VIEW v_theme_timeline AS
SELECT m.day, m.theme_id, t.label AS theme, a.language, count(DISTINCT m.article_id) AS articles,
       count(DISTINCT a.story_id) AS stories, count(DISTINCT a.outlet_id) AS outlets
FROM matches m
JOIN articles a ON a.article_id = m.article_id
LEFT JOIN themes t ON t.theme_id = m.theme_id
WHERE m.is_below = 0
GROUP BY m.day, m.theme_id, t.label, a.language;

-- one row per story that lives; merged ones are inside the story they became
CREATE VIEW v_stories AS
SELECT s.story_id, s.first_day, s.last_day, s.first_at, s.last_at, s.article_count AS articles,
       s.outlet_count AS outlets, s.language_count AS languages, s.country_count AS countries,
       a.headline, a.language, a.outlet_id AS first_outlet_id, o.name AS first_outlet, coalesce(a.url, a.key) AS url,
       s.first_article_id
FROM stories s
LEFT JOIN articles a ON a.article_id = s.first_article_id
LEFT JOIN outlets o ON o.outlet_id = a.outlet_id
WHERE s.merged_into IS NULL;

-- one row per alert; story_id is the story as it lives now
CREATE VIEW v_alerts AS
SELECT l.alert_id, l.day, l.decided_at, l.theme_id, t.label AS theme,
       CASE l.severity WHEN 1 THEN 'low' WHEN 2 THEN 'normal' WHEN 3 THEN 'high' END AS severity,
       l.reason, l.detail, l.relevance, l.language, l.outlet_id, o.name AS outlet, a.headline,
       coalesce(a.url, a.key) AS url, coalesce(s.merged_into, l.story_id) AS story_id, l.article_id,
       (SELECT k.verdict FROM marks k WHERE k.alert_id = l.alert_id ORDER BY k.mark_id DESC LIMIT 1) AS verdict,
       (SELECT count(*) FROM delivery_alerts c JOIN deliveries d ON d.delivery_id = c.delivery_id
         WHERE c.alert_id = l.alert_id AND d.status = 'sent') AS channels_told
FROM alerts l
LEFT JOIN stories s ON s.story_id = l.story_id
LEFT JOIN articles a ON a.article_id = l.article_id
LEFT JOIN outlets o ON o.outlet_id = l.outlet_id
LEFT JOIN themes t ON t.theme_id = l.theme_id;

-- one row per alert and channel; a notice or a test is one row without an alert
CREATE VIEW v_deliveries AS
SELECT d.delivery_id, d.day, c.alert_id, d.notice_id, d.channel, d.subscription_id, d.kind, d.status, d.reason,
       d.attempts, d.created_at, d.next_at, d.sent_at, d.delay_s, d.error, l.theme_id,
       CASE d.severity WHEN 1 THEN 'low' WHEN 2 THEN 'normal' WHEN 3 THEN 'high' END AS severity,
       coalesce(s.merged_into, l.story_id, d.story_id) AS story_id, d.message_id
FROM deliveries d
LEFT JOIN delivery_alerts c ON c.delivery_id = d.delivery_id
LEFT JOIN alerts l ON l.alert_id = c.alert_id
LEFT JOIN stories s ON s.story_id = l.story_id;

-- one row per poll, with what became of the entries it was the first to list
CREATE VIEW v_polls AS
SELECT p.poll_id, p.day, p.at AS polled_at, p.outlet_id, o.name AS outlet, p.source_id, s.kind, s.url, p.status,
       p.http_status, p.error, p.duration_s, p.size AS bytes, p.seen, p.new,
       (SELECT count(*) FROM entries e JOIN articles a ON a.article_id = e.article_id
         WHERE e.poll_id = p.poll_id AND a.failure IS NULL) AS fetched,
       (SELECT count(*) FROM entries e JOIN articles a ON a.article_id = e.article_id
         WHERE e.poll_id = p.poll_id AND a.failure = 'the outlet refused us') AS blocked,
       (SELECT count(*) FROM entries e JOIN articles a ON a.article_id = e.article_id
         WHERE e.poll_id = p.poll_id AND a.extract_status IN ('empty', 'failed')) AS empty,
       (SELECT count(*) FROM entries e JOIN articles a ON a.article_id = e.article_id
         WHERE e.poll_id = p.poll_id AND a.is_paywalled = 1) AS paywalled,
       (SELECT count(*) FROM entries e WHERE e.poll_id = p.poll_id AND e.state = 'refused') AS refused,
       (SELECT count(*) FROM entries e WHERE e.poll_id = p.poll_id AND e.state = 'new') AS waiting,
       p.is_overflow, p.is_truncated, p.is_partial, p.parser, p.repairs, p.next_at, p.plan_reason
FROM polls p
LEFT JOIN outlets o ON o.outlet_id = p.outlet_id
LEFT JOIN sources s ON s.source_id = p.source_id;

-- one row per source that is watched
CREATE VIEW v_outlet_health AS
SELECT s.outlet_id, o.name AS outlet, o.country, o.language, o.tier, s.source_id, s.kind, s.url, s.section,
       s.last_status, s.last_error, s.failures, s.last_poll_at, s.last_ok_at, s.last_new_at, s.next_at, s.plan_reason,
       CASE WHEN s.silent_at IS NULL THEN 0 ELSE 1 END AS is_silent, s.silent_at, s.window_size,
       (SELECT count(*) FROM entries e WHERE e.outlet_id = s.outlet_id AND e.source_id = s.source_id
         AND e.next_at IS NOT NULL AND e.state = 'new') AS waiting
FROM sources s
JOIN outlets o ON o.outlet_id = s.outlet_id
WHERE s.retired_at IS NULL AND o.retired_at IS NULL;

-- one row per story and outlet: its first report, and how long after the story's very first one it was seen
CREATE VIEW v_first_reports AS
SELECT a.story_id, a.day, a.outlet_id, o.name AS outlet, o.country, a.language, a.article_id, a.headline,
       coalesce(a.url, a.key) AS url, a.published_at, a.seen_at, s.first_at,
       a.seen_epoch - s.first_epoch AS behind_s,
       CASE WHEN a.article_id = s.first_article_id THEN 1 ELSE 0 END AS is_first,
       s.outlet_count AS outlets
FROM articles a
JOIN stories s ON s.story_id = a.story_id
LEFT JOIN outlets o ON o.outlet_id = a.outlet_id
WHERE s.article_count = s.outlet_count
   OR NOT EXISTS (SELECT 1 FROM articles b WHERE b.story_id = s.story_id AND b.outlet_id = a.outlet_id
                  AND (b.seen_at < a.seen_at OR (b.seen_at = a.seen_at AND b.article_id < a.article_id)));

-- one row per rule: how often it hits, on how little, and what readers said of its alerts last
CREATE VIEW v_rule_quality AS
SELECT r.rule_id, r.theme_id, t.label AS theme, r.query,
       (SELECT count(*) FROM matches m WHERE m.rule_id = r.rule_id AND m.is_below = 0) AS matches,
       (SELECT count(*) FROM matches m WHERE m.rule_id = r.rule_id AND m.is_below = 1) AS below,
       (SELECT count(*) FROM matches m WHERE m.rule_id = r.rule_id AND m.is_below = 0 AND m.term_count = 1) AS one_term,
       (SELECT max(m.day) FROM matches m WHERE m.rule_id = r.rule_id) AS last_day,
       (SELECT count(*) FROM alert_rules x WHERE x.rule_id = r.rule_id) AS alerts,
       (SELECT count(*) FROM alert_rules x JOIN marks k ON k.alert_id = x.alert_id
         WHERE x.rule_id = r.rule_id AND k.verdict = 'useful'
           AND k.mark_id = (SELECT max(l.mark_id) FROM marks l WHERE l.alert_id = k.alert_id)) AS useful,
       (SELECT count(*) FROM alert_rules x JOIN marks k ON k.alert_id = x.alert_id
         WHERE x.rule_id = r.rule_id AND k.verdict = 'noise'
           AND k.mark_id = (SELECT max(l.mark_id) FROM marks l WHERE l.alert_id = k.alert_id)) AS noise,
       (SELECT count(*) FROM alert_rules x JOIN marks k ON k.alert_id = x.alert_id
         WHERE x.rule_id = r.rule_id AND k.verdict = 'duplicate'
           AND k.mark_id = (SELECT max(l.mark_id) FROM marks l WHERE l.alert_id = k.alert_id)) AS duplicate
FROM rules r
LEFT JOIN themes t ON t.theme_id = r.theme_id
WHERE r.retired_at IS NULL;

-- one row per day, entity and language
CREATE VIEW v_entities_daily AS
SELECT m.day, m.entity_id, e.label AS entity, a.language, count(*) AS articles, sum(m.occurrences) AS occurrences,
       count(DISTINCT a.outlet_id) AS outlets, sum(m.is_in_title) AS in_title
FROM mentions m
JOIN articles a ON a.article_id = m.article_id
LEFT JOIN entities e ON e.entity_id = m.entity_id
GROUP BY m.day, m.entity_id, e.label, a.language;
