-- The day on which somebody last signed in to an account, for its administrators: nothing finer is known.

ALTER TABLE accounts ADD COLUMN last_used_on date;

CREATE INDEX accounts_admins ON accounts (account_id) WHERE is_admin;

-- An administrator has had the suspended account put down for deletion; else its owner has, whom nobody overrules.
ALTER TABLE suspensions ADD COLUMN is_deletion_asked boolean NOT NULL DEFAULT false;
