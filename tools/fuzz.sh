#!/usr/bin/env bash
# Fuzzes: builds every target with clang, under ASan and UBSan, and runs each for so many seconds. Fails on a finding.
#   bash tools/fuzz.sh                     15 seconds each
#   bash tools/fuzz.sh 3600                an hour each: what a release has behind it
#   bash tools/fuzz.sh 600 frame keys      only these
# What a run learns lies in build/fuzz/corpus and is where the next one starts; what it finds, in build/fuzz/findings.
# A finding that is mended becomes a file of tests/fuzz/corpus/TARGET, which the release build replays as a test, too.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-15}
shift || true
bash tools/setup.sh --fuzz
cmake --preset fuzz >/dev/null
cmake --build --preset fuzz
build/fuzz/tests/unit_golden_frame --gtest_brief=1  # this compiler's builds have to decode them, too
targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
  for program in build/fuzz/tests/fuzz_*; do targets+=("${program##*/fuzz_}"); done
fi

# What is kept is replayed whole, whatever its length. Leaks are looked for when a run ends, not after each input that
# leaves more memory than it found, as caches that grow do.
fuzz() {  # SECONDS TARGET
  local learned=build/fuzz/corpus/$2 kept=tests/fuzz/corpus/$2 findings=build/fuzz/findings/$2
  local run=(build/fuzz/tests/"fuzz_$2" -timeout=20 -detect_leaks=0 -rss_limit_mb=2048 -artifact_prefix="$findings/")
  mkdir -p "$learned" "$kept" "$findings"
  if "${run[@]}" -runs=0 "$kept" >"$findings/log" 2>&1 &&
    "${run[@]}" -max_total_time="$1" -max_len=8192 -print_final_stats=1 "$learned" "$kept" >"$findings/log" 2>&1; then
    echo "$2: $(sed -n 's/^stat::number_of_executed_units: *//p' "$findings/log") inputs, nothing found"
  else
    tail -n 60 "$findings/log"
    echo "$2: FOUND SOMETHING, see $findings"
    return 1
  fi
}
export -f fuzz
export ASAN_OPTIONS=allocator_may_return_null=0
printf '%s\n' "${targets[@]}" | xargs -P "$(nproc)" -I{} bash -c "fuzz $seconds {}"
