-- Staff set it on a page: nobody overwrites what they have not seen.
ALTER TABLE booking_rule
    ADD COLUMN version    int NOT NULL DEFAULT 1,
    ADD COLUMN changed_by text NOT NULL DEFAULT '',
    ADD COLUMN changed_at timestamptz;
