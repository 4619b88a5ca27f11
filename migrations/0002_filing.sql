-- Working the inbox: every folder can be filtered by unread, starred, alias and attachments, and trash has an age.
--
-- Each of these indexes ends in message_id, which begins with the time of receipt: so a page of a filtered list, of a
-- span of time too, is read from where it begins, however many messages there are.

ALTER TABLE messages
    ADD COLUMN has_attachments boolean NOT NULL DEFAULT false,
    ADD COLUMN trashed_at timestamptz;  -- when it came into the trash, else null

ALTER TABLE messages ALTER COLUMN has_attachments DROP DEFAULT;

DROP INDEX messages_unread;
CREATE INDEX messages_unread ON messages (account_id, folder, message_id DESC) WHERE NOT is_read;
CREATE INDEX messages_starred ON messages (account_id, folder, message_id DESC) WHERE is_starred;
CREATE INDEX messages_with_attachments ON messages (account_id, folder, message_id DESC) WHERE has_attachments;

DROP INDEX messages_by_alias;
CREATE INDEX messages_by_alias ON messages (account_id, alias_id, folder, message_id DESC);

-- What the worker empties.
CREATE INDEX messages_trashed ON messages (trashed_at) WHERE folder = 'trash';

-- Which other messages need a blob.
CREATE INDEX message_blobs_by_blob ON message_blobs (account_id, blob_id);
