/// `raw`: bytes as they are; the only format inside the library.
#pragma once

#include <memory>
#include <string_view>

#include "cinch/codec.hpp"

namespace cinch {

inline constexpr std::string_view raw_format = "raw";

std::shared_ptr<const CodecProvider> raw_provider();

}  // namespace cinch
