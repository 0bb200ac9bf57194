#!/usr/bin/env bash
# The shared library exports what exported_symbols.txt lists, and nothing else.
#   bash tests/project/check_exports.sh LIBRARY           fails and shows the difference
#   bash tests/project/check_exports.sh LIBRARY --write   writes the list anew, to be looked at before it is committed
set -euo pipefail
library=$1
list=$(dirname "$0")/exported_symbols.txt
exported() { nm -D --defined-only -C "$library" | grep -v '^[0-9a-f]* W ' | cut -d' ' -f3- | LC_ALL=C sort -u; }

if [ "${2:-}" = --write ]; then
  exported >"$list"
else
  diff "$list" <(exported)
fi
