-- The tables of the hot path since the whole HTTP API is there. Follows hot.sql.

-- event_type stands in the index so that a list by event type passes over other messages without touching their rows.
DROP INDEX message_id;
CREATE UNIQUE INDEX message_id ON message (application_id, id, event_type);

-- When the payload is to be removed; null when it is to stay as long as the message, or is gone.
ALTER TABLE message ADD COLUMN content_expires_at INTEGER;
CREATE INDEX message_content_expiry ON message (content_expires_at) WHERE content_expires_at IS NOT NULL;

-- Channels ('c:' and the name) and tags ('t:' and the name) of messages that have any, to list by them.
CREATE TABLE message_label (
    application_id BLOB NOT NULL,
    label TEXT NOT NULL,
    message_id BLOB NOT NULL,
    PRIMARY KEY (application_id, label, message_id)
) WITHOUT ROWID;
INSERT INTO message_label SELECT DISTINCT m.application_id, 'c:' || c.value, m.id FROM message m, json_each(m.channels) c;
INSERT INTO message_label SELECT DISTINCT m.application_id, 't:' || t.value, m.id FROM message m, json_each(m.tags) t;

-- The headers of both directions, as AttemptHeaders packs them; null when they were not kept, or were removed.
ALTER TABLE attempt ADD COLUMN headers BLOB;

-- Failures are what people look for, and cost next to nothing to find while there are few.
CREATE INDEX attempt_failed ON attempt (endpoint_id, id) WHERE outcome <> 0;

ALTER TABLE rollup ADD COLUMN cancelled INTEGER NOT NULL DEFAULT 0;

-- The idempotency keys of one transaction: n is the place of the first in the order of acceptance, entries holds them all, as IdempotencyChunk
-- packs them. What comes first expires first, so no index by time is needed. Entries of before are not carried over: no version that made
-- any was released.
DROP TABLE idempotency;
CREATE TABLE idempotency (
    n INTEGER PRIMARY KEY,
    expires_at INTEGER NOT NULL,
    entries BLOB NOT NULL
);

-- The first 63 bits of every key and its place, up to the place in the counter. Keys are random: entered one by one, each would rewrite a page,
-- so IdempotencyIndex fills this from time to time. It may also hold places of entries that are gone.
CREATE TABLE idempotency_index (
    prefix INTEGER NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (prefix, n)
) WITHOUT ROWID;
INSERT INTO counter (name, value) VALUES ('idempotency', 0);

-- Long work that survives a restart. cursor is where it goes on; it moves in the transaction of the work that it counts.
-- status: 0 running, 1 finished, 2 failed, 3 cancelled. done of total are counted in messages, or applications for a broadcast.
-- node_id: who works on it; null while nobody does. payload: what a broadcast publishes; gone with its end.
CREATE TABLE background_task (
    id BLOB PRIMARY KEY,
    kind TEXT NOT NULL,
    status INTEGER NOT NULL,
    application_id BLOB,
    endpoint_id BLOB,
    node_id BLOB,
    arguments TEXT NOT NULL,
    cursor BLOB,
    scanned INTEGER NOT NULL,
    done INTEGER NOT NULL,
    total INTEGER,
    error TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    payload BLOB
) WITHOUT ROWID;
CREATE INDEX background_task_running ON background_task (node_id, id) WHERE status = 0;
CREATE INDEX background_task_application ON background_task (application_id, id) WHERE application_id IS NOT NULL;
