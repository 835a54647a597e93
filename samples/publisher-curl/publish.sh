#!/bin/sh
# Publishes one event: ./publish.sh [event type]
set -eu
: "${GRAPNEL_API_KEY:?Set GRAPNEL_API_KEY.}"

# With the same Idempotency-Key again, as curl's own retries send it, the event is not published a second time. The key of the API comes from standard
# input: on the command line everybody on the machine could read it.
printf 'header = "Authorization: Bearer %s"\n' "$GRAPNEL_API_KEY" | curl --config - \
  --silent --show-error --fail-with-body --retry 5 \
  --header "Content-Type: application/json" \
  --header "Idempotency-Key: $(date +%s)-$$" \
  --data '{"orderId":42,"total":19.90,"currency":"EUR"}' \
  "${GRAPNEL_URL:-http://127.0.0.1:8000}/trigger/${1:-order.created}"
echo
