#include "transfer.hpp"

#include <algorithm>
#include <array>

#include "cinch/keys.hpp"
#include "cinch/kv_store.hpp"
#include "cinch/store_support.hpp"
#include "interrupt.hpp"
#include "output.hpp"
#include "progress.hpp"
#include "safetensors.hpp"
#include "sidecar.hpp"

namespace cinch::tool {
namespace {

/// About how many bytes of tensors are set in one batch, and held in memory. Between batches progress moves, and an
/// interrupt is heeded.
constexpr std::size_t group_bytes = std::size_t{8} << 20;

/// One batch of tensors on their way into the store.
class Group {
 public:
  Group(CompressedKvStore& store, ImportSummary& summary, Progress& progress)
      : store_(store), summary_(summary), progress_(progress) {}

  /// `fallback`: spec of the codec to use instead of the store's choice; empty: the store chooses.
  Status add(std::string key, std::vector<std::byte> bytes, const std::optional<TensorShape>& shape,
             std::string fallback) {
    bytes_ += bytes.size();
    tensors_.push_back({std::move(key), std::move(bytes), shape, std::move(fallback)});
    return bytes_ < group_bytes ? Status() : set();
  }

  Status set() {
    std::vector<SetItem> items;
    for (const Tensor& tensor : tensors_) {
      const SetOptions how{.codec = tensor.fallback, .tensor = tensor.shape};
      items.push_back({tensor.key, ByteView(tensor.bytes), how});
    }
    if (Status status = store_.batch_set(items); !status.ok()) return status;
    for (const SetItem& item : items) {
      Result<SetChoice> choice = store_.choose(item.key, item.value.size(), item.options);
      if (!choice) return choice.error();
      choice->is_fallback |= !item.options.codec.empty();
      const Result<std::optional<FrameInfo>> info = store_.inspect(item.key);
      if (!info) return info.error();
      if (*info) summary_.add(*choice, **info);
    }
    progress_.add(bytes_, bytes_);
    tensors_.clear();
    bytes_ = 0;
    return {};
  }

 private:
  struct Tensor {
    std::string key;
    std::vector<std::byte> bytes;
    std::optional<TensorShape> shape;
    std::string fallback;
  };

