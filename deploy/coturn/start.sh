#!/bin/sh
# Starts coturn with turnserver.conf and what only this site knows; arguments go to turnserver.
#   TURN_STATIC_AUTH_SECRET  what chat nodes mint credentials with; or
#   TURN_SECRET_FILE         the file that holds it
#   MEDIA_NODES              first-last of the addresses that it may relay to
#   RELAY_ADDRESS            its own address there, if browsers that both come through it may reach each other
set -eu

secret=${TURN_STATIC_AUTH_SECRET:-}
[ -n "$secret" ] || secret=$(cat "${TURN_SECRET_FILE:?neither TURN_STATIC_AUTH_SECRET nor TURN_SECRET_FILE is set}")
if [ "${#secret}" -lt 32 ]; then
    echo "the TURN secret has ${#secret} characters; whoever guesses it has a relay: make one with openssl rand -hex 32" >&2
    exit 1
fi

# In a file, since arguments can be read by every process.
umask 077
configuration=$(mktemp)
{
    cat "$(dirname "$0")/turnserver.conf"
    echo "allowed-peer-ip=${MEDIA_NODES:?first-last of the addresses of the media nodes}"
    [ -z "${RELAY_ADDRESS:-}" ] || echo "allowed-peer-ip=$RELAY_ADDRESS"
    echo "static-auth-secret=$secret"
} > "$configuration"
exec turnserver -c "$configuration" "$@"
