-- Whether a telephone is registered at each desk, as Asterisk says; a desk nobody ever used has no row.
CREATE TABLE desk_line (
    desk  text PRIMARY KEY,
    is_up boolean NOT NULL,
    since timestamptz NOT NULL
);
