-- What was printed. The addresses stay in the register: a run names people, and is printed again from their records.
CREATE TABLE print_run (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL,
    printed_by text NOT NULL,
    template   text NOT NULL,
    frames     boolean NOT NULL,
    printed    integer NOT NULL CHECK (printed > 0),
    left_out   integer NOT NULL CHECK (left_out >= 0)
);
CREATE TABLE print_run_member (
    run_id     bigint NOT NULL REFERENCES print_run ON DELETE CASCADE,
    position   integer NOT NULL,
    patient_id bigint NOT NULL REFERENCES patient,
    why        text NOT NULL DEFAULT '' CHECK (why IN
        ('','no_street','no_postcode','bad_postcode','other_province','no_glyph','no_room')),  -- '': printed
    PRIMARY KEY (run_id, position)
);
CREATE INDEX print_run_of_patient ON print_run_member (patient_id);
