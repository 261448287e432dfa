-- Only SQL that PostgreSQL also understands, apart from the type BLOB (there BYTEA). Times are microseconds since 1970.

CREATE TABLE models (
    workspace TEXT NOT NULL,
    model TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (workspace, model)
);

CREATE TABLE spec_versions (
    workspace TEXT NOT NULL,
    model TEXT NOT NULL,
    number BIGINT NOT NULL,
    content_hash TEXT NOT NULL,
    yaml TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (workspace, model, number),
    FOREIGN KEY (workspace, model) REFERENCES models (workspace, model)
);

-- The memory of one judge. Its revision tells two writers apart.
CREATE TABLE judge_states (
    workspace TEXT NOT NULL,
    judge TEXT NOT NULL,
    revision BIGINT NOT NULL,
    state BLOB NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (workspace, judge)
);

-- How far the judge has read each of its inputs.
CREATE TABLE judge_inputs (
    workspace TEXT NOT NULL,
    judge TEXT NOT NULL,
    input TEXT NOT NULL,
    next_offset BIGINT NOT NULL,
    PRIMARY KEY (workspace, judge, input),
    FOREIGN KEY (workspace, judge) REFERENCES judge_states (workspace, judge)
);

-- What a judge wants done. The key is stable, so that an intent is neither lost nor kept twice.
CREATE TABLE outbox (
    workspace TEXT NOT NULL,
    intent TEXT NOT NULL,
    judge TEXT NOT NULL,
    kind TEXT NOT NULL,
    body BLOB NOT NULL,
    created_at BIGINT NOT NULL,
    delivered_at BIGINT,
    PRIMARY KEY (workspace, intent)
);

CREATE TABLE producers (
    workspace TEXT NOT NULL,
    producer TEXT NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (workspace, producer)
);

-- Profiles of known-good data; frozen_id names the edges that every later profile is counted on.
CREATE TABLE model_references (
    workspace TEXT NOT NULL,
    model TEXT NOT NULL,
    version TEXT NOT NULL,
    arm TEXT NOT NULL,
    frozen_id TEXT NOT NULL,
    profile BLOB NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (workspace, model, version, arm),
    FOREIGN KEY (workspace, model) REFERENCES models (workspace, model)
);
