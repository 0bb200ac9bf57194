#include "cinch/codec_registry.hpp"

#include <gmock/gmock.h>

#include "tests/plugins/test_plugins.hpp"

namespace cinch::test {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;

std::string message_of(const Result<std::shared_ptr<const Codec>>& result) {
  return result ? "no failure" : std::string(result.error().message());
}

class NamedProvider final : public CodecProvider {
 public:
  explicit NamedProvider(std::string format) { info_.format = std::move(format); }
  const ProviderInfo& info() const noexcept override { return info_; }
  Result<std::string> canonical(std::string_view) const override { return std::string(); }
  Result<std::shared_ptr<const Codec>> open(std::uint16_t, std::uint16_t, std::string_view) const override {
    return Status(StatusCode::codec_missing, "not to be opened");
  }

 private:
  ProviderInfo info_;
};

TEST(CodecRegistryTest, RefusesNamesThatNoSpecCouldHave) {
  CodecRegistry registry;
  for (const char* name : {"", "a:b", "Upper", "a,b", "a b", "caf\xe9"}) {
    const Status status = registry.add(std::make_shared<NamedProvider>(name));
    EXPECT_EQ(status.code(), StatusCode::invalid_argument) << name;
  }
  EXPECT_TRUE(registry.add(std::make_shared<NamedProvider>("com.example.runs-2_b")).ok());
  EXPECT_EQ(registry.providers().size(), 2u);
}

TEST(CodecRegistryTest, HoldsRawFromTheStart) {
  const CodecRegistry registry;
  const auto raw = codec_of(registry, "raw");
  ASSERT_NE(raw, nullptr);
  EXPECT_EQ(raw->format().spec(), "raw");
  EXPECT_FALSE(encode(*raw, as_bytes("some text")).has_value()) << "raw declines always";
}

TEST(CodecRegistryTest, UnknownFormatListsTheKnownAndSuggestsTheNearest) {
  const auto codec = default_registry().codec("zsdt:level=3");
  ASSERT_FALSE(codec.has_value());
  EXPECT_EQ(codec.error().code(), StatusCode::invalid_argument);
  EXPECT_THAT(message_of(codec), ContainsRegex("known: .*lz4, .*raw, .*zstd"));
  EXPECT_THAT(message_of(codec), HasSubstr("did you mean \"zstd\"?"));
}

TEST(CodecRegistryTest, ParametersThatAreNoTextAreRefusedBeforeTheCodecSeesThem) {
  for (const char* given : {"caf\xe9", "a\nb"}) {
    const Status status = default_registry().codec(std::string("zstd:level=") + given).status();
    EXPECT_EQ(status.code(), StatusCode::invalid_argument);
    EXPECT_THAT(status.message(), HasSubstr("expected UTF-8"));
  }
}

TEST(CodecRegistryTest, UnknownParameterListsTheKnown) {
  const auto codec = default_registry().codec("zstd:lvl=3");
  EXPECT_EQ(codec.status().code(), StatusCode::invalid_argument);
  EXPECT_THAT(message_of(codec), HasSubstr("\"lvl\"; known: level, long"));
}

TEST(CodecRegistryTest, RawTakesNoParameters) {
  EXPECT_EQ(CodecRegistry().codec("raw:level=3").status().code(), StatusCode::invalid_argument);
}

TEST(CodecRegistryTest, ACodecIsOfItsProvidersVersionWithCanonicalParameters) {
  const auto codec = codec_of(default_registry(), "zstd:long=27,level=9");
  ASSERT_NE(codec, nullptr);
  EXPECT_EQ(codec->format(), (FormatId{"zstd", 1, 0, "level=9,long=27"}));
}

TEST(CodecRegistryTest, OpensEachCodecOnce) {
  const auto codec = codec_of(default_registry(), "zstd:level=9");
  EXPECT_EQ(codec_of(default_registry(), "zstd:level=9"), codec);
  EXPECT_EQ(*default_registry().decoder(codec->format()), codec);
}

TEST(CodecRegistryTest, MissingFormatIsNamedInFull) {
  const auto decoder = CodecRegistry().decoder({"com.vendor.name", 3, 1, "k=v"});
  EXPECT_EQ(decoder.status().code(), StatusCode::codec_missing);
  EXPECT_THAT(message_of(decoder), HasSubstr("com.vendor.name 3.1 (k=v)"));
}

TEST(CodecRegistryTest, MissingFormatNamesTheRefusedPluginThatHasIt) {
  CodecRegistry registry;
  PluginLoader(registry).load_file(test_plugin("broken", "entry_error"));
  const std::string message = message_of(registry.decoder({"test.valid", 1, 0, ""}));
  EXPECT_THAT(message, HasSubstr("entry_error.cinch.so: init_failed: "));
  EXPECT_THAT(message, HasSubstr("the device is not there"));
}

TEST(CodecRegistryTest, NewerVersionIsMissingNotGuessed) {
  for (const FormatId& format : {FormatId{"zstd", 1, 1, ""}, FormatId{"zstd", 2, 0, ""}, FormatId{"zstd", 0, 0, ""}}) {
    const auto decoder = default_registry().decoder(format);
    EXPECT_EQ(decoder.status().code(), StatusCode::codec_missing);
    EXPECT_THAT(message_of(decoder), HasSubstr("cinch.zstd reads versions 1 to 1.0"));
  }
}

TEST(CodecRegistryTest, UnknownStoredParametersAreMissing) {
  const auto decoder = default_registry().decoder({"zstd", 1, 0, "future=1"});
  EXPECT_EQ(decoder.status().code(), StatusCode::codec_missing);
  EXPECT_THAT(message_of(decoder), HasSubstr("unknown parameter \"future\""));
}

TEST(CodecRegistryTest, AnOlderVersionIsReadAndNotWritten) {
  const CodecRegistry registry = registry_with("codecs");
  const auto old = registry.decoder({"test.xor", 1, 0, ""});
  ASSERT_TRUE(old.has_value()) << old.status().to_string();
  EXPECT_TRUE((*old)->traits().decodes);
  EXPECT_EQ((*old)->bound(1, nullptr).status().code(), StatusCode::unsupported);
}

TEST(CodecRegistryTest, StaysUsableWhenStoredValuesNameManyParameters) {
  const CodecRegistry registry = registry_with("codecs");
  for (int salt = 1; salt < 256; ++salt) {
    EXPECT_TRUE(registry.decoder({"test.xor", 2, 1, "salt=" + std::to_string(salt)}).has_value());
  }
  EXPECT_TRUE(registry.decoder({"test.xor", 2, 1, ""}).has_value());
}

TEST(CodecRegistryTest, CopiesAreIndependent) {
  CodecRegistry registry;
  CodecRegistry copy = registry;
  PluginLoader(copy).load_file(test_plugin("codecs", "valid"));
  EXPECT_EQ(registry.providers().size(), 1u);
  EXPECT_EQ(copy.providers().size(), 2u);
  EXPECT_TRUE(registry.reports().empty());
}

/// A provider of the host's own that has one direction only.
class OneWayProvider final : public CodecProvider {
 public:
  explicit OneWayProvider(CodecTraits traits) { info_.traits = traits; }
  const ProviderInfo& info() const noexcept override { return info_; }
  Result<std::string> canonical(std::string_view) const override { return std::string(); }
  Result<std::shared_ptr<const Codec>> open(std::uint16_t, std::uint16_t, std::string_view) const override {
    return Status(StatusCode::codec_failed, "not expected to be opened");
  }

