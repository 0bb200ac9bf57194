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

complain() {
  echo "$*" >&2
  exit 1
}

# With a ccache that cannot write, which would fail each compilation, the build is one without it.
CCACHE_DIR=/dev/null/none configure "$place/build" \
  -DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache | tee "$place/log"
grep -q 'ccache does not work here' "$place/log"
ninja -C "$place/build" -t commands >"$place/commands"
if grep ccache "$place/commands"; then complain "expected compilations without ccache"; fi

# Directories that are given as absolute paths are what they are below the prefix, and elsewhere an error.
prefix=$place/a/prefix
configure "$place/build" -DCMAKE_INSTALL_PREFIX="$prefix" -DCMAKE_INSTALL_BINDIR="$prefix/libexec/bin" \
  -DCMAKE_INSTALL_LIBDIR="$prefix/lib64" -DCMAKE_INSTALL_DATADIR="$prefix/data" -DCMAKE_INSTALL_INCLUDEDIR="$prefix/inc"
pc=$place/build/tools/package/cinch.pc
for line in 'prefix=${pcfiledir}/../..' 'libdir=${prefix}/lib64' 'includedir=${prefix}/inc' \
  'plugin_map=${prefix}/data/cinch/one_symbol.map'; do
  grep -qxF "$line" "$pc" || complain "expected $line in: $(cat "$pc")"
done
grep -qF 'RPATH "\$ORIGIN/../../lib64"' "$place/build/tools/package/cmake_install.cmake"
if configure "$place/build" -DCMAKE_INSTALL_LIBDIR="$place/elsewhere" >"$place/log" 2>&1; then
  complain "a library directory beside the prefix was taken"
fi
grep -q 'CMAKE_INSTALL_LIBDIR' "$place/log"

# A static library would leave it to its users to link RocksDB, libelf and the rest: it is not installed.
configure "$place/static" -DBUILD_SHARED_LIBS=OFF | tee "$place/log"
grep -q 'only the tool and the codecs will be installed' "$place/log"
if grep -rE --include=cmake_install.cmake 'libcinch|include/cinch|cinchConfig|cinch\.pc' "$place/static"; then
  complain "expected the library not to be installed"
fi
grep -rqF --include=cmake_install.cmake 'zstd.cinch.so' "$place/static"
