#include "safetensors.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "cinch/keys.hpp"
#include "cinch/kv_store.hpp"
#include "json_writer.hpp"

namespace cinch::tool {
namespace {

using nlohmann::json;

constexpr std::size_t length_bytes = 8;
constexpr std::uint64_t max_header_bytes = 100'000'000;     // the cap of the format's own library
constexpr int deepest = 3;                                  // header, tensor, list
constexpr std::string_view metadata_name = "__metadata__";  // of what is no tensor

Status malformed(const std::string& message) { return {StatusCode::io_error, message}; }
Status malformed(const std::string& tensor, const std::string& message) {
  return malformed("tensor \"" + escape_key(tensor) + "\": " + message);
}

std::string range_text(const TensorEntry& tensor) {
  return "data_offsets [" + std::to_string(tensor.begin) + ", " + std::to_string(tensor.end) + "]";
}

/// Reads the JSON of a header as it comes. Not by way of a document in memory, whose destructor allocates: memory that
/// runs out would end the process.
class HeaderReader final : public nlohmann::json_sax<json> {
 public:
  bool null() override { return other(); }
  bool boolean(bool) override { return other(); }
  bool number_integer(std::int64_t) override { return other(); }
  bool number_float(double, const std::string&) override { return other(); }
  bool binary(binary_t&) override { return other(); }

  bool number_unsigned(std::uint64_t number) override {
    if (depth_ != deepest || !list_) return other();
    list_->numbers.push_back(number);
    return true;
  }

  bool string(std::string& text) override {
    if (depth_ != 2 || field_ != "dtype") return other();
    fields_.dtype = {true, true, std::move(text)};
    return true;
  }

  bool start_object(std::size_t) override {
    if (depth_ == 1) fields_ = {};
    if (depth_ >= 2) other();
    return enter();
  }

  bool start_array(std::size_t) override {
    if (depth_ == 2) {
      list_ = field_ == "shape" ? &fields_.shape : field_ == "data_offsets" ? &fields_.offsets : nullptr;
      if (list_) *list_ = {true, true, {}};
      if (field_ == "dtype") other();
    } else {
      other();
    }
    return enter();
  }

  bool key(std::string& text) override {
    if (depth_ == 1) {
      name_ = std::move(text);
      if (!names_.insert(name_).second) fail(malformed(name_, "named twice in the header"));
    } else if (depth_ == 2) {
      field_ = std::move(text);
      const bool is_again = (field_ == "dtype" && fields_.dtype.given) || (field_ == "shape" && fields_.shape.given) ||
                            (field_ == "data_offsets" && fields_.offsets.given);
      if (is_again && name_ != metadata_name) fail(malformed(name_, field_ + ": given twice"));
    }
    return true;
  }

  bool end_object() override {
    if (--depth_ == 1 && name_ != metadata_name) finish_tensor();
    return true;
  }

  bool end_array() override {
    --depth_;
    if (depth_ == 2) list_ = nullptr;
    return true;
  }

  bool parse_error(std::size_t, const std::string&, const json::exception& error) override {
    status_ = malformed("the header is not JSON: " + std::string(error.what()));
    return false;
  }

  Status& status() noexcept { return status_; }
  std::vector<TensorEntry>& tensors() noexcept { return tensors_; }

 private:
  struct Text {
    bool given = false;
    bool ok = false;
    std::string text;
  };
  struct List {
    bool given = false;
    bool ok = false;  // whole numbers of 64 bits, all of them
    std::vector<std::uint64_t> numbers;
  };
  struct Fields {
    Text dtype;
    List shape;
    List offsets;
  };

  void fail(Status status) {
    if (status_.ok()) status_ = std::move(status);
  }

  bool enter() {
    if (depth_ == deepest && !std::exchange(is_too_deep_, true)) {
      status_ = malformed("the header is nested deeper than the format's");
    }
    ++depth_;
    return true;
  }

  /// A value that is not what belongs there, unless it is in a place where anything may be.
  bool other() {
    if (depth_ == 0) fail(malformed("the header is not a JSON object"));
    if (depth_ == 1 && name_ == metadata_name) fail(malformed(name_ + ": expected an object"));
    if (depth_ == 1) fail(malformed(name_, "expected an object with dtype, shape and data_offsets"));
    if (depth_ == 2 && field_ == "dtype") fields_.dtype = {true, false, {}};
    if (depth_ == 2 && field_ == "shape") fields_.shape = {true, false, {}};
    if (depth_ == 2 && field_ == "data_offsets") fields_.offsets = {true, false, {}};
    if (depth_ >= deepest && list_) list_->ok = false;
    return true;
  }

