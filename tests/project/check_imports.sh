#!/usr/bin/env bash
# Codecs whose bytes are to be the same on every machine import nothing of libm, whose results differ between versions.
#   bash tests/project/check_imports.sh PLUGIN…
set -euo pipefail
names() { awk '{ print $NF }' | sed 's/@.*//' | LC_ALL=C sort -u; }
libm=$(nm -D --defined-only "$(c++ -print-file-name=libm.so.6)" | names)
grep -qx sqrtf <<<"$libm" || { echo "no libm to compare with" >&2; exit 1; }

bad=0
for plugin in "$@"; do
  found=$(LC_ALL=C comm -12 <(nm -D --undefined-only "$plugin" | names) - <<<"$libm")
  if [ -n "$found" ]; then
    echo "$plugin imports of libm: ${found//$'\n'/ }" >&2
    bad=1
  fi
done
exit $bad
