/// Blocks: planes, or tokens of a plane, coded by an opened plan. plugins/tensor/README.md has the bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "plugins/tensor/plan.hpp"

namespace cinch::tensor {

/// Elements in a row that are coded with one plane's model.
struct Segment {
  const PlaneState* plane;
  std::uint64_t first_token;
  std::size_t elements;
  std::size_t stored;  ///< Where in the block its stored planes are.

  std::size_t groups() const { return (elements + lanes - 1) / lanes; }  ///< The last one is padded.
  std::size_t stored_bytes(const Cut& cut) const { return groups() * cut.stored_bytes(); }
};

class BlockWriter;

/// Encodes blocks, keeping its buffers from one to the next. One thread at a time.
class BlockEncoder {
 public:
  explicit BlockEncoder(const Kernels& kernels) : kernels_(kernels) {}

  /// The encoded size, or none when it does not get smaller than `from`. Of a value without tokens the part counts as
  /// one plane, as long as `from`; so in `decode_block`.
  std::optional<std::size_t> encode(const PlanState&, const stream::SlicePart&, std::span<const std::uint8_t> from,
                                    std::span<std::uint8_t> to);

  /// Rows that the plan stores of a plane, coded even where that makes them longer.
  std::vector<std::uint8_t> encode_rows(const PlanState&, const PlaneState&, std::span<const std::uint8_t> rows);

 private:
  /// Codes the segments behind the sections that are written. Declines what is not smaller than `worth`.
  std::optional<std::size_t> finish(const PlanState&, const BlockWriter&, std::size_t max_escapes, std::size_t worth,
                                    std::span<std::uint8_t> to);

  const Kernels& kernels_;
  std::vector<std::uint8_t> rows_;  // those that the plan does not store
  std::vector<std::uint32_t> numbers_;
  Aligned<std::uint8_t> contexts_;
  std::vector<std::uint8_t> bits_;
  std::vector<std::uint8_t> escapes_;
};

/// Decodes a block into exactly `to`; throws Failure(CINCH_CORRUPT). `contexts` is a buffer to be kept between calls.
void decode_block(const PlanState&, const stream::SlicePart&, const Kernels&, std::span<const std::uint8_t> from,
                  std::span<std::uint8_t> to, Aligned<std::uint8_t>& contexts);

/// How much longer than its block an encoding that does not pay may get before the encoder notices.
constexpr std::size_t encoder_slack = 4096;

/// The rows that a plan stores of a plane: encoded for the plan, and decoded when it is opened.
void decode_rows(const PlanState&, PlaneState&, std::span<const std::uint8_t> coded, const Kernels&);

}  // namespace cinch::tensor
