#!/usr/bin/env bash
# The manual has every command and flag of --help and formats without a warning; the completion completes;
# tests/README.md has every variable that makes a test run longer.
#   bash tests/project/docs.sh BUILD
set -euo pipefail
build=$(realpath "$1")
tests=$(realpath "$(dirname "$0")/..")
export PATH=$build/bin:$PATH
page=$build/share/man/man1/cinch.1
bad=0
complain() { echo "$*" >&2; bad=1; }

commands=$(cinch --help | sed -n '/^Commands:/,/^$/p' | awk 'NR > 1 && /^  [a-z]/ { print $1 }')
[ "$(wc -w <<<"$commands")" -ge 15 ] || complain "only these commands in --help: $commands"
plain=$(sed 's/\\-/-/g' "$page")
for command in $commands; do
  grep -q "^\.SS $command" <<<"$plain" || complain "the manual lacks $command"
  for flag in $(cinch "$command" --help | grep -oE '^  (-[a-z],)?--[a-z-]+' | grep -oE -- '--[a-z-]+'); do
    [ "$flag" = --help ] || grep -q -- "$flag" <<<"$plain" || complain "the manual lacks $command $flag"
  done
done
warnings=$(groff -man -ww -Tutf8 "$page" 2>&1 >/dev/null)
[ -z "$warnings" ] || complain "groff says: $warnings"

variables=$(grep -rhoE 'long_run\("CINCH_[A-Z_]+' "$tests" --include=*.cpp | sed 's/.*"//' | sort -u)
for variable in CINCH_TEST_LONG $variables; do
  grep -q "\`$variable=" "$tests/README.md" || complain "tests/README.md lacks $variable"
done

# expect LINE WORD…: the completions at the end of the line have to hold each of the words.
source "$build/share/bash-completion/completions/cinch"
compopt() { :; }
expect() {
  COMP_LINE=$1
  COMP_POINT=${#1}
  shift
  _cinch
  for word in "$@"; do
    [[ " ${COMPREPLY[*]} " == *" $word "* ]] || complain "$COMP_LINE: no $word among ${COMPREPLY[*]}"
  done
}
expect 'cinch re' recompress restore
expect 'cinch --store rocksdb:kv ver' verify
expect 'cinch --store=rocksdb:kv --rule a/*=zstd:level=3 ver' verify
expect 'cinch --store rocksdb:kv verify --r' --rate --rule
expect 'cinch codec ' list
expect 'cinch --codec zs' zstd
expect 'cinch --codec=zs' zstd
expect 'cinch --store m' memory:
expect 'cinch --store rocksdb:/us' /usr
expect 'cinch get key --output /et' /etc
expect 'cinch put key /et' /etc
expect 'cinch --plugins /us' /usr
expect 'cinch --store rocksdb:kv get /et' ''
[ ${#COMPREPLY[@]} -eq 0 ] || complain "keys are completed as files: ${COMPREPLY[*]}"

# And in a bash with a terminal, where the words reach the completion as bash cuts them.
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
mkdir "$place/kv"
cat >"$place/rc" <<RC
PS1= PS2=
cd $place
source $build/share/bash-completion/completions/cinch
complete -F _cinch said
said() { echo "said: \$*"; }
RC
printf '%b' 'said --store rocksdb:k\t ver\t--sh\t\n' 'said --store=m\t conf\tch\trc\t\n' 'exit\n' |
  timeout 60 script -qec "bash --noprofile --rcfile $place/rc -i" /dev/null >"$place/out"
for line in 'said: --store rocksdb:kv/ verify --shallow' 'said: --store=memory: config check rc'; do
  tr -d '\r' <"$place/out" | grep -q -- "$line\$" || complain "expected '$line' in $(cat -v "$place/out")"
done
exit $bad
