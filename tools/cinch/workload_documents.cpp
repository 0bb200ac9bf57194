// JSON documents such as a chat service keeps: a session each, with varied text, numbers and names.
#include <array>
#include <charconv>
#include <string_view>

#include "workload.hpp"

namespace cinch::tool {
namespace {

constexpr std::size_t document_count = 160;

// clang-format off
constexpr std::array words = std::to_array<std::string_view>({
    "the",      "to",       "of",        "and",      "a",        "in",        "is",       "that",      "for",
    "it",       "with",     "on",        "you",      "this",     "be",        "are",      "not",       "can",
    "have",     "as",       "or",        "from",     "an",       "your",      "if",       "when",      "which",
    "use",      "one",      "has",       "will",     "should",   "there",     "more",     "time",      "how",
    "each",     "file",     "value",     "because",  "first",    "model",     "cache",    "memory",    "before",
    "please",   "example",  "question",  "answer",   "number",   "between",   "without",  "request",   "server",
    "token",    "context",  "message",   "follow",   "change",   "people",    "weather",  "tomorrow",  "function",
    "python",   "compile",  "library",   "version",  "install",  "database",  "network",  "latency",   "throughput",
    "measure",  "kitchen",  "recipe",    "minutes",  "water",    "garden",    "flowers",  "summer",    "winter",
    "travel",   "station",  "morning",   "evening",  "language", "translate", "sentence", "paragraph", "history",
    "century",  "science",  "physics",   "energy",   "planet",   "distance",  "average",  "percent",   "finance",
    "invoice",  "customer", "delivery",  "address",  "schedule", "meeting",   "project",  "deadline",  "review",
    "patient",  "medicine", "symptom",   "exercise", "muscle",   "breakfast", "vegetable", "protein",  "quantity",
    "thread",   "process",  "scheduler", "kernel",   "storage",  "compress",  "archive",  "checksum",  "replica",
    "guitar",   "melody",   "painting",  "museum",   "theatre",  "novel",     "chapter",  "character", "dialogue",
    "mountain", "river",    "island",    "harbour",  "bridge",   "railway",   "bicycle",  "engine",    "battery",
});
// clang-format on
constexpr std::array names = std::to_array<std::string_view>(
    {"amara", "bjorn", "chen", "dilip", "elena", "farid", "grace", "hiro", "ines", "jonas", "kofi", "lucia"});
constexpr std::array models = std::to_array<std::string_view>({"small-7b-chat", "large-70b-chat", "code-13b"});
constexpr std::array topics = std::to_array<std::string_view>(
    {"programming", "cooking", "travel", "health", "history", "music", "finance", "science"});

/// splitmix64: the same documents on every machine.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() noexcept {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  std::size_t below(std::size_t limit) noexcept { return next() % limit; }

  /// Some words are frequent and most are rare, as in every text.
  std::string_view word() noexcept { return words[below(below(below(words.size()) + 1) + 1)]; }

  template <class List>
  std::string_view one_of(const List& list) noexcept {
    return list[below(list.size())];
  }

 private:
  std::uint64_t state_;
};

void add_hex(std::string& to, Random& random, std::size_t digits) {
  for (std::size_t i = 0; i < digits; ++i) {
    char digit = 0;
    std::to_chars(&digit, &digit + 1, random.below(16), 16);
    to += digit;
  }
}

void add_text(std::string& to, Random& random) {
  const std::size_t sentences = 1 + random.below(6);
  for (std::size_t s = 0; s < sentences; ++s) {
    const std::size_t begin = to.size();
    const std::size_t count = 5 + random.below(16);
    for (std::size_t w = 0; w < count; ++w) to.append(w == 0 ? "" : " ").append(random.word());
    to[begin] = static_cast<char>(to[begin] - 'a' + 'A');
    to += s + 1 == sentences ? "." : ". ";
  }
}

void add_message(std::string& to, Random& random, bool from_user, std::uint64_t& time) {
  time += 2 + random.below(240);
  to += "{\"id\":\"";
  add_hex(to, random, 16);
  to.append("\",\"role\":\"")
      .append(from_user ? "user" : "assistant")
      .append("\",\"time\":")
      .append(std::to_string(time));
  to += ",\"content\":\"";
  add_text(to, random);
  to.append("\",\"tokens\":").append(std::to_string(20 + random.below(400))).append("}");
}

std::string document(Random& random) {
  std::uint64_t time = 1'700'000'000 + random.below(30'000'000);
  std::string text = "{\"session\":\"";
  add_hex(text, random, 32);
  text.append("\",\"user\":{\"name\":\"").append(random.one_of(names)).append("\",\"id\":");
  text.append(std::to_string(random.below(100'000))).append(",\"plan\":\"").append(random.below(5) ? "free" : "team");
  text.append("\"},\"model\":\"").append(random.one_of(models)).append("\",\"temperature\":0.");
  text.append(std::to_string(1 + random.below(9)))
      .append(",\"tags\":[\"")
      .append(random.one_of(topics))
      .append("\",\"");
  text.append(random.one_of(topics)).append("\"],\"messages\":[");
  const std::size_t messages = 40 + random.below(80);
  for (std::size_t i = 0; i < messages; ++i) {
    if (i > 0) text += ',';
    add_message(text, random, i % 2 == 0, time);
  }
  return text + "]}";
}

}  // namespace

Workload make_documents() {
  Random random(20240229);
  Workload documents;
  for (std::size_t i = 0; i < document_count; ++i) {
    const std::string number = std::to_string(i);
    const std::string text = document(random);
    const ByteView bytes = as_bytes(text);
    documents.push_back({"session/" + std::string(4 - number.size(), '0') + number, {bytes.begin(), bytes.end()}, {}});
  }
  return documents;
}

}  // namespace cinch::tool
