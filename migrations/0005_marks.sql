-- Marks every message with the spans of time it came in and with its size, among its search tokens.
--
-- app/core/messages/marks.py makes the same tokens of new messages: hashes of the account and of what stands in clear
-- anyway. With them the index of tokens can be asked for one span after the other, the newest first.

UPDATE message_tokens t
SET tokens = t.tokens || ARRAY(
    SELECT ('x' || left(encode(sha256(convert_to(t.account_id || mark.name, 'UTF8')), 'hex'), 16))::bit(64)::bigint
    FROM (
        SELECT ' span ' || bits || ' ' || (('x' || left(replace(t.message_id::text, '-', ''), 12))::bit(48)::bigint >> bits)
        FROM unnest(ARRAY[20, 24, 28, 32]) bits
        UNION ALL
        SELECT ' size ' || length(ltrim(m.size::bit(48)::text, '0')) || ' 0'
    ) mark (name)
)
FROM messages m
WHERE m.account_id = t.account_id AND m.message_id = t.message_id;
