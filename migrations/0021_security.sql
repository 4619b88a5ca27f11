-- What guards signing in: second factors, what a session knows of itself, and events that the owner alone can read.

ALTER TABLE sessions
    ADD COLUMN is_pending  boolean NOT NULL DEFAULT false,  -- the password was right, the second factor is outstanding
    ADD COLUMN wrong_codes smallint NOT NULL DEFAULT 0,     -- of a pending one; it ends at the tenth
    ADD COLUMN fresh_until timestamptz,                     -- the password was given shortly before
    ADD COLUMN browser     bytea;                           -- its family and system; sealed under the data key

-- One code generator (RFC 6238) an account; sealed under the data key, which is open once the password was right.
CREATE TABLE second_factors (
    account_id  uuid PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
    secret      bytea NOT NULL,
    is_on       boolean NOT NULL,  -- off until a first code was right
    last_step   bigint NOT NULL,   -- the newest step of 30 s whose code was taken: none is taken twice
    made_on     date NOT NULL,
    wrong_on    date,              -- the day of
    wrong_count integer NOT NULL   -- wrong codes, of which a day has few
);

-- Codes for when the generator is lost: each works once, and its row goes with that.
CREATE TABLE second_factor_codes (
    account_id uuid NOT NULL REFERENCES second_factors ON DELETE CASCADE,
    code_hash  bytea NOT NULL,
    PRIMARY KEY (account_id, code_hash)
);

-- What happened to the account's keys and passwords, sealed to its public key; a row without details counts the wrong
-- passwords of a day. Ids tell the day and the order in it, not the time.
CREATE TABLE security_events (
    account_id uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    event_id   uuid NOT NULL,
    noted_on   date NOT NULL,
    details    bytea,
    count      bigint NOT NULL,
    PRIMARY KEY (account_id, event_id)
);

CREATE UNIQUE INDEX security_events_counted ON security_events (account_id, noted_on) WHERE details IS NULL;
CREATE INDEX security_events_by_day ON security_events (noted_on);
