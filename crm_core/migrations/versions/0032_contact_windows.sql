-- Hours by day of the week and for public holidays, to the minute; 1440 is midnight at the end of the day. A day that has
-- no row: nobody is contacted. contact_hours keeps who changed them last; its opens and closes are the release's before.
CREATE TABLE contact_window (
    purpose    text NOT NULL REFERENCES contact_hours,
    day        text NOT NULL CHECK (day IN ('mon','tue','wed','thu','fri','sat','sun','holiday')),
    opens_min  smallint NOT NULL CHECK (opens_min >= 0),
    closes_min smallint NOT NULL CHECK (closes_min <= 1440 AND opens_min < closes_min),
    PRIMARY KEY (purpose, day)
);
INSERT INTO contact_window
SELECT purpose, day, floor(extract(epoch FROM opens) / 60),
       CASE WHEN closes >= '23:59' THEN 1440 ELSE ceil(extract(epoch FROM closes) / 60) END
FROM contact_hours, unnest(ARRAY['mon','tue','wed','thu','fri','sat','sun','holiday']) AS day;
