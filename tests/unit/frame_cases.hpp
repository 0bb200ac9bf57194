/// Values and codecs to make frames of: every bundled codec by being listed, typed and untyped, one block and several,
/// with a plan and without.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/frame_writer.hpp"
#include "tests/support/test_codecs.hpp"

namespace cinch::test {

using Bytes = std::vector<std::byte>;

struct FrameCase {
  std::string name;
  std::shared_ptr<const Codec> codec;
  CodecRegistry codecs;
  Bytes value;
  std::optional<TensorShape> shape;
  std::uint64_t block_bytes = 0;

  /// Errors: the codec's, such as `unsupported` for a value without a shape.
  Result<Bytes> try_encode(std::string_view key) const;

  /// A failure of the test where that fails.
  Bytes encode(std::string_view key) const;

  Result<Value> decode(const Bytes& frame, std::string_view key) const;
};

/// Compressible, but not to nothing: words of a small vocabulary.
Bytes sample(std::size_t size);

/// Runs of equal bytes, which the toy codecs shorten.
Bytes runs(std::size_t size);

/// Numbers of type bf16 as a tensor has them: of like size, their low bits noise.
Bytes bf16_numbers(std::size_t count, std::uint64_t seed = 1);

FrameCase bundled(const std::string& spec, Bytes value, std::uint64_t block_bytes = 0,
                  std::optional<TensorShape> shape = std::nullopt);
FrameCase toy(ToyKind kind, Bytes value, std::uint64_t block_bytes = 0,
              std::optional<TensorShape> shape = std::nullopt);

/// `raw`, the bundled codecs, and some of them with parameters.
std::vector<std::string> frame_specs();

/// A small frame of every kind. What a codec does not take is left out.
std::vector<FrameCase> small_frame_cases();

/// A value of a shape that every codec takes: `tokens` tokens of one head of 32 numbers bf16, 64 bytes each.
FrameCase tensor_case(const std::string& spec, std::uint64_t tokens, std::uint64_t block_bytes = 0,
                      std::uint64_t seed = 1);

}  // namespace cinch::test
