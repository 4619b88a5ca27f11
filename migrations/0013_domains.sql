-- Domains that belong to one account: their proof, what DNS last said, where mail for unknown addresses goes; and the
-- order of the shared ones.

ALTER TABLE domains
    ADD COLUMN is_paused       boolean NOT NULL DEFAULT false,  -- the proof is missing for long: mail is put off
    ADD COLUMN configured_rank smallint,                        -- its place in RESTANTE_MAIL_DOMAINS, if it stands there
    ADD COLUMN is_default      boolean NOT NULL DEFAULT false;  -- the administrator's choice; else the first configured

CREATE UNIQUE INDEX domains_one_default ON domains (is_default) WHERE is_default;
CREATE INDEX domains_shared ON domains (created_on, domain) WHERE account_id IS NULL;

-- What accounts say is theirs. A domain is in the directory above, and its mail is taken, once its proof was found;
-- of two accounts that wait for the same domain the first proof decides.
CREATE TABLE account_domains (
    account_id         uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    domain             text NOT NULL,
    proof_token        text NOT NULL,
    added_on           date NOT NULL,
    checked_at         timestamptz,
    next_check_at      timestamptz NOT NULL,
    failing_since      timestamptz,       -- since when the proof of a proven domain has been missing
    findings           bytea,             -- what DNS said last; public, so not sealed
    catch_all          text NOT NULL CHECK (catch_all IN ('off', 'alias', 'make')),
    catch_all_alias_id uuid,
    catch_all_pattern  bytea,             -- which addresses; under a key made from the account's index key
    made_since         timestamptz,       -- the day in which made_count aliases were made by first mails
    made_count         integer NOT NULL DEFAULT 0,
    PRIMARY KEY (account_id, domain),
    FOREIGN KEY (account_id, catch_all_alias_id) REFERENCES aliases ON DELETE SET NULL (catch_all_alias_id)
);

CREATE INDEX account_domains_due ON account_domains (next_check_at);
CREATE INDEX account_domains_by_name ON account_domains (domain);
