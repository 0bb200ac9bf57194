#include "cinch/compressed_kv_store.hpp"

#include <algorithm>
#include <atomic>

#include "engine/frame_reader.hpp"
#include "engine/frame_writer.hpp"
#include "engine/rule_set.hpp"

namespace cinch {
namespace {

/// Whom a message is about.
std::string about(std::string_view key) { return "key \"" + escape_key(key) + '"'; }

SetOptions living(std::chrono::milliseconds ttl) {
  SetOptions options;
  options.ttl = ttl;
  return options;
}

bool was_set_with(const FrameSummary& summary, const FormatId& format) {
  const FormatId& stored = summary.format;
  if (stored.name != format.name || stored.parameters != format.parameters) return false;
  // A frame stored raw remembers what was tried, without its version.
  return summary.stored_raw || (stored.major == format.major && stored.minor == format.minor);
}

}  // namespace

struct CompressedKvStore::State {
  State(std::shared_ptr<KvStore> wrapped, std::shared_ptr<const Codec> writer, CompressedOptions given,
        CodecRegistry registry)
      : inner(std::move(wrapped)),
        codec(std::move(writer)),
        options(std::move(given)),
        codecs(std::move(registry)),
        rules(options.rules, codecs) {
    options.max_value_bytes = std::min(options.max_value_bytes, hard_max_value_bytes);
  }

  const std::shared_ptr<KvStore> inner;
  const std::shared_ptr<const Codec> codec;
  CompressedOptions options;
  const CodecRegistry codecs;
  const RuleSet rules;

  struct Counters {
    std::atomic<std::uint64_t> values_set{0};
    std::atomic<std::uint64_t> values_stored_raw{0};
    std::atomic<std::uint64_t> bytes_set{0};
    std::atomic<std::uint64_t> bytes_stored{0};
    std::atomic<std::uint64_t> values_read{0};
    std::atomic<std::uint64_t> bytes_read{0};
    std::atomic<std::uint64_t> values_damaged{0};
    std::atomic<std::uint64_t> codec_failures{0};
  } counters;

  Status count(std::string_view key, const Status& status) {
    if (status.code() == StatusCode::corruption) counters.values_damaged.fetch_add(1, std::memory_order_relaxed);
    if (status.code() == StatusCode::codec_misbehaved || status.code() == StatusCode::codec_failed ||
        status.code() == StatusCode::codec_missing) {
      counters.codec_failures.fetch_add(1, std::memory_order_relaxed);
    }
    return status.in(about(key));
  }

  void count_read(std::uint64_t bytes) {
    counters.values_read.fetch_add(1, std::memory_order_relaxed);
    counters.bytes_read.fetch_add(bytes, std::memory_order_relaxed);
  }

  /// Encodes; `joined` holds the value's bytes when they came in several parts and must outlive the frame.
  Result<EncodedFrame> encode(std::string_view key, const ValueParts& value, const SetOptions& set,
                              std::vector<std::byte>& joined) {
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
    return encode_frame(whole, key, **chosen, codecs, encode_options(set.tensor));
  }

  EncodeOptions encode_options(const std::optional<TensorShape>& shape) const {
    EncodeOptions encode;
    encode.shape = shape ? &*shape : nullptr;
    encode.block_bytes = options.block_bytes;
    encode.verify = options.verify_writes;
    return encode;
  }

  /// What a set of `key` uses.
  Result<std::shared_ptr<const Codec>> codec_for(std::string_view key, std::string_view spec) const {
    if (!spec.empty()) return codecs.codec(spec);
    if (!rules.status().ok()) return rules.status();
    const RuleSet::Entry* rule = rules.find(key);
    return rule && rule->codec ? rule->codec : codec;
  }

  /// What the inner store is told: all but what this store follows itself.
  SetOptions inner_options(std::string_view key, const SetOptions& set) const {
    if (set.ttl.count() != 0) return living(set.ttl);
    const RuleSet::Entry* rule = rules.find(key);
    return living(rule ? rule->ttl : set.ttl);
  }

  void count_set(const EncodedFrame& frame) {
    counters.values_set.fetch_add(1, std::memory_order_relaxed);
    if (frame.stored_raw()) counters.values_stored_raw.fetch_add(1, std::memory_order_relaxed);
    counters.bytes_set.fetch_add(frame.decoded_bytes(), std::memory_order_relaxed);
    counters.bytes_stored.fetch_add(frame.stored_bytes(), std::memory_order_relaxed);
  }

  GetResult decode(std::string_view key, GetResult found) {
    if (!found) return found;
    if (!*found) return std::optional<Value>();
    Result<FrameReader> reader = FrameReader::open(std::move(**found), key, options.max_value_bytes);
    if (!reader) return count(key, reader.error());
    Result<Value> value = reader->decode(codecs, options.verify);
    if (!value) return count(key, value.error());
    count_read(value->size());
    return std::optional<Value>(std::move(*value));
  }

