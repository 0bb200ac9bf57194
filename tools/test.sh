#!/usr/bin/env bash
# Installs what is missing, builds and passes the tests.
#   bash tools/test.sh              release build, all tests
#   bash tools/test.sh --sanitize   all but fuzzing (tools/fuzz.sh) under ASan+UBSan, label `concurrency` under TSan
# Further arguments are ctest's: bash tools/test.sh -R Frame. With --sanitize all tests of a program are one of ctest's.
# Variables of the environment make some tests run longer: tests/README.md.
set -euo pipefail
cd "$(dirname "$0")/.."

sanitize=
if [ "${1:-}" = --sanitize ]; then
  sanitize=1
  shift
fi
bash tools/setup.sh

run() {  # PRESET ctest-argument…
  cmake --preset "$1"
  cmake --build --preset "$1"
  ctest --preset "$@"
}
if [ -z "$sanitize" ]; then
  run release "$@"
else
  run asan "$@"
  run tsan "$@"
fi
