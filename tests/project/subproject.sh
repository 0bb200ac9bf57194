#!/usr/bin/env bash
# A project that contains cinch has both of its targets, and keeps a package and a library type of its own.
#   bash tests/project/subproject.sh SOURCE DIRECTORY       DIRECTORY: is made anew
set -euo pipefail
source=$1
place=$2
rm -rf "$place"
mkdir -p "$place"
cd "$place"

echo 'int untyped(void) { return 0; }' >untyped.c
echo '#include <cinch/codec_plugin.h>' >plugin.c
echo '#include <cinch/kv_store.hpp>' >app.cpp
cat >CMakeLists.txt <<CMAKE
cmake_minimum_required(VERSION 3.25)
project(parent LANGUAGES C CXX)
set(CPACK_PACKAGE_NAME parent)
set(CPACK_GENERATOR TGZ)
include(CPack)
add_subdirectory($source cinch)
add_library(untyped untyped.c)
add_library(plugin MODULE plugin.c)
target_link_libraries(plugin PRIVATE cinch::abi)
add_library(app OBJECT app.cpp)
target_link_libraries(app PRIVATE cinch::cinch)
CMAKE
cmake -S . -B build -G Ninja -DCINCH_WITH_ROCKSDB=OFF -DCINCH_BUILD_TOOL=OFF 2>&1 | tee log
if grep -q Warning log; then
  echo "expected no warning" >&2
  exit 1
fi
grep -q '^set(CPACK_PACKAGE_NAME "parent")' build/CPackConfig.cmake
grep -q '^set(CPACK_GENERATOR "TGZ")' build/CPackConfig.cmake
cmake --build build --target untyped plugin app
test -f build/libuntyped.a  # static, as CMake makes it where nobody says
