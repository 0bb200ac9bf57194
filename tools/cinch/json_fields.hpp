/// What cinch(1) says of --json. A test compares it with what the commands print. It reads a line that names commands,
/// then lines of their fields: names, indented by two or four blanks, and two or more blanks before the text.
#pragma once

namespace cinch::tool {

inline constexpr const char* json_fields = R"(
With --json a command prints one document: an array where it says so here, else an object. A field
with nothing to say is null, empty, or left out.

In several commands:
  key               as keys are shown, with \xHH for unprintable bytes
  raw_bytes         length of the value, or of all values
  stored_bytes      what is stored for them
  ratio             raw_bytes divided by stored_bytes
  loss              an object, where a lossy codec changed something and said how much:
    relative_error  root mean square of the changes, relative to the value
    worst_row       the same of the worst token of a head
    max_abs         the largest change of a number

put, stat KEY, ls --long (an array of these):
  format            what reading the value needs; raw: nothing, it is stored as it is
  codec             the spec that the value was set with
  dtype, shape      of a tensor alone
  token_axis        of a tensor alone; null: not known
  annotation        what the codec noted
  lossy_origin      true: some codec on the way changed the value
  expires_at_ms     milliseconds since 1970, of a value that expires

get:
  value             the value, shown as keys are; with --output instead
  file              the file that it was written to

exists:
  exists            true: the key is there

del:
  removed           how many keys were removed; absent ones do not count

ls without --long (an array of keys)

stat:
  values            how many
  formats           for each format, by its name, an object of values, raw_bytes and stored_bytes
  classes           with --long, an array of the same for each format and size of values:
    format          the format
    from_bytes      the shortest length that belongs to the class

import:
  file              the file
  prefix            what the keys start with
  tensors           how many
  mb_per_s          10^6 bytes of values per second
  rules             an array, of what each rule and codec stored:
    rule            the rule's glob; null: no rule matched
    codec           the spec of what encoded the tensors
    fallback        true: that is the fallback, and not what they were to be set with

export:
  file              the file
  prefix            what the keys start with
  tensors           how many
  left_out          how many values have no shape

verify:
  values, ok        how many were read, and how many of them are as they were set
  corrupt           keys of values that are damaged
  codec_missing     keys of values whose codec is not there
  failed            keys of values that could not be read for another reason
  lost_writes       acknowledged writes that damage to the store's files took back
  interrupted       true: a signal ended the work early
  next              the key to go on with then, as --from
  error             why the work ended before the last key; of damage, with the last key before it

recompress, copy:
  values            how many
  recompressed      how many were stored anew
  already           how many were stored that way already
  kept              how many had lost something before and were left; --again changes them
  stored_bytes_before
                    what was stored for these three before
  copied            how many were copied
  corrupt           keys of values that are damaged
  codec_missing     keys of values whose codec is not there
  failed            keys of values that failed for another reason
  interrupted       true: a signal ended the work early
  error             why the work ended before the last key; of damage, with the last key before it

backup, restore:
  directory         where the backup, or the store, is now
  bytes             total length of its files

config check (an array):
  key               of the config, such as store.codec
  value             as TOML has it
  origin            where it was given, or default

codec list (an array):
  format            the format that it encodes and decodes
  version           of the format
  implementation    the name of this provider
  origin            the plugin's file, or built in
  encodes, decodes  whether it does
  lossy             true: it may change values
  needs_shape       true: it takes tensors alone
  target            the instruction set that it uses here, if it has a choice and says so

plugin list (an array):
  path              the plugin's file
  id, version       what it says of itself
  formats           what it says it provides
  loaded            true: its codecs can be used
  refusal           why it was not loaded, in a word
  message           why, and what would help

bench (an array):
  codec             the spec
  threads           how many
  fallen_back       how many values went to the fallback
  encode_gbps       10^9 bytes of values per second that are set
  decode_gbps       likewise, that are got
  memcpy_gbps       likewise, that memcpy copies
  library_encode_gbps, library_decode_gbps
                    likewise, of the plain library; null: there is none

demo:
  file              the safetensors file
  tensors           an object about its tensors,
  documents         and one about JSON documents:
    values          how many
    codecs          an array, of each codec:
    codec           the spec
    memory_set_mbps, memory_get_mbps
                    10^6 bytes of values per second, in memory
    rocksdb_set_mbps, rocksdb_get_mbps
                    likewise, in RocksDB
    disk_bytes      total length of its files then
  store             the directory of the store that stays; null: none
  next              commands to go on with
)";

}  // namespace cinch::tool
