#include "cinch/compressed_kv_store.hpp"

#include <algorithm>

#include "cinch/buffer_pool.hpp"
#include "cinch/store_support.hpp"
#include "engine/block_work.hpp"
#include "engine/compressed_state.hpp"

namespace cinch {

std::string_view to_string(Verify verify) noexcept {
  switch (verify) {
    case Verify::always: return "always";
    case Verify::first_read: return "first_read";
    case Verify::never: break;
  }
  return "never";
}
namespace {

/// Waking a worker takes about as long as decoding this many bytes.
constexpr std::uint64_t worth_a_worker = std::uint64_t{64} << 10;

}  // namespace

CompressedKvStore::CompressedKvStore(std::shared_ptr<KvStore> inner, std::shared_ptr<const Codec> codec,
                                     CompressedOptions options, CodecRegistry codecs)
    : state_(std::make_unique<State>(std::move(inner), std::move(codec), std::move(options), std::move(codecs))) {}

CompressedKvStore::~CompressedKvStore() = default;

const std::shared_ptr<KvStore>& CompressedKvStore::inner() const noexcept { return state_->inner; }
const std::shared_ptr<const Codec>& CompressedKvStore::codec() const noexcept { return state_->codec; }
const std::shared_ptr<WorkerPool>& CompressedKvStore::workers() const noexcept { return state_->options.workers; }

GetResult CompressedKvStore::get(std::string_view key) {
  GetResult found = state_->inner->get(key);
  state_->decode(key, found);
  return found;
}

Status CompressedKvStore::set(std::string_view key, const ValueParts& value, const SetOptions& options) {
  SmallFrameScratch scratch;
  std::optional<GuardedBuffer> joined;
  const Result<EncodedFrame> frame = state_->encode(key, value, options, joined, scratch.resource());
  if (!frame) return state_->failed(key, frame.error());
  Status status = state_->inner->set(key, frame->to_store(), state_->inner_options(key, options));
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
  const auto add = [&](const char* name, std::atomic<std::uint64_t> State::Counters::*counter) {
    std::uint64_t sum = 0;
    for (const State::Counters& each : state_->counters) sum += (each.*counter).load(std::memory_order_relaxed);
    stats.counters.emplace_back(name, sum);
  };
  add("values_set", &State::Counters::values_set);
  add("values_stored_raw", &State::Counters::values_stored_raw);
  add("values_fallen_back", &State::Counters::values_fallen_back);
  add("bytes_set", &State::Counters::bytes_set);
  add("bytes_stored", &State::Counters::bytes_stored);
  add("values_read", &State::Counters::values_read);
  add("bytes_read", &State::Counters::bytes_read);
  add("values_damaged", &State::Counters::values_damaged);
  add("codec_failures", &State::Counters::codec_failures);
  stats.counters.emplace_back("pooled_buffer_bytes", pooled_bytes());
  return stats;
}

std::vector<GetResult> CompressedKvStore::batch_get(std::span<const std::string_view> keys) {
  WorkerPool* const workers = keys.size() > 1 ? state_->helpers : nullptr;
  std::vector<GetResult> results;
  results.reserve(keys.size());
  std::uint64_t stored = 0;
  const auto add = [&](GetResult&& found) {
    if (found && *found) stored += (*found)->size();
    results.push_back(std::move(found));
  };
  // If the first few are together worth a worker, workers read the others, too.
  constexpr std::size_t looked_at = 4;
  while (workers && results.size() < std::min(keys.size(), looked_at) && stored < worth_a_worker) {
    add(state_->inner->get(keys[results.size()]));
  }
  const std::size_t read = results.size();
  if (stored >= worth_a_worker) {
    while (results.size() < keys.size()) results.emplace_back(std::optional<Value>());
    workers->run(keys.size(), [&](std::size_t i) {
      if (i >= read) results[i] = state_->inner->get(keys[i]);
      state_->decode(keys[i], results[i]);
    });
    return results;
  }
  if (read < keys.size()) {
    std::vector<GetResult> rest = state_->inner->batch_get(keys.subspan(read));
    if (rest.size() != keys.size() - read) {
      const std::string counts = std::to_string(rest.size()) + " of " + std::to_string(keys.size() - read);
      rest.assign(keys.size() - read, Status(StatusCode::io_error, "batch_get of the store below answered " + counts));
    }
    for (GetResult& each : rest) add(std::move(each));
  }
  const auto decode = [&](std::size_t i) { state_->decode(keys[i], results[i]); };
  if (workers && stored >= worth_a_worker) {
    workers->run(keys.size(), decode);
  } else {
    for (std::size_t i = 0; i < keys.size(); ++i) decode(i);
  }
  return results;
}

Status CompressedKvStore::batch_set(std::span<const SetItem> items) {
  struct Encoded {
    std::optional<GuardedBuffer> joined;
    std::optional<EncodedFrame> frame;
  };
  std::vector<Encoded> encoded(items.size());
  std::uint64_t bytes = 0;
  for (const SetItem& item : items) bytes += item.value.size();
  const auto encode = [&](std::size_t i) -> Status {
    const SetItem& item = items[i];
    Result<EncodedFrame> frame = state_->encode(item.key, item.value, item.options, encoded[i].joined);
    if (!frame) return state_->failed(item.key, frame.error());
    encoded[i].frame.emplace(std::move(*frame));
    return {};
  };
  WorkerPool* const workers = bytes < worth_a_worker ? nullptr : state_->helpers;
  if (Status status = for_each_block(items.size(), workers, encode); !status.ok()) return status;
  std::vector<SetItem> inner_items;
  inner_items.reserve(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    inner_items.push_back(
        {items[i].key, encoded[i].frame->to_store(), state_->inner_options(items[i].key, items[i].options)});
  }
  Status status = state_->inner->batch_set(inner_items);
  if (status.ok()) {
    for (const Encoded& each : encoded) state_->count_set(*each.frame);
  }
  return status;
}

Result<std::optional<std::size_t>> CompressedKvStore::get_into(std::string_view key, MutableBytes to) {
  const Result<std::optional<FrameReader>> found = state_->reader_of(key);
  if (!found) return found.error();
  if (!*found) return std::optional<std::size_t>();
  const std::uint64_t size = (*found)->summary().decoded_bytes;
  Status status = check_room(key, size, to.size());
  if (!status.ok()) return status;
  const CompressedOptions& options = state_->options;
  status = (*found)->decode_into(to.first(size), state_->decoders, options.verify, state_->helpers);
  if (!status.ok()) return state_->failed(key, status);
  state_->count_read(size);
  return std::optional<std::size_t>(size);
}

Result<std::optional<Head>> CompressedKvStore::head(std::string_view key, std::size_t n) {
  if (n == 0) {
    Result<std::optional<State::Summarised>> found = state_->summary_of(key);
    if (!found) return found.error();
    if (!*found) return std::optional<Head>();
    Head head = std::move((*found)->head);
    head.size = (*found)->summary.decoded_bytes;
    head.first = Value();
    return std::optional<Head>(std::move(head));
  }
  Result<std::optional<Head>> found = state_->inner->head(key, SIZE_MAX);  // stamp and bytes of the same set
  if (!found || !*found) return found;
  Head& head = **found;
  const Result<FrameReader> reader = FrameReader::open(std::move(head.first), key, state_->options.max_value_bytes);
  if (!reader) return state_->failed(key, reader.error());
  head.size = reader->summary().decoded_bytes;
  std::vector<std::byte> first(std::min<std::uint64_t>(n, head.size));
  const FrameReader::Piece start{0, first.size(), 0};
  if (!first.empty()) {
    const Result<bool> decoded = state_->decode_pieces(key, *reader, {&start, 1}, first);
    if (!decoded) return decoded.error();
  }
  head.first = Value::own(std::move(first));
  return found;
}

Result<std::uint64_t> CompressedKvStore::remove_prefix(std::string_view prefix) {
  return state_->inner->remove_prefix(prefix);
}

Result<bool> CompressedKvStore::touch(std::string_view key, std::chrono::milliseconds ttl) {
  return state_->inner->touch(key, ttl);
}

Result<bool> CompressedKvStore::set_if(std::string_view key, std::uint64_t stamp, const ValueParts& value,
                                       const SetOptions& options) {
  SmallFrameScratch scratch;
  std::optional<GuardedBuffer> joined;
  const Result<EncodedFrame> frame = state_->encode(key, value, options, joined, scratch.resource());
  if (!frame) return state_->failed(key, frame.error());
  Result<bool> stored = state_->inner->set_if(key, stamp, frame->to_store(), state_->inner_options(key, options));
  if (stored && *stored) state_->count_set(*frame);
  return stored;
}

Status CompressedKvStore::checkpoint(const std::string& directory) { return state_->inner->checkpoint(directory); }

Status CompressedKvStore::close() { return state_->inner->close(); }

}  // namespace cinch
