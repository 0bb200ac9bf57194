#!/usr/bin/env bash
# The manual has every command and flag of --help and formats without a warning; the completion completes.
#   bash tests/project/docs.sh BUILD
set -euo pipefail
build=$1
export PATH=$build/bin:$PATH
page=$build/share/man/man1/cinch.1
bad=0
complain() { echo "$*" >&2; bad=1; }

commands=$(cinch --help | sed -n '/^Subcommands:/,/^$/p' | awk 'NR > 1 && /^  [a-z]/ { print $1 }')
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

source "$build/share/bash-completion/completions/cinch"
# expect WORDS… = WORD…: the completions of the last of the first words have to hold each of the others.
expect() {
  COMP_WORDS=()
  while [ "$1" != = ]; do COMP_WORDS+=("$1"); shift; done
  shift
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
  compopt() { :; }
  _cinch
  for word in "$@"; do
    [[ " ${COMPREPLY[*]} " == *" $word "* ]] || complain "${COMP_WORDS[*]}: no $word among ${COMPREPLY[*]}"
  done
}
expect cinch re = recompress restore
expect cinch --store rocksdb:kv ver = verify
expect cinch verify --r = --rate
expect cinch codec '' = list
expect cinch --codec zs = zstd
expect cinch --store m = memory:
expect cinch get key --output /et = /etc
expect cinch --plugins /us = /usr
exit $bad
