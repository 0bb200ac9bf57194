/// `raw`: the one format inside the library, bytes as they are.
#pragma once

#include <memory>
#include <string_view>

#include "cinch/codec.hpp"

namespace cinch {

inline constexpr std::string_view raw_format = "raw";

std::shared_ptr<const CodecProvider> raw_provider();

}  // namespace cinch
