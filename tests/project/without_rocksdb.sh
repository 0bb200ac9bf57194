#!/usr/bin/env bash
# A build without RocksDB works, does not need RocksDB, and says so when asked for it.
set -euo pipefail
source=$1
build=$2
cmake -S "$source" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCINCH_WITH_ROCKSDB=OFF \
  -DCINCH_BUILD_TESTS=OFF -DCINCH_BUILD_BENCH=OFF \
  -DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache >/dev/null
cmake --build "$build" --target cinch_tool >/dev/null

if ldd "$build/bin/cinch" | grep librocksdb; then
  echo "linked with RocksDB" >&2
  exit 1
fi
status=0
said=$("$build/bin/cinch" --store "rocksdb:$build/db" ls 2>&1) || status=$?
echo "$said"
if [ "$status" -ne 2 ] || [[ $said != *CINCH_WITH_ROCKSDB=OFF* ]]; then
  echo "expected exit status 2 and a message that names CINCH_WITH_ROCKSDB=OFF" >&2
  exit 1
fi
cd "$build"
bin/cinch demo | grep "without\|no RocksDB"
