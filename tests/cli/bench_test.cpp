// bench: what it prints, not how fast it is.
#include <sys/stat.h>

#include "tests/cli/safetensors_file.hpp"

namespace cinch::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class BenchTest : public CliTest {
 protected:
  Outcome bench(Args flags) const {
    flags.insert(flags.begin(), {"bench", "--seconds", "0.02"});
    return bare(flags);
  }
};

std::vector<std::string> codecs_of(const Json& figures) {
  std::vector<std::string> out;
  for (const Json& one : figures) out.push_back(one["codec"]);
  return out;
}

TEST_F(BenchTest, InJsonEveryCodecHasExactlyTheseFields) {
  const Outcome run = bench({"--input", sample_path, "--codec", "lz4", "--codec", "zstd:level=1", "--json"});
  EXPECT_EQ(run.status, 0) << run.err;
  const Json json = run.json();
  ASSERT_EQ(json.size(), 2u);
  for (const Json& one : json) {
    EXPECT_THAT(field_names(one),
                ElementsAre("codec", "decode_gbps", "encode_gbps", "fallen_back", "library_decode_gbps",
                            "library_encode_gbps", "loss", "memcpy_gbps", "ratio", "threads"));
    for (const char* figure :
         {"decode_gbps", "encode_gbps", "library_decode_gbps", "library_encode_gbps", "memcpy_gbps", "ratio"}) {
      EXPECT_GT(one[figure].get<double>(), 0) << figure;
    }
    EXPECT_EQ(one["threads"], 1);
  }
}

TEST_F(BenchTest, APipeIsNotWaitedFor) {
  ASSERT_EQ(mkfifo(dir.file("pipe").c_str(), 0600), 0);
  expect_error(bench({"--input", "pipe"}), 5, "pipe: is not a regular file");
}

TEST_F(BenchTest, CodecsAreNamedAsGiven) {
  const Json json = bench({"--input", sample_path, "--codec", "zstd:level=1", "--codec", "zstd", "--json"}).json();
  EXPECT_EQ(json[0]["codec"], "zstd:level=1");
  EXPECT_EQ(json[1]["codec"], "zstd");
}

TEST_F(BenchTest, WithoutAPlainLibraryItsFiguresAreNull) {
  write_file(dir.file("file"), "value" + std::string(10'000, '\0'));
  const Json json =
      bench({"--input", "file", "--codec", "raw", "--codec", "test.valid", "--plugins", codecs_dir, "--json"}).json();
  ASSERT_EQ(json.size(), 2u);
  for (const Json& one : json) {
    EXPECT_TRUE(one["library_encode_gbps"].is_null()) << one;
    EXPECT_TRUE(one["library_decode_gbps"].is_null()) << one;
  }
}

TEST_F(BenchTest, TheRatioIsThatOfTheStore) {
  ASSERT_EQ(cinch({"import", sample_path, "--codec", "zstd:level=3"}).status, 0);
  const double stored = cinch({"stat", "--json"}).json()["ratio"];
  const double benched = bench({"--input", sample_path, "--codec", "zstd:level=3", "--json"}).json()[0]["ratio"];
  EXPECT_DOUBLE_EQ(benched, stored);
}

TEST_F(BenchTest, ThreadsAreTold) {
  const Outcome run = bench({"--input", sample_path, "--codec", "zstd:level=1", "--threads", "2", "--json"});
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_EQ(run.json()[0]["threads"], 2);
}

TEST_F(BenchTest, MoreThreadsThanValuesAreFine) {
  write_file(dir.file("file"), "one value");
  const Outcome run = bench({"--input", "file", "--codec", "lz4", "--threads", "8", "--json"});
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_EQ(run.json()[0]["threads"], 8);
}

TEST_F(BenchTest, ItIsATableForPeople) {
  const Outcome run = bench({"--input", sample_path, "--codec", "raw", "--codec", "lz4"});
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_EQ(run.err, "");
  for (const char* text : {"codec", "threads", "ratio", "encode GB/s", "memcpy GB/s", "\nraw ", "\nlz4 "}) {
    EXPECT_THAT(run.out, HasSubstr(text));
  }
}

TEST_F(BenchTest, WithoutCodecsTensorsGoThroughThoseForTensorsToo) {
  const Json json = bench({"--input", sample_path, "--json"}).json();
  EXPECT_THAT(codecs_of(json), ElementsAre("raw", "lz4", "zstd:level=1", "zstd:level=3", "tensor", "quant:error=0.1"));
  EXPECT_GT(json[5]["loss"]["relative_error"].get<double>(), 0);
  write_file(dir.file("file"), "one value");
  EXPECT_THAT(codecs_of(bench({"--input", "file", "--json"}).json()),
              ElementsAre("raw", "lz4", "zstd:level=1", "zstd:level=3"));
}

TEST_F(BenchTest, OfTheDefaultsWhatNeedsToKnowMoreIsLeftOut) {
  save_safetensors(dir.file("cache"), R"({"w":{"dtype":"BF16","shape":[4,64],"data_offsets":[0,512]}})",
                   std::string(512, 'x'));
  const Outcome run = bench({"--input", "cache", "--json"});
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_THAT(codecs_of(run.json()), ElementsAre("raw", "lz4", "zstd:level=1", "zstd:level=3", "tensor"));
  EXPECT_THAT(run.err, HasSubstr("left out: quant:error=0.1: key \"w\""));
  EXPECT_THAT(run.err, HasSubstr("--token-axis"));
  expect_error(bench({"--input", "cache", "--codec", "quant:error=0.1"}), 2, "--token-axis");
}

TEST_F(BenchTest, ItCountsWhatACodecCouldNotTake) {
  save_safetensors(dir.file("cache"), R"({"ids":{"dtype":"I64","shape":[64],"data_offsets":[0,512]}})",
                   std::string(512, 'x'));
  const Outcome run = bench({"--input", "cache", "--codec", "lz4", "--codec", "quant:error=0.1"});
  EXPECT_THAT(run.out, HasSubstr("\nlz4  "));
  EXPECT_THAT(run.out, HasSubstr("\nquant:error=0.1 (1 fell back)  "));
}

TEST_F(BenchTest, AnyFileMayBeTheInput) {
  write_file(dir.file("text"), std::string(5 << 20, 'a'));
  const Outcome run = bench({"--input", "text", "--codec", "lz4", "--json"});
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_GT(run.json()[0]["ratio"].get<double>(), 100);
}

TEST_F(BenchTest, AFileThatIsMissingEmptyOrDamagedIsNamed) {
  expect_error(bench({"--input", "no-such-file"}), 5, "no-such-file");
  write_file(dir.file("empty"), "");
  expect_error(bench({"--input", "empty"}), 5, "empty");
  write_file(dir.file("cut.safetensors"), read_file(sample_path).substr(0, 100'000));
  expect_error(bench({"--input", "cut.safetensors"}), 5, "cut.safetensors");
}

}  // namespace
}  // namespace cinch::test
