-- How many accounts were made in the last hour in which any was: while everybody may join, there is a limit to it.

CREATE TABLE joining_pace (
    is_only_row   boolean PRIMARY KEY CHECK (is_only_row),
    hour          timestamptz NOT NULL,
    account_count integer NOT NULL
);
