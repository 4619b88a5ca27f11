-- What happens in an account, told to its webhooks and event streams: events, endpoints, deliveries and their attempts.
--
-- The worker sends without any secret of the account, so what it needs is sealed under a key that comes from the index
-- key (app/vault/outbox.py), which the instance holds.

CREATE TABLE webhooks (
    account_id      uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    webhook_id      uuid NOT NULL,
    alias_id        uuid,  -- null: of every alias, and of the account itself
    is_enabled      boolean NOT NULL,
    event_types     text[] NOT NULL,
    content         text NOT NULL CHECK (content IN ('thin', 'full')),
    details         bytea NOT NULL,  -- address, description, secrets
    created_on      date NOT NULL,
    disabled_reason text,         -- null: enabled, or switched off by its owner
    failing_since   timestamptz,  -- null: the newest attempt was answered well
    failure_count   integer NOT NULL DEFAULT 0,  -- attempts that failed since
    next_attempt_at timestamptz,  -- null: at once
    leased_until    timestamptz,  -- a worker is sending to it; null: none
    PRIMARY KEY (account_id, webhook_id),
    FOREIGN KEY (account_id, alias_id) REFERENCES aliases ON DELETE CASCADE
) WITH (fillfactor = 50);

-- Ids of events about a message as it came, or about a refusal, are those of the message or the refusal.
-- Without a foreign key to accounts: processes that store mail for one account would queue for its row's lock.
CREATE TABLE events (
    account_id  uuid NOT NULL,
    event_id    uuid NOT NULL,
    type        text NOT NULL,
    alias_id    uuid,
    subject_id  uuid,  -- the message, refusal or alias it is about
    occurred_at timestamptz NOT NULL,
    facts       jsonb,  -- what stands in clear elsewhere, too: names of domains, reasons, numbers
    payload     bytea STORAGE EXTERNAL,  -- what does not; null once nothing waits to be delivered
    PRIMARY KEY (account_id, event_id),
    FOREIGN KEY (account_id, alias_id) REFERENCES aliases ON DELETE CASCADE
) WITH (fillfactor = 85, toast_tuple_target = 8000);

CREATE INDEX events_by_time ON events (occurred_at);

-- Without a foreign key to webhooks: mail must not fail to be stored because an endpoint is deleted at that moment.
CREATE TABLE webhook_deliveries (
    account_id      uuid NOT NULL,
    webhook_id      uuid NOT NULL,
    event_id        uuid NOT NULL,
    state           text NOT NULL CHECK (state IN ('pending', 'delivered', 'failed')),
    attempt_count   integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL,
    ended_at        timestamptz,
    PRIMARY KEY (account_id, webhook_id, event_id),
    FOREIGN KEY (account_id, event_id) REFERENCES events ON DELETE CASCADE
) WITH (fillfactor = 70);

CREATE INDEX webhook_deliveries_pending ON webhook_deliveries (account_id, webhook_id, event_id) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_by_event ON webhook_deliveries (account_id, event_id);

CREATE TABLE webhook_attempts (
    account_id   uuid NOT NULL,
    webhook_id   uuid NOT NULL,
    event_id     uuid NOT NULL,
    attempt_id   uuid NOT NULL,  -- its time begins it
    status       smallint,       -- HTTP's; null: no answer
    error        text,           -- why there is no answer: a code of ours
    milliseconds integer NOT NULL,
    answer       bytea STORAGE EXTERNAL,  -- its first 512 bytes
    PRIMARY KEY (account_id, webhook_id, event_id, attempt_id),
    FOREIGN KEY (account_id, webhook_id, event_id) REFERENCES webhook_deliveries ON DELETE CASCADE
);

-- That an alias has ended is told once, and again after it was renewed.
ALTER TABLE aliases ADD COLUMN is_end_told boolean NOT NULL DEFAULT false;
UPDATE aliases a SET is_end_told = true
WHERE coalesce(a.expires_at <= now(), false) OR coalesce(a.messages_left = 0, false)
   OR coalesce(greatest(a.idle_from, (SELECT max(u.last_received_on) FROM alias_usage u
                                      WHERE u.account_id = a.account_id AND u.alias_id = a.alias_id)) + a.idle_days
               < (now() AT TIME ZONE 'UTC')::date, false);
CREATE INDEX aliases_end_by_date ON aliases (expires_at) WHERE expires_at IS NOT NULL AND NOT is_end_told;
CREATE INDEX aliases_end_by_count ON aliases (account_id, alias_id) WHERE messages_left = 0 AND NOT is_end_told;
CREATE INDEX aliases_end_by_idling ON aliases (idle_from) WHERE idle_days IS NOT NULL AND NOT is_end_told;

-- How full the owner was last told the account is, in percent: 0, 80 or 100.
ALTER TABLE accounts
    ADD COLUMN storage_warned smallint NOT NULL DEFAULT 0,
    ADD COLUMN aliases_warned smallint NOT NULL DEFAULT 0;
