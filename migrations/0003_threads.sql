-- Conversations: which thread a message id belongs to, whether its message has come or was only referred to.
--
-- `ref` is a keyed digest of a Message-ID, so the table names no message and no sender. There is no foreign key to the
-- account: every message of an account would lock its row, and the mail processes would wait for each other.

CREATE TABLE thread_refs (
    account_id uuid NOT NULL,
    ref        bytea NOT NULL,
    thread_id  uuid NOT NULL,
    PRIMARY KEY (account_id, ref)
);

CREATE INDEX thread_refs_by_thread ON thread_refs (account_id, thread_id);

CREATE INDEX messages_by_thread ON messages (account_id, thread_id, message_id);
