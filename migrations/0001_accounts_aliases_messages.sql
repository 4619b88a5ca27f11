-- Accounts and their keys, aliases and their addresses, messages and what belongs to them.
--
-- account_id comes first in the primary key and in the foreign keys of every table that an account owns, so that all of
-- them can be distributed by it. Tables that are searched by something else (a login, an address, the hash of a secret)
-- are directories: small, keyed by that, and without foreign keys.
-- bytea columns hold sealed values (app/vault says how); nothing a person wrote or received is stored in clear.

-- One row: a value derived from the instance key, so that a wrong key is noticed before it does harm.
CREATE TABLE instance (
    is_only_row boolean PRIMARY KEY CHECK (is_only_row),
    key_check   bytea NOT NULL
);

CREATE TABLE accounts (
    account_id    uuid PRIMARY KEY,
    login         text NOT NULL,
    kind          text NOT NULL CHECK (kind IN ('standard', 'sealed')),
    status        text NOT NULL CHECK (status IN ('active', 'suspended')),
    is_admin      boolean NOT NULL,
    created_on    date NOT NULL,
    storage_limit bigint NOT NULL,
    public_key    bytea NOT NULL,  -- HPKE: mail is sealed to it on receipt
    index_key     bytea NOT NULL   -- makes search tokens; under the instance key, because receiving needs it
);

-- Directory: who signs in under this name.
CREATE TABLE logins (
    login      text PRIMARY KEY,
    account_id uuid NOT NULL
);

-- Argon2id's parameters, and bcrypt of the verifier that Argon2id and HKDF derive from the password.
CREATE TABLE passwords (
    account_id uuid PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
    salt       bytea NOT NULL,
    memory_kib integer NOT NULL,
    iterations integer NOT NULL,
    lanes      integer NOT NULL,
    verifier   text NOT NULL
);

-- The account's keyring, once for each holder that can open it.
CREATE TABLE holders (
    account_id uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    holder_id  uuid NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('instance', 'password', 'recovery', 'session', 'api_key')),
    keyring    bytea NOT NULL,
    PRIMARY KEY (account_id, holder_id)
);

CREATE TABLE sessions (
    account_id  uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    session_id  uuid NOT NULL,
    secret_hash bytea NOT NULL,
    created_on  date NOT NULL,
    expires_at  timestamptz NOT NULL,
    PRIMARY KEY (account_id, session_id)
);

-- Directory: whose session this is.
CREATE TABLE session_owners (
    session_id uuid PRIMARY KEY,
    account_id uuid NOT NULL,
    expires_at timestamptz NOT NULL
);

CREATE TABLE api_keys (
    account_id uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    key_id     uuid NOT NULL,
    key_hash   bytea NOT NULL,
    name       bytea NOT NULL,
    created_on date NOT NULL,
    expires_at timestamptz,
    PRIMARY KEY (account_id, key_id)
);

-- Directory: whose API key hashes to this.
CREATE TABLE api_key_owners (
    key_hash   bytea PRIMARY KEY,
    account_id uuid NOT NULL,
    key_id     uuid NOT NULL
);

-- Directory: the domains mail is taken for; without an account, everyone may make aliases there.
CREATE TABLE domains (
    domain     text PRIMARY KEY,
    account_id uuid,
    created_on date NOT NULL
);

CREATE TABLE aliases (
    account_id    uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    alias_id      uuid NOT NULL,
    address       text NOT NULL,
    is_enabled    boolean NOT NULL,
    when_disabled text NOT NULL CHECK (when_disabled IN ('refuse', 'defer', 'discard')),
    details       bytea NOT NULL,
    PRIMARY KEY (account_id, alias_id)
);

-- Directory: which alias an address reaches. A row outlives its alias, so that nobody else is ever given the address.
CREATE TABLE addresses (
    address    text PRIMARY KEY,
    account_id uuid NOT NULL,
    alias_id   uuid NOT NULL
);

