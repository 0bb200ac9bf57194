#!/usr/bin/env bash
# The Debian package installs, runs, is built against and goes without a trace, in a fresh root of this test's own: the
# machine's files seen through an overlay, so that nothing outside changes. Skipped (77) where that cannot be had.
#   bash tests/project/package.sh BUILD OUTSIDE       OUTSIDE: a project that uses an installed cinch
set -euo pipefail
build=$1
outside=$2

skip() { echo "skipped: $*"; exit 77; }

inside() {  # in a mount namespace of its own, as its root
  local place=$1 root=$1/root
  mount -t tmpfs none "$root" || skip "no tmpfs in a user namespace"
  mkdir "$root"/{dev,proc,tmp}
  local name
  for name in bin sbin lib lib32 lib64 libx32; do
    if [ -L /$name ]; then ln -s "$(readlink /$name)" "$root/$name"; fi
  done
  for name in usr var etc; do
    mkdir -p "$root/$name" "$place/layers/$name/"{upper,work}  # not in the tmpfs, which may lack extended attributes
    mount -t overlay overlay "$root/$name" \
      -o "userxattr,lowerdir=/$name,upperdir=$place/layers/$name/upper,workdir=$place/layers/$name/work" ||
      skip "no overlay file system in a user namespace"
  done
  mount --rbind /dev "$root/dev"
  mount --rbind /proc "$root/proc"
  cp "$place"/package/*.deb "$root/tmp/cinch.deb"
  cp -r "$place/outside" "$root/tmp/outside"
  chroot "$root" /bin/bash -euo pipefail <<'CHROOT'
cd /tmp
export LC_ALL=C DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin
rm -f /var/lib/man-db/auto-update  # the index of manuals would be made by a user that this namespace lacks
dpkg --force-unsafe-io -i cinch.deb >/dev/null
for codec in lz4 quant raw tensor zstd; do
  cinch codec list | awk 'NR > 1 { print $1 }' | grep -qx $codec
done
sample=/usr/share/cinch/kv-sample.safetensors
cinch --store rocksdb:kv --codec zstd import $sample >/dev/null
cinch --store rocksdb:kv export copy.safetensors >/dev/null
cmp $sample copy.safetensors
echo value | cinch --store rocksdb:kv put key
[ "$(cinch --store rocksdb:kv get key)" = value ]
[ -f /usr/share/man/man1/cinch.1 ]
c++ outside/app.cpp -o by_pkg_config $(pkg-config --cflags --libs cinch)
./by_pkg_config
cmake -S outside -B by_cmake >/dev/null
cmake --build by_cmake >/dev/null
by_cmake/app
files=$(dpkg -L cinch)
dpkg --purge cinch >/dev/null
for file in $files; do
  if [ -f "$file" ] || [ -L "$file" ]; then echo "left behind: $file" >&2; exit 1; fi
done
[ -z "$(ls -d /usr/include/cinch /usr/lib/cinch /usr/share/cinch /usr/share/doc/cinch 2>/dev/null)" ]
CHROOT
}

if [ "${3:-}" = inside ]; then
  inside "$build"
  exit
fi

command -v dpkg-deb >/dev/null || skip "no dpkg"
unshare -rm true 2>/dev/null || skip "unshare -rm is not permitted here"
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
mkdir "$place/root"
cp -r "$outside" "$place/outside"
(umask 077 && cd "$build" && cpack -G DEB -B "$place/package" >"$place/log" 2>&1) || { cat "$place/log"; exit 1; }
# Everybody can read what is in it, whatever the umask was; usr/ itself is there before it is installed.
if dpkg-deb -c "$place"/package/*.deb | grep -v ' \./usr/$' | grep -vE '^(drwxr-xr-x|-r..r-.r-.|l.{9}) '; then
  echo "expected the above to be readable by everybody" >&2
  exit 1
fi
unshare -rm bash "$(realpath "$0")" "$place" - inside
