#!/bin/sh
# Generate into the working tree and fail when git then sees a difference in a generated file.
set -eu
cd "$(dirname "$0")/.."
GENERATED="web/openapi.json web/src/generated.ts tests/vectors/room_views.json"
before=$(cat $GENERATED | cksum)
scripts/gen.sh
if [ "$before" != "$(cat $GENERATED | cksum)" ]; then
    echo "A generated file was out of date and has been written again: review it with 'git diff', then commit it."
    exit 1
fi