-- Counters, spread over shards so that processes that store mail for one account at once do not wait for each other.
CREATE TABLE account_usage (
    account_id    uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    shard         smallint NOT NULL,
    message_count bigint NOT NULL,
    stored_bytes  bigint NOT NULL,
    PRIMARY KEY (account_id, shard)
) WITH (fillfactor = 50);

CREATE TABLE alias_usage (
    account_id       uuid NOT NULL,
    alias_id         uuid NOT NULL,
    shard            smallint NOT NULL,
    message_count    bigint NOT NULL,
    last_received_on date NOT NULL,
    PRIMARY KEY (account_id, alias_id, shard),
    FOREIGN KEY (account_id, alias_id) REFERENCES aliases ON DELETE CASCADE
) WITH (fillfactor = 50);

-- What lists filter and sort by, and the flags: narrow, so that marking a message read rewrites little.
CREATE TABLE messages (
    account_id      uuid NOT NULL,
    message_id      uuid NOT NULL,
    alias_id        uuid NOT NULL,
    thread_id       uuid NOT NULL,
    folder          text NOT NULL CHECK (folder IN ('inbox', 'archive', 'trash', 'spam')),
    is_read         boolean NOT NULL,
    is_starred      boolean NOT NULL,
    received_at     timestamptz NOT NULL,
    size            bigint NOT NULL,  -- bytes as received
    PRIMARY KEY (account_id, message_id),
    FOREIGN KEY (account_id, alias_id) REFERENCES aliases ON DELETE CASCADE
) WITH (fillfactor = 85);

CREATE INDEX messages_by_folder ON messages (account_id, folder, message_id DESC);
CREATE INDEX messages_by_alias ON messages (account_id, alias_id, message_id DESC);
CREATE INDEX messages_unread ON messages (account_id, folder) WHERE NOT is_read;

-- What lists show, sealed under the message's key; the key itself is sealed to the account, and wrapped anew under the
-- account's data key when it is first opened.
CREATE TABLE message_summaries (
    account_id  uuid NOT NULL,
    message_id  uuid NOT NULL,
    message_key bytea STORAGE EXTERNAL NOT NULL,
    summary     bytea STORAGE EXTERNAL NOT NULL,  -- sealed values do not compress; trying would cost time
    PRIMARY KEY (account_id, message_id),
    FOREIGN KEY (account_id, message_id) REFERENCES messages ON DELETE CASCADE
) WITH (toast_tuple_target = 8000);

-- The message itself, less the large bodies that were cut out of it into blobs.
CREATE TABLE message_sources (
    account_id uuid NOT NULL,
    message_id uuid NOT NULL,
    source     bytea STORAGE EXTERNAL NOT NULL,
    PRIMARY KEY (account_id, message_id),
    FOREIGN KEY (account_id, message_id) REFERENCES messages ON DELETE CASCADE
) WITH (toast_tuple_target = 8000);

-- Search tokens: keyed hashes of a message's words. Accounts have different keys, so their tokens never meet.
CREATE TABLE message_tokens (
    account_id uuid NOT NULL,
    message_id uuid NOT NULL,
    tokens     bigint[] NOT NULL,
    PRIMARY KEY (account_id, message_id),
    FOREIGN KEY (account_id, message_id) REFERENCES messages ON DELETE CASCADE
) WITH (toast_tuple_target = 8000);

CREATE INDEX message_tokens_gin ON message_tokens USING gin (tokens);

-- Objects in the blob store. A row says that the object is kept; objects without one are swept.
CREATE TABLE blobs (
    account_id  uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    blob_id     uuid NOT NULL,
    stored_size bigint NOT NULL,
    PRIMARY KEY (account_id, blob_id)
);

CREATE TABLE message_blobs (
    account_id uuid NOT NULL,
    message_id uuid NOT NULL,
    blob_id    uuid NOT NULL,
    PRIMARY KEY (account_id, message_id, blob_id),
    FOREIGN KEY (account_id, message_id) REFERENCES messages ON DELETE CASCADE,
    FOREIGN KEY (account_id, blob_id) REFERENCES blobs ON DELETE CASCADE
);
