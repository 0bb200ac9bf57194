/// What the commands say of one value in JSON, each by the same names.
#pragma once

#include <cstdint>
#include <string>

#include "cinch/frame_info.hpp"
#include "json_writer.hpp"

namespace cinch::tool {

/// "raw_bytes" and "stored_bytes".
void write_sizes(JsonWriter& json, std::uint64_t raw_bytes, std::uint64_t stored_bytes);

/// Writes fields into the open object.
void write_info(JsonWriter& json, const std::string& key, const FrameInfo& info);

}  // namespace cinch::tool
