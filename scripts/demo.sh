#!/bin/sh
# The demo: a server of its own on a free port, one run on real data, watched to its end; then the server is stopped.
set -eu
cd "$(dirname "$0")/.."
binary=${RUNSTREAM_BIN:-.build/release/runstream}
state=$(mktemp -d)
server=

clean_up() {
    status=$?
    trap - EXIT
    [ -z "$server" ] || { kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; }
    [ "$status" = 0 ] || { echo "The server's log:"; cat "$state/server.log"; } >&2
    rm -rf "$state"
    exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# No setting of this shell's may reach the demo's server or client.
for name in $(env | sed -n 's/^\(RUNSTREAM_[A-Z_]*\|PRAISONAI_[A-Z_]*\|JOBS_[A-Z_]*\)=.*/\1/p'); do unset "$name"; done

"$binary" serve --port 0 --db "$state/runs.db" --recipes examples/recipes >"$state/server.log" 2>&1 &
server=$!
url=
tries=0
while [ -z "$url" ]; do
    kill -0 "$server" 2>/dev/null || { server=; echo 'The server did not start.' >&2; exit 1; }
    [ $((tries += 1)) -le 100 ] || { echo 'The server did not say where it listens.' >&2; exit 1; }
    sleep 0.1
    url=$(sed -n 's|.*\(http://127\.0\.0\.1:[0-9][0-9]*\).*|\1|p' "$state/server.log" | head -n 1)
done
echo "Server: $url (examples/recipes)"

"$binary" submit 'Describe the US economy, quarter by quarter' --api-url "$url" --recipe analyze-csv \
    --recipe-config '{"csv": "examples/data/us-macro-quarterly.csv", "pace_ms": 150}' --stream --wait

echo 'The run is over; the server is stopped.'
