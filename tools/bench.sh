#!/usr/bin/env bash
# Measures cinch beside everything a user would pick instead, on the same values in the same run; installs those with apt,
# as root or with sudo. Writes bench/report/: results.json, tables.md and index.html, a page with plots.
#   bash tools/bench.sh                    all rows, about ten minutes on a quiet machine
#   bash tools/bench.sh --quick            the same checks and hasty times, within three minutes
#   bash tools/bench.sh --update-readme    and copies the tables into bench/README.md; --tables-only: of the last run
# Further arguments are cinch_report's: --only NAME for a part.
set -euo pipefail
cd "$(dirname "$0")/.."

arguments=()
update=
measure=1
for argument in "$@"; do
  case $argument in
    --update-readme) update=1 ;;
    --tables-only) update=1 measure= ;;
    *) arguments+=("$argument") ;;
  esac
done
if [ -n "$measure" ]; then
  bash tools/setup.sh --peers
  cmake --preset release >/dev/null
  cmake --build --preset release --target cinch_report
  build/release/bin/cinch_report "${arguments[@]}" bench/report
  {
    echo "machine: $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1), $(nproc) cores, Linux $(uname -r)"
    echo "compiler: $(c++ --version | head -1), $(sed -n 's/^CMAKE_CXX_FLAGS_RELEASE:STRING=//p' build/release/CMakeCache.txt)"
    echo "libraries: $(dpkg-query --show --showformat='${Package} ${Version}, ' liblz4-dev libzstd-dev librocksdb-dev \
      libblosc-dev liblmdb-dev libsqlite3-dev libxxhash-dev | sed 's/, $//')"
    echo "run: $(date -u +%F)${arguments[*]:+, ${arguments[*]}}"
  } >bench/report/machine.txt
fi
python3 bench/report_page.py bench/report ${update:+bench/README.md}
echo "bench/report/index.html has the plots"