 private:
  ProviderInfo info_{"test.one-way", 1, 0, 1, "test.one-way", "the test", {}};
};

TEST(CodecRegistryTest, RefusesToWriteWhatNothingDecodes) {
  CodecRegistry registry;
  ASSERT_TRUE(registry.add(std::make_shared<OneWayProvider>(CodecTraits{.encodes = true})).ok());
  const auto codec = registry.codec("test.one-way");
  EXPECT_EQ(codec.status().code(), StatusCode::invalid_argument);
  EXPECT_THAT(message_of(codec), HasSubstr("what cannot be read is not written"));
}

TEST(CodecRegistryTest, RefusesToWriteWithADecoder) {
  CodecRegistry registry;
  ASSERT_TRUE(registry.add(std::make_shared<OneWayProvider>(CodecTraits{.decodes = true})).ok());
  EXPECT_THAT(message_of(registry.codec("test.one-way")), HasSubstr("does not encode"));
}

TEST(CodecRegistryTest, RefusesToReadWithAnEncoder) {
  CodecRegistry registry;
  ASSERT_TRUE(registry.add(std::make_shared<OneWayProvider>(CodecTraits{.encodes = true})).ok());
  EXPECT_EQ(registry.decoder({"test.one-way", 1, 0, ""}).status().code(), StatusCode::codec_missing);
}

}  // namespace
}  // namespace cinch::test
