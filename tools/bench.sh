#!/usr/bin/env bash
# Measures cinch beside everything a user would pick instead, on the same values in the same run; installs those with apt,
# as root or with sudo, and into build/peers what PyPI and, where there is one, cargo give. Writes bench/report/:
# results.json, tables.md and index.html, a page with plots.
#   bash tools/bench.sh                    all rows, about ten minutes on a quiet machine
#   bash tools/bench.sh --quick            the same checks and hasty times, within three minutes, with what is installed;
#                                          into bench/report/quick/
#   bash tools/bench.sh --update-readme    and copies the tables into bench/README.md; --tables-only: of the last run
# Further arguments are cinch_report's: --only NAME for a part.
set -euo pipefail
cd "$(dirname "$0")/.."

report=bench/report
arguments=()
update=
measure=1
quick=
for argument in "$@"; do
  case $argument in
    --update-readme) update=1 ;;
    --tables-only) update=1 measure= ;;
    --quick) quick=1 report=bench/report/quick arguments+=("$argument") ;;
    *) arguments+=("$argument") ;;
  esac
done

# What cannot be installed is left out of the report, which says so.
install_peers() {  # DIRECTORY
  mkdir -p "$1"
  if [ ! -e "$1/python" ]; then
    python3 -m venv "$1/python.new" && "$1/python.new/bin/pip" install -q numpy openzl &&
      "$1/python.new/bin/pip" install -q --no-deps zipnn &&  # with them comes PyTorch, which its core does not need
      mv "$1/python.new" "$1/python" || echo "ZipNN and OpenZL: not installed"
  fi
  if command -v cargo >/dev/null; then
    cargo build -q --release --manifest-path bench/peers/foyer/Cargo.toml --target-dir "$1/foyer" &&
      cp "$1/foyer/release/foyer_peer" "$1" || echo "foyer: not installed"
  fi
}

if [ -n "$measure" ]; then
  bash tools/setup.sh --peers
  if [ -z "$quick" ]; then install_peers build/peers; fi
  cmake --preset release >/dev/null
  cmake --build --preset release --target cinch_report
  build/release/bin/cinch_report --peers build/peers "${arguments[@]}" "$report"
  {
    echo "machine: $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1), $(nproc) cores, Linux $(uname -r)"
    echo "compiler: $(c++ --version | head -1), $(sed -n 's/^CMAKE_CXX_FLAGS_RELEASE:STRING=//p' build/release/CMakeCache.txt)"
    echo "libraries: $(dpkg-query --show --showformat='${Package} ${Version}, ' liblz4-dev libzstd-dev librocksdb-dev \
      libblosc-dev liblmdb-dev libsqlite3-dev libxxhash-dev | sed 's/, $//')"
    echo "run: $(date -u +%F)${arguments[*]:+, ${arguments[*]}}"
  } >"$report/machine.txt"
fi
python3 bench/report_page.py "$report" ${update:+bench/README.md}
echo "$report/index.html has the plots"
