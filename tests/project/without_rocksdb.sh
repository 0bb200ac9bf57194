#!/usr/bin/env bash
# A build without RocksDB works, does not need RocksDB, and says so when asked for it; here as part of another project,
# with the README's program linked to the library, once static and once shared.
#   bash tests/project/without_rocksdb.sh SOURCE APP.CPP BUILD [COMPILER-LAUNCHER]
set -euo pipefail
source=$1
app=$2
parent=$3/parent
mkdir -p "$parent"
cat >"$parent/CMakeLists.txt" <<CMAKE
cmake_minimum_required(VERSION 3.25)
project(parent LANGUAGES C CXX)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY \${CMAKE_BINARY_DIR}/bin)
add_subdirectory($source cinch)
add_executable(app $app)
target_link_libraries(app PRIVATE cinch::cinch)
add_dependencies(app cinch_codecs)
CMAKE
for shared in OFF ON; do
  build=$3/shared-$shared
  cmake -S "$parent" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release \
    -DCINCH_WITH_ROCKSDB=OFF -DBUILD_SHARED_LIBS=$shared -DCINCH_WERROR=ON \
    -DCMAKE_C_COMPILER_LAUNCHER="${4-}" -DCMAKE_CXX_COMPILER_LAUNCHER="${4-}" >/dev/null
  cmake --build "$build" --target cinch_tool app >/dev/null
  if [ "$(compgen -G "$build/lib/libcinch*.so" >/dev/null && echo ON || echo OFF)" != $shared ]; then
    echo "BUILD_SHARED_LIBS=$shared made the other kind of library" >&2
    exit 1
  fi
  "$build/bin/app" | grep ' as zstd$'  # decoded, too, by the codec that lies in lib/ beside bin/
done

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
bin/cinch demo | grep 'This build has no RocksDB'
