#!/usr/bin/env bash
# Installs what is missing, builds, and runs `cinch demo`: real KV-cache tensors through codecs loaded at run time,
# into memory and into RocksDB and back. Arguments are the demo's: a safetensors file of your own, --codec SPEC, --json.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)

{
  bash "$root/tools/setup.sh"
  cd "$root"
  cmake --preset release
  cmake --build --preset release --target cinch_tool
  cd "$OLDPWD"
} >&2
exec "$root/build/release/bin/cinch" demo "$@"
