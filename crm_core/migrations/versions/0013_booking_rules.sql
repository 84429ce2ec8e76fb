CREATE EXTENSION IF NOT EXISTS btree_gist;

-- What a patient may have. One row; whoever changes it changes it for every way of booking.
CREATE TABLE booking_rule (
    only_one   boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    most_a_day int NOT NULL DEFAULT 3 CHECK (most_a_day > 0)
);
INSERT INTO booking_rule DEFAULT VALUES;

-- Nobody is in two places at once. Rows that begin before an earlier one has ended stay, and say so: the rule leaves them
-- out, and keeps what is made from now on apart from the others.
ALTER TABLE schedule ADD COLUMN is_doubled boolean NOT NULL DEFAULT false;
UPDATE schedule SET is_doubled = true
FROM (SELECT id, starts_at < max(ends_at) OVER before AS is_doubled FROM schedule
      WINDOW before AS (PARTITION BY practitioner_id ORDER BY starts_at ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
     ) AS found
WHERE found.id = schedule.id AND found.is_doubled;
ALTER TABLE schedule ADD CONSTRAINT schedule_one_at_a_time
    EXCLUDE USING gist (practitioner_id WITH =, tstzrange(starts_at, ends_at) WITH &&) WHERE (NOT is_doubled);

ALTER TABLE slot ADD COLUMN is_doubled boolean NOT NULL DEFAULT false;
UPDATE slot SET is_doubled = true
FROM (SELECT id, starts_at < max(ends_at) OVER before AS is_doubled FROM slot
      WINDOW before AS (PARTITION BY practitioner_id ORDER BY starts_at ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
     ) AS found
WHERE found.id = slot.id AND found.is_doubled;
ALTER TABLE slot ADD CONSTRAINT slot_one_at_a_time
    EXCLUDE USING gist (practitioner_id WITH =, tstzrange(starts_at, ends_at) WITH &&) WHERE (NOT is_doubled);

-- A place that somebody has is there. Each side locks the slot, so neither sees the other's half.
CREATE OR REPLACE FUNCTION appointment_place_exists() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    IF NEW.place > (SELECT capacity FROM slot WHERE id = NEW.slot_id FOR SHARE) THEN
        RAISE EXCEPTION 'place % is beyond the capacity of slot %', NEW.place, NEW.slot_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE FUNCTION slot_keeps_places() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    IF EXISTS (SELECT 1 FROM appointment WHERE slot_id = NEW.id AND status <> 'cancelled' AND place > NEW.capacity) THEN
        RAISE EXCEPTION 'slot % has appointments beyond capacity %', NEW.id, NEW.capacity USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER slot_capacity BEFORE UPDATE OF capacity ON slot
    FOR EACH ROW WHEN (NEW.capacity < OLD.capacity) EXECUTE FUNCTION slot_keeps_places();
