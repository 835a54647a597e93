-- Endpoints of applications that are being erased. Follows hot-retention.sql.
CREATE TABLE erased_endpoint (
    application_id uuid NOT NULL,
    endpoint_id uuid NOT NULL,
    PRIMARY KEY (application_id, endpoint_id)
);
