#include "cinch/rule.hpp"

#include <algorithm>

#include "engine/glob.hpp"

namespace cinch {

Result<Rule> parse_rule(std::string_view text) {
  const std::size_t split = text.find('=');
  if (split == std::string_view::npos || split == 0 || split + 1 == text.size()) {
    return Status(StatusCode::invalid_argument,
                  "rule \"" + std::string(text) + "\": expected GLOB=SPEC, such as \"logs/*=raw\"");
  }
  if (Result<Glob> glob = Glob::parse(text.substr(0, split)); !glob) return glob.error();
  Rule rule;
  rule.match = text.substr(0, split);
  rule.codec = text.substr(split + 1);
  return rule;
}

Result<TensorShape> shape_of(const TensorOfBytes& tensor, std::uint64_t bytes) {
  std::vector<std::uint64_t> dims = tensor.dims;
  TensorLayout layout = tensor.layout;
  if (dims.empty())
    dims = layout.head_dim ? std::vector<std::uint64_t>{0, 1, *layout.head_dim} : std::vector<std::uint64_t>{0};
  const auto unknown = std::ranges::find(dims, 0u);
  if (unknown != dims.end()) *unknown = 1;  // the bytes of such a tensor must divide those of the value
  Result<TensorShape> shape = make_tensor(tensor.dtype, dims, layout.token_axis);
  if (!shape) return shape;
  const std::uint64_t unit = *tensor_bytes(*shape);
  const bool fits = unknown == dims.end() ? bytes == unit : unit > 0 && bytes % unit == 0;
  if (!fits) {
    return Status(StatusCode::invalid_argument, "the value has " + std::to_string(bytes) + " bytes, expected " +
                                                    (unknown == dims.end() ? "" : "a multiple of ") +
                                                    std::to_string(unit) + " for a tensor " + to_string(*shape));
  }
  if (unknown != dims.end()) shape->dims[static_cast<std::size_t>(unknown - dims.begin())] = bytes / unit;
  return with_layout(*shape, layout);
}

}  // namespace cinch
