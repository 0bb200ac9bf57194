/// `raw`: the one format inside the library, bytes as they are.
#pragma once

#include <memory>

#include "cinch/codec.hpp"

namespace cinch {

std::shared_ptr<const CodecProvider> raw_provider();

}  // namespace cinch
