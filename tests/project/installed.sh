#!/usr/bin/env bash
# An installed cinch, moved to another place, finds its own library, plugins and sample.
set -euo pipefail
build=$1
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT

cmake --install "$build" --prefix "$place/first" >/dev/null
mv "$place/first" "$place/second"
cd "$place"
second/bin/cinch codec list | tee codecs
if [ "$(grep -c "$place/second/lib" codecs)" -lt 2 ]; then
  echo "expected the codecs of the installed library" >&2
  exit 1
fi
test -f second/share/cinch/kv-sample.safetensors
test -f second/include/cinch/codec_plugin.h
