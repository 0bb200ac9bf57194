/// Codecs without the engine around them: a tensor to bytes and back in one thread, into memory that is there already.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bench/bench_values.hpp"
#include "cinch/bytes.hpp"

namespace cinch::bench {

/// A tensor as it is stored: what its blocks share, and the blocks.
struct EncodedTensor {
  std::vector<std::uint8_t> plan;
  std::vector<std::vector<std::uint8_t>> blocks;  ///< Only the first `lengths[i]` bytes count.
  std::vector<std::size_t> lengths;               ///< 0: declined.

  std::size_t stored_bytes(const Tensor& tensor) const;
};

/// One thread's: contexts and buffers are kept from call to call.
class CodecPath {
 public:
  virtual ~CodecPath() = default;

  /// With all that a plan takes: finding, writing and opening it. `to` may hold another tensor's encoding.
  virtual void encode(const Tensor& tensor, EncodedTensor& to) = 0;

  /// With opening the plan. Requires: `to` is as long as the tensor. Blocks that were declined are copied.
  virtual void decode(const Tensor& tensor, const EncodedTensor& from, MutableBytes to) = 0;

  /// Relative RMS error of a whole tensor. Of codecs that lose nothing: 0, or infinity where a bit is wrong.
  virtual double loss(const Tensor& tensor, ByteView decoded) const;
};

struct PathMaker {
  std::string name;                                  ///< `tensor avx512`, `libzstd level 3`.
  std::function<std::unique_ptr<CodecPath>()> make;  ///< For each thread one.
  double error = 0;                                  ///< The most that its loss may be.
};

/// The tensor codecs on every instruction set that this machine has (`few`: on the best), then the plain libraries.
std::vector<PathMaker> codec_paths(double quant_error, bool few);

}  // namespace cinch::bench
