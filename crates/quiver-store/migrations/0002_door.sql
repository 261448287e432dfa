-- Only SQL that PostgreSQL also understands, apart from the type BLOB (there BYTEA). Times are microseconds since 1970.

-- Who may come in. The id is the public part of a key and names its workspace; of the secret part, only the hash is
-- kept.
CREATE TABLE api_keys (
    workspace TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    hash BLOB NOT NULL,
    scopes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT,
    last_used_at BIGINT,
    PRIMARY KEY (id)
);

-- What the door counted, by hour: an hour is named by its start.
CREATE TABLE door_tallies (
    workspace TEXT NOT NULL,
    model TEXT NOT NULL,
    hour BIGINT NOT NULL,
    what TEXT NOT NULL,
    subject TEXT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (workspace, model, hour, what, subject)
);

-- Data files that were damaged and set aside.
CREATE TABLE damaged_files (
    workspace TEXT NOT NULL,
    table_name TEXT NOT NULL,
    path TEXT NOT NULL,
    lost_rows BIGINT,
    reason TEXT NOT NULL,
    found_at BIGINT NOT NULL,
    PRIMARY KEY (workspace, path)
);
