#!/bin/bash
# Every test there is, in stages; each stage's output is kept, its tests are counted, and a failed stage does not hide the next one.
# Ends with "N passed, N failed, N skipped" alone on a line.
#
#   scripts/test.sh [STAGE...]     default: all of them, in this order
set -uo pipefail
cd "$(dirname "$0")/.."
logs=.build/test-logs
mkdir -p "$logs"
python=.venv/acceptance/bin/python
passed=0 failed=0 skipped=0
summary=()

# count LOG: what Swift Testing and pytest say at their end, as "passed failed skipped".
count() {
    awk '
        { gsub(/\033\[[0-9;]*m/, "") }
        /Test run with [0-9]+ tests? / { match($0, /with [0-9]+/); total += substr($0, RSTART + 5, RLENGTH - 5) }
        /^(✘|􀢄) Test .* failed after/ && !/Test run with/ { broken++ }
        /^(➜|􀙟) Test .* skipped/ { passed_over++ }
        /^=* ?([0-9]+ [a-z]+,? ?)+ in [0-9.]+s/ {
            n = split($0, word, /[ ,=]+/)
            for (i = 2; i <= n; i++) {
                if (word[i] == "passed") good += word[i - 1]
                if (word[i] == "failed" || word[i] ~ /^errors?$/) bad += word[i - 1]
                if (word[i] == "skipped") passed_over_too += word[i - 1]
            }
        }
        END { print total - broken - passed_over + good + 0, broken + bad + 0, passed_over + passed_over_too + 0 }' "$1"
}

stage() {
    local name=$1 began=$SECONDS good bad over status
    shift
    echo "== $name: $*"
    "$@" 2>&1 | tee "$logs/$name.log"
    status=${PIPESTATUS[0]}
    read -r good bad over < <(count "$logs/$name.log")
    [ "$status" = 0 ] || [ "$bad" -gt 0 ] || bad=1     # it broke off without a count
    [ "$status" != 0 ] || [ $((good + bad + over)) -gt 0 ] || good=1     # a check that has no tests to count
    passed=$((passed + good)) failed=$((failed + bad)) skipped=$((skipped + over))
    summary+=("$(printf '%-22s %5d passed %4d failed %4d skipped  %4d s' "$name" "$good" "$bad" "$over" $((SECONDS - began)))")
}

# acceptance BINARY PATIENCE ARGUMENTS...: the tests in Tests/Acceptance against one build of the server.
acceptance() {
    local binary=$1 patience=$2
    shift 2
    (cd Tests/Acceptance && RUNSTREAM_BIN="$OLDPWD/$binary" ACCEPTANCE_PATIENCE=$patience "$OLDPWD/$python" -m pytest -q "$@")
}
# What is run against every build: everything short that looks at correctness and not at size or speed.
everywhere=(-m 'not long' test_curl_bytes.py test_seed_clients.py test_resume.py test_idempotency.py test_disconnects.py
    test_process_tree.py test_guardian.py test_hostile_text.py test_sigterm.py test_startup.py test_power_cut.py)

run_check() { stage check scripts/check.sh; }
run_debug() {
    stage debug swift test
    stage debug-server acceptance .build/debug/runstream 3 "${everywhere[@]}"
}
run_release() {
    stage release swift test -c release
    stage release-build make --no-print-directory build
    stage acceptance acceptance .build/release/runstream 1
}
run_thread() {
    export TSAN_OPTIONS="halt_on_error=0 exitcode=66 report_bugs=1"
    stage thread swift test --sanitize=thread --scratch-path .build-thread
    stage thread-server acceptance .build-thread/debug/runstream 8 "${everywhere[@]}"
    unset TSAN_OPTIONS
}
run_address() {
    # XCTest leaks, so leaks are looked for in the server's own process alone.
    ASAN_OPTIONS=detect_leaks=0 stage address swift test --sanitize=address --scratch-path .build-address
    ASAN_OPTIONS=detect_leaks=1 stage address-server acceptance .build-address/debug/runstream 8 "${everywhere[@]}"
}
run_fuzz() { stage fuzz scripts/fuzz.sh 5; }
run_bench() {
    stage bench-smoke make --no-print-directory bench-smoke
    stage soak make --no-print-directory soak SECONDS=60
}

[ $# -gt 0 ] || set -- check debug release thread address fuzz bench
for name in "$@"; do "run_$name"; done

printf '\n'
printf '%s\n' "${summary[@]}"
printf '%d min %d s\n\n%d passed, %d failed, %d skipped\n' $((SECONDS / 60)) $((SECONDS % 60)) "$passed" "$failed" "$skipped"
[ "$failed" = 0 ]
