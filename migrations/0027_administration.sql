-- What administrators do to accounts and aliases: suspending them, with what is told to their owners.

ALTER TABLE aliases ADD COLUMN is_suspended boolean NOT NULL DEFAULT false;  -- only an administrator can undo it

-- Why the account, or one of its aliases, is suspended.
CREATE TABLE suspensions (
    account_id   uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    subject_id   uuid NOT NULL,  -- the alias, or the account itself
    reason       text NOT NULL,
    words        bytea NOT NULL, -- what the owner is told besides; under a key that comes from the account's index key
    suspended_on date NOT NULL,
    PRIMARY KEY (account_id, subject_id)
);
