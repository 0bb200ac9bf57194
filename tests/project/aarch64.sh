#!/usr/bin/env bash
# Every source of engine and plugins compiles for aarch64; headers of libraries are those of this machine, nothing is
# linked.
set -euo pipefail
cd "$(dirname "$0")/../.."
objects=$(mktemp -d)
trap 'rm -rf "$objects"' EXIT

version=$(sed -n 's/^project(cinch VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
compile() {
  aarch64-linux-gnu-g++ -std=c++20 -O0 -Wall -Wextra -Werror -Iinclude -I. -DBOOST_DLL_USE_STD_FS \
    -DCINCH_LIBDIR='"lib"' -DCINCH_PLUGIN_SUBDIR='"cinch/plugins"' -DCINCH_VERSION="\"$version\"" \
    -c "$1" -o "$2/$(basename "$1").o"
}
export -f compile
export version
printf '%s\n' engine/*.cpp plugins/*/*.cpp | xargs -P "$(nproc)" -I{} bash -c 'compile {} '"$objects"
echo "$(find "$objects" -name '*.o' | wc -l) objects"
