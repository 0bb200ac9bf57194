#include "value_json.hpp"

#include "cinch/keys.hpp"
#include "cinch/kv_store.hpp"
#include "loss.hpp"
#include "output.hpp"

namespace cinch::tool {
namespace {

void write_shape(JsonWriter& json, const TensorShape& shape) {
  json.field("dtype", to_string(shape.dtype)).name("shape").begin_array();
  for (const std::uint64_t dim : shape.dimensions()) json.value(dim);
  json.end_array().name("token_axis");
  shape.token_axis ? json.value(std::uint64_t{*shape.token_axis}) : json.null();
}

}  // namespace

void write_sizes(JsonWriter& json, std::uint64_t raw_bytes, std::uint64_t stored_bytes) {
  json.field("raw_bytes", raw_bytes).field("stored_bytes", stored_bytes);
}

void write_info(JsonWriter& json, const std::string& key, const FrameInfo& info) {
  json.field("key", escape_key(key)).field("format", info.effective_format()).field("codec", info.format.spec());
  write_sizes(json, info.decoded_bytes, info.stored_bytes);
  json.field("ratio", ratio_of(info.decoded_bytes, info.stored_bytes));
  if (info.shape) write_shape(json, *info.shape);
  if (!info.annotation.empty()) json.field("annotation", info.annotation);
  write_loss(json, info.loss);
  json.field("lossy_origin", info.lossy_origin);
  if (info.expires_at_ms != 0) json.field("expires_at_ms", info.expires_at_ms);
}

}  // namespace cinch::tool
