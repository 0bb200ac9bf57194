#!/usr/bin/env bash
# What configuring decides by what it finds and is given; nothing is built.
#   bash tests/project/configure.sh SOURCE
set -euo pipefail
source=$1
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT

configure() {  # BUILD ARGUMENT…
  local build=$1
  shift
  cmake -S "$source" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCINCH_WITH_ROCKSDB=OFF -DCINCH_BUILD_TOOL=OFF \
    -DCINCH_BUILD_TESTS=OFF -DCINCH_BUILD_BENCH=OFF "$@"
}

# With a ccache that cannot write, which would fail each compilation, the build is one without it.
CCACHE_DIR=/dev/null/none configure "$place/build" \
  -DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache | tee "$place/log"
grep -q 'ccache does not work here' "$place/log"
if ninja -C "$place/build" -t commands | grep ccache; then
  echo "expected compilations without ccache" >&2
  exit 1
fi
