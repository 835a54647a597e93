-- The tables of the hot path on PostgreSQL. Ids are UUIDs whose bytes are in order of time, times are Unix milliseconds.

-- The order of acceptance. A lane's owner reads by place; places of messages that are accepted at the same time by two nodes may become
-- visible in either order, but whoever was answered has its place before whoever asks afterwards.
-- A step is a thousand places and some, which a batch shares out among its messages.
CREATE SEQUENCE place INCREMENT BY 1024;

-- place: the place of the message in the order of acceptance; its deliveries take it as their place in their lanes.
-- owed lists those deliveries, 24 bytes each: endpoint id, then place, or zero for the message's own.
-- Partitioned by time, see history_partition: ids carry it.
CREATE TABLE message (
    id uuid NOT NULL,
    application_id uuid NOT NULL,
    place bigint NOT NULL,
    event_type text COLLATE "C" NOT NULL,
    event_id text COLLATE "C",
    channels text,
    tags text,
    content_type text NOT NULL,
    accepted_at bigint NOT NULL,
    deliver_at bigint,
    route_version bigint NOT NULL,
    content_expires_at bigint,
    owed bytea NOT NULL,
    payload bytea,
    PRIMARY KEY (id)
) PARTITION BY RANGE (id);
-- event_type stands in the index so that a list by event type passes over other messages without touching their rows.
CREATE INDEX message_application ON message (application_id, id) INCLUDE (event_type);
CREATE INDEX message_content_expiry ON message (content_expires_at, place) WHERE content_expires_at IS NOT NULL;

-- Event ids are unique within an application, which no partition can see to.
CREATE TABLE message_event (
    application_id uuid NOT NULL,
    event_id text COLLATE "C" NOT NULL,
    message_id uuid NOT NULL,
    PRIMARY KEY (application_id, event_id)
);
CREATE INDEX message_event_id ON message_event (event_id);
CREATE INDEX message_event_message ON message_event (message_id);

-- Channels ('c:' and the name) and tags ('t:' and the name) of messages that have any, to list by them.
CREATE TABLE message_label (
    application_id uuid NOT NULL,
    label text COLLATE "C" NOT NULL,
    message_id uuid NOT NULL,
    PRIMARY KEY (application_id, label, message_id)
) PARTITION BY RANGE (message_id);

