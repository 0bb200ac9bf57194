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
# Several sources at a time, as headers take most of the time; in a build directory that nothing is compiled in.
cmake --preset release -B build/check -DCMAKE_UNITY_BUILD=ON -DCINCH_BUILD_TESTS=OFF -DCINCH_BUILD_BENCH=OFF >/dev/null
# GCC checks the options that clang does not know, and shadowing, where sources do not see each other's names.
python3 -c '
import json, os
for entry in json.load(open("build/check/compile_commands.json")):
    path = os.path.relpath(os.path.realpath(entry["file"]), os.path.realpath("."))
    if path.removeprefix("build/check/").startswith(("engine/", "backends/", "tools/cinch/")):
        print(path, end="\0")
' | xargs -0 -P "$(nproc)" -n 1 \
  clang-tidy-14 -p build/check --quiet --extra-arg=-Wno-unknown-warning-option --extra-arg=-Wno-shadow
