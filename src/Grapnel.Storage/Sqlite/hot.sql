-- The tables of the hot path. Ids are 16 bytes, times are Unix milliseconds.

-- n is the place of the message in the order of acceptance; its deliveries take it as their place in their lanes.
-- owed lists those deliveries, 24 bytes each: endpoint id, then place. It answers every question that starts at a message by
-- primary key, without an index that each delivery would have to be entered into.
-- A table with row ids: payloads are large, and a clustered key would spread them over the inner pages of the tree.
CREATE TABLE message (
    n INTEGER PRIMARY KEY,
    id BLOB NOT NULL,
    application_id BLOB NOT NULL,
    event_type TEXT NOT NULL,
    event_id TEXT,
    channels TEXT,
    tags TEXT,
    content_type TEXT NOT NULL,
    accepted_at INTEGER NOT NULL,
    deliver_at INTEGER,
    route_version INTEGER NOT NULL,
    owed BLOB NOT NULL,
    payload BLOB
);
CREATE UNIQUE INDEX message_id ON message (application_id, id);
CREATE UNIQUE INDEX message_event_id ON message (application_id, event_id) WHERE event_id IS NOT NULL;

-- stage: 0 fresh, due at once · 1 tried, waits for its next attempt · 2 scheduled, not tried yet.
-- With the stage in the key each kind is a run of the lane in order of place, and delivery_due holds no fresh ones,
-- so a delivery that succeeds at once touches one tree.
CREATE TABLE delivery (
    endpoint_id BLOB NOT NULL,
    stage INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    message_n INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    trigger INTEGER NOT NULL,
    PRIMARY KEY (endpoint_id, stage, seq)
) WITHOUT ROWID;
CREATE INDEX delivery_due ON delivery (endpoint_id, stage, due_at, seq) WHERE stage > 0;

-- Deliveries that ended without an attempt: cancelled, or their endpoint deleted. The others are told by the attempt that ended them.
CREATE TABLE finished_delivery (
    message_id BLOB NOT NULL,
    endpoint_id BLOB NOT NULL,
    end INTEGER NOT NULL,
    at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    PRIMARY KEY (message_id, endpoint_id)
) WITHOUT ROWID;

-- Keyed by message first: what a batch settles was accepted at about the same time, so its rows share a few pages.
-- end and end_attempts: how the delivery ended with this attempt, and after how many of its schedule; null when it did not.
CREATE TABLE attempt (
    message_id BLOB NOT NULL,
    id BLOB NOT NULL,
    application_id BLOB NOT NULL,
    endpoint_id BLOB NOT NULL,
    trigger INTEGER NOT NULL,
    number INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    outcome INTEGER NOT NULL,
    status_code INTEGER NOT NULL,
    next_attempt_at INTEGER,
    end INTEGER,
    end_attempts INTEGER,
    url TEXT NOT NULL,
    error TEXT,
    response_body BLOB NOT NULL,
    PRIMARY KEY (message_id, id)
) WITHOUT ROWID;
CREATE INDEX attempt_endpoint ON attempt (endpoint_id, id);

CREATE TABLE node (
    id BLOB PRIMARY KEY,
    name TEXT NOT NULL,
    joined_at INTEGER NOT NULL,
    heartbeat_at INTEGER NOT NULL
) WITHOUT ROWID;

-- A lane that nobody owns has no row.
CREATE TABLE lane (
    endpoint_id BLOB PRIMARY KEY,
    node_id BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX lane_node ON lane (node_id);

CREATE TABLE endpoint_health (
    endpoint_id BLOB PRIMARY KEY,
    failing_since INTEGER,
    failures INTEGER NOT NULL,
    paused_until INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE rollup (
    endpoint_id BLOB NOT NULL,
    minute INTEGER NOT NULL,
    succeeded INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    max_duration_ms INTEGER NOT NULL,
    PRIMARY KEY (endpoint_id, minute)
) WITHOUT ROWID;
CREATE INDEX rollup_minute ON rollup (minute);

CREATE TABLE idempotency (
    key BLOB PRIMARY KEY,
    fingerprint BLOB NOT NULL,
    response BLOB NOT NULL,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX idempotency_expiry ON idempotency (expires_at);

-- seq: the last place given out; it only grows, also when every delivery is gone.
-- pending: rows of delivery, kept in the transactions that change them, so that nothing ever counts.
INSERT INTO counter (name, value) VALUES ('seq', 0), ('pending', 0), ('route', 0);