-- stage: 0 fresh, due at once · 1 tried, waits for its next attempt · 2 scheduled, not tried yet.
-- With the stage in the key each kind is a run of the lane in order of place, and delivery_due holds no fresh ones.
-- bytes: the length of the payload, so that a page can be cut before the messages are read.
-- Rows come and go with every event: the table is vacuumed often, and early.
CREATE TABLE delivery (
    endpoint_id uuid NOT NULL,
    stage smallint NOT NULL,
    seq bigint NOT NULL,
    message_id uuid NOT NULL,
    due_at bigint NOT NULL,
    attempts integer NOT NULL,
    trigger smallint NOT NULL,
    bytes integer NOT NULL,
    PRIMARY KEY (endpoint_id, stage, seq)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_insert_threshold = -1,
    autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 50000, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX delivery_due ON delivery (endpoint_id, stage, due_at, seq) WHERE stage > 0;

-- How much is pending in a lane, counted up to a limit: by a walk along the key, however short the planner believes the lane to be.
CREATE FUNCTION count_pending(lane uuid, most bigint) RETURNS bigint LANGUAGE sql STABLE
    SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $$
    SELECT count(*) FROM (SELECT 1 FROM delivery WHERE endpoint_id = lane ORDER BY stage, seq LIMIT most) AS counted
$$;

-- Deliveries that ended without an attempt: cancelled, or their endpoint deleted. The others are told by the attempt that ended them.
CREATE TABLE finished_delivery (
    message_id uuid NOT NULL,
    endpoint_id uuid NOT NULL,
    "end" smallint NOT NULL,
    at bigint NOT NULL,
    attempts integer NOT NULL,
    PRIMARY KEY (message_id, endpoint_id)
) PARTITION BY RANGE (message_id);

-- end and end_attempts: how the delivery ended with this attempt, and after how many of its schedule; null when it did not.
-- headers: of both directions, as AttemptHeaders packs them; null when they were not kept, or were removed.
CREATE TABLE attempt (
    message_id uuid NOT NULL,
    id uuid NOT NULL,
    application_id uuid NOT NULL,
    endpoint_id uuid NOT NULL,
    trigger smallint NOT NULL,
    number integer NOT NULL,
    started_at bigint NOT NULL,
    duration_ms integer NOT NULL,
    outcome smallint NOT NULL,
    status_code integer NOT NULL,
    next_attempt_at bigint,
    "end" smallint,
    end_attempts integer,
    url text NOT NULL,
    error text,
    response_body bytea NOT NULL,
    headers bytea,
    PRIMARY KEY (message_id, id)
) PARTITION BY RANGE (message_id);
CREATE INDEX attempt_endpoint ON attempt (endpoint_id, id);
-- Failures are what people look for, and cost next to nothing to find while there are few.
CREATE INDEX attempt_failed ON attempt (endpoint_id, id) WHERE outcome <> 0;
CREATE INDEX attempt_lost ON attempt (message_id, application_id, endpoint_id) WHERE "end" IN (2, 3);
-- Attempts arrive in the order of their ids, so one entry for some pages finds any of them. Pages without an entry are all looked at: they do
-- not wait for one until the partition is vacuumed, see PostgresPartitions.SummarizeAsync. By itself the server would forget most under load, and
-- write a line to its log for each that it forgets.
CREATE INDEX attempt_id ON attempt USING brin (id) WITH (pages_per_range = 16);

-- The partitions of what is kept by time: each holds what was accepted from one time up to another. What lies outside of all of them is in the
-- default partition, from which rows are deleted one by one; the others are dropped whole.
CREATE TABLE history_partition (
    start bigint PRIMARY KEY,
    until bigint NOT NULL
);
CREATE TABLE message_rest PARTITION OF message DEFAULT;
CREATE TABLE message_label_rest PARTITION OF message_label DEFAULT;
CREATE TABLE finished_delivery_rest PARTITION OF finished_delivery DEFAULT;
CREATE TABLE attempt_rest PARTITION OF attempt DEFAULT;

-- beats counts heartbeats: whoever watches it sees whether the node lives, and compares no clocks.
-- listener: the session in which the node hears the others. It ends at once when the process does.
CREATE TABLE node (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    roles smallint NOT NULL,
    joined_at bigint NOT NULL,
    beats bigint NOT NULL,
    listener_pid integer,
    listener_start text
);

-- A lane that nobody owns has no owner, or no row. Rows are locked in order of endpoint_id, after the row of the node.
CREATE TABLE lane (
    endpoint_id uuid PRIMARY KEY,
    node_id uuid
) WITH (fillfactor = 70);
CREATE INDEX lane_node ON lane (node_id);

-- Which part of the rate limit of an application a node may use, in millionths, and for how many lanes it needs it. Never more than all of it.
CREATE TABLE limit_share (
    application_id uuid NOT NULL,
    node_id uuid NOT NULL REFERENCES node ON DELETE CASCADE,
    lanes bigint NOT NULL,
    part bigint NOT NULL,
    PRIMARY KEY (application_id, node_id)
) WITH (fillfactor = 50);
CREATE INDEX limit_share_node ON limit_share (node_id);

CREATE TABLE endpoint_health (
    endpoint_id uuid PRIMARY KEY,
    failing_since bigint,
    failures integer NOT NULL,
    paused_until bigint NOT NULL
) WITH (fillfactor = 70);
-- Endpoints whose last attempt failed, the one that has failed longest first.
CREATE INDEX endpoint_health_failing ON endpoint_health (failing_since, endpoint_id) WHERE failing_since IS NOT NULL;

-- Lanes that a person has paused: nothing is sent, everything is queued.
CREATE TABLE paused_lane (
    endpoint_id uuid PRIMARY KEY,
    paused_at bigint NOT NULL
);

-- Roll-ups per minute and per hour (width, in minutes), of endpoints, of applications and of the whole installation (scope: zero), of each
-- process that wrote them: so no two ever write the same row, and a process need not read what it adds to.
-- durations: DurationHistogram, packed.
CREATE TABLE rollup (
    width smallint NOT NULL,
    start bigint NOT NULL,
    scope uuid NOT NULL,
    writer uuid NOT NULL,
    accepted bigint NOT NULL,
    succeeded bigint NOT NULL,
    failed bigint NOT NULL,
    retried bigint NOT NULL,
    given_up bigint NOT NULL,
    cancelled bigint NOT NULL,
    duration_ms bigint NOT NULL,
    max_duration_ms integer NOT NULL,
    durations bytea NOT NULL,
    PRIMARY KEY (width, start, scope, writer)
) WITH (fillfactor = 50);

-- The memory of answered requests.
CREATE TABLE idempotency (
    key uuid PRIMARY KEY,
    fingerprint uuid NOT NULL,
    response bytea NOT NULL,
    expires_at bigint NOT NULL
);
CREATE INDEX idempotency_expiry ON idempotency (expires_at);

-- Rows of delivery, in parts that add up: each process has its own, one for each kind of transaction, so that none waits for another.
CREATE TABLE pending_part (
    writer uuid NOT NULL,
    part smallint NOT NULL,
    value bigint NOT NULL,
    PRIMARY KEY (writer, part)
) WITH (fillfactor = 10);

-- Long work that survives a restart. cursor is where it goes on; it moves in the transaction of the work that it counts.
-- status: 0 running, 1 finished, 2 failed, 3 cancelled. done of total are counted in messages, or applications for a broadcast.
-- node_id: who works on it; null while nobody does. payload: what a broadcast publishes; gone with its end.
CREATE TABLE background_task (
    id uuid PRIMARY KEY,
    kind text COLLATE "C" NOT NULL,
    status smallint NOT NULL,
    application_id uuid,
    endpoint_id uuid,
    node_id uuid,
    arguments text NOT NULL,
    cursor bytea,
    scanned bigint NOT NULL,
    done bigint NOT NULL,
    total bigint,
    error text,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    payload bytea
);
CREATE INDEX background_task_running ON background_task (node_id, id) WHERE status = 0;
CREATE INDEX background_task_application ON background_task (application_id, id) WHERE application_id IS NOT NULL;

-- Finds what changed in routing since a version.
CREATE INDEX endpoint_revision_version ON endpoint_revision (version);
-- Those that the engine disabled.
CREATE INDEX endpoint_disabled_by_engine ON endpoint (updated_at, id) WHERE disabled_reason IS NOT NULL;

-- Kept in the transactions that change them, so that nothing ever counts. Writes to the catalog never overlap, so nobody waits for these rows.
INSERT INTO counter (name, value) VALUES ('route', 0), ('endpoints', 0), ('disabled', 0);
CREATE FUNCTION count_endpoints() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        UPDATE counter SET value = value + 1 WHERE name = 'endpoints';
        UPDATE counter SET value = value + 1 WHERE name = 'disabled' AND NOT NEW.enabled;
    ELSIF TG_OP = 'UPDATE' THEN
        UPDATE counter SET value = value + CASE WHEN NEW.enabled THEN -1 ELSE 1 END WHERE name = 'disabled' AND OLD.enabled <> NEW.enabled;
        -- Whoever is enabled again begins anew. Otherwise an old failing_since would disable it at its first failure after a restart.
        DELETE FROM endpoint_health WHERE endpoint_id = NEW.id AND NEW.enabled AND NOT OLD.enabled;
    ELSE
        UPDATE counter SET value = value - 1 WHERE name = 'endpoints';
        UPDATE counter SET value = value - 1 WHERE name = 'disabled' AND NOT OLD.enabled;
        DELETE FROM endpoint_health WHERE endpoint_id = OLD.id;
        DELETE FROM paused_lane WHERE endpoint_id = OLD.id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER endpoint_counted AFTER INSERT OR UPDATE OR DELETE ON endpoint FOR EACH ROW EXECUTE FUNCTION count_endpoints();
