#!/usr/bin/env bash
# An installed cinch, moved to another place, finds its own library, plugins and sample; a project outside, made of the
# README's text, is built against it with find_package and with pkg-config; and the suite that is installed runs over a
# store of somebody else's.
#   bash tests/project/installed.sh BUILD OUTSIDE SOURCE
set -euo pipefail
build=$(realpath "$1")
outside=$(realpath "$2")
source=$(realpath "$3")
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT

cd "$place"
cmake --install "$build" --prefix first >/dev/null
mv first second
second/bin/cinch codec list | tee codecs
if [ "$(grep -c "$place/second/lib" codecs)" -lt 2 ]; then
  echo "expected the codecs of the installed library" >&2
  exit 1
fi
test -f second/share/cinch/kv-sample.safetensors
test -f second/include/cinch/codec_plugin.h
test -f second/include/cinch/conformance.hpp
if grep -rF "$place/first" second/lib/cmake second/lib/pkgconfig; then
  echo "names the place where it was installed first" >&2
  exit 1
fi

# Links of the installed guides lead to something.
guides=$(find second/share/doc/cinch -name '*.md')
[ "$(wc -w <<<"$guides")" -ge 8 ]
for guide in $guides; do
  while read -r link; do
    if [ ! -e "$(dirname "$guide")/$link" ]; then
      echo "$guide: nothing at $link" >&2
      exit 1
    fi
  done < <(grep -oE '\]\([^)]+\)' "$guide" | sed 's/^](//; s/)$//; s/#.*//' | grep -vE '^$|^https?:')
done

cmake -S "$outside" -B by_cmake -DCMAKE_PREFIX_PATH="$place/second" >/dev/null
cmake --build by_cmake >/dev/null
by_cmake/app

export PKG_CONFIG_PATH=$place/second/lib/pkgconfig
c++ "$outside/app.cpp" -o by_pkg_config $(pkg-config --cflags --libs cinch)
export LD_LIBRARY_PATH=$place/second/lib
./by_pkg_config

# The plugin of the authors' guide, built as the guide says.
block() { awk -v fence="$1" '$0 == "```" fence { inside = 1; next } $0 == "```" { if (inside) exit } inside'; }
block cpp <"$source/plugins/README.md" >runs_codec.cpp
block sh <"$source/plugins/README.md" >build_plugin.sh
PATH=$place/second/bin:$PATH bash -eu build_plugin.sh | tee plugin_codecs
grep -q '^com.example.runs ' plugin_codecs

# The same plugin with CMake, by the header's own target.
mkdir plugin
cat >plugin/CMakeLists.txt <<'CMAKE'
cmake_minimum_required(VERSION 3.25)
project(plugin LANGUAGES CXX)
find_package(cinch REQUIRED)
add_library(runs MODULE ../runs_codec.cpp)
target_compile_features(runs PRIVATE cxx_std_20)
target_link_libraries(runs PRIVATE cinch::abi)
CMAKE
cmake -S plugin -B plugin/build -DCMAKE_PREFIX_PATH="$place/second" >/dev/null
cmake --build plugin/build >/dev/null

{
  echo "#include \"$source/tools/examples/map_kv_store.hpp\""
  echo "using MyStore = MapKvStore;"
  sed -n 's|^///     ||p' second/include/cinch/conformance.hpp  # as its own text says
} >suite.cpp
c++ -Wall -Wextra -Werror suite.cpp -o suite $(pkg-config --cflags --libs cinch gtest_main)
./suite --gtest_brief=1 | tee suite.out
grep -q 'PASSED' suite.out
