#!/bin/sh
# Write again every file that is generated from the one definition of a thing.
#
#   api/ → web/openapi.json → web/src/generated.ts        domain/ + wire/ → tests/vectors/room_views.json
set -eu
cd "$(dirname "$0")/.."
.venv/bin/palabre openapi > web/openapi.json.new
mv web/openapi.json.new web/openapi.json
npm --prefix web run gen
.venv/bin/python -m palabre.wire.vectors
