-- Aliases in hundreds: categories, pins, an archive, and aliases that are deleted while their mail and address stay.

CREATE TABLE categories (
    account_id  uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    category_id uuid NOT NULL,
    details     bytea NOT NULL,  -- name and colour, sealed
    PRIMARY KEY (account_id, category_id)
);

ALTER TABLE aliases
    ADD COLUMN category_id uuid,
    ADD COLUMN is_pinned boolean NOT NULL DEFAULT false,
    ADD COLUMN is_archived boolean NOT NULL DEFAULT false,
    ADD COLUMN deleted_on date,  -- takes no mail and is hidden; its messages and its address stay the account's
    ADD CONSTRAINT aliases_category FOREIGN KEY (account_id, category_id) REFERENCES categories
        ON DELETE SET NULL (category_id);

CREATE INDEX aliases_by_category ON aliases (account_id, category_id, alias_id DESC) WHERE category_id IS NOT NULL;
CREATE INDEX aliases_pinned ON aliases (account_id, alias_id DESC) WHERE is_pinned;
