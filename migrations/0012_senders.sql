-- Who has written to which alias, how often and since when; and how much mail came to an alias in which week.
--
-- Senders and the organisations behind them are keyed digests; what describes them is sealed under the key of the first
-- message that they sent, which receiving has at hand, and under the account's data key once it has been opened.

CREATE TABLE alias_senders (
    account_id   uuid NOT NULL,
    alias_id     uuid NOT NULL,
    sender       bytea NOT NULL,           -- digest of the address
    organisation bytea NOT NULL,           -- digest of the domain that its owner has registered
    message_id   uuid NOT NULL,            -- their first message, which tells since when they write; it may be gone
    message_key  bytea STORAGE EXTERNAL,   -- its key as received; null once the details are under the data key
    details      bytea STORAGE EXTERNAL NOT NULL,
    is_expected  boolean NOT NULL DEFAULT false,  -- the owner says that this organisation may write to this alias
    PRIMARY KEY (account_id, alias_id, sender),
    FOREIGN KEY (account_id, alias_id) REFERENCES aliases ON DELETE CASCADE
) WITH (toast_tuple_target = 8000);

-- The newest acquaintances of an account, among whom leaks are looked for.
CREATE INDEX alias_senders_newest ON alias_senders (account_id, message_id DESC);

-- In shards, as the other counters. The empty sender counts those of an alias that are too many to be listed.
CREATE TABLE alias_sender_usage (
    account_id    uuid NOT NULL,
    alias_id      uuid NOT NULL,
    sender        bytea NOT NULL,
    shard         smallint NOT NULL,
    message_count bigint NOT NULL,
    last_on       date NOT NULL,
    PRIMARY KEY (account_id, alias_id, sender, shard),
    FOREIGN KEY (account_id, alias_id) REFERENCES aliases ON DELETE CASCADE
) WITH (fillfactor = 50);

CREATE TABLE alias_weeks (
    account_id    uuid NOT NULL,
    alias_id      uuid NOT NULL,
    week          date NOT NULL,  -- its Monday
    shard         smallint NOT NULL,
    message_count bigint NOT NULL,
    PRIMARY KEY (account_id, alias_id, week, shard),
    FOREIGN KEY (account_id, alias_id) REFERENCES aliases ON DELETE CASCADE
) WITH (fillfactor = 50);

CREATE INDEX alias_weeks_by_week ON alias_weeks (week);
