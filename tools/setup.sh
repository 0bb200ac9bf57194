#!/usr/bin/env bash
# Installs what cinch is built and tested with, on Debian 12: as root, or with sudo. A second when nothing is missing.
#   bash tools/setup.sh            to build, run, test and measure
#   bash tools/setup.sh --checks   and the tools of tools/check.sh
#   bash tools/setup.sh --fuzz     and the compiler of tools/fuzz.sh
#   bash tools/setup.sh --peers    and what tools/bench.sh compares with
# Options add up.
set -euo pipefail

packages=(
  build-essential ccache cmake ninja-build pkg-config
  libboost1.81-dev libelf-dev libtomlplusplus-dev libxxhash-dev  # engine
  liblz4-dev libzstd-dev                                         # plugins
  librocksdb-dev                                                 # backends
  libcli11-dev nlohmann-json3-dev                                # the tool
  g++-aarch64-linux-gnu groff libbenchmark-dev libgmock-dev libgtest-dev  # tests and benchmarks
)
for option in "$@"; do
  case $option in
    --checks) packages+=(clang-format-14 clang-tidy-14) ;;
    --fuzz) packages+=(clang-14 libclang-rt-14-dev) ;;
    --peers) packages+=(libblosc-dev liblmdb-dev libsqlite3-dev python3 python3-venv) ;;
    *)
      echo "setup.sh: no option $option; expected --checks, --fuzz or --peers" >&2
      exit 2
      ;;
  esac
done

missing=()
for package in "${packages[@]}"; do
  state=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
  if [ "$state" != installed ]; then missing+=("$package"); fi
done
if [ ${#missing[@]} -eq 0 ]; then exit 0; fi

if ! command -v apt-get >/dev/null; then
  echo "setup.sh: needs Debian 12's apt-get to install: ${missing[*]}" >&2
  exit 1
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "setup.sh: needs root or sudo to install: ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi
echo "Installing ${missing[*]}"
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
