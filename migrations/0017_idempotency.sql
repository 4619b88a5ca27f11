-- Requests that carried an Idempotency-Key, and what they were answered, for a day: none is carried out twice.

CREATE TABLE idempotency_keys (
    account_id   uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    digest       bytea NOT NULL,                  -- keyed, of the API key's id and the Idempotency-Key
    attempt_id   uuid NOT NULL,                   -- who carries it out, or has
    fingerprint  bytea NOT NULL,                  -- keyed, of what was asked
    is_committed boolean NOT NULL DEFAULT false,  -- set in the transaction that does the work
    answer       bytea STORAGE EXTERNAL,          -- sealed; null: not yet, or lost
    claimed_at   timestamptz NOT NULL,
    leased_until timestamptz NOT NULL,            -- until then somebody may be at work
    PRIMARY KEY (account_id, digest)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (claimed_at);
