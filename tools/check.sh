#!/usr/bin/env bash
# Checks what a compiler does not: formatting, which layer includes which, names and likely mistakes.
#   bash tools/check.sh         fails and shows the difference
#   bash tools/check.sh --fix   formats the files instead
set -euo pipefail
cd "$(dirname "$0")/.."

bash tools/setup.sh --checks
mode=(--dry-run --Werror)
if [ "${1:-}" = --fix ]; then mode=(-i); fi
git ls-files -z '*.c' '*.h' '*.cpp' '*.hpp' | xargs -0 clang-format-14 --style=file "${mode[@]}"
bash tests/project/check_layers.sh
cmake --preset release >/dev/null
git ls-files -z 'engine/*.cpp' 'backends/*.cpp' 'tools/cinch/*.cpp' |
  xargs -0 -P "$(nproc)" -n 4 clang-tidy-14 -p build/release --quiet --extra-arg=-Wno-unknown-warning-option
