// Headers of safetensors files: what is accepted covers its data without gap or overlap.
#include "tests/fuzz/fuzz_input.hpp"
#include "tools/cinch/safetensors.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cinch;
  fuzz::Input input(data, size);
  std::optional<std::uint64_t> data_bytes;
  if (const std::uint8_t known = input.byte(); known % 2 == 0) data_bytes = known / 2;
  const auto header = tool::parse_safetensors_header(std::string(as_text(input.rest())), data_bytes);
  if (!header) {
    fuzz::require(!header.error().message().empty(), "a refusal without a message");
    return 0;
  }
  std::uint64_t covered = 0;
  for (const tool::TensorEntry& tensor : header->tensors) {
    fuzz::require(tensor.begin == covered && tensor.end >= tensor.begin, "a gap or an overlap before " + tensor.name);
    covered = tensor.end;
    if (tensor.shape)
      fuzz::require(tensor_bytes(*tensor.shape).value_or(0) == tensor.bytes(), "the shape of another length");
  }
  fuzz::require(!data_bytes || covered == *data_bytes, "data that no tensor covers");
  return 0;
}
