#!/bin/sh
# Settings of the Cloud Run service that the button has no fields for. The button runs this once, after it made the service;
# run it again by hand after changing REDIS_URL.
# Needs: K_SERVICE, GOOGLE_CLOUD_PROJECT, GOOGLE_CLOUD_REGION; REDIS_URL if there is one.
set -eu

# Without Redis two instances would be two chats.
if [ -n "${REDIS_URL:-}" ]; then instances=20; else instances=1; fi

# A WebSocket is one request to Cloud Run: an hour is the longest it allows, 1,000 an instance the most.
# The node keeps its heartbeat in Redis also while no client speaks, so its CPU is never throttled.
exec gcloud run services update "$K_SERVICE" \
    --project="$GOOGLE_CLOUD_PROJECT" \
    --region="$GOOGLE_CLOUD_REGION" \
    --platform=managed \
    --timeout=3600 \
    --session-affinity \
    --concurrency=1000 \
    --max-instances="$instances" \
    --no-cpu-throttling
