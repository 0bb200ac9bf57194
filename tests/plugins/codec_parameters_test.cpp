#include <gmock/gmock.h>

#include "tests/plugins/test_plugins.hpp"

namespace cinch::test {
namespace {

using ::testing::HasSubstr;

struct Spelling {
  std::string given;
  std::string canonical;
};

class CanonicalParametersTest : public ::testing::TestWithParam<Spelling> {};

TEST_P(CanonicalParametersTest, AreSortedWithoutDefaults) {
  const CodecRegistry registry = registry_with("codecs");
  const auto codec = codec_of(registry, GetParam().given);
  ASSERT_NE(codec, nullptr);
  EXPECT_EQ(codec->format().spec(), GetParam().canonical);
}

TEST_P(CanonicalParametersTest, AreTheirOwnCanonicalForm) {
  const CodecRegistry registry = registry_with("codecs");
  const auto codec = codec_of(registry, GetParam().canonical);
  ASSERT_NE(codec, nullptr);
  EXPECT_EQ(codec->format().spec(), GetParam().canonical);
}

INSTANTIATE_TEST_SUITE_P(
    Each, CanonicalParametersTest,
    ::testing::Values(
        Spelling{"lz4", "lz4"}, Spelling{"lz4:", "lz4"}, Spelling{"lz4:acceleration=1", "lz4"},
        Spelling{"lz4:acceleration=65537", "lz4:acceleration=65537"}, Spelling{"lz4:hc=12", "lz4:hc=12"},
        Spelling{"lz4:hc=09", "lz4:hc=9"}, Spelling{"zstd:level=3", "zstd"}, Spelling{"zstd:level=-7", "zstd:level=-7"},
        Spelling{"zstd:level=22", "zstd:level=22"}, Spelling{"zstd:long=27,level=3", "zstd:long=27"},
        Spelling{"zstd:long=27,level=5", "zstd:level=5,long=27"},
        Spelling{"test.xor:salt=7,mode=fancy", "test.xor:mode=fancy,salt=7"},
        Spelling{"test.xor:mode=plain", "test.xor"}, Spelling{"quant:error=0.10", "quant"},
        Spelling{"quant:error=.2", "quant:error=0.2"}, Spelling{"quant:target=6.0,first=4", "quant:target=6"},
        Spelling{"quant:theta=1e6", "quant:theta=1e+06"}, Spelling{"quant:theta=500000", "quant:theta=5e+05"}));

struct Mistake {
  std::string given;
  std::string says;
};

class WrongParametersTest : public ::testing::TestWithParam<Mistake> {};

TEST_P(WrongParametersTest, AreRefusedWithWhatWasExpected) {
  const CodecRegistry registry = registry_with("codecs");
  const auto codec = registry.codec(GetParam().given);
  ASSERT_FALSE(codec.has_value());
  EXPECT_EQ(codec.error().code(), StatusCode::invalid_argument);
  EXPECT_THAT(std::string(codec.error().message()), HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    Each, WrongParametersTest,
    ::testing::Values(Mistake{"lz4:level=1", "unknown parameter \"level\"; known: acceleration, hc"},
                      Mistake{"lz4:acc=1", "known: acceleration, hc; did you mean \"acceleration\"?"},
                      Mistake{"zstd:levle=1", "known: level, long; did you mean \"level\"?"},
                      Mistake{"lz4:acceleration=0", "acceleration: \"0\", expected an integer from 1 to 65537"},
                      Mistake{"lz4:acceleration=65538", "from 1 to 65537"},
                      Mistake{"lz4:hc=0", "hc: \"0\", expected an integer from 1 to 12"},
                      Mistake{"lz4:hc=13", "from 1 to 12"}, Mistake{"lz4:acceleration=2,hc=9", "not together with hc"},
                      Mistake{"zstd:level=23", "level: \"23\", expected an integer from -7 to 22"},
                      Mistake{"zstd:level=-8", "from -7 to 22"}, Mistake{"zstd:level=0", "0 is no level"},
                      Mistake{"zstd:level=", "level: \"\""}, Mistake{"zstd:level=3x", "level: \"3x\""},
                      Mistake{"zstd:level=99999999999999999999", "from -7 to 22"},
                      Mistake{"zstd:level", "level: no value"}, Mistake{"zstd:level=3,level=4", "level: given twice"},
                      Mistake{"zstd:level=3,", "nothing follows the last ','"},
                      Mistake{"zstd:,level=3", "unknown parameter \"\""}, Mistake{"zstd:long=19", "from 20 to 31"},
                      Mistake{"zstd:long=32", "from 20 to 31"},
                      Mistake{"quant:error=0.0009", "error: \"0.0009\", expected a number from 0.001 to 0.9"},
                      Mistake{"quant:error=", "error: \"\""}, Mistake{"quant:error=nan", "error: \"nan\""},
                      Mistake{"quant:target=", "target: \"\", expected a number from 1.1 to 100"},
                      Mistake{"quant:target=6,error=0.10", "error and target: give one"},
                      Mistake{"quant:error=0.1,first_error=0.2", "first_error: expected no more than error"},
                      Mistake{"quant:rope=none,theta=10000", "rope=none: does not go with theta"},
                      Mistake{"quant:rope=halves,inv_freq=", "inv_freq: expected a number or more"},
                      Mistake{"quant:inv_freq=1/x", "inv_freq: \"1/x\", expected numbers"},
                      Mistake{"test.xor:mode=odd", "mode: \"odd\", expected one of plain/fancy"}));

}  // namespace
}  // namespace cinch::test
