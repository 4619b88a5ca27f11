-- Sealed accounts: the keyring is held by its owner's credentials, each of which takes its hold along when it goes.

ALTER TABLE holders
    DROP CONSTRAINT holders_kind_check,
    ADD CONSTRAINT holders_kind_check
        CHECK (kind IN ('instance', 'password', 'recovery', 'session', 'api_key', 'feed')),
    -- What the holder is called after, where that is a row that can be deleted.
    ADD COLUMN session_id uuid GENERATED ALWAYS AS (CASE WHEN kind = 'session' THEN holder_id END) STORED,
    ADD COLUMN key_id     uuid GENERATED ALWAYS AS (CASE WHEN kind = 'api_key' THEN holder_id END) STORED,
    ADD FOREIGN KEY (account_id, session_id) REFERENCES sessions ON DELETE CASCADE,
    ADD FOREIGN KEY (account_id, key_id) REFERENCES api_keys ON DELETE CASCADE;

-- Of all other kinds an account has one at most.
CREATE UNIQUE INDEX holders_one_each ON holders (account_id, kind) WHERE kind NOT IN ('session', 'api_key');

-- What replaces a forgotten password; of a sealed account a holder, too. Only the code's hash is kept.
CREATE TABLE recovery_codes (
    account_id uuid PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
    code_hash  bytea NOT NULL,
    made_on    date NOT NULL
);
