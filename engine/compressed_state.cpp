#include "engine/compressed_state.hpp"

#include <algorithm>

namespace cinch {

CompressedKvStore::State::State(std::shared_ptr<KvStore> wrapped, std::shared_ptr<const Codec> writer,
                                CompressedOptions given, CodecRegistry registry)
    : inner(std::move(wrapped)),
      codec(std::move(writer)),
      options(std::move(given)),
      codecs(std::move(registry)),
      rules(options.rules, codecs) {
  options.max_value_bytes = std::min(options.max_value_bytes, hard_max_value_bytes);
}

Status CompressedKvStore::State::count(std::string_view key, const Status& status) {
  if (status.code() == StatusCode::corruption) counters.values_damaged.fetch_add(1, std::memory_order_relaxed);
  if (status.code() == StatusCode::codec_misbehaved || status.code() == StatusCode::codec_failed ||
      status.code() == StatusCode::codec_missing) {
    counters.codec_failures.fetch_add(1, std::memory_order_relaxed);
  }
  return status.in(about(key));
}

void CompressedKvStore::State::count_read(std::uint64_t bytes) {
  counters.values_read.fetch_add(1, std::memory_order_relaxed);
  counters.bytes_read.fetch_add(bytes, std::memory_order_relaxed);
}

Result<EncodedFrame> CompressedKvStore::State::encode(std::string_view key, const ValueParts& value,
                                                      const SetOptions& set, std::vector<std::byte>& joined) {
  if (Status status = check_set(key, set, true); !status.ok()) return status;
  const std::uint64_t size = value.size();
  if (size > options.max_value_bytes) {
    return Status(StatusCode::too_large, "value of " + std::to_string(size) + " bytes, expected at most " +
                                             std::to_string(options.max_value_bytes));
  }
  const Result<std::shared_ptr<const Codec>> chosen = codec_for(key, set.codec);
  if (!chosen) return chosen.error();
  ByteView whole;
  if (value.parts().size() == 1) {
    whole = value.parts().front();
  } else {
    joined.resize(size);
    value.copy_to(joined.data());
    whole = joined;
  }
  return encode_frame(whole, key, **chosen, codecs, encode_options(key, set.tensor));
}

EncodeOptions CompressedKvStore::State::encode_options(std::string_view key,
                                                       const std::optional<TensorShape>& shape) const {
  EncodeOptions encode;
  encode.shape = shape ? &*shape : nullptr;
  const RuleSet::Entry* rule = rules.find(key);
  encode.block_bytes = rule && rule->block_bytes ? *rule->block_bytes : options.block_bytes;
  encode.verify = options.verify_writes;
  encode.workers = options.workers.get();
  return encode;
}

Result<std::shared_ptr<const Codec>> CompressedKvStore::State::codec_for(std::string_view key,
                                                                         std::string_view spec) const {
  if (!spec.empty()) return codecs.codec(spec);
  if (!rules.status().ok()) return rules.status();
  const RuleSet::Entry* rule = rules.find(key);
  return rule && rule->codec ? rule->codec : codec;
}

SetOptions CompressedKvStore::State::inner_options(std::string_view key, const SetOptions& set) const {
  if (set.ttl.count() != 0) return living(set.ttl);
  const RuleSet::Entry* rule = rules.find(key);
  return living(rule ? rule->ttl : set.ttl);
}

void CompressedKvStore::State::count_set(const EncodedFrame& frame) {
  counters.values_set.fetch_add(1, std::memory_order_relaxed);
  if (frame.stored_raw()) counters.values_stored_raw.fetch_add(1, std::memory_order_relaxed);
  counters.bytes_set.fetch_add(frame.decoded_bytes(), std::memory_order_relaxed);
  counters.bytes_stored.fetch_add(frame.stored_bytes(), std::memory_order_relaxed);
}

GetResult CompressedKvStore::State::decode(std::string_view key, GetResult found) {
  if (!found) return found;
  if (!*found) return std::optional<Value>();
  Result<FrameReader> reader = FrameReader::open(std::move(**found), key, options.max_value_bytes);
  if (!reader) return count(key, reader.error());
  Result<Value> value = reader->decode(codecs, options.verify, options.workers.get());
  if (!value) return count(key, value.error());
  count_read(value->size());
  return std::optional<Value>(std::move(*value));
}

Result<std::optional<FrameReader>> CompressedKvStore::State::reader_of(std::string_view key) {
  GetResult found = inner->get(key);
  if (!found) return found.error();
  if (!*found) return std::optional<FrameReader>();
  Result<FrameReader> reader = FrameReader::open(std::move(**found), key, options.max_value_bytes);
  if (!reader) return count(key, reader.error());
  return std::optional<FrameReader>(std::move(*reader));
}

Result<bool> CompressedKvStore::State::decode_pieces(std::string_view key, const FrameReader& reader,
                                                     std::span<const FrameReader::Piece> pieces, MutableBytes to) {
  Status status = reader.decode_pieces(pieces, to, codecs, options.verify, options.workers.get());
  if (!status.ok()) return count(key, status);
  count_read(to.size());
  return true;
}

Result<std::optional<CompressedKvStore::State::Summarised>> CompressedKvStore::State::summary_of(std::string_view key) {
  std::size_t wanted = usual_summary_bytes;
  for (;;) {
    Result<std::optional<Head>> head = inner->head(key, wanted);
    if (!head) return head.error();
    if (!*head) return std::optional<Summarised>();
    const ByteView start = (*head)->first.bytes();
    const Result<std::uint64_t> length = summary_length(start);
    if (!length) return count(key, length.error());
    if (*length > start.size() && start.size() < (*head)->size && wanted < *length) {
      wanted = static_cast<std::size_t>(std::min(*length, (*head)->size));
      continue;
    }
    Result<FrameSummary> summary = parse_summary(start, key);
    if (!summary) return count(key, summary.error());
    return std::optional<Summarised>({std::move(*summary), std::move(**head)});
  }
}

}  // namespace cinch
