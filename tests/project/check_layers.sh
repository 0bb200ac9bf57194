#!/usr/bin/env bash
# Layers look down only: fails and names every #include that is not allowed where it is.
set -uo pipefail
cd "$(dirname "$0")/../.."
bad=0

# allow FOLDER|FILE… -- PATTERN…   every quoted include and every include of a library must match one of the patterns.
# Headers of the C++ standard library, of C and of POSIX are free.
free='<[a-z_0-9]+>|<(c|)(assert|ctype|dirent|dlfcn|elf|errno|fcntl|inttypes|limits|link|malloc|math|pthread|sched|signal|spawn|stdalign|stdarg|stddef|stdint|stdio|stdlib|string|time|unistd)\.h>|<sys/[a-z]+\.h>'
allow() {
  local files=() patterns="$free" line
  while [ "$1" != -- ]; do files+=("$1"); shift; done
  shift
  local pattern
  for pattern in "$@"; do patterns+="|$pattern"; done
  while IFS= read -r line; do
    if ! [[ ${line#*#include } =~ ^($patterns)$ ]]; then
      echo "not allowed here: $line" >&2
      bad=1
    fi
  done < <(grep -rHE --include=*.{h,hpp,c,cpp} '^ *# *include ' "${files[@]}" | sed 's|//.*||; s| *$||')
}
# except PATTERN FILE   an include that exactly this one file of the engine may have.
except() {
  local found
  found=$(grep -rlE --include=*.{h,hpp,c,cpp} "#include $1" engine include backends plugins)
  if [ "$found" != "$2" ]; then
    echo "expected $1 in $2 alone, found it in: ${found//$'\n'/ }" >&2
    bad=1
  fi
}

cinch='"cinch/[a-z_]+\.hpp"'
abi='"cinch/codec_plugin(_options)?\.(h|hpp)"'
own='"[a-z_]+\.hpp"'

allow include/cinch/async*.hpp -- "$cinch" '<boost/asio/[a-z_]+\.hpp>'
allow $(ls include/cinch/* | grep -v /async) -- "$cinch" "$abi"
allow include/cinch/codec_plugin.h -- '"no such header"'
allow include/cinch/codec_plugin.hpp include/cinch/codec_plugin_options.hpp -- "$abi"
allow engine -- "$cinch" "$abi" '"engine/[a-z0-9_]+\.hpp"' '<xxhash\.h>' '<boost/dll/.*>' '<(gelf|libelf)\.h>' '<sanitizer/asan_interface\.h>' '<toml\+\+/toml\.h>'
except '<boost/dll' engine/plugin_loader.cpp
except '<(gelf|libelf)\.h>' engine/plugin_file.cpp
except '<toml' engine/config_reader.cpp
allow backends/*.cpp -- "$cinch" '"backends/[a-z_]+/[a-z_]+\.hpp"'
allow backends/memory -- "$cinch" '"backends/memory/[a-z_]+\.hpp"' '<boost/(unordered/unordered_flat_(map|set)|container_hash/hash)\.hpp>' '<xxhash\.h>'
# Of the engine, XXH3 alone: RocksDB's own is slower on what it reads.
allow backends/rocksdb -- "$cinch" '"backends/rocksdb/[a-z_]+\.hpp"' '"engine/checksum\.hpp"' '<rocksdb/.*>' '<xxhash\.h>'
allow plugins/lz4 -- "$abi" '<lz4(hc)?\.h>'
allow plugins/simd -- '"plugins/simd/[a-z_0-9]+\.hpp"' '<(immintrin|cpuid)\.h>'
allow plugins/rans -- '"plugins/(rans|simd)/[a-z_0-9]+\.hpp"'
allow plugins/rotary -- '"plugins/(rotary|simd)/[a-z_0-9]+\.hpp"'
allow plugins/stream -- "$abi"
allow plugins/tensor -- "$abi" '"plugins/(tensor|rotary|rans|simd|stream)/[a-z_0-9]+\.hpp"'
allow plugins/quant -- "$abi" '"plugins/(quant|rans|rotary|simd|stream)/[a-z_0-9]+\.(hpp|inc)"'
allow plugins/zstd -- "$abi" '<zstd(_errors)?\.h>'
allow tools/cinch -- "$cinch" "$own" '<CLI/CLI\.hpp>' '<nlohmann/json\.hpp>' '<(lz4|lz4hc|zstd)\.h>'
allow tools/examples -- '<cinch/[a-z_]+\.hpp>' "$own"
allow bench -- "$cinch" '"(bench|tests/support)/[a-z_]+\.hpp"' '"plugins/(quant|tensor)/[a-z_]+\.hpp"' '"tools/cinch/bench_(library|pairs)\.hpp"' '<benchmark/benchmark\.h>' '<nlohmann/json\.hpp>' '<(lz4|lz4hc|zstd|xxhash|xxh_x86dispatch|blosc|lmdb|sqlite3)\.h>' '<rocksdb/(cache|db|filter_policy|options|statistics|table)\.h>' '<boost/(process|unordered/unordered_flat_map)\.hpp>'

compare=$(grep -lE '<(lz4|lz4hc|zstd)\.h>' tools/cinch/* | grep -v '/bench')
if [ -n "$compare" ]; then
  echo "only tools/cinch/bench* may name codec libraries: $compare" >&2
  bad=1
fi
for word in lz4 zstd rocksdb; do
  # The enum over the two bundled byte codecs is the one place that names them.
  found=$(grep -rlwi "$word" engine --include=*.cpp --include=*.hpp | grep -v engine/compression.cpp)
  if [ -n "$found" ]; then
    echo "the engine names no codec and no backend, but \"$word\" is in: ${found//$'\n'/ }" >&2
    bad=1
  fi
done
deep=$(grep -rlE '#include "(engine|backends)/' tests bench |
  grep -vE '^tests/(unit|fuzz)/|^tests/rocksdb/(reopen|passing_cache|power_loss|quota)_test.cpp$')  # they replace a part below a store
if [ -n "$deep" ]; then
  echo "only tests/unit, tests/fuzz and four tests of rocksdb see what is not public: ${deep//$'\n'/ }" >&2
  bad=1
fi
exit $bad
