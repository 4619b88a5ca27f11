-- What administrators and the operator did, in a table that takes additions alone: an entry cannot be changed, and goes
-- only once it is a year old.

CREATE TABLE audit_entries (
    entry_id   uuid PRIMARY KEY,
    noted_at   timestamptz NOT NULL DEFAULT now(),
    actor_id   uuid,           -- the administrator's account; null: the operator at the command line
    action     text NOT NULL,
    account_id uuid,           -- whom it was done to; outlives the account, so no foreign key
    subject    text NOT NULL,  -- what else: the id of an alias, a domain, a plan; never an address or a login
    details    text NOT NULL   -- numbers and codes: what changed into what; never words of anybody
);

CREATE INDEX audit_entries_by_account ON audit_entries (account_id, entry_id DESC);
CREATE INDEX audit_entries_by_time ON audit_entries (noted_at);

CREATE FUNCTION keep_audit_entries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND OLD.noted_at < now() - interval '1 year' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'the audit log is kept for a year' USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TRIGGER audit_entries_kept BEFORE UPDATE OR DELETE ON audit_entries
    FOR EACH ROW EXECUTE FUNCTION keep_audit_entries();
CREATE TRIGGER audit_entries_not_emptied BEFORE TRUNCATE ON audit_entries
    FOR EACH STATEMENT EXECUTE FUNCTION keep_audit_entries();
