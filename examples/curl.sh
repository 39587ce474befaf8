#!/bin/sh
# A run with nothing but curl: submit, watch (-N: unbuffered), fetch the result.
#
#   examples/curl.sh [PROMPT]          against http://127.0.0.1:8005, or $RUNSTREAM_API_URL
#
# RECIPE names the recipe (default analyze-csv), RUNSTREAM_API_KEY the key, where the server has one.
set -eu
api=${RUNSTREAM_API_URL:-http://127.0.0.1:8005}
prompt=$(printf '%s' "${1:-Describe the US economy}" | tr -d '\000-\037' | sed 's/[\\"]/\\&/g')
call() { curl -sS --fail-with-body ${RUNSTREAM_API_KEY:+-H "Authorization: Bearer $RUNSTREAM_API_KEY"} "$@"; }

job=$(call "$api/api/v1/runs" -H 'Content-Type: application/json' -d "{\"prompt\": \"$prompt\", \"recipe_name\": \"${RECIPE:-analyze-csv}\"}")
echo "$job"
id=$(printf '%s' "$job" | sed -n 's/.*"job_id": *"\([^"]*\)".*/\1/p')

# Only [DONE] means the end: a stream that ends without it is taken up again, after the last id that was seen.
seen=$(mktemp)
trap 'rm -f "$seen"' EXIT
for attempt in 1 2 3 4 5 6 7 8 9 10; do
    last=$(sed -n 's/^id: //p' "$seen" | tail -n 1)
    call -N "$api/api/v1/runs/$id/stream" ${last:+-H "Last-Event-ID: $last"} | tee -a "$seen"
    grep -q '^data: \[DONE\]' "$seen" && break
    echo "(connection $attempt lost; coming back)" >&2
    sleep 1
done

call "$api/api/v1/runs/$id/result"
echo
