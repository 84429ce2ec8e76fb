-- Answers that are written once and sent often, in both languages. One that is taken out of use stays for the audit.
CREATE TABLE sms_canned (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title      text NOT NULL CHECK (title <> ''),
    text       text NOT NULL CHECK (text <> ''),
    text_en    text NOT NULL DEFAULT '',                  -- '' : only in Chinese
    version    int NOT NULL DEFAULT 1,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL,
    removed_at timestamptz
);
CREATE UNIQUE INDEX sms_canned_title ON sms_canned (title) WHERE removed_at IS NULL;
