-- How much of what happened on a day, of the whole service: numbers by reason, and nothing of anybody.

CREATE TABLE tallies (
    day   date NOT NULL,      -- of what is older than a year only the sum is kept, under the first day there is
    name  text NOT NULL,
    label text NOT NULL,
    shard smallint NOT NULL,  -- so that processes do not wait for each other
    count bigint NOT NULL,
    PRIMARY KEY (day, name, label, shard)
) WITH (fillfactor = 50);
