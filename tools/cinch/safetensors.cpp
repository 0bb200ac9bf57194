#include "safetensors.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "cinch/kv_store.hpp"

namespace cinch::tool {
namespace {

using nlohmann::json;

constexpr std::size_t length_bytes = 8;
constexpr std::uint64_t max_header_bytes = 100'000'000;  // the cap of the format's own library
constexpr int deepest = 3;                               // header, tensor, list

Status malformed(const std::string& message) { return {StatusCode::io_error, message}; }
Status malformed(const std::string& tensor, const std::string& message) {
  return malformed("tensor \"" + escape_key(tensor) + "\": " + message);
}

std::string range_text(const TensorEntry& tensor) {
  return "data_offsets [" + std::to_string(tensor.begin) + ", " + std::to_string(tensor.end) + "]";
}

/// The header's JSON. Repeated names and deep nesting, which a document object model hides or chokes on, are refused.
Result<json> parse_document(const std::string& text) {
  std::set<std::string> names;
  std::string repeated;
  bool too_deep = false;
  const auto watch = [&](int depth, json::parse_event_t event, json& parsed) {
    if (event == json::parse_event_t::key && depth == 1) {
      auto name = parsed.get<std::string>();
      if (!names.insert(name).second) repeated = std::move(name);
    }
    const bool opens = event == json::parse_event_t::object_start || event == json::parse_event_t::array_start;
    if (opens && depth >= deepest) too_deep = true;
    return !(opens && depth >= deepest);
  };
  try {
    json document = json::parse(text, watch);
    if (!repeated.empty()) return malformed(repeated, "named twice in the header");
    if (too_deep) return malformed("the header is nested deeper than the format's");
    if (!document.is_object()) return malformed("the header is not a JSON object");
    return document;
  } catch (const json::exception& error) {
    return malformed("the header is not JSON: " + std::string(error.what()));
  }
}

/// Bits of an element; nothing for a type that neither cinch nor this list knows.
std::optional<std::uint32_t> bits_of(const std::string& dtype) {
  if (const std::optional<Dtype> known = parse_dtype(dtype)) return element_bits(*known);
  static const std::map<std::string, std::uint32_t> others = {
      {"F4", 4}, {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"F8_E8M0", 8}, {"C64", 64}};
  const auto found = others.find(dtype);
  return found == others.end() ? std::nullopt : std::optional(found->second);
}

/// A list of whole numbers of 64 bits.
std::optional<std::vector<std::uint64_t>> numbers(const json& list) {
  if (!list.is_array()) return std::nullopt;
  std::vector<std::uint64_t> out;
  for (const json& number : list) {
    if (!number.is_number_unsigned()) return std::nullopt;
    out.push_back(number.get<std::uint64_t>());
  }
  return out;
}

/// Bytes of dense elements of a size in bits; nothing on overflow, or when they do not fill whole bytes.
std::optional<std::uint64_t> dense_bytes(std::uint32_t bits, std::span<const std::uint64_t> dims) {
  std::uint64_t total_bits = bits;
  for (const std::uint64_t dim : dims) {
    if (__builtin_mul_overflow(total_bits, dim, &total_bits)) return std::nullopt;
  }
  return total_bits % 8 == 0 ? std::optional(total_bits / 8) : std::nullopt;
}

Result<TensorEntry> parse_tensor(const std::string& name, const json& fields) {
  if (!fields.is_object()) return malformed(name, "expected an object with dtype, shape and data_offsets");
  for (const char* needed : {"dtype", "shape", "data_offsets"}) {
    if (!fields.contains(needed)) return malformed(name, std::string("expected a field ") + needed);
  }
  TensorEntry tensor;
  tensor.name = name;
  if (!fields["dtype"].is_string()) return malformed(name, "dtype: expected text");
  tensor.dtype = fields["dtype"].get<std::string>();
  const auto dims = numbers(fields["shape"]);
  if (!dims) return malformed(name, "shape: expected a list of whole numbers");
  const auto offsets = numbers(fields["data_offsets"]);
  if (!offsets || offsets->size() != 2 || offsets->front() > offsets->back()) {
    return malformed(name, "data_offsets: expected [begin, end], begin not after end");
  }
  tensor.begin = offsets->front();
  tensor.end = offsets->back();
  if (const std::optional<std::uint32_t> bits = bits_of(tensor.dtype)) {
    const std::optional<std::uint64_t> expected = dense_bytes(*bits, *dims);
    if (!expected) return malformed(name, "shape: its elements overflow or do not fill whole bytes");
    if (*expected != tensor.bytes()) {
      return malformed(name, range_text(tensor) + ": " + std::to_string(tensor.bytes()) + " bytes, expected " +
                                 std::to_string(*expected) + " for its dtype and shape");
    }
  }
  const std::optional<Dtype> dtype = parse_dtype(tensor.dtype);
  if (dtype && dims->size() <= max_tensor_dims) {
    if (const Result<TensorShape> shape = make_tensor(*dtype, *dims)) tensor.shape = *shape;
  }
  return tensor;
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

}  // namespace

std::string SafetensorsHeader::file_start() const {
  std::string start;
  for (std::size_t i = 0; i < length_bytes; ++i) start += static_cast<char>(text.size() >> (8 * i) & 0xff);
  return start + text;
}

Result<SafetensorsHeader> parse_safetensors_header(std::string text, std::optional<std::uint64_t> data_bytes) {
  const Result<json> document = parse_document(text);
  if (!document) return document.error();
  SafetensorsHeader header;
  header.text = std::move(text);
  for (const auto& [name, fields] : document->items()) {
    if (name == "__metadata__") {
      if (!fields.is_object()) return malformed("__metadata__: expected an object");
      continue;
    }
    Result<TensorEntry> tensor = parse_tensor(name, fields);
    if (!tensor) return tensor.error();
    header.tensors.push_back(std::move(*tensor));
  }
  if (Status status = check_cover(header.tensors, data_bytes); !status.ok()) return status;
  return header;
}

Result<SafetensorsHeader> make_safetensors_header(std::span<const NamedTensor> tensors) {
  nlohmann::ordered_json document = nlohmann::ordered_json::object();
  std::uint64_t offset = 0;
  for (const NamedTensor& tensor : tensors) {
    std::string dtype(to_string(tensor.shape.dtype));
    std::ranges::transform(dtype, dtype.begin(), [](char c) { return c >= 'a' && c <= 'z' ? char(c - 'a' + 'A') : c; });
    document[tensor.name] = {
        {"dtype", dtype}, {"shape", tensor.shape.dimensions()}, {"data_offsets", {offset, offset + tensor.bytes}}};
    offset += tensor.bytes;
  }
  try {
    std::string text = document.dump();
    text.append((length_bytes - text.size() % length_bytes) % length_bytes, ' ');  // aligns the data
    return parse_safetensors_header(std::move(text), offset);
  } catch (const json::exception&) {
    return malformed("a tensor's name is not UTF-8, which the format asks for");
  }
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
