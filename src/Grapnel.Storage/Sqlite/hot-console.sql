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