  /// The verified summary of `key`'s frame with what `head` knew, or nothing.
  struct Summarised {
    FrameSummary summary;
    Head head;
  };
  Result<std::optional<Summarised>> summary_of(std::string_view key) {
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
};

CompressedKvStore::CompressedKvStore(std::shared_ptr<KvStore> inner, std::shared_ptr<const Codec> codec,
                                     CompressedOptions options, CodecRegistry codecs)
    : state_(std::make_unique<State>(std::move(inner), std::move(codec), std::move(options), std::move(codecs))) {}

CompressedKvStore::~CompressedKvStore() = default;

const std::shared_ptr<KvStore>& CompressedKvStore::inner() const noexcept { return state_->inner; }
const std::shared_ptr<const Codec>& CompressedKvStore::codec() const noexcept { return state_->codec; }

GetResult CompressedKvStore::get(std::string_view key) { return state_->decode(key, state_->inner->get(key)); }

Status CompressedKvStore::set(std::string_view key, const ValueParts& value, const SetOptions& options) {
  std::vector<std::byte> joined;
  const Result<EncodedFrame> frame = state_->encode(key, value, options, joined);
  if (!frame) return state_->count(key, frame.error());
  Status status = state_->inner->set(key, frame->parts(), state_->inner_options(key, options));
  if (status.ok()) state_->count_set(*frame);
  return status;
}

Status CompressedKvStore::remove(std::string_view key) { return state_->inner->remove(key); }
Result<bool> CompressedKvStore::exists(std::string_view key) { return state_->inner->exists(key); }

Result<KeyPage> CompressedKvStore::scan(std::string_view prefix, std::optional<std::string_view> after,
                                        std::size_t limit) {
  return state_->inner->scan(prefix, after, limit);
}

Status CompressedKvStore::flush() { return state_->inner->flush(); }

StoreStats CompressedKvStore::stats() {
  StoreStats stats = state_->inner->stats();
  const State::Counters& counters = state_->counters;
  const auto add = [&](const char* name, const std::atomic<std::uint64_t>& counter) {
    stats.counters.emplace_back(name, counter.load(std::memory_order_relaxed));
  };
  add("values_set", counters.values_set);
  add("values_stored_raw", counters.values_stored_raw);
  add("bytes_set", counters.bytes_set);
  add("bytes_stored", counters.bytes_stored);
  add("values_read", counters.values_read);
  add("bytes_read", counters.bytes_read);
  add("values_damaged", counters.values_damaged);
  add("codec_failures", counters.codec_failures);
  return stats;
}

std::vector<GetResult> CompressedKvStore::batch_get(std::span<const std::string_view> keys) {
  std::vector<GetResult> results = state_->inner->batch_get(keys);
  for (std::size_t i = 0; i < results.size(); ++i) results[i] = state_->decode(keys[i], std::move(results[i]));
  return results;
}

Status CompressedKvStore::batch_set(std::span<const SetItem> items) {
  std::vector<std::vector<std::byte>> joined(items.size());
  std::vector<EncodedFrame> frames;
  std::vector<SetItem> inner_items;
  frames.reserve(items.size());
  inner_items.reserve(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    const SetItem& item = items[i];
    Result<EncodedFrame> frame = state_->encode(item.key, item.value, item.options, joined[i]);
    if (!frame) return state_->count(item.key, frame.error());
    frames.push_back(std::move(*frame));
    inner_items.push_back({item.key, frames.back().parts(), state_->inner_options(item.key, item.options)});
  }
  Status status = state_->inner->batch_set(inner_items);
  if (status.ok()) {
    for (const EncodedFrame& frame : frames) state_->count_set(frame);
  }
  return status;
}

Result<std::optional<std::size_t>> CompressedKvStore::get_into(std::string_view key, MutableBytes to) {
  GetResult found = state_->inner->get(key);
  if (!found) return found.error();
  if (!*found) return std::optional<std::size_t>();
  Result<FrameReader> reader = FrameReader::open(std::move(**found), key, state_->options.max_value_bytes);
  if (!reader) return state_->count(key, reader.error());
  const std::uint64_t size = reader->summary().decoded_bytes;
  if (size > to.size()) {
    return Status(StatusCode::invalid_argument, about(key) + ": the value has " + std::to_string(size) +
                                                    " bytes, the buffer " + std::to_string(to.size()));
  }
  Status status = reader->decode_into(to.first(size), state_->codecs, state_->options.verify);
  if (!status.ok()) return state_->count(key, status);
  state_->count_read(size);
  return std::optional<std::size_t>(size);
}

Result<std::optional<Head>> CompressedKvStore::head(std::string_view key, std::size_t n) {
  Result<std::optional<State::Summarised>> found = state_->summary_of(key);
  if (!found) return found.error();
  if (!*found) return std::optional<Head>();
  Head head = std::move((*found)->head);
  head.size = (*found)->summary.decoded_bytes;
  head.first = Value();
  if (n == 0) return std::optional<Head>(std::move(head));
  GetResult value = get(key);
  if (!value) return value.error();
  if (!*value) return std::optional<Head>();
  head.size = (*value)->size();
  head.first = (*value)->part(0, std::min<std::size_t>(n, (*value)->size()));
  return std::optional<Head>(std::move(head));
}

Result<std::uint64_t> CompressedKvStore::remove_prefix(std::string_view prefix) {
  return state_->inner->remove_prefix(prefix);
}

Result<bool> CompressedKvStore::touch(std::string_view key, std::chrono::milliseconds ttl) {
  return state_->inner->touch(key, ttl);
}

Result<bool> CompressedKvStore::set_if(std::string_view key, std::uint64_t stamp, const ValueParts& value,
                                       const SetOptions& options) {
  std::vector<std::byte> joined;
  const Result<EncodedFrame> frame = state_->encode(key, value, options, joined);
  if (!frame) return state_->count(key, frame.error());
  Result<bool> stored = state_->inner->set_if(key, stamp, frame->parts(), state_->inner_options(key, options));
  if (stored && *stored) state_->count_set(*frame);
  return stored;
}

Status CompressedKvStore::checkpoint(const std::string& directory) { return state_->inner->checkpoint(directory); }

Status CompressedKvStore::close() { return state_->inner->close(); }

GetResult CompressedKvStore::get_frame(std::string_view key) {
  GetResult found = state_->inner->get(key);
  if (!found || !*found) return found;
  const Result<FrameReader> reader = FrameReader::open(**found, key, hard_max_value_bytes);
  Status status = reader ? reader->check_stored() : reader.error();
  if (!status.ok()) return state_->count(key, status);
  return found;
}

Status CompressedKvStore::set_frame(std::string_view key, ByteView frame, const SetOptions& options) {
  if (Status status = check_set(key, options); !status.ok()) return status;
  if (options.tensor) return {StatusCode::invalid_argument, about(key) + ": a frame has a shape of its own"};
  const Result<FrameLayout> layout = FrameLayout::parse(frame, key, state_->options.max_value_bytes);
  Status status = layout ? layout->check_stored(frame) : layout.error();
  if (!status.ok()) return status.in(about(key));
  return state_->inner->set(key, frame, living(options.ttl));
}

Result<Recompressed> CompressedKvStore::recompress(std::string_view key, std::string_view spec) {
  const Result<std::shared_ptr<const Codec>> codec = state_->codec_for(key, spec);
  if (!codec) return state_->count(key, codec.error());
  if ((*codec)->traits().lossy) {
    return Status(StatusCode::invalid_argument, about(key) + ": recompressing to " + (*codec)->format().spec() +
                                                    " would change the value; only a set may do that");
  }
  const Result<std::optional<State::Summarised>> found = state_->summary_of(key);
  if (!found) return found.error();
  if (!*found) return Recompressed::absent;
  const auto& [summary, head] = **found;
  if (was_set_with(summary, (*codec)->format())) return Recompressed::already;
  const GetResult value = get(key);
  if (!value) return value.error();
  if (!*value) return Recompressed::absent;
  EncodeOptions encode = state_->encode_options(summary.shape);
  encode.lossy_origin = summary.lossy_origin;
  encode.loss = summary.loss;
  const Result<EncodedFrame> frame = encode_frame((*value)->bytes(), key, **codec, state_->codecs, encode);
  if (!frame) return state_->count(key, frame.error());
  const std::int64_t time_left = head.expires_at_ms == 0 ? 0 : head.expires_at_ms - now_ms();
  if (time_left < 0 || (time_left == 0 && head.expires_at_ms != 0)) return Recompressed::absent;
  const SetOptions options = living(std::chrono::milliseconds(time_left));
  Result<bool> stored = true;
  if (head.stamp != 0) {
    stored = state_->inner->set_if(key, head.stamp, frame->parts(), options);
  } else if (Status status = state_->inner->set(key, frame->parts(), options); !status.ok()) {
    return status;
  }
  if (!stored) return stored.error();
  if (!*stored) return Recompressed::absent;
  state_->count_set(*frame);
  return Recompressed::done;
}

Result<std::optional<FrameInfo>> CompressedKvStore::inspect(std::string_view key) {
  Result<std::optional<State::Summarised>> found = state_->summary_of(key);
  if (!found) return found.error();
  if (!*found) return std::optional<FrameInfo>();
  return std::optional<FrameInfo>(to_info(std::move((*found)->summary), (*found)->head.size));
}

}  // namespace cinch
