-- Feeds: an address per account that a feed reader may ask without signing in. Only the hash of its secret is kept.

CREATE TABLE feeds (
    account_id  uuid PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
    secret_hash bytea NOT NULL,
    shows_mail  boolean NOT NULL,  -- senders and subjects, beside numbers and times
    made_on     date NOT NULL
);

-- Directory: whose feed's secret hashes to this.
CREATE TABLE feed_owners (
    secret_hash bytea PRIMARY KEY,
    account_id  uuid NOT NULL
);
