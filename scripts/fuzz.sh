#!/bin/bash
# Feeds every parser of bytes from outside with libFuzzer, from the corpus in Tests/Fuzz/corpus, under AddressSanitizer.
# A crash, a hang or a leak fails and prints the input; how many executions there were is said of each target.
#
#   scripts/fuzz.sh [SECONDS a target] [TARGET]     default: an hour over all targets
set -uo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-} only=${2:-}
export RUNSTREAM_FUZZ=1
swift build --product fuzz --scratch-path .build-fuzz --sanitize=address || exit 1
fuzz=$PWD/.build-fuzz/debug/fuzz
mapfile -t targets < <("$fuzz" list)
[ -z "$only" ] || targets=("$only")
[ -n "$seconds" ] || seconds=$((3600 / ${#targets[@]}))
failed=0 total=0
for target in "${targets[@]}"; do
    [ -d "Tests/Fuzz/corpus/$target" ] || { echo "no corpus for the target $target"; exit 64; }
    found=.build-fuzz/found/$target
    log=.build-fuzz/$target.log
    mkdir -p "$found"
    # What is found new goes to the first directory and stays out of the repository.
    "$fuzz" "$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=8192 -print_final_stats=1 \
        -artifact_prefix=".build-fuzz/crash-$target-" "$found" "Tests/Fuzz/corpus/$target" >"$log" 2>&1
    status=$?
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    total=$((total + ${runs:-0}))
    printf '%-8s %12s executions\n' "$target" "${runs:-no count of}"
    [ "$status" = 0 ] && continue
    failed=$((failed + 1))
    echo "$target failed:"
    grep -vE '^(#[0-9]+|INFO|stat::)' "$log" | tail -n 40
done
echo "$total executions over ${#targets[@]} targets, $failed failed"
[ "$failed" = 0 ]
