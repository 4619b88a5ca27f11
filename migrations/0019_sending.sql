-- What tells an event that an endpoint will not have from an endpoint that is down.

ALTER TABLE webhooks
    ADD COLUMN failed_event_id uuid,                        -- what the newest attempt was about, if it failed
    ADD COLUMN pause_count     integer NOT NULL DEFAULT 0;  -- pauses in a row; next_attempt_at is the end of one