  CompressedKvStore& store_;
  ImportSummary& summary_;
  Progress& progress_;
  std::vector<Tensor> tensors_;
  std::size_t bytes_ = 0;
};

constexpr SetOptions as_sidecar{.codec = "raw"};

/// A header for the tensors under the prefix, where no import left one; its text is empty when there are none.
Result<SafetensorsHeader> header_of_values(CompressedKvStore& store, const std::string& prefix,
                                           std::uint64_t& left_out) {
  std::vector<NamedTensor> tensors;
  const auto visit = [&](const std::string& key) -> Status {
    if (is_sidecar(key)) return {};
    const Result<std::optional<FrameInfo>> info = store.inspect(key);
    if (!info) return about_key(info.error(), key);
    if (*info && (*info)->shape) {
      tensors.push_back({key.substr(prefix.size()), *(*info)->shape, (*info)->decoded_bytes});
    } else {
      ++left_out;
    }
    return {};
  };
  if (Status status = for_each_key(store, prefix, visit); !status.ok()) return status;
  if (tensors.empty()) return SafetensorsHeader();
  return make_safetensors_header(tensors);
}

Result<SafetensorsHeader> header_to_export(CompressedKvStore& store, const ExportOptions& options,
                                           std::uint64_t& left_out) {
  if (options.present) return header_of_values(store, options.prefix, left_out);
  const std::string key = sidecar_key(options.prefix);
  const GetResult sidecar = store.get(key);
  if (!sidecar) return about_key(sidecar.error(), key);
  if (!*sidecar) return header_of_values(store, options.prefix, left_out);
  if (std::string_view text = (*sidecar)->text(); text.starts_with(unfinished_start)) {
    text.remove_prefix(unfinished_start.size());
    return Status(StatusCode::io_error, "the import of \"" + escape_key(text) + "\" under the prefix \"" +
                                            escape_key(options.prefix) +
                                            "\" has not come to its end; import it again, or export what is there "
                                            "with --present");
  }
  Result<SafetensorsHeader> header = parse_safetensors_header(std::string((*sidecar)->text()), std::nullopt);
  if (!header) return about_key(header.error(), key);
  return header;
}

std::uint64_t tensor_bytes_of(const SafetensorsHeader& header) {
  std::uint64_t bytes = 0;
  for (const TensorEntry& tensor : header.tensors) bytes += tensor.bytes();
  return bytes;
}

/// Spec of the codec for a tensor whose shape cinch cannot hold; empty: the store chooses, whose rule may know a shape.
/// A codec that would send a tensor of this type (u8 for a type that cinch does not have) to the fallback must not get
/// the same bytes untyped, since it would guess a type: they go to the fallback by name.
Result<std::string> fallback_of(const CompressedKvStore& store, const std::string& key, const TensorEntry& tensor) {
  if (tensor.shape) return std::string();
  const Result<SetChoice> untyped = store.choose(key, tensor.bytes());
  if (!untyped) return about_key(untyped.error(), key);
  if (untyped->shape || untyped->is_fallback) return std::string();
  const Dtype dtype = parse_dtype(tensor.dtype).value_or(Dtype::u8);
  const Result<TensorShape> flat = make_tensor(dtype, std::array{tensor.bytes() * 8 / element_bits(dtype)});
  if (!flat) return about_key(flat.error(), key);
  const Result<SetChoice> typed = store.choose(key, tensor.bytes(), {.tensor = *flat});
  return typed && typed->is_fallback ? typed->codec->format().spec() : std::string();
}

/// What is wrong with a tensor before any of its bytes are read.
Status check_tensor(const CompressedKvStore& store, const TensorEntry& tensor, const ImportOptions& options) {
  const std::string key = options.prefix + tensor.name;
  const Result<std::optional<TensorShape>> shape = laid_out(tensor, options.layout);
  if (!shape) return about_key(shape.error(), key);
  if (const Result<SetChoice> choice = store.choose(key, tensor.bytes(), {.tensor = *shape}); !choice) {
    return about_key(choice.error(), key);
  }
  return fallback_of(store, key, tensor).status();
}

Status set_sidecar(CompressedKvStore& store, const std::string& key, std::string_view text) {
  return about_key(store.set(key, text, as_sidecar), key);
}

/// `invalid_argument` where a tensor's name cannot be a key.
Status check_names(const SafetensorsFile& file, const std::string& prefix) {
  for (const TensorEntry& tensor : file.header().tensors) {
    const std::string key = prefix + tensor.name;
    if (Status status = check_value_key(key); !status.ok()) return about_key(status, key);
  }
  const std::string sidecar = sidecar_key(prefix);
  return about_key(check_key(sidecar), sidecar);
}

}  // namespace

Status check_import(const CompressedKvStore& store, const SafetensorsFile& file, const ImportOptions& options) {
  if (Status status = check_names(file, options.prefix); !status.ok()) return status.in(file.path());
  for (const TensorEntry& tensor : file.header().tensors) {
    if (Status status = check_tensor(store, tensor, options); !status.ok()) return status;
  }
  const std::string sidecar = sidecar_key(options.prefix);
  const std::size_t longest = std::max(file.header().text.size(), unfinished_sidecar(file.path()).size());
  if (const Result<SetChoice> choice = store.choose(sidecar, longest, as_sidecar); !choice) {
    return about_key(choice.error(), sidecar).in("the header of " + file.path());
  }
  return {};
}

Result<ImportSummary> import_tensors(CompressedKvStore& store, const SafetensorsFile& file,
                                     const ImportOptions& options) {
  // The header comes last: an import that was cut short leaves none that does not fit its tensors.
  const std::string sidecar = sidecar_key(options.prefix), unfinished = unfinished_sidecar(file.path());
  if (Status status = set_sidecar(store, sidecar, unfinished); !status.ok()) return status;
  ImportSummary summary;
  Progress progress("import", tensor_bytes_of(file.header()), options.quiet);
  Group group(store, summary, progress);
  for (const TensorEntry& tensor : file.header().tensors) {
    if (interrupted()) return Status(StatusCode::cancelled, "interrupted; import the file again");
    std::string key = options.prefix + tensor.name;
    const Result<std::optional<TensorShape>> shape = laid_out(tensor, options.layout);
    if (!shape) return about_key(shape.error(), key);
    Result<std::string> fallback = fallback_of(store, key, tensor);
    if (!fallback) return fallback.error();
    Result<std::vector<std::byte>> bytes = file.read(tensor);
    Status status = bytes ? group.add(std::move(key), std::move(*bytes), *shape, std::move(*fallback)) : bytes.error();
    if (!status.ok()) return status;
  }
  if (Status status = group.set(); !status.ok()) return status;
  if (Status status = set_sidecar(store, sidecar, file.header().text); !status.ok()) return status;
  return summary;
}

Result<ExportSummary> export_tensors(CompressedKvStore& store, const std::string& path, const ExportOptions& options) {
  ExportSummary summary;
  const Result<SafetensorsHeader> header = header_to_export(store, options, summary.left_out);
  if (!header) return header.error();
  if (header->text.empty()) {
    summary.absent = "a tensor under the prefix \"" + escape_key(options.prefix) + '"';
    return summary;
  }
  Result<OutputFile> file = OutputFile::create(path);
  if (!file) return file.error();
  if (Status status = file->write(as_bytes(header->file_start())); !status.ok()) return status;
  Progress progress("export", tensor_bytes_of(*header), options.quiet);
  for (const TensorEntry& tensor : header->tensors) {
    if (interrupted()) return Status(StatusCode::cancelled, "interrupted; nothing was exported");
    const std::string key = options.prefix + tensor.name;
    const GetResult value = store.get(key);
    if (!value) return about_key(value.error(), key);
    if (!*value) {
      summary.absent =
          describe_key(key) + (options.present ? "" : ", a tensor of the imported file (--present leaves it out),");
      return summary;
    }
    if ((*value)->size() != tensor.bytes()) {
      return Status(StatusCode::io_error, describe_key(key) + ": holds " + std::to_string((*value)->size()) +
                                              " bytes, expected the " + std::to_string(tensor.bytes()) +
                                              " of the imported tensor; was it set since? --present exports what is "
                                              "there");
    }
    if (Status status = file->write((*value)->bytes()); !status.ok()) return status;
    ++summary.tensors;
    summary.raw_bytes += tensor.bytes();
    progress.add(tensor.bytes(), tensor.bytes());
  }
  if (Status status = file->commit(); !status.ok()) return status;
  return summary;
}

}  // namespace cinch::tool
