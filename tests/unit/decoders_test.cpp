#include "engine/decoders.hpp"

#include <gtest/gtest.h>

namespace cinch {
namespace {

TEST(DecodersTest, FindWhatTheRegistryFinds) {
  const CodecRegistry& codecs = default_registry();
  const FormatId usual = codecs.codec("lz4").value()->format();
  FormatId other_parameters = usual, other_version = usual;
  other_parameters.parameters = "hc=12";
  other_version.major = 77;
  const Decoders none_is_usual(codecs), one_is_usual(codecs, usual);
  for (const Decoders* decoders : {&none_is_usual, &one_is_usual}) {
    EXPECT_EQ(decoders->find(usual)->get(), codecs.decoder(usual)->get());
    EXPECT_EQ(decoders->find(other_parameters)->get(), codecs.decoder(other_parameters)->get());
    EXPECT_EQ((**decoders->find(other_parameters)).format().parameters, "hc=12");
    EXPECT_EQ(decoders->find(other_version).status().code(), StatusCode::codec_missing);
    EXPECT_EQ(decoders->find({"nothing", 1, 0, ""}).status().code(), StatusCode::codec_missing);
  }
}

TEST(DecodersTest, AUsualOneThatCannotBeHadIsAnErrorWhenItIsAskedFor) {
  const CodecRegistry raw_alone;
  const FormatId usual{"lz4", 1, 0, ""};
  const Decoders decoders(raw_alone, usual);
  EXPECT_EQ(decoders.find(usual).status().code(), StatusCode::codec_missing);
  EXPECT_TRUE(decoders.find({"raw", 1, 0, ""}));
}

}  // namespace
}  // namespace cinch
