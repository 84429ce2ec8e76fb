-- An agent who calls somebody, rings that were missed running, and the colleague who asks about their call.
ALTER TABLE agent_state
    DROP CONSTRAINT agent_state_state_check,
    ADD CONSTRAINT agent_state_state_check
        CHECK (state IN ('offline','available','ringing','calling','on_call','wrap_up','break')),
    ADD COLUMN missed_rings smallint NOT NULL DEFAULT 0,
    ADD COLUMN asked_by bigint REFERENCES app_user ON DELETE SET NULL;
