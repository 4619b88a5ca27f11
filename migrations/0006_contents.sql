-- Equal attachments are stored once per account: a blob is found by its content and named by every message that has it.

ALTER TABLE blobs
    ADD COLUMN content_digest bytea,  -- keyed by the account's index key; null where the object is not to be shared
    ADD COLUMN locked_key bytea,      -- the object's key, locked under its content; null where the object has none
    ADD CONSTRAINT blobs_content UNIQUE (account_id, content_digest);

-- A blob that a message still names must not go: that is to fail, not to take the name from the message. Looked at when
-- a transaction ends, because deleting an account deletes from both tables, in whatever order.
ALTER TABLE message_blobs
    DROP CONSTRAINT message_blobs_account_id_blob_id_fkey,
    ADD CONSTRAINT message_blobs_blob FOREIGN KEY (account_id, blob_id) REFERENCES blobs
        DEFERRABLE INITIALLY DEFERRED;