  void finish_tensor();

  int depth_ = 0;
  bool is_too_deep_ = false;
  std::string name_;      // of the tensor that is read
  std::string field_;     // of it
  List* list_ = nullptr;  // that is read; null: one that nobody asks for
  Fields fields_;
  std::set<std::string> names_;
  std::vector<TensorEntry> tensors_;
  Status status_;
};

/// Bits of an element; nothing for a type that neither cinch nor this list knows.
std::optional<std::uint32_t> bits_of(const std::string& dtype) {
  if (const std::optional<Dtype> known = parse_dtype(dtype)) return element_bits(*known);
  static const std::map<std::string, std::uint32_t> others = {
      {"F4", 4}, {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"F8_E8M0", 8}, {"C64", 64}};
  const auto found = others.find(dtype);
  return found == others.end() ? std::nullopt : std::optional(found->second);
}

/// Bytes of dense elements of a size in bits; nothing on overflow, or when they do not fill whole bytes.
std::optional<std::uint64_t> dense_bytes(std::uint32_t bits, std::span<const std::uint64_t> dims) {
  std::uint64_t total_bits = bits;
  for (const std::uint64_t dim : dims) {
    if (__builtin_mul_overflow(total_bits, dim, &total_bits)) return std::nullopt;
  }
  return total_bits % 8 == 0 ? std::optional(total_bits / 8) : std::nullopt;
}

Result<TensorEntry> make_tensor_entry(const std::string& name, std::string dtype,
                                      const std::vector<std::uint64_t>& dims, std::uint64_t begin, std::uint64_t end) {
  TensorEntry tensor;
  tensor.name = name;
  tensor.dtype = std::move(dtype);
  tensor.begin = begin;
  tensor.end = end;
  if (const std::optional<std::uint32_t> bits = bits_of(tensor.dtype)) {
    const std::optional<std::uint64_t> expected = dense_bytes(*bits, dims);
    if (!expected) return malformed(name, "shape: its elements overflow or do not fill whole bytes");
    if (*expected != tensor.bytes()) {
      return malformed(name, range_text(tensor) + ": " + std::to_string(tensor.bytes()) + " bytes, expected " +
                                 std::to_string(*expected) + " for its dtype and shape");
    }
  }
  const std::optional<Dtype> known = parse_dtype(tensor.dtype);
  if (known && dims.size() <= max_tensor_dims) {
    if (const Result<TensorShape> shape = make_tensor(*known, dims)) tensor.shape = *shape;
  }
  return tensor;
}

void HeaderReader::finish_tensor() {
  if (!status_.ok()) return;
  const auto& [dtype, shape, offsets] = fields_;
  const std::pair<bool, const char*> needed[] = {
      {dtype.given, "dtype"}, {shape.given, "shape"}, {offsets.given, "data_offsets"}};
  for (const auto& [given, field] : needed) {
    if (!given) return fail(malformed(name_, std::string("expected a field ") + field));
  }
  if (!dtype.ok) return fail(malformed(name_, "dtype: expected text"));
  if (!shape.ok) return fail(malformed(name_, "shape: expected a list of whole numbers"));
  if (!offsets.ok || offsets.numbers.size() != 2 || offsets.numbers[0] > offsets.numbers[1]) {
    return fail(malformed(name_, "data_offsets: expected [begin, end], begin not after end"));
  }
  Result<TensorEntry> tensor =
      make_tensor_entry(name_, dtype.text, shape.numbers, offsets.numbers[0], offsets.numbers[1]);
  if (!tensor) return fail(tensor.error());
  tensors_.push_back(std::move(*tensor));
}

/// Sorts by place and checks that the tensors cover the data exactly.
Status check_cover(std::vector<TensorEntry>& tensors, std::optional<std::uint64_t> data_bytes) {
  std::ranges::sort(tensors, [](const TensorEntry& a, const TensorEntry& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  std::uint64_t covered = 0;
  for (const TensorEntry& tensor : tensors) {
    if (data_bytes && tensor.end > *data_bytes) {
      return malformed(tensor.name, range_text(tensor) + " reach beyond the " + std::to_string(*data_bytes) +
                                        " bytes of data; is the file cut off?");
    }
    if (tensor.begin != covered) {
      return malformed(tensor.name, range_text(tensor) +
                                        (tensor.begin < covered ? " overlap another tensor" : " leave a gap") +
                                        ", expected to begin at " + std::to_string(covered));
    }
    covered = tensor.end;
  }
  if (data_bytes && covered != *data_bytes) {
    return malformed("the tensors end at byte " + std::to_string(covered) + " of the data, expected " +
                     std::to_string(*data_bytes));
  }
  return {};
}

bool is_utf8(const std::string& text) {
  try {
    (void)json(text).dump();
    return true;
  } catch (const json::exception&) {
    return false;
  }
}

}  // namespace

Result<std::optional<TensorShape>> laid_out(const TensorEntry& tensor, const TensorLayout& layout) {
  if (!tensor.shape || layout.empty()) return tensor.shape;
  Result<TensorShape> shape = with_layout(*tensor.shape, layout);
  if (!shape) return shape.error();
  return std::optional(*shape);
}

std::string SafetensorsHeader::file_start() const {
  std::string start;
  for (std::size_t i = 0; i < length_bytes; ++i) start += static_cast<char>(text.size() >> (8 * i) & 0xff);
  return start + text;
}

Result<SafetensorsHeader> parse_safetensors_header(std::string text, std::optional<std::uint64_t> data_bytes) {
  // The parser takes it for the end of the text.
  if (text.find('\0') != text.npos) return malformed("the header is not JSON: it has a byte of zero");
  HeaderReader reader;
  (void)json::sax_parse(text, &reader);  // what it finds wrong is in the reader's status
  if (!reader.status().ok()) return reader.status();
  SafetensorsHeader header;
  header.text = std::move(text);
  header.tensors = std::move(reader.tensors());
  if (Status status = check_cover(header.tensors, data_bytes); !status.ok()) return status;
  return header;
}

Result<SafetensorsHeader> make_safetensors_header(std::span<const NamedTensor> tensors) {
  JsonWriter document;  // and not a document of nlohmann's, whose destructor allocates, as above
  document.begin_object();
  std::uint64_t offset = 0;
  for (const NamedTensor& tensor : tensors) {
    if (!is_utf8(tensor.name)) return malformed(tensor.name, "its name is not UTF-8, which the format asks for");
    if (tensor.name == metadata_name) return malformed(tensor.name, "the format keeps that name for what is no tensor");
    std::string dtype(to_string(tensor.shape.dtype));
    std::ranges::transform(dtype, dtype.begin(), [](char c) { return c >= 'a' && c <= 'z' ? char(c - 'a' + 'A') : c; });
    document.name(tensor.name).begin_object().field("dtype", dtype);
    document.name("shape").begin_array();
    for (const std::uint64_t dim : tensor.shape.dimensions()) document.value(dim);
    document.end_array().name("data_offsets").begin_array();
    document.value(offset).value(offset + tensor.bytes).end_array().end_object();
    offset += tensor.bytes;
  }
  document.end_object();
  std::string text = document.document();
  text.pop_back();                                                               // the line's end
  text.append((length_bytes - text.size() % length_bytes) % length_bytes, ' ');  // aligns the data
  return parse_safetensors_header(std::move(text), offset);
}

Result<SafetensorsFile> SafetensorsFile::open(const std::string& path) {
  Result<InputFile> file = InputFile::open(path);
  if (!file) return file.error();
  std::array<std::byte, length_bytes> start{};
  if (file->size() < start.size()) return malformed(path + ": not a safetensors file, which has at least 8 bytes");
  if (Status status = file->read_at(0, start); !status.ok()) return status;
  std::uint64_t header_bytes = 0;
  for (std::size_t i = 0; i < start.size(); ++i) header_bytes |= std::to_integer<std::uint64_t>(start[i]) << (8 * i);
  const std::uint64_t most = std::min(max_header_bytes, file->size() - start.size());
  if (header_bytes > most) {
    return malformed(path + ": not a safetensors file, or cut off: a header of " + std::to_string(header_bytes) +
                     " bytes, expected at most " + std::to_string(most));
  }
  std::string text(static_cast<std::size_t>(header_bytes), '\0');
  if (Status status = file->read_at(start.size(), std::as_writable_bytes(std::span(text))); !status.ok()) return status;
  Result<SafetensorsHeader> header =
      parse_safetensors_header(std::move(text), file->size() - start.size() - header_bytes);
  if (!header) return header.error().in(path);
  return SafetensorsFile(std::move(*file), std::move(*header));
}

Result<std::vector<std::byte>> SafetensorsFile::read(const TensorEntry& tensor) const {
  std::vector<std::byte> bytes(static_cast<std::size_t>(tensor.bytes()));
  Status status = file_.read_at(length_bytes + header_.text.size() + tensor.begin, bytes);
  if (!status.ok()) return status;
  return bytes;
}

}  // namespace cinch::tool
