-- How long an event is kept counts from when it was written down: a call of last month that is reported today is news.
ALTER TABLE event_log ADD COLUMN written_at timestamptz NOT NULL DEFAULT now();
DROP INDEX event_log_at;
CREATE INDEX event_log_age ON event_log (written_at);
