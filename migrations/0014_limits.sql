-- What an account may have, what its new aliases look like unless it says otherwise, and files of aliases on their way in.

ALTER TABLE accounts
    ADD COLUMN alias_limit    integer NOT NULL DEFAULT 10000 CHECK (alias_limit >= 0),   -- those that are deleted aside
    ADD COLUMN domain_limit   integer NOT NULL DEFAULT 100 CHECK (domain_limit >= 0),
    ADD COLUMN default_format text CHECK (default_format IN ('words', 'name', 'uuid', 'random', 'site')),
    ADD COLUMN default_domain text;  -- null, or one that the account can no longer use: the first that is offered

-- How fast an owner makes aliases is counted by their ids, which begin with the time.
ALTER TABLE aliases
    ADD COLUMN made_by text NOT NULL DEFAULT 'service' CHECK (made_by IN ('owner', 'import', 'service'));

-- A file that was read and waits for its owner's word, and afterwards what became of it; for a day.
CREATE TABLE alias_imports (
    account_id uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    import_id  uuid NOT NULL,
    contents   bytea STORAGE EXTERNAL NOT NULL,
    report     bytea STORAGE EXTERNAL,  -- null: not yet made
    PRIMARY KEY (account_id, import_id)
);
