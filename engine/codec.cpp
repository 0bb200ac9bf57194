#include "cinch/codec.hpp"

#include <algorithm>

#include "cinch/codec_plugin.h"
#include "cinch/log.hpp"
#include "engine/printable.hpp"

namespace cinch {
namespace {

constexpr std::size_t max_annotation_bytes = CINCH_ANNOTATION_BYTES - 1;  // without the terminating NUL

Status check_shape(const Codec& codec, const TensorShape* shape, std::uint64_t end) {
  if (!shape) {
    if (!codec.traits().needs_shape) return {};
    return {StatusCode::unsupported, codec.format().name + ": takes only values with a tensor shape"};
  }
  const Result<std::uint64_t> bytes = tensor_bytes(*shape);
  if (!bytes) return bytes.error();
  if (end <= *bytes) return {};
  return {StatusCode::invalid_argument, codec.format().name + ": bytes up to " + std::to_string(end) +
                                            " of a tensor of " + std::to_string(*bytes) + " bytes"};
}

Status check_slice(const Codec& codec, const BlockSlice& slice, std::size_t size) {
  std::uint64_t end = 0;
  if (__builtin_add_overflow(slice.byte_offset, size, &end)) {
    return {StatusCode::invalid_argument, codec.format().name + ": a block that ends beyond 2^64"};
  }
  return check_shape(codec, slice.shape, end);
}

}  // namespace

PlanState::~PlanState() = default;
Codec::~Codec() = default;
CodecProvider::~CodecProvider() = default;

void LossSums::merge(const LossSums& other) noexcept {
  squared_error += other.squared_error;
  squared += other.squared;
  worst_row = std::max(worst_row, other.worst_row);
  max_abs = std::max(max_abs, other.max_abs);
}

Codec::Codec(FormatId format, CodecTraits traits, std::shared_ptr<Conviction> conviction)
    : format_(std::move(format)), traits_(traits), conviction_(std::move(conviction)) {}

Codec::Conviction::~Conviction() { delete reason_.load(std::memory_order_acquire); }

void Codec::Conviction::set(std::string reason) {
  auto first = std::make_unique<const std::string>(std::move(reason));
  const std::string* none = nullptr;
  if (!reason_.compare_exchange_strong(none, first.get(), std::memory_order_acq_rel)) return;
  log(LogLevel::error, "codec switched off: " + *first.release());
}

Status Codec::Conviction::judge(Status outcome) {
  if (outcome.code() == StatusCode::codec_misbehaved) set(std::string(outcome.message()));
  return outcome;
}

Status Codec::Conviction::status() const {
  const std::string* reason = reason_.load(std::memory_order_acquire);
  if (!reason) return {};
  return {StatusCode::codec_misbehaved, "switched off: " + *reason};
}

Status Codec::convict(std::string_view reason) const {
  conviction_->set(format_.name + ": " + std::string(reason));
  return {StatusCode::codec_misbehaved, "codec " + format_.spec() + ": " + std::string(reason)};
}

Status Codec::usable(bool has_direction, std::string_view direction) const {
  if (conviction_->is_set()) return conviction_->status();
  if (has_direction) return {};
  return {StatusCode::unsupported, format_.spec() + ": this implementation does not " + std::string(direction)};
}

Result<std::size_t> Codec::bound(std::size_t size, const TensorShape* shape) const {
  if (Status status = usable(traits_.encodes, "encode"); !status.ok()) return status;
  if (Status status = check_shape(*this, shape, 0); !status.ok()) return status;
  Result<std::size_t> most = do_bound(size, shape);
  if (!most) return conviction_->judge(most.error());
  return most;
}

Result<std::optional<Plan>> Codec::plan(ByteView value, const TensorShape* shape, std::uint64_t block_bytes) const {
  if (Status status = usable(traits_.encodes, "encode"); !status.ok()) return status;
  if (Status status = check_shape(*this, shape, value.size()); !status.ok()) return status;
  Result<std::optional<Plan>> made = do_plan(value, shape, block_bytes);
  if (!made) return conviction_->judge(made.error());
  if (*made && (*made)->annotation.size() > max_annotation_bytes) {
    return conviction_->judge({StatusCode::codec_misbehaved, format_.name + ": an annotation of over " +
                                                                 std::to_string(max_annotation_bytes) + " bytes"});
  }
  if (*made && !is_printable((*made)->annotation)) {
    return conviction_->judge({StatusCode::codec_misbehaved, format_.name + ": an annotation that is no text"});
  }
  // A frame cannot store an empty plan; blocks that were encoded with one could not be decoded.
  if (*made && (*made)->bytes.empty()) return std::optional<Plan>();
  return made;
}

Result<std::shared_ptr<const PlanState>> Codec::open_plan(ByteView plan, const TensorShape* shape) const {
  if (Status status = usable(true, ""); !status.ok()) return status;
  if (Status status = check_shape(*this, shape, 0); !status.ok()) return status;
  Result<std::shared_ptr<const PlanState>> opened = do_open_plan(plan, shape);
  if (!opened) return conviction_->judge(opened.error());
  return opened;
}

Result<std::optional<std::size_t>> Codec::compress(const BlockSlice& slice, const PlanState* plan, ByteView block,
                                                   MutableBytes to) const {
  const Result<std::size_t> most = bound(block.size(), slice.shape);
  if (!most) return most.error();
  if (to.size() < *most) {
    return Status(StatusCode::invalid_argument, format_.name + ": room for " + std::to_string(to.size()) +
                                                    " bytes, expected the bound of " + std::to_string(*most));
  }
  return compress_to_bound(slice, plan, block, to.first(*most));
}

Result<std::optional<std::size_t>> Codec::compress_to_bound(const BlockSlice& slice, const PlanState* plan,
                                                            ByteView block, MutableBytes to) const {
  if (Status status = usable(traits_.encodes, "encode"); !status.ok()) return status;
  if (Status status = check_slice(*this, slice, block.size()); !status.ok()) return status;
  Result<std::optional<std::size_t>> length = do_compress(slice, plan, block, to);
  if (!length) return conviction_->judge(length.error());
  if (*length && **length > to.size()) {
    return conviction_->judge({StatusCode::codec_misbehaved, format_.name + ": encoded to " + std::to_string(**length) +
                                                                 " bytes, over its own bound of " +
                                                                 std::to_string(to.size())});
  }
  return length;
}

Status Codec::decompress(const BlockSlice& slice, const PlanState* plan, ByteView encoded, MutableBytes to) const {
  if (Status status = usable(traits_.decodes, "decode"); !status.ok()) return status;
  if (Status status = check_slice(*this, slice, to.size()); !status.ok()) return status;
  return conviction_->judge(do_decompress(slice, plan, encoded, to));
}

Result<LossSums> Codec::measure(const BlockSlice& slice, ByteView original, ByteView decoded) const {
  if (Status status = usable(traits_.lossy, "lose anything"); !status.ok()) return status;
  if (Status status = check_slice(*this, slice, original.size()); !status.ok()) return status;
  Result<LossSums> lost = do_measure(slice, original, decoded);
  if (!lost) return conviction_->judge(lost.error());
  return lost;
}

Result<LossSums> Codec::do_measure(const BlockSlice&, ByteView, ByteView) const {
  return Status(StatusCode::unsupported, format_.name + ": does not tell what it loses");
}

Result<std::optional<Plan>> Codec::do_plan(ByteView, const TensorShape*, std::uint64_t) const {
  return std::optional<Plan>();
}

Result<std::shared_ptr<const PlanState>> Codec::do_open_plan(ByteView, const TensorShape*) const {
  return Status(StatusCode::corruption, format_.name + ": the value has a plan, and this format has none");
}

}  // namespace cinch
