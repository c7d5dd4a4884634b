-- Gives a person or a program read access to the public views of an archive on PostgreSQL, and to nothing else.
-- Run it as the server's administrator, in the archive's database, once for each login; running it again changes nothing:
--
--     psql -d presswatch -v ON_ERROR_STOP=1 -v analyst=anna -f analysts.sql
--     psql -d presswatch -c '\password anna'
--
-- presswatch db upgrade keeps these rights when it makes the views anew.

BEGIN;

-- The group holds the rights and cannot log in.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'presswatch_analysts') THEN
    CREATE ROLE presswatch_analysts NOLOGIN;
  END IF;
  EXECUTE format('GRANT CONNECT ON DATABASE %I TO presswatch_analysts', current_database());
  EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());  -- a temporary table would fill the disk as well
END
$$;

GRANT USAGE ON SCHEMA public TO presswatch_analysts;
GRANT SELECT ON
  v_articles, v_mentions, v_matches, v_theme_timeline, v_stories, v_alerts,
  v_deliveries, v_polls, v_outlet_health, v_first_reports, v_rule_quality, v_entities_daily
TO presswatch_analysts;

-- The archive's own login becomes the group while it answers presswatch archive sql.
DO $$
DECLARE
  owner name := (SELECT viewowner FROM pg_views WHERE schemaname = 'public' AND viewname = 'v_articles');
BEGIN
  EXECUTE format('GRANT presswatch_analysts TO %I', owner);
END
$$;

-- Limits are not inherited from a group: each login carries its own.
SELECT set_config('presswatch.analyst', :'analyst', true);
DO $$
DECLARE
  analyst text := current_setting('presswatch.analyst');
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = analyst) THEN
    EXECUTE format('CREATE ROLE %I LOGIN CONNECTION LIMIT 5', analyst);
  END IF;
  EXECUTE format('GRANT presswatch_analysts TO %I', analyst);
  EXECUTE format('ALTER ROLE %I SET default_transaction_read_only = on', analyst);
  EXECUTE format('ALTER ROLE %I SET statement_timeout = %L', analyst, '60s');
  EXECUTE format('ALTER ROLE %I SET idle_in_transaction_session_timeout = %L', analyst, '60s');
  EXECUTE format('ALTER ROLE %I SET temp_file_limit = %L', analyst, '2GB');
  EXECUTE format('ALTER ROLE %I SET timezone = %L', analyst, 'UTC');
END
$$;

COMMIT;
