-- Whose mail an alias took while it took everybody's: they are known to it when it takes mail of known senders only.

ALTER TABLE alias_senders ADD COLUMN is_known boolean NOT NULL DEFAULT true;
ALTER TABLE alias_senders ALTER COLUMN is_known DROP DEFAULT;

-- Of aliases that take mail of known senders only by now, those whose first message did not wait, or was let in.
UPDATE alias_senders s SET is_known = false
FROM aliases a
WHERE a.account_id = s.account_id AND a.alias_id = s.alias_id AND a.screening = 'known'
  AND NOT EXISTS (
      SELECT FROM messages m
      WHERE m.account_id = s.account_id AND m.message_id = s.message_id AND m.folder IN ('inbox', 'archive')
  );
