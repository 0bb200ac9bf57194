// Ranges of values, and access to frames.
#include <algorithm>

#include "cinch/keys.hpp"
#include "cinch/store_support.hpp"
#include "engine/compressed_state.hpp"
#include "engine/token_grid.hpp"

namespace cinch {
namespace {

bool was_set_with(const FrameSummary& summary, const FormatId& format) {
  const FormatId& stored = summary.format;
  if (stored.name != format.name || stored.parameters != format.parameters) return false;
  // A frame stored raw names the format that was tried, without its version.
  return summary.stored_raw || (stored.major == format.major && stored.minor == format.minor);
}

}  // namespace

Result<bool> CompressedKvStore::get_range(std::string_view key, std::uint64_t offset, MutableBytes to) {
  const Result<std::optional<FrameReader>> found = state_->reader_of(key);
  if (!found || !*found) return found ? Result<bool>(false) : found.error();
  Status status = check_range(key, (*found)->summary().decoded_bytes, offset, to.size());
  if (!status.ok()) return status;
  if (to.empty()) return true;
  const FrameReader::Piece piece{offset, to.size(), 0};
  return state_->decode_pieces(key, **found, {&piece, 1}, to);
}

Result<bool> CompressedKvStore::get_tokens(std::string_view key, std::uint64_t first, std::uint64_t count,
                                           MutableBytes to) {
  const Result<std::optional<FrameReader>> found = state_->reader_of(key);
  if (!found || !*found) return found ? Result<bool>(false) : found.error();
  const FrameSummary& summary = (*found)->summary();
  if (!summary.shape || !summary.shape->token_axis) {
    return Status(StatusCode::invalid_argument, describe_key(key) + ": the value has no token axis");
  }
  const auto [planes, tokens, token_bytes] = token_grid(*summary.shape, summary.decoded_bytes);
  if (first > tokens || count > tokens - first) {
    return Status(StatusCode::invalid_argument, describe_key(key) + ": " + std::to_string(count) + " tokens from " +
                                                    std::to_string(first) + " on, the value has " +
                                                    std::to_string(tokens));
  }
  if (to.size() != planes * count * token_bytes) {
    return Status(StatusCode::invalid_argument, describe_key(key) + ": the buffer has " + std::to_string(to.size()) +
                                                    " bytes, expected " + std::to_string(planes * count * token_bytes));
  }
  if (to.empty()) return true;
  std::vector<FrameReader::Piece> pieces;
  pieces.reserve(planes);
  for (std::uint64_t plane = 0; plane < planes; ++plane) {
    pieces.push_back({(plane * tokens + first) * token_bytes, count * token_bytes, plane * count * token_bytes});
  }
  return state_->decode_pieces(key, **found, pieces, to);
}

GetResult CompressedKvStore::get_frame(std::string_view key) {
  GetResult found = state_->inner->get(key);
  if (!found || !*found) return found;
  const Result<FrameReader> reader = FrameReader::open(**found, key, hard_max_value_bytes);
  Status status = reader ? reader->check_stored() : reader.error();
  if (!status.ok()) return state_->failed(key, status);
  return found;
}

Status CompressedKvStore::set_frame(std::string_view key, ByteView frame, const SetOptions& options) {
  Status status = check_set(key, options, true);
  if (!status.ok()) return status.in(describe_key(key));
  if (!options.codec.empty() || options.tensor) {
    return {StatusCode::invalid_argument, describe_key(key) + ": a frame has a codec and a shape of its own"};
  }
  FrameLayout layout;
  status = layout.read(frame, key, state_->options.max_value_bytes);
  if (status.ok()) status = layout.check_stored(frame);
  if (!status.ok()) return status.in(describe_key(key));
  return state_->inner->set(key, frame, state_->inner_options(key, options));
}

Result<SetChoice> CompressedKvStore::choose(std::string_view key, std::uint64_t bytes,
                                            const SetOptions& options) const {
  if (Status status = state_->check(key, bytes, options); !status.ok()) return status.in(describe_key(key));
  const Result<State::Choice> choice = state_->choose(key, bytes, options);
  if (!choice) return choice.error().in(describe_key(key));
  return choice->to_public();
}

Result<Recompressed> CompressedKvStore::recompress(std::string_view key, std::string_view spec,
                                                   const RecompressOptions& allowed) {
  const Result<std::optional<State::Summarised>> found = state_->summary_of(key);
  if (!found) return found.error();
  if (!*found) return Recompressed::absent;
  const auto& [summary, head] = **found;
  if (head.stamp == 0) {
    return Status(StatusCode::unsupported, describe_key(key) +
                                               ": the store below has no stamps (head, set_if), without "
                                               "which a value that is set meanwhile would be lost");
  }
  SetOptions as_set;
  as_set.codec = spec;
  as_set.tensor = summary.shape;
  Result<State::Choice> choice = state_->choose(key, summary.decoded_bytes, as_set);
  if (!choice) return state_->failed(key, choice.error());
  const CodecRef chosen = choice->codec;
  const Codec& codec = *chosen;
  if (was_set_with(summary, codec.format())) return Recompressed::already;
  if (codec.traits().lossy && !allowed.lossy) {
    return Status(StatusCode::invalid_argument, describe_key(key) + ": recompressing to " + codec.format().spec() +
                                                    " would change the value, which was not allowed");
  }
  if (codec.traits().lossy && summary.lossy_origin && !allowed.again) return Recompressed::kept;
  const GetResult value = get(key);
  if (!value) return value.error();
  if (!*value || (*value)->size() != summary.decoded_bytes) return Recompressed::absent;  // overwritten meanwhile
  EncodeOptions encode = state_->encode_options(*choice);
  encode.lossy_origin = summary.lossy_origin;
  encode.loss = summary.loss;
  const Result<EncodedFrame> frame = state_->encode_as(*choice, key, (*value)->bytes(), encode);
  if (!frame) return state_->failed(key, frame.error());
  const bool has_fallen_back = choice->codec.get() != &codec;
  const bool gained_nothing = frame->stored_raw() && (has_fallen_back || codec.traits().lossy);
  if (gained_nothing || (has_fallen_back && was_set_with(summary, choice->codec->format()))) {
    return Recompressed::already;
  }
  // `keep_ttl` keeps an expiry that was changed meanwhile; `ttl` is for stores that do not know `keep_ttl`.
  SetOptions options;
  options.keep_ttl = true;
  if (head.expires_at_ms != 0) {
    options.ttl = std::chrono::milliseconds(std::max<std::int64_t>(head.expires_at_ms - now_ms(), 1));
  }
  const Result<bool> stored = state_->inner->set_if(key, head.stamp, frame->to_store(), options);
  if (!stored) return stored.error();
  if (!*stored) return Recompressed::absent;
  if (choice->is_fallback) State::Counting(*state_).add(&State::Counters::values_fallen_back, 1);
  state_->count_set(*frame);
  return Recompressed::done;
}

Result<std::optional<FrameInfo>> CompressedKvStore::inspect(std::string_view key) {
  Result<std::optional<State::Summarised>> found = state_->summary_of(key);
  if (!found) return found.error();
  if (!*found) return std::optional<FrameInfo>();
  auto& [summary, head] = **found;
  FrameInfo info = to_info(std::move(summary), head.size);
  info.expires_at_ms = head.expires_at_ms;
  return std::optional<FrameInfo>(std::move(info));
}

}  // namespace cinch
