/// Values to test with: made ones of each kind, and real tensors where the data set is at hand.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cinch/bytes.hpp"

namespace cinch::test {

enum class PayloadKind { zeros, text, json, random, ramp, floats };

inline constexpr PayloadKind all_payload_kinds[] = {PayloadKind::zeros,  PayloadKind::text, PayloadKind::json,
                                                    PayloadKind::random, PayloadKind::ramp, PayloadKind::floats};

std::string_view to_string(PayloadKind kind);

/// `size` bytes, the same for the same arguments everywhere: words, JSON documents, noise, i % 256, or bf16 numbers
/// about as a normal distribution has them. In a heap block of exactly that size, so that AddressSanitizer sees what
/// reads beyond it.
std::vector<std::byte> make_payload(PayloadKind kind, std::size_t size, std::uint64_t seed = 1);

/// The path of a safetensors file of real KV caches ("chat-1024"); nothing where the data set is not there.
std::optional<std::string> real_tensor_file(std::string_view name);

/// The bytes of one tensor of a safetensors file ("layers.0.k"), at most `limit` of them; empty when it is not there.
std::vector<std::byte> read_tensor(const std::string& path, std::string_view tensor, std::size_t limit = SIZE_MAX);

}  // namespace cinch::test
