-- Who may do what in a PostgreSQL intake database. Run it as the database's owner after each `fyren database upgrade`:
--   psql -v ON_ERROR_STOP=1 -f intake_store/database/roles.sql "$DATABASE"
-- It may be run again. Give the roles a way to log in afterwards, as in docs/deployment.md.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'fyren_bot') THEN CREATE ROLE fyren_bot; END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'fyren_analyst') THEN CREATE ROLE fyren_analyst; END IF;
END
$$;

REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, fyren_bot, fyren_analyst;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO fyren_bot, fyren_analyst;

-- The bot adds. It finds a response by its receipt code alone, and reads nothing that was sealed.
GRANT SELECT ON alembic_version TO fyren_bot;
GRANT INSERT, DELETE, SELECT (row_id, receipt_hash) ON sealed_response TO fyren_bot;
GRANT INSERT, DELETE, SELECT (iso_week) ON submission TO fyren_bot;
GRANT INSERT ON withdrawn_response TO fyren_bot;
GRANT INSERT, UPDATE (count), SELECT ON usage_count TO fyren_bot;

-- The analyst reads what was sealed and what was counted. Columns are named one by one: a right to the whole table would
-- be one to xmin and ctid too, which tell the order in which rows came.
GRANT SELECT (version_num) ON alembic_version TO fyren_analyst;
GRANT SELECT (row_id, key_id, purpose, codebook_version, iso_week, sealed, receipt_hash)
    ON sealed_response TO fyren_analyst;
GRANT SELECT (iso_week, channel, language, event, subject, county, count) ON usage_count TO fyren_analyst;
