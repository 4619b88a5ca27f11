-- Leaving: accounts that are to be deleted on a day, deletions that are under way, and addresses that stay nobody's.

ALTER TABLE accounts
    DROP CONSTRAINT accounts_status_check,
    ADD CONSTRAINT accounts_status_check CHECK (status IN ('active', 'suspended', 'leaving')),
    ADD COLUMN delete_on date;  -- its owner has asked for it, and can come back until then

CREATE INDEX accounts_to_delete ON accounts (delete_on) WHERE delete_on IS NOT NULL;

-- Accounts whose keys have been destroyed, until their rows and objects are gone, too.
CREATE TABLE deletions (
    account_id uuid PRIMARY KEY,
    begun_on   date NOT NULL
);

-- One row: what digests of reserved addresses are made with.
CREATE TABLE address_keys (
    is_only_row boolean PRIMARY KEY CHECK (is_only_row),
    key         bytea NOT NULL
);
INSERT INTO address_keys
VALUES (true, decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex'));

CREATE FUNCTION address_digest(address text) RETURNS bytea LANGUAGE sql STABLE AS
    $$ SELECT sha256(key || convert_to(address, 'UTF8')) FROM address_keys $$;

-- Directory: addresses of deleted accounts, so that nobody is ever given them; whose they were is not kept.
CREATE TABLE reserved_addresses (
    digest bytea PRIMARY KEY,
    domain text NOT NULL
);

CREATE INDEX reserved_addresses_by_domain ON reserved_addresses (domain);
CREATE INDEX addresses_by_account ON addresses (account_id);

INSERT INTO reserved_addresses (digest, domain)
SELECT address_digest(address), split_part(address, '@', 2) FROM addresses a
WHERE NOT EXISTS (SELECT FROM accounts c WHERE c.account_id = a.account_id);

DELETE FROM addresses a WHERE NOT EXISTS (SELECT FROM accounts c WHERE c.account_id = a.account_id);
