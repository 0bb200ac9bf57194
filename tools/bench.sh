#!/usr/bin/env bash
# Measures cinch beside everything a user would pick instead, on the same values in the same run; installs those with apt,
# as root or with sudo. Writes bench/report/results.json and bench/report/index.html.
#   bash tools/bench.sh            all rows, about ten minutes on a quiet machine
#   bash tools/bench.sh --quick    the same checks and hasty times, within three minutes
set -euo pipefail
cd "$(dirname "$0")/.."

bash tools/setup.sh --peers
cmake --preset release >/dev/null
cmake --build --preset release --target cinch_report
build/release/bin/cinch_report ${1:+"$1"} bench/report
{
  echo "machine: $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1), $(nproc) cores, Linux $(uname -r)"
  echo "compiler: $(c++ --version | head -1), $(sed -n 's/^CMAKE_CXX_FLAGS_RELEASE:STRING=//p' build/release/CMakeCache.txt)"
  echo "date: $(date -u +%F)${1:+, $1}"
} >bench/report/machine.txt
python3 bench/report_page.py bench/report
echo "bench/report/index.html has the plots"
