#!/usr/bin/env bash
# Checks what a compiler does not: formatting, and which layer includes which.
#   bash tools/check.sh         fails and shows the difference
#   bash tools/check.sh --fix   formats the files instead
set -euo pipefail
cd "$(dirname "$0")/.."

bash tools/setup.sh --checks
mode=(--dry-run --Werror)
if [ "${1:-}" = --fix ]; then mode=(-i); fi
git ls-files -z '*.c' '*.h' '*.cpp' '*.hpp' | xargs -0 clang-format-14 --style=file "${mode[@]}"
bash tests/project/check_layers.sh
