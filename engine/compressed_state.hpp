/// The state of a `CompressedKvStore`, for the files that implement it.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cinch/compressed_kv_store.hpp"
#include "engine/codec_ref.hpp"
#include "engine/frame_reader.hpp"
#include "engine/frame_writer.hpp"
#include "engine/rule_set.hpp"
#include "engine/thread_number.hpp"

namespace cinch {

struct CINCH_HIDDEN CompressedKvStore::State {
  State(std::shared_ptr<KvStore> wrapped, std::shared_ptr<const Codec> writer, CompressedOptions given,
        CodecRegistry registry);

  /// Counts a failure by its kind, and returns it with the key in its message.
  Status failed(std::string_view key, const Status& status);
  void count_read(std::uint64_t bytes) noexcept {
    Counting counting(*this);
    counting.add(&Counters::values_read, 1);
    counting.add(&Counters::bytes_read, bytes);
  }
  void count_set(const EncodedFrame& frame);

  /// The checks of every set, whatever encodes the value.
  Status check(std::string_view key, std::uint64_t bytes, const SetOptions& set) const;

  /// Encodes. `joined` receives the value's bytes if they come in several parts. It and `scratch` must outlive the
  /// frame.
  Result<EncodedFrame> encode(std::string_view key, const ValueParts& value, const SetOptions& set,
                              std::optional<GuardedBuffer>& joined,
                              std::pmr::memory_resource* scratch = std::pmr::get_default_resource());

  /// How a value is to be stored; see `SetChoice`.
  struct Choice {
    const RuleSet::Entry* entry = nullptr;  // the rule that matches
    CodecRef codec;
    bool is_fallback = false;
    std::optional<TensorShape> shape;
    std::optional<std::uint64_t> bound;  // the codec's for the value as one block, if it has one

    SetChoice to_public() const { return {entry ? &entry->rule : nullptr, codec.share(), is_fallback, shape}; }
  };

  EncodeOptions encode_options(const Choice& choice) const;

  /// How a set of `key` would store `bytes` bytes.
  Result<Choice> choose(std::string_view key, std::uint64_t bytes, const SetOptions& set) const;

  /// Replaces the codec, which cannot take the value, by the fallback. Errors: why the fallback cannot take it either.
  Status fall_back(std::uint64_t bytes, Choice& choice) const;

  /// Encodes as chosen. If the codec is lossy or makes a plan, and does not shrink the value, the fallback encodes it,
  /// and `choice` then names the fallback.
  Result<EncodedFrame> encode_as(Choice& choice, std::string_view key, ByteView value, EncodeOptions encode);

  /// The options for the inner store: without those that this store implements itself.
  SetOptions inner_options(std::string_view key, const SetOptions& set) const;

  /// Replaces the frame that the inner store returned for `key` by its value.
  void decode(std::string_view key, GetResult& found) {
    if (!found || !*found || take_verified_raw(**found)) return;
    decode_frame(key, found);
  }
  void decode_frame(std::string_view key, GetResult& found);

  /// The fast path for a raw value in memory that was verified before: its owner remembers where it starts, so that
  /// neither the frame's bytes nor a virtual table are read.
  bool take_verified_raw(Value& frame) noexcept {
    if (options.verify != Verify::first_read || !frame.owner() || frame.is_part()) return false;
    const std::size_t start = frame.owner()->raw_start();
    if (start == 0 || frame.size() - start > options.max_value_bytes) return false;
    const std::size_t size = frame.size() - start;
    count_read(size);
    frame = std::move(frame).part(start, size);
    return true;
  }

  /// A reader of the key's frame, or nothing.
  Result<std::optional<FrameReader>> reader_of(std::string_view key);
  Result<bool> decode_pieces(std::string_view key, const FrameReader& reader,
                             std::span<const FrameReader::Piece> pieces, MutableBytes to);

  /// The verified summary of the key's frame and the `Head` it came with, or nothing.
  struct Summarised {
    FrameSummary summary;
    Head head;
  };
  Result<std::optional<Summarised>> summary_of(std::string_view key);

  const std::shared_ptr<KvStore> inner;
  const std::shared_ptr<const Codec> codec;
  CompressedOptions options;
  WorkerPool* const helpers;  // the workers besides the caller, of `options`; null: none
  const CodecRegistry codecs;
  const Decoders decoders;
  const RuleSet rules;
  const Result<std::shared_ptr<const Codec>> fallback;

  struct alignas(64) Counters {
    std::atomic<std::uint64_t> values_set{0};
    std::atomic<std::uint64_t> values_stored_raw{0};
    std::atomic<std::uint64_t> values_fallen_back{0};
    std::atomic<std::uint64_t> bytes_set{0};
    std::atomic<std::uint64_t> bytes_stored{0};
    std::atomic<std::uint64_t> values_read{0};
    std::atomic<std::uint64_t> bytes_read{0};
    std::atomic<std::uint64_t> values_damaged{0};
    std::atomic<std::uint64_t> codec_failures{0};
  };

  /// The calling thread's counters. Threads use different ones, so that they do not contend for cache lines; the first
  /// threads of a process have counters of their own, which need no atomic read-modify-write.
  class Counting {
   public:
    explicit Counting(State& state) noexcept : Counting(state, thread_number()) {}

    void add(std::atomic<std::uint64_t> Counters::*counter, std::uint64_t count) noexcept {
      std::atomic<std::uint64_t>& mine = mine_.*counter;
      if (!is_own_) {
        mine.fetch_add(count, std::memory_order_relaxed);
      } else {
        mine.store(mine.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
      }
    }

   private:
    Counting(State& state, std::size_t thread) noexcept
        : is_own_(thread < own_counters),
          mine_(state.counters[is_own_ ? thread : own_counters + thread % shared_counters]) {}

    const bool is_own_;
    Counters& mine_;
  };

  static constexpr std::size_t own_counters = 16, shared_counters = 16;
  std::array<Counters, own_counters + shared_counters> counters;
};

}  // namespace cinch
