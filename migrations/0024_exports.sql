-- Exports of everything: a list of what each part holds, kept for some days, so that the same bytes come again.

CREATE TABLE exports (
    account_id uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    export_id  uuid NOT NULL,
    formats    text[] NOT NULL,  -- in which forms messages are in it
    PRIMARY KEY (account_id, export_id)
);

CREATE INDEX exports_by_id ON exports (export_id);

-- Nothing of a message stands here, and what tells of one (its id, size, folder, names of files) is sealed.
CREATE TABLE export_parts (
    account_id     uuid NOT NULL,
    export_id      uuid NOT NULL,
    number         integer NOT NULL,  -- from 1
    part_id        uuid NOT NULL,
    message_count  integer NOT NULL,
    estimated_size bigint NOT NULL,
    held           bytea NOT NULL,    -- which messages, in which folders
    revision       integer NOT NULL DEFAULT 0,
    size           bigint,            -- null until somebody asked for it
    contents       bytea,             -- its files with their sizes and checksums; null likewise
    is_fetched     boolean NOT NULL DEFAULT false,
    PRIMARY KEY (account_id, export_id, number),
    FOREIGN KEY (account_id, export_id) REFERENCES exports ON DELETE CASCADE
);
