-- The tables of the hot path since there is a console. Follows hot-api.sql.

-- Deliveries that failed for good are what people look for; an index holds them only, in order of message, and costs nothing where all goes well.
CREATE INDEX attempt_lost ON attempt (message_id, application_id, endpoint_id) WHERE end IN (2, 3);

-- The place of the message, to list what was cancelled. Ends from before learn theirs from an index that is gone again afterwards.
ALTER TABLE finished_delivery ADD COLUMN message_n INTEGER NOT NULL DEFAULT 0;
CREATE INDEX message_of_end ON message (id);
UPDATE finished_delivery SET message_n = coalesce((SELECT n FROM message WHERE message.id = finished_delivery.message_id), 0);
DROP INDEX message_of_end;
CREATE INDEX finished_delivery_place ON finished_delivery (message_n);

-- Lanes that a person has paused: nothing is sent, everything is queued. Apart from endpoint_health, which attempts write.
CREATE TABLE paused_lane (
    endpoint_id BLOB PRIMARY KEY,
    paused_at INTEGER NOT NULL
) WITHOUT ROWID;
-- Roll-ups per minute and per hour (width, in minutes), of endpoints, of applications and of the whole installation (scope: 16 zero bytes).
-- With the time first in the key, what a batch settles falls on neighbouring pages however many endpoints it concerns, the oldest rows are
-- found without an index, and a series of one scope is one seek per span.
-- retried: failed attempts whose delivery is tried again. given_up: deliveries that ended exhausted or gone.
-- durations: DurationHistogram, packed. Rows of before have none, and do not know retried, given_up and accepted.
ALTER TABLE rollup RENAME TO rollup_before;
CREATE TABLE rollup (
    width INTEGER NOT NULL,
    start INTEGER NOT NULL,
    scope BLOB NOT NULL,
    accepted INTEGER NOT NULL,
    succeeded INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    retried INTEGER NOT NULL,
    given_up INTEGER NOT NULL,
    cancelled INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    max_duration_ms INTEGER NOT NULL,
    durations BLOB NOT NULL,
    PRIMARY KEY (width, start, scope)
) WITHOUT ROWID;
INSERT INTO rollup
    SELECT w.minutes, r.minute - r.minute % (w.minutes * 60000) AS start, s.scope, 0, sum(r.succeeded), sum(r.failed), 0, 0, sum(r.cancelled),
        sum(r.duration_ms), max(r.max_duration_ms), x''
    FROM rollup_before r
    JOIN (SELECT 1 AS minutes UNION ALL SELECT 60) w
    JOIN (
        SELECT DISTINCT endpoint_id, endpoint_id AS scope FROM rollup_before
        UNION ALL SELECT DISTINCT endpoint_id, zeroblob(16) FROM rollup_before
        UNION ALL SELECT id, application_id FROM endpoint
    ) s ON s.endpoint_id = r.endpoint_id
    GROUP BY 1, 2, 3;
DROP TABLE rollup_before;

-- Endpoints whose last attempt failed, the one that has failed longest first.
CREATE INDEX endpoint_health_failing ON endpoint_health (failing_since, endpoint_id, failures, paused_until) WHERE failing_since IS NOT NULL;
-- Those that the engine disabled. A migration that has EF make the table endpoint anew must make this and the triggers anew, too.
CREATE INDEX endpoint_disabled_by_engine ON endpoint (updated_at, id) WHERE disabled_reason IS NOT NULL;

-- Kept in the transactions that change them, so that nothing ever counts.
INSERT INTO counter (name, value) SELECT 'endpoints', count(*) FROM endpoint;
INSERT INTO counter (name, value) SELECT 'disabled', count(*) FROM endpoint WHERE NOT enabled;
CREATE TRIGGER endpoint_added AFTER INSERT ON endpoint BEGIN
    UPDATE counter SET value = value + 1 WHERE name = 'endpoints';
    UPDATE counter SET value = value + 1 - new.enabled WHERE name = 'disabled';
END;
CREATE TRIGGER endpoint_switched AFTER UPDATE OF enabled ON endpoint WHEN old.enabled <> new.enabled BEGIN
    UPDATE counter SET value = value + old.enabled - new.enabled WHERE name = 'disabled';
    -- Whoever is enabled again begins anew. Otherwise an old failing_since would disable it at its first failure after a restart.
    DELETE FROM endpoint_health WHERE endpoint_id = new.id AND new.enabled;
END;
CREATE TRIGGER endpoint_removed AFTER DELETE ON endpoint BEGIN
    UPDATE counter SET value = value - 1 WHERE name = 'endpoints';
    UPDATE counter SET value = value - 1 + old.enabled WHERE name = 'disabled';
    DELETE FROM endpoint_health WHERE endpoint_id = old.id;
    DELETE FROM paused_lane WHERE endpoint_id = old.id;
END;
