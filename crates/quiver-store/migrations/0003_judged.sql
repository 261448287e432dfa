-- Only SQL that PostgreSQL also understands, apart from the type BLOB (there BYTEA). Times are microseconds since 1970.

-- What was judged of each period of each arm: pages read these rows and no profile. A row is derived from the tables
-- and can be derived again.
CREATE TABLE judged_periods (
    workspace TEXT NOT NULL,
    model TEXT NOT NULL,
    length TEXT NOT NULL,
    arm TEXT NOT NULL,
    starts_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    counted_id BIGINT NOT NULL,
    judged BLOB NOT NULL,
    outcome BLOB,
    PRIMARY KEY (workspace, model, length, arm, starts_at),
    FOREIGN KEY (workspace, model) REFERENCES models (workspace, model)
);

-- How far the periods of one length are judged: all rows of a model and length are of one derivation.
CREATE TABLE judged_progress (
    workspace TEXT NOT NULL,
    model TEXT NOT NULL,
    length TEXT NOT NULL,
    derivation TEXT NOT NULL,
    revision BIGINT NOT NULL,
    whole_since BIGINT NOT NULL,
    profiles_offset BIGINT NOT NULL,
    outcomes_offset BIGINT NOT NULL,
    watermark BIGINT NOT NULL,
    PRIMARY KEY (workspace, model, length),
    FOREIGN KEY (workspace, model) REFERENCES models (workspace, model)
);
