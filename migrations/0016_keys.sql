-- What an API key may do, where, until when; on which day it was last used; and which key it was made with.

ALTER TABLE api_keys
    ADD COLUMN scopes       text[],
    ADD COLUMN alias_id     uuid,  -- it sees and does only what belongs to this alias
    ADD COLUMN domain       text,  -- … or to the account's aliases on this domain
    ADD COLUMN last_used_on date,
    ADD COLUMN made_with    uuid,  -- revoked together with it
    ADD CONSTRAINT api_keys_one_binding CHECK (alias_id IS NULL OR domain IS NULL),
    ADD FOREIGN KEY (account_id, alias_id) REFERENCES aliases ON DELETE CASCADE,
    ADD FOREIGN KEY (account_id, made_with) REFERENCES api_keys ON DELETE CASCADE;

-- Keys made until now could do everything there was.
UPDATE api_keys SET scopes = ARRAY[
    'account:read', 'account:write', 'aliases:read', 'aliases:write', 'messages:read', 'messages:write',
    'rules:read', 'rules:write', 'refusals:read', 'domains:read', 'domains:write', 'webhooks:read', 'webhooks:write',
    'keys:read', 'keys:write'
];
ALTER TABLE api_keys ALTER COLUMN scopes SET NOT NULL;

-- What belongs to a domain is found by its aliases.
CREATE INDEX aliases_by_domain ON aliases (account_id, split_part(address, '@', 2));
