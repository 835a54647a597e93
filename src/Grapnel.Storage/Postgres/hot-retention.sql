-- Payloads and attempts may go before their message. Follows hot.sql.

-- When the sweep over attempts looks at the message again, because something was pending or younger when it came by, or because it was sent again.
ALTER TABLE message ADD COLUMN attempts_check_at bigint;
CREATE INDEX message_attempts_check ON message (attempts_check_at) WHERE attempts_check_at IS NOT NULL;
