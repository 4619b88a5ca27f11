-- Rules about senders, what was refused because of them or of an alias's state, and messages that wait for their owner.
--
-- A sender is matched by a keyed digest and described by a sealed value, so the tables name nobody. Refusals are sealed
-- to the account's public key, because receiving holds no secret of it.

CREATE TABLE sender_rules (
    account_id  uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    rule_id     uuid NOT NULL,
    alias_id    uuid,  -- null: mail to every alias of the account
    verdict     text NOT NULL CHECK (verdict IN ('block', 'allow')),
    kind        text NOT NULL CHECK (kind IN ('address', 'domain')),
    matcher     bytea NOT NULL,
    label       bytea NOT NULL,
    hit_count   bigint NOT NULL DEFAULT 0,
    last_hit_on date,
    deleted_at  timestamptz,  -- until then it can be restored; else null
    PRIMARY KEY (account_id, rule_id),
    FOREIGN KEY (account_id, alias_id) REFERENCES aliases ON DELETE CASCADE
) WITH (fillfactor = 85);

-- One rule about one sender in one place: whoever blocks what was allowed turns the rule around.
CREATE UNIQUE INDEX sender_rules_one ON sender_rules (account_id, matcher, alias_id) NULLS NOT DISTINCT
    WHERE deleted_at IS NULL;
CREATE INDEX sender_rules_by_alias ON sender_rules (account_id, alias_id, rule_id DESC);
CREATE INDEX sender_rules_deleted ON sender_rules (deleted_at) WHERE deleted_at IS NOT NULL;

-- Mail that was not kept, for 30 days. Of a flood only the first of a day are written down one by one; a row without
-- details counts the rest of the day, by what they were answered and why.
CREATE TABLE refusals (
    account_id uuid NOT NULL,
    refusal_id uuid NOT NULL,
    alias_id   uuid NOT NULL,
    refused_on date NOT NULL,
    code       smallint NOT NULL,  -- SMTP's; 250 where mail was taken and dropped
    reason     text NOT NULL,
    details    bytea STORAGE EXTERNAL,
    count      bigint NOT NULL,
    PRIMARY KEY (account_id, refusal_id),
    FOREIGN KEY (account_id, alias_id) REFERENCES aliases ON DELETE CASCADE
) WITH (toast_tuple_target = 8000);

CREATE UNIQUE INDEX refusals_rest ON refusals (account_id, alias_id, refused_on, reason, code) WHERE details IS NULL;
CREATE INDEX refusals_by_alias ON refusals (account_id, alias_id, refusal_id DESC);
CREATE INDEX refusals_by_day ON refusals (refused_on);

-- When an alias stops taking mail by itself, and whom it takes mail from.
ALTER TABLE aliases
    ADD COLUMN expires_at    timestamptz,
    ADD COLUMN message_limit integer CHECK (message_limit > 0),   -- messages it takes in all
    ADD COLUMN messages_left integer CONSTRAINT aliases_messages_left CHECK (messages_left >= 0),  -- null: any number
    ADD COLUMN idle_days     integer CHECK (idle_days > 0),
    ADD COLUMN idle_from     date,  -- idleness is counted from here, or from the newest message
    ADD COLUMN screening     text NOT NULL DEFAULT 'open' CHECK (screening IN ('open', 'known'));

-- What an alias has ever received: message_count goes down when messages are deleted.
ALTER TABLE alias_usage ADD COLUMN received_count bigint NOT NULL DEFAULT 0;
UPDATE alias_usage SET received_count = message_count;

-- `held`: from a sender whom the alias does not know, until the owner decides.
ALTER TABLE messages
    DROP CONSTRAINT messages_folder_check,
    ADD CONSTRAINT messages_folder_check CHECK (folder IN ('inbox', 'archive', 'trash', 'spam', 'held'));
