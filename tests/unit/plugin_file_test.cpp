#include "engine/plugin_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <random>

#include "tests/plugins/test_plugins.hpp"
#include "tests/support/temp_dir.hpp"

namespace cinch::test {
namespace {

Status read(const std::string& path, PluginManifest& manifest) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  Status status = read_plugin_file(fd, manifest);
  close(fd);
  return status;
}

TEST(PluginFileTest, ReadsWhatThePluginDeclares) {
  PluginManifest manifest;
  EXPECT_TRUE(read(test_plugin("codecs", "xor"), manifest).ok());
  EXPECT_EQ(manifest.plugin_id, "test.xor");
  ASSERT_EQ(manifest.providers.size(), 1u);
  EXPECT_EQ(manifest.providers[0].info.major, 2);
  EXPECT_EQ(manifest.providers[0].info.minor, 1);
  EXPECT_EQ(manifest.providers[0].info.decodes_major_min, 1);
}

TEST(PluginFileTest, NamesThePluginThoughItsAbiIsNewer) {
  PluginManifest manifest;
  EXPECT_FALSE(read(test_plugin("broken", "abi_major"), manifest).ok());
  EXPECT_EQ(manifest.plugin_id, "test.valid");
}

// Nothing is asserted of most mutations but that reading them neither crashes nor takes memory without bound.
TEST(PluginFileTest, SurvivesMutations) {
  const std::string valid = read_file(test_plugin("codecs", "valid"));
  const TempDir dir;
  const std::string path = dir.file("mutated");
  constexpr std::uint64_t seed = 20240817;
  std::mt19937_64 random(seed);
  for (int round = 0; round < 3000; ++round) {
    std::string bytes = valid;
    const bool in_sections = random() % 2 == 0;  // at the end of the file; its headers are at the start
    for (std::uint64_t changes = 1 + random() % 4; changes > 0; --changes) {
      const std::size_t at = random() % std::min<std::size_t>(bytes.size(), in_sections ? 2560 : 64);
      bytes[in_sections ? bytes.size() - 1 - at : at] = static_cast<char>(random());
    }
    write_file(path, bytes);
    PluginManifest manifest;
    const Status status = read(path, manifest);
    EXPECT_TRUE(status.ok() || status.code() == StatusCode::plugin_refused) << "seed " << seed << ", round " << round;
  }
}

// This program has the library linked in; the others of this directory load it.
TEST(BundledPluginsTest, AreFoundFromAProgramThatContainsTheLibrary) {
  for (const std::string& name : bundled_codecs()) EXPECT_NE(codec_of(default_registry(), name), nullptr);
}

}  // namespace
}  // namespace cinch::test
