-- The first schema. Text enums have a CHECK, foreign keys an index, times are timestamptz.
CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- people who work here ------------------------------------------------------------------------------------------------
CREATE TABLE app_user (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    login         text NOT NULL CHECK (login = lower(login) AND login <> ''),
    name          text NOT NULL,
    password_hash text NOT NULL,
    role          text NOT NULL CHECK (role IN ('admin','supervisor','agent','nurse','marketer','auditor','api')),
    locale        text NOT NULL DEFAULT 'zh_CN' CHECK (locale IN ('zh_CN','en')),
    desk          text UNIQUE,                       -- the PJSIP endpoint this person answers at, e.g. desk-01
    is_active     boolean NOT NULL DEFAULT true,
    failed_logins int NOT NULL DEFAULT 0,
    locked_until  timestamptz,
    created_at    timestamptz NOT NULL DEFAULT now(),
    UNIQUE (login)
);
CREATE TABLE user_session (
    token_hash bytea PRIMARY KEY,                    -- sha256 of the cookie
    user_id    bigint NOT NULL REFERENCES app_user ON DELETE CASCADE,
    csrf_token text NOT NULL,
    created_at timestamptz NOT NULL,
    seen_at    timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX ON user_session (user_id);
CREATE TABLE api_token (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token_hash   bytea NOT NULL UNIQUE,
    name         text NOT NULL,
    role         text NOT NULL CHECK (role IN ('admin','supervisor','agent','nurse','marketer','auditor','api')),
    created_at   timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz,
    revoked_at   timestamptz
);
CREATE TABLE audit (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at            timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor_kind    text NOT NULL CHECK (actor_kind IN ('user','token','patient','system')),
    actor         text NOT NULL,
    actor_user_id bigint REFERENCES app_user,
    action        text NOT NULL,
    subject       text NOT NULL,
    subject_id    text NOT NULL DEFAULT '',
    outcome       text NOT NULL,
    detail        jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX ON audit (subject, subject_id, at);
CREATE INDEX ON audit (actor_user_id, at);
CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'audit rows are never changed'; END $$;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER audit_never_emptied BEFORE TRUNCATE ON audit EXECUTE FUNCTION audit_is_append_only();

-- the hospital --------------------------------------------------------------------------------------------------------
CREATE TABLE department (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code     text NOT NULL UNIQUE,
    name     text NOT NULL,
    name_en  text NOT NULL,
    keywords text[] NOT NULL DEFAULT '{}',           -- other words patients use for it
    position int NOT NULL DEFAULT 0                  -- order in menus
);
CREATE TABLE practitioner (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    department_id bigint NOT NULL REFERENCES department,
    name          text NOT NULL,
    name_en       text NOT NULL,
    title         text NOT NULL DEFAULT '',
    title_en      text NOT NULL DEFAULT '',
    is_active     boolean NOT NULL DEFAULT true,
    UNIQUE (department_id, name)
);
CREATE INDEX ON practitioner (department_id);

-- patients ------------------------------------------------------------------------------------------------------------
CREATE TABLE patient (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name          text NOT NULL CHECK (name <> ''),
    search        text NOT NULL,                     -- name, every pinyin reading and its initials; lower case
    sex           text NOT NULL DEFAULT 'unknown' CHECK (sex IN ('male','female','other','unknown')),
    birth_date    date,
    card_no       text CHECK (card_no <> ''),
    outpatient_no text CHECK (outpatient_no <> ''),
    inpatient_no  text CHECK (inpatient_no <> ''),
    region        text NOT NULL DEFAULT '',
    source        text NOT NULL DEFAULT '',
    department    text NOT NULL DEFAULT '',
    diseases      text[] NOT NULL DEFAULT '{}',
    member_level  text NOT NULL DEFAULT '',
    language      text NOT NULL DEFAULT 'zh_CN' CHECK (language IN ('zh_CN','en')),
    created_by    text NOT NULL,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL
);
CREATE UNIQUE INDEX patient_card_no ON patient (card_no);
CREATE UNIQUE INDEX patient_outpatient_no ON patient (outpatient_no);
CREATE UNIQUE INDEX patient_inpatient_no ON patient (inpatient_no);
CREATE INDEX patient_search ON patient USING gin (search gin_trgm_ops);
CREATE TABLE patient_phone (
    patient_id bigint NOT NULL REFERENCES patient ON DELETE CASCADE,
    msisdn     text NOT NULL CHECK (msisdn ~ '^\+[1-9][0-9]{4,14}$'),
    as_typed   text NOT NULL DEFAULT '',
    position   int NOT NULL DEFAULT 0,               -- 0 is the one to use first
    PRIMARY KEY (patient_id, msisdn)
);
CREATE INDEX patient_phone_msisdn ON patient_phone (msisdn);
CREATE INDEX patient_phone_tail ON patient_phone (reverse(msisdn) text_pattern_ops);
CREATE TABLE patient_change (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    patient_id bigint NOT NULL REFERENCES patient ON DELETE CASCADE,
    at         timestamptz NOT NULL,
    actor      text NOT NULL,
    field      text NOT NULL,
    old_value  jsonb,
    new_value  jsonb
);
CREATE INDEX ON patient_change (patient_id, at);
CREATE TABLE timeline_entry (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    patient_id bigint NOT NULL REFERENCES patient ON DELETE CASCADE,
    kind       text NOT NULL CHECK (kind IN
               ('call','sms','email','letter','appointment','encounter','task','response','complaint','consultation','consent')),
    at         timestamptz NOT NULL,
    code       text NOT NULL,                        -- which sentence; translated where it is shown
    args       jsonb NOT NULL DEFAULT '{}',          -- what the sentence names
    ref        text NOT NULL DEFAULT '',             -- e.g. calls/UUID, appointments/12
    UNIQUE (patient_id, kind, ref, code)
);
CREATE INDEX ON timeline_entry (patient_id, at DESC, id DESC);

-- scheduling ----------------------------------------------------------------------------------------------------------
CREATE TABLE schedule (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    practitioner_id bigint NOT NULL REFERENCES practitioner,
    department_id   bigint NOT NULL REFERENCES department,
    starts_at       timestamptz NOT NULL,
    ends_at         timestamptz NOT NULL CHECK (ends_at > starts_at),
    UNIQUE (practitioner_id, starts_at)
);
CREATE INDEX ON schedule (department_id, starts_at);
CREATE TABLE slot (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    schedule_id     bigint NOT NULL REFERENCES schedule ON DELETE CASCADE,
    practitioner_id bigint NOT NULL REFERENCES practitioner,
    department_id   bigint NOT NULL REFERENCES department,
    starts_at       timestamptz NOT NULL,
    ends_at         timestamptz NOT NULL CHECK (ends_at > starts_at),
    capacity        int NOT NULL CHECK (capacity > 0),
    UNIQUE (practitioner_id, starts_at)
);
CREATE INDEX ON slot (schedule_id);
CREATE INDEX ON slot (department_id, starts_at);
CREATE INDEX ON slot (starts_at);
CREATE TABLE appointment (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    patient_id    bigint NOT NULL REFERENCES patient,
    slot_id       bigint NOT NULL REFERENCES slot,
    place         int NOT NULL CHECK (place > 0),    -- 1 .. slot.capacity; what the database guarantees
    status        text NOT NULL CHECK (status IN ('booked','confirmed','arrived','fulfilled','cancelled','noshow')),
    channel       text NOT NULL CHECK (channel IN ('ivr','sms','web','agent','api','call')),
    booked_by     text NOT NULL,
    booked_at     timestamptz NOT NULL,
    confirmed_at  timestamptz,
    cancelled_at  timestamptz,
    cancelled_by  text,
    moved_from_id bigint REFERENCES appointment
);
CREATE UNIQUE INDEX appointment_one_per_place ON appointment (slot_id, place) WHERE status <> 'cancelled';
CREATE UNIQUE INDEX appointment_once_per_patient ON appointment (patient_id, slot_id) WHERE status <> 'cancelled';
CREATE INDEX ON appointment (patient_id, id DESC);
CREATE INDEX ON appointment (moved_from_id);
CREATE INDEX ON appointment (status, slot_id);
CREATE FUNCTION appointment_place_exists() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    IF NEW.place > (SELECT capacity FROM slot WHERE id = NEW.slot_id) THEN
        RAISE EXCEPTION 'place % is beyond the capacity of slot %', NEW.place, NEW.slot_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER appointment_place BEFORE INSERT OR UPDATE OF slot_id, place ON appointment
    FOR EACH ROW EXECUTE FUNCTION appointment_place_exists();

-- consent -------------------------------------------------------------------------------------------------------------
CREATE TABLE consent (                               -- append-only history; the newest row for a number and purpose counts
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    msisdn     text NOT NULL,
    patient_id bigint REFERENCES patient,
    purpose    text NOT NULL CHECK (purpose IN ('care','notice','marketing')),
    channel    text NOT NULL CHECK (channel IN ('sms','call','email','letter')),
    decision   text NOT NULL CHECK (decision IN ('opt_in','opt_out')),
    at         timestamptz NOT NULL,
    source     text NOT NULL,                        -- how it was said: sms, ivr, web, staff
    evidence   text NOT NULL DEFAULT ''              -- e.g. sms/12
);
CREATE INDEX ON consent (msisdn, purpose, channel, id DESC);
CREATE INDEX ON consent (patient_id);

CREATE TABLE never_dial (                            -- wards, emergency lines, our own numbers: no machine calls or texts them
    msisdn   text PRIMARY KEY,
    reason   text NOT NULL DEFAULT '',
    added_by text NOT NULL,
    added_at timestamptz NOT NULL
);

CREATE TABLE contact_hours (                         -- outside them people are left in peace; the hospital may change them
    purpose text PRIMARY KEY CHECK (purpose IN ('care','marketing')),  -- care also stands for notices
    opens   time NOT NULL,
    closes  time NOT NULL CHECK (opens < closes)
);
INSERT INTO contact_hours VALUES ('care', '08:00', '20:30'), ('marketing', '09:00', '19:00');

-- people asking, work for people ----------------------------------------------------------------------------------------
CREATE TABLE consultation (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    msisdn     text NOT NULL,
    patient_id bigint REFERENCES patient,
    source     text NOT NULL CHECK (source IN ('phone','sms','web')),
    text       text NOT NULL DEFAULT '',
    status     text NOT NULL DEFAULT 'open' CHECK (status IN ('open','closed')),
    created_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX consultation_one_open ON consultation (msisdn, source) WHERE status = 'open';
CREATE INDEX ON consultation (msisdn, id DESC);
CREATE INDEX ON consultation (patient_id);
CREATE TABLE task (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind       text NOT NULL CHECK (kind IN ('answer_sms','call_back','hear_voicemail','check_outcome','find_patient')),
    patient_id bigint REFERENCES patient,
    msisdn     text NOT NULL DEFAULT '',
    ref        text NOT NULL DEFAULT '',
    status     text NOT NULL DEFAULT 'open' CHECK (status IN ('open','done')),
    due_at     timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    done_at    timestamptz,
    done_by    text
);
CREATE UNIQUE INDEX task_once ON task (kind, msisdn, ref) WHERE status = 'open';
CREATE UNIQUE INDEX task_one_call_back ON task (msisdn) WHERE status = 'open' AND kind = 'call_back' AND msisdn <> '';
CREATE INDEX ON task (status, due_at);
CREATE INDEX ON task (patient_id);

-- calls ---------------------------------------------------------------------------------------------------------------
CREATE TABLE call (
    id             uuid PRIMARY KEY,
    linkedid       text NOT NULL UNIQUE,
    uniqueid       text NOT NULL,                    -- the patient's channel
    direction      text NOT NULL CHECK (direction IN ('in','out')),
    caller         text NOT NULL DEFAULT '',         -- the patient's MSISDN, '' when withheld
    did            text NOT NULL DEFAULT '',
    patient_id     bigint REFERENCES patient,
    language       text NOT NULL DEFAULT 'zh_CN' CHECK (language IN ('zh_CN','en')),
    state          text NOT NULL CHECK (state IN ('ringing','ivr','queued','talking','ended')),
    path           text[] NOT NULL DEFAULT '{}',     -- node ids in order
    flow_version   text NOT NULL DEFAULT '',
    queue          text NOT NULL DEFAULT '',
    started_at     timestamptz NOT NULL,
    answered_at    timestamptz,
    queued_at      timestamptz,
    connected_at   timestamptz,                      -- an agent answered
    ended_at       timestamptz,
    end_reason     text NOT NULL DEFAULT '',         -- hangup cause in words, or 'lost'
    agent_id       bigint REFERENCES app_user,
    disposition    text NOT NULL DEFAULT '',
    notes          text NOT NULL DEFAULT '',
    attempt_id     bigint
);
CREATE INDEX ON call (started_at DESC, id);
CREATE INDEX ON call (uniqueid);
CREATE INDEX ON call (caller, started_at DESC);
CREATE INDEX ON call (patient_id, started_at DESC);
CREATE INDEX ON call (agent_id, started_at DESC);
CREATE INDEX call_open ON call (state) WHERE state <> 'ended';
CREATE TABLE agent_state (
    user_id bigint PRIMARY KEY REFERENCES app_user ON DELETE CASCADE,
    state   text NOT NULL CHECK (state IN ('offline','available','ringing','on_call','wrap_up','break')),
    reason  text NOT NULL DEFAULT '',                -- of a break
    call_id uuid REFERENCES call,
    since   timestamptz NOT NULL,
    after_call text NOT NULL DEFAULT 'available' CHECK (after_call IN ('offline','available','break'))
);
CREATE INDEX ON agent_state (call_id);

-- ivr -----------------------------------------------------------------------------------------------------------------
CREATE TABLE ivr_flow_version (
    flow         text NOT NULL,                      -- hotline, reminder ...
    version      int NOT NULL CHECK (version > 0),
    status       text NOT NULL CHECK (status IN ('draft','published','retired')),
    definition   jsonb NOT NULL,
    created_by   text NOT NULL,
    created_at   timestamptz NOT NULL,
    published_at timestamptz,
    PRIMARY KEY (flow, version)
);
CREATE UNIQUE INDEX ivr_flow_one_published ON ivr_flow_version (flow) WHERE status = 'published';

-- dialer --------------------------------------------------------------------------------------------------------------
CREATE TABLE dial_attempt (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    appointment_id bigint NOT NULL REFERENCES appointment,
    patient_id     bigint NOT NULL REFERENCES patient,
    msisdn         text NOT NULL,
    purpose        text NOT NULL CHECK (purpose IN ('care','notice','marketing')),
    number         int NOT NULL CHECK (number > 0),  -- first try, second try ...
    state          text NOT NULL CHECK (state IN ('planned','dialing','answered','done','unknown','suppressed')),
    result         text NOT NULL DEFAULT '',         -- human, machine, busy, no_answer, failed, refused rule ...
    requested_by   text NOT NULL,
    planned_at     timestamptz NOT NULL,
    not_before     timestamptz NOT NULL,
    dialed_at      timestamptz,
    ended_at       timestamptz,
    call_id        uuid REFERENCES call,
    linkedid       text NOT NULL DEFAULT '',
    UNIQUE (appointment_id, number)
);
CREATE INDEX ON dial_attempt (patient_id);
CREATE INDEX ON dial_attempt (call_id);
CREATE INDEX dial_attempt_open ON dial_attempt (state, not_before) WHERE state IN ('planned','dialing','answered');
CREATE UNIQUE INDEX dial_attempt_one_open ON dial_attempt (appointment_id) WHERE state IN ('planned','dialing','answered');
CREATE INDEX dial_attempt_linkedid ON dial_attempt (linkedid) WHERE linkedid <> '';
ALTER TABLE call ADD FOREIGN KEY (attempt_id) REFERENCES dial_attempt;
CREATE INDEX ON call (attempt_id);

-- recordings ----------------------------------------------------------------------------------------------------------
CREATE TABLE recording (
    id          uuid PRIMARY KEY,
    call_id     uuid NOT NULL REFERENCES call,
    kind        text NOT NULL CHECK (kind IN ('call','voicemail')),
    source      text NOT NULL UNIQUE,                -- the file Asterisk wrote; makes storing safe to happen twice
    path        text NOT NULL,                       -- inside the recordings folder
    key         bytea NOT NULL,                      -- the file's own key, wrapped with the hospital's
    sha256      bytea NOT NULL,                      -- of the plain audio
    duration_ms int NOT NULL CHECK (duration_ms >= 0),
    size_bytes  bigint NOT NULL,
    channels    int NOT NULL,
    peaks       real[] NOT NULL DEFAULT '{}',        -- waveform, 0..1, channels interleaved
    created_at  timestamptz NOT NULL
);
CREATE INDEX ON recording (call_id);
CREATE INDEX ON recording (created_at DESC, id);
CREATE TABLE recording_absence (                     -- why an answered call has no audio
    call_id uuid PRIMARY KEY REFERENCES call,
    reason  text NOT NULL CHECK (reason IN ('no_file','empty','corrupt','retention')),
    at      timestamptz NOT NULL
);

-- sms -----------------------------------------------------------------------------------------------------------------
CREATE TABLE sms (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    direction      text NOT NULL CHECK (direction IN ('in','out')),
    peer           text NOT NULL,                    -- MSISDN, or the short code or name an operator sent
    text           text NOT NULL,
    purpose        text CHECK (purpose IN ('care','notice','marketing')),
    state          text NOT NULL CHECK (state IN
                   ('queued','sending','sent','delivered','failed','expired','unknown','suppressed','received')),
    reason         text NOT NULL DEFAULT '',
    priority       int NOT NULL DEFAULT 0,           -- 2 conversation, 1 reminder, 0 bulk
    modem          text NOT NULL DEFAULT '',
    patient_id     bigint REFERENCES patient,
    appointment_id bigint REFERENCES appointment,
    reply_to_id    bigint REFERENCES sms,
    dedupe_key     text UNIQUE,
    created_by     text NOT NULL,
    created_at     timestamptz NOT NULL,
    not_before     timestamptz NOT NULL,
    sent_at        timestamptz,
    delivered_at   timestamptz,
    read_at        timestamptz,                      -- inbound: when staff read it
    handled_at     timestamptz,                      -- inbound: when the conversation took it, exactly once
    tries          int NOT NULL DEFAULT 0,           -- outbound: how often it was handed to a modem and refused for now
    sending_at     timestamptz                       -- outbound: when it was last marked sending
);
CREATE INDEX ON sms (peer, id DESC);
CREATE INDEX ON sms (patient_id, id DESC);
CREATE INDEX ON sms (appointment_id);
CREATE INDEX ON sms (reply_to_id);
CREATE INDEX sms_waiting ON sms (priority DESC, id) WHERE state = 'queued';
CREATE INDEX sms_sending ON sms (modem) WHERE state = 'sending';
CREATE INDEX sms_unread ON sms (id) WHERE direction = 'in' AND read_at IS NULL;
CREATE TABLE sms_segment (
    sms_id       bigint NOT NULL REFERENCES sms ON DELETE CASCADE,
    number       int NOT NULL CHECK (number > 0),    -- 1 .. total
    total        int NOT NULL CHECK (total >= 1),
    state        text NOT NULL CHECK (state IN ('queued','sending','sent','delivered','failed','expired','unknown')),
    modem        text NOT NULL DEFAULT '',
    reference    int,                                -- TP-MR given by the modem, 0..255, used again and again
    status       int,                                -- TP-ST of the newest delivery report
    sent_at      timestamptz,
    delivered_at timestamptz,
    PRIMARY KEY (sms_id, number)
);
CREATE INDEX ON sms_segment (modem, reference, sent_at DESC);
CREATE TABLE sms_inbound_part (                      -- what a modem handed over, before it is a message
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    fingerprint bytea NOT NULL UNIQUE,               -- of modem, sender, SMSC time stamp and PDU: a part read twice is one part
    modem       text NOT NULL,
    peer        text NOT NULL,
    reference   int,                                 -- concatenation reference, NULL for a single message
    total       int NOT NULL DEFAULT 1,
    number      int NOT NULL DEFAULT 1,
    text        text NOT NULL,
    smsc_at     timestamptz,
    pdu         text NOT NULL DEFAULT '',            -- hex, as the modem gave it; text may be wrong where a character was cut
    received_at timestamptz NOT NULL,
    sms_id      bigint REFERENCES sms
);
CREATE INDEX sms_part_waiting ON sms_inbound_part (peer, reference) WHERE sms_id IS NULL;
CREATE INDEX ON sms_inbound_part (sms_id);
CREATE TABLE sms_conversation (
    peer       text PRIMARY KEY,
    keyword    text NOT NULL,
    state      jsonb NOT NULL,
    expires_at timestamptz NOT NULL
);
