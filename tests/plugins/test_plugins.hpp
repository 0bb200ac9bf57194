/// The plugins that tests/plugins/CMakeLists.txt builds, and codecs out of them.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <iterator>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "cinch/codec_registry.hpp"
#include "cinch/plugin_loader.hpp"
#include "tests/support/files.hpp"

namespace cinch::test {

/// The file of a plugin; `directory` is one of those that tests/plugins/CMakeLists.txt puts plugins into ("codecs").
inline std::string test_plugin(const std::string& directory, const std::string& name) {
  return CINCH_BUILD_DIR "/tests/plugins/" + directory + "/" + name + ".cinch.so";
}

inline std::string bundled_plugin(const std::string& name) {
  return bundled_plugin_directory() + "/" + name + ".cinch.so";
}

/// A registry with the bundled codecs and those of a directory of test plugins.
inline CodecRegistry registry_with(const std::string& directory) {
  CodecRegistry registry = default_registry();
  PluginLoader(registry).load_directory(CINCH_BUILD_DIR "/tests/plugins/" + directory);
  return registry;
}

/// The codec of a spec; a null one, and a failed test, when it cannot be had.
inline std::shared_ptr<const Codec> codec_of(const CodecRegistry& registry, std::string_view spec) {
  Result<std::shared_ptr<const Codec>> codec = registry.codec(spec);
  EXPECT_TRUE(codec.has_value()) << codec.status().to_string();
  return codec ? *codec : nullptr;
}

/// The bundled codecs' formats, and their files' names, as CMake hands them over.
inline std::vector<std::string> bundled_codecs() {
  std::istringstream names(CINCH_CODECS);
  return {std::istream_iterator<std::string>(names), {}};
}
inline std::vector<std::string> bundled_files() {
  std::istringstream names(CINCH_CODEC_FILES);
  return {std::istream_iterator<std::string>(names), {}};
}

/// Encodes a whole value as one untyped block: the encoded bytes, in a heap block of their exact length, or nothing
/// when the codec declines.
inline std::optional<std::vector<std::byte>> encode(const Codec& codec, ByteView value,
                                                    const PlanState* plan = nullptr) {
  const Result<std::size_t> bound = codec.bound(value.size(), nullptr);
  EXPECT_TRUE(bound.has_value()) << bound.status().to_string();
  std::vector<std::byte> to(*bound);
  const auto length = codec.compress({}, plan, value, to);
  EXPECT_TRUE(length.has_value()) << length.status().to_string();
  if (!length || !*length) return std::nullopt;
  return std::vector<std::byte>(to.begin(), to.begin() + static_cast<std::ptrdiff_t>(**length));
}

}  // namespace cinch::test
