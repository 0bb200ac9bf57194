#include "engine/compressed_state.hpp"

#include <algorithm>

#include "cinch/keys.hpp"
#include "cinch/store_support.hpp"
#include "engine/raw_codec.hpp"

namespace cinch {
namespace {

/// Whether a codec takes a value of `bytes` bytes. Errors: `unsupported` if another codec has to; any other error fails
/// the set. `bound` gets the codec's bound for the value as one block, if it has one.
Status check_takes(const Codec& codec, std::uint64_t bytes, const std::optional<TensorShape>& shape,
                   std::optional<std::uint64_t>& bound) {
  bound.reset();
  if (codec.format().name == raw_format) return {};
  if (codec.traits().lossy && shape && !is_float(shape->dtype)) {
    return {StatusCode::unsupported, codec.format().name + ": changes values, and these are no floating-point numbers"};
  }
  const Result<std::size_t> as_one = codec.bound(bytes, shape ? &*shape : nullptr);
  if (as_one) bound = *as_one;
  Status status = as_one.status();
  // A value too long for one block may be encoded in several; other errors show again when they are encoded.
  const bool is_answer = status.code() == StatusCode::unsupported || status.code() == StatusCode::invalid_argument;
  return is_answer ? status : Status();
}

}  // namespace

CompressedKvStore::State::State(std::shared_ptr<KvStore> wrapped, std::shared_ptr<const Codec> writer,
                                CompressedOptions given, CodecRegistry registry)
    : inner(std::move(wrapped)),
      codec(std::move(writer)),
      options(std::move(given)),
      helpers(options.workers && options.workers->threads() > 1 ? options.workers.get() : nullptr),
      codecs(std::move(registry)),
      decoders(codecs, codec->format()),
      rules(options.rules, codecs),
      fallback(fallback_codec(options.fallback, codecs)) {
  options.max_value_bytes = std::min(options.max_value_bytes, hard_max_value_bytes);
}

Status CompressedKvStore::State::failed(std::string_view key, const Status& status) {
  Counting counting(*this);
  if (status.code() == StatusCode::corruption) counting.add(&Counters::values_damaged, 1);
  if (status.code() == StatusCode::codec_misbehaved || status.code() == StatusCode::codec_failed ||
      status.code() == StatusCode::codec_missing) {
    counting.add(&Counters::codec_failures, 1);
  }
  return status.in(describe_key(key));
}

Status CompressedKvStore::State::check(std::string_view key, std::uint64_t bytes, const SetOptions& set) const {
  if (Status status = check_set(key, set, true); !status.ok()) return status;
  if (bytes <= options.max_value_bytes) return {};
  return {StatusCode::too_large,
          "value of " + std::to_string(bytes) + " bytes, expected at most " + std::to_string(options.max_value_bytes)};
}

Result<EncodedFrame> CompressedKvStore::State::encode(std::string_view key, const ValueParts& value,
                                                      const SetOptions& set, std::optional<GuardedBuffer>& joined,
                                                      std::pmr::memory_resource* scratch) {
  const std::uint64_t size = value.size();
  if (Status status = check(key, size, set); !status.ok()) return status;
  Result<Choice> choice = choose(key, size, set);
  if (!choice) return choice.error();
  ByteView whole;
  if (value.parts().size() == 1) {
    whole = value.parts().front();
  } else {
    joined.emplace(size);
    value.copy_to(joined->bytes().data());
    whole = joined->bytes();
  }
  EncodeOptions encode = encode_options(*choice);
  encode.scratch = scratch;
  Result<EncodedFrame> frame = encode_as(*choice, key, whole, encode);
  if (choice->is_fallback) Counting(*this).add(&Counters::values_fallen_back, 1);
  return frame;
}

Result<EncodedFrame> CompressedKvStore::State::encode_as(Choice& choice, std::string_view key, ByteView value,
                                                         EncodeOptions encode) {
  Result<EncodedFrame> frame = encode_frame(value, key, *choice.codec, decoders, encode);
  if (!frame || !frame->stored_raw() || choice.is_fallback) return frame;
  // If a general-purpose codec found nothing to gain, the fallback would not either.
  if (!frame->was_planned() && !choice.codec->traits().lossy) return frame;
  Choice other = choice;
  if (Status status = fall_back(value.size(), other); !status.ok()) return frame;
  choice = std::move(other);
  encode.block_bytes = encode_options(choice).block_bytes;
  encode.bound = choice.bound;
  return encode_frame(value, key, *choice.codec, decoders, encode);
}

EncodeOptions CompressedKvStore::State::encode_options(const Choice& choice) const {
  EncodeOptions encode;
  encode.shape = choice.shape ? &*choice.shape : nullptr;
  encode.block_bytes = options.block_bytes.value_or(block_bytes_of(*choice.codec));
  if (choice.entry) encode.block_bytes = choice.entry->rule.block_bytes.value_or(encode.block_bytes);
  encode.bound = choice.bound;
  encode.verify_writes = options.verify_writes;
  encode.workers = helpers;
  return encode;
}

Result<CompressedKvStore::State::Choice> CompressedKvStore::State::choose(std::string_view key, std::uint64_t bytes,
                                                                          const SetOptions& set) const {
  Choice choice;
  choice.shape = set.tensor;
  if (set.tensor) {
    if (Status status = check_value_bytes(*set.tensor, bytes); !status.ok()) return status;
  }
  if (!rules.status().ok()) return rules.status();
  // What could not be read is not written.
  if (Status status = decoders.check_usual(); !status.ok()) return status;
  choice.codec = CodecRef::held(codec);
  const RuleSet::Entry* entry = rules.find(key);
  if (entry) {
    const Rule& rule = entry->rule;
    choice.entry = entry;
    if (entry->codec) choice.codec = CodecRef::held(entry->codec);
    if (choice.shape ? !rule.layout.empty() : rule.tensor.has_value() && set.codec.empty()) {
      Result<TensorShape> shape =
          choice.shape ? with_layout(*choice.shape, rule.layout) : shape_of(*rule.tensor, bytes);
      if (!shape) return shape.error().in("rule \"" + rule.match + '"');
      choice.shape = *shape;
    }
  }
  if (!set.codec.empty()) {
    Result<std::shared_ptr<const Codec>> named = codecs.codec(set.codec);
    if (!named) return named.error();
    choice.codec = CodecRef::owned(*std::move(named));
  }
  const Status status = check_takes(*choice.codec, bytes, choice.shape, choice.bound);
  if (status.ok()) return choice;
  if (status.code() != StatusCode::unsupported) return status;
  const Status fallen = fall_back(bytes, choice);
  if (fallback || (entry && entry->fallback)) return fallen.ok() ? Result<Choice>(choice) : fallen.in("fallback");
  return fallen.in("fallback (" + std::string(status.message()) + ")");
}

Status CompressedKvStore::State::fall_back(std::uint64_t bytes, Choice& choice) const {
  choice.is_fallback = true;
  if (choice.entry && choice.entry->fallback) {
    choice.codec = CodecRef::held(choice.entry->fallback);
  } else if (fallback) {
    choice.codec = CodecRef::held(*fallback);
  } else {
    return fallback.error();
  }
  return check_takes(*choice.codec, bytes, choice.shape, choice.bound);
}

SetOptions CompressedKvStore::State::inner_options(std::string_view key, const SetOptions& set) const {
  SetOptions plain;
  plain.ttl = set.ttl;
  plain.keep_ttl = set.keep_ttl;
  if (set.ttl.count() != 0) return plain;
  if (const RuleSet::Entry* rule = rules.find(key)) plain.ttl = rule->rule.ttl;
  return plain;
}

void CompressedKvStore::State::count_set(const EncodedFrame& frame) {
  Counting counting(*this);
  counting.add(&Counters::values_set, 1);
  if (frame.stored_raw()) counting.add(&Counters::values_stored_raw, 1);
  counting.add(&Counters::bytes_set, frame.decoded_bytes());
  counting.add(&Counters::bytes_stored, frame.stored_bytes());
}

void CompressedKvStore::State::decode_frame(std::string_view key, GetResult& found) {
  Value& frame = **found;
  const Result<FrameReader> reader = FrameReader::open(std::move(frame), key, options.max_value_bytes);
  Result<Value> value = reader ? reader->decode(decoders, options.verify, helpers) : reader.error();
  if (!value) {
    found = failed(key, value.error());
    return;
  }
  count_read(value->size());
  frame = std::move(*value);
}

Result<std::optional<FrameReader>> CompressedKvStore::State::reader_of(std::string_view key) {
  GetResult found = inner->get(key);
  if (!found) return found.error();
  if (!*found) return std::optional<FrameReader>();
  Result<FrameReader> reader = FrameReader::open(std::move(**found), key, options.max_value_bytes);
  if (!reader) return failed(key, reader.error());
  return std::optional<FrameReader>(std::move(*reader));
}

Result<bool> CompressedKvStore::State::decode_pieces(std::string_view key, const FrameReader& reader,
                                                     std::span<const FrameReader::Piece> pieces, MutableBytes to) {
  Status status = reader.decode_pieces(pieces, to, decoders, options.verify, helpers);
  if (!status.ok()) return failed(key, status);
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
    if (!length) return failed(key, length.error());
    if (*length > start.size() && start.size() < (*head)->size && wanted < *length) {
      wanted = static_cast<std::size_t>(std::min(*length, (*head)->size));
      continue;
    }
    Result<FrameSummary> summary = parse_summary(start, key);
    if (!summary) return failed(key, summary.error());
    return std::optional<Summarised>({std::move(*summary), std::move(**head)});
  }
}

}  // namespace cinch
