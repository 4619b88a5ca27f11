-- What can be bought, vouchers for it, and purchases at Stripe; accounts remember their plan and the day.
--
-- A purchase and the account that redeemed its voucher must not be joined by what is stored: no table holds anything of
-- both, ids of purchases are random, and days are as fine as it gets (docs/threat-model.md says what that leaves).

CREATE TABLE plans (
    plan_id       uuid PRIMARY KEY,
    name          text NOT NULL,
    price         integer NOT NULL CHECK (price > 0),  -- in the currency's minor unit
    currency      text NOT NULL CHECK (currency ~ '^[a-z]{3}$'),
    storage_limit bigint NOT NULL CHECK (storage_limit >= 0),
    alias_limit   integer NOT NULL CHECK (alias_limit >= 0),
    domain_limit  integer NOT NULL CHECK (domain_limit >= 0),
    lines         text[] NOT NULL,  -- what is in it, as the shop says it
    is_on_sale    boolean NOT NULL,
    position      integer NOT NULL
);

-- Codes that nobody has redeemed yet. Redeeming one deletes its row.
CREATE TABLE vouchers (
    voucher_hash bytea PRIMARY KEY,
    plan_id      uuid NOT NULL REFERENCES plans,
    made_on      date NOT NULL
);

CREATE INDEX vouchers_by_plan ON vouchers (plan_id);

CREATE TABLE purchases (
    purchase_id    uuid PRIMARY KEY,       -- random: it holds no time
    receipt_hash   bytea NOT NULL UNIQUE,  -- of the secret in the receipt's address
    voucher_hash   bytea,                  -- of what the secret gives; null once it has been redeemed
    plan_id        uuid NOT NULL REFERENCES plans,
    price          integer NOT NULL,
    currency       text NOT NULL,
    made_on        date NOT NULL,
    session        text UNIQUE,            -- Stripe's ids of the Checkout session and of the payment
    payment        text UNIQUE,
    state          text NOT NULL CHECK (state IN ('open', 'processing', 'paid', 'failed', 'expired', 'refunded',
                                                  'disputed', 'lost')),
    voucher        text NOT NULL CHECK (voucher IN ('none', 'made', 'withdrawn', 'redeemed')),
    is_kept        boolean NOT NULL        -- the buyer has said so: the code is shown no more
);

CREATE INDEX purchases_by_day ON purchases (made_on);
CREATE INDEX purchases_by_voucher ON purchases (voucher_hash) WHERE voucher_hash IS NOT NULL;

-- What Stripe's events said, each once. A purchase's state follows from the set of them, in whatever order they come.
CREATE TABLE payment_facts (
    event_id    text PRIMARY KEY,
    purchase_id uuid,           -- null: found by its payment, of which nothing may be known yet
    payment     text,
    kind        text NOT NULL,
    dispute     text,           -- Stripe's id
    received_on date NOT NULL
);

CREATE INDEX payment_facts_by_purchase ON payment_facts (purchase_id) WHERE purchase_id IS NOT NULL;
CREATE INDEX payment_facts_by_payment ON payment_facts (payment) WHERE payment IS NOT NULL;
CREATE INDEX payment_facts_by_day ON payment_facts (received_on);

ALTER TABLE accounts
    ADD COLUMN plan_id uuid,    -- null: of no voucher
    ADD COLUMN plan_since date;
