-- What patients ask first. Sessions that are there are general ones; what they cost nobody has said.
ALTER TABLE schedule
    ADD COLUMN kind text NOT NULL DEFAULT 'general' CHECK (kind IN ('general', 'expert')),
    ADD COLUMN fee int CHECK (fee >= 0);                          -- fen; NULL: not said, which is not free
