#!/bin/bash
# The rules of the house that a script can check: format, layers, file lengths, forbidden words, no SwiftNIO.
set -uo pipefail
cd "$(dirname "$0")/.."
failures=0
complain() { printf '%s\n' "$1"; failures=$((failures + 1)); }
# complain_about TITLE LINES: one failure with all its lines, where there are any.
complain_about() { [ -z "$2" ] || complain "$1"$'\n'"$(sed 's/^/    /' <<<"$2")"; }

swift_files() { git ls-files -co --exclude-standard -- "$@" | while read -r file; do [ -f "$file" ] && printf '%s\n' "$file"; done; }

# Who may import what: a module, then the targets that may. What is not named may be imported anywhere.
layers='
CLibevent    EventLoop HTTP
CCurl        HTTPClient
CCrypto      API
CSQLite      Storage
CProcess     Runners
GRDB         Storage
GRDBSQLite   Storage
ArgumentParser runstream
EventLoop    HTTP Runners Webhooks API runstream
HTTP         API runstream
HTTPClient   Webhooks runstream
Jobs         Storage Runners Webhooks API runstream
Storage      API runstream
Runners      API runstream
Webhooks     API runstream
API          runstream
Logging      Storage Runners Webhooks API runstream
Foundation   Storage Webhooks API runstream
FoundationEssentials HTTPClient Storage Runners Webhooks API runstream
'
imports=$(swift_files 'Sources/*.swift' | xargs -r grep -nHE '^[[:space:]]*(@[A-Za-z_]+ +)*((public|package|internal|fileprivate|private) +)?import ' |
    sed -E 's/^Sources\/([^\/]+)\/([^:]*):([0-9]+):.*import +((struct|class|enum|func|protocol|typealias|let|var) +)?([A-Za-z_0-9]+).*/\1 \6 Sources\/\1\/\2:\3/' |
    awk -v layers="$layers" '
        BEGIN {
            count = split(layers, lines, "\n")
            for (i = 1; i <= count; i++) {
                words = split(lines[i], word, " ")
                for (j = 2; j <= words; j++) allowed[word[1], word[j]] = 1
                if (words) ruled[word[1]] = 1
            }
        }
        $2 ~ /^(NIO|_NIO)/ || (($2 in ruled) && !(($2, $1) in allowed)) { print $3 ": " $1 " may not import " $2 }')
complain_about 'Layers (see docs/architecture.md):' "$imports"

complain_about 'Files over 300 lines:' "$(swift_files 'Sources/*.swift' 'Sources/*.c' 'Sources/*.h' | xargs -r wc -l | awk '$2 != "total" && $1 > 300 { print $2 ": " $1 }')"

# The marker words are spelled apart, so that this file does not hold them.
markers="TO""DO|FIX""ME|X""XX|HA""CK"
complain_about 'Markers of unfinished work:' "$(git grep --untracked -nIwE "$markers" -- . ':!*.csv' || true)"

forbidden='try!|as!|fatalError\(|nonisolated\(unsafe\)|Task\.sleep|usleep\(|^[[:space:]]*(public|open) +(final|class|struct|enum|func|var|let|protocol|init|extension|typealias)|@testable'
complain_about 'Forbidden in Swift:' "$(swift_files 'Sources/*.swift' 'Tests/*.swift' | xargs -r grep -nE "$forbidden" |
    grep -vE ':[0-9]+:[[:space:]]*//|^Sources/Locking/(Lock|Monitor)\.swift:[0-9]+:[[:space:]]*public ' || true)"
# Text and fractions become numbers in Support/OutsideNumber.swift alone, where nothing traps. Swift's own conversions of text can fail, so they
# stand where nil is dealt with. A line that is safe says why in a comment that begins with `number:`, on it or on the line before.
integer='(U?Int(8|16|32|64)?|pid_t|off_t)' number='(U?Int(8|16|32|64)?|pid_t|off_t|Double|Float)'
raw="let +[A-Za-z_]+(: *[A-Za-z0-9]+)? *= *$number\((?!exactly:|outside:)[^=]*(\) *(else|\{)|\),( |\$))"
raw+="|$number\\((?!exactly:|outside:)[^()]*\\) *(\\?\\?|[=!]= *nil)|(compactMap|flatMap) *\\(? *\\{? *\\(?$number(\\.init|\\((?!exactly:|outside:))"
raw+="|\\b$number\\((text|token|digits|string|word|field|header)[].)[]|Double\\((?!outside:)[^;]*\\)\\.map"
raw+="|$number\([^;]*radix:|\b$integer\((?!outside:)[^;]*(Double\(|timeInterval|percentage|\.rounded\()"
raw+='|(?<![A-Za-z.])abs\(|\b(strto(l|ll|ul|ull|d|f)|ato(i|l|ll|f)|sscanf)\('
complain_about 'Numbers from outside (see Sources/Support/OutsideNumber.swift):' "$(swift_files 'Sources/*.swift' | grep -v '^Sources/Support/' |
    while read -r file; do
        awk '!/number:/ && !held { print FILENAME ":" FNR ":" $0 } { held = /\/\/ number:/ }' "$file"
    done | grep -P "$raw" | grep -vE ':[0-9]+:[[:space:]]*//' || true)"
complain_about 'Jobs is a pure core (no clock, sockets or files):' "$(swift_files 'Sources/Jobs/*.swift' |
    xargs -r grep -nE '\b(clock_gettime|gettimeofday|ContinuousClock|SystemRandomNumberGenerator|Date\(|socket\(|fopen\(|getenv\()' || true)"
unproved=$(swift_files 'Sources/*.swift' | xargs -r grep -nE -B12 '@unchecked Sendable' /dev/null |
    awk '/^--$/ { proof = 0; next } /-[0-9]+-.*\/\// { proof = 1 } /:[0-9]+:.*@unchecked Sendable/ { if (!proof && $0 !~ /\/\//) print; proof = 0 }')
complain_about 'An @unchecked Sendable without its proof in a comment:' "$unproved"

for script in $(git ls-files -co --exclude-standard -- 'scripts/*.sh' examples/curl.sh examples/recipes 'Tests/Acceptance/recipes' | sort -u); do
    case $(head -n 1 "$script") in
        '#!/bin/sh'*) sh -n "$script" || complain "not a valid shell script: $script" ;;
        '#!/bin/bash'*) bash -n "$script" || complain "not a valid shell script: $script" ;;
    esac
    [ -x "$script" ] || complain "not executable: $script"
done

dependencies=$(swift package show-dependencies --format flatlist 2>&1) || complain "swift package show-dependencies: $dependencies"
complain_about 'SwiftNIO in the resolved graph:' "$(grep -i nio <<<"$dependencies")"
complain_about 'An unexpected dependency:' "$(grep -vE '^(swift-argument-parser|swift-log|grdb\.swift)$' <<<"$dependencies" | grep -E '^[A-Za-z0-9._-]+$' | grep -vi nio)"

lint=$(swift_files 'Sources/*.swift' 'Tests/*.swift' 'Benchmarks/*.swift' Package.swift | xargs -r swift format lint --strict --parallel 2>&1)
complain_about 'swift format lint:' "$(grep -E 'warning:|error:' <<<"$lint")"

[ "$failures" = 0 ] || { echo "check: $failures failed"; exit 1; }
echo 'check: format, layers, lengths, words and dependencies are in order'
