// put, get, del, exists.
#include <algorithm>

#include "cinch/keys.hpp"
#include "commands.hpp"
#include "files.hpp"
#include "json_writer.hpp"
#include "output.hpp"
#include "session.hpp"
#include "sidecar.hpp"
#include "value_json.hpp"
#include "walk.hpp"

namespace cinch::tool {
namespace {

/// Prints how the value that was just set is stored.
ExitStatus print_stored(CompressedKvStore& store, const std::string& key) {
  const Result<std::optional<FrameInfo>> info = store.inspect(key);
  if (!info) return fail(about_key(info.error(), key));
  if (!*info) return fail_absent(key);  // removed by somebody else since
  JsonWriter json;
  json.begin_object();
  write_info(json, key, **info);
  json.end_object();
  return print(json.document());
}

/// The keys below a prefix, as far as they can be listed.
struct Below {
  std::uint64_t visible = 0;
  std::uint64_t hidden = 0;  // left out of counts
  Status status;
};

Below count_below(KvStore& store, const std::string& prefix) {
  Below below;
  below.status = visit_keys(store, prefix, {}, [&](const std::string& key) {
    ++(is_sidecar(key) ? below.hidden : below.visible);
    return Status();
  });
  return below;
}

/// Removes the keys below a prefix, up to where damage hides those that follow, and counts them: they are listed first.
Status remove_and_count_below(KvStore& store, const std::string& prefix, std::uint64_t& removed) {
  const Below before = count_below(store, prefix);
  const Result<std::uint64_t> all = store.remove_prefix(prefix);
  if (all) {
    removed = *all - before.hidden;
    return {};
  }
  removed = before.visible - std::min(before.visible, count_below(store, prefix).visible);
  return before.status.ok() ? all.error() : before.status;
}

}  // namespace

ExitStatus put_value(const Options& options) {
  if (Status status = check_value_key(*options.key); !status.ok()) return fail(status);
  const Result<StoreToOpen> to_open = store_to_open(options, Access::create);
  if (!to_open) return fail(to_open.error());
  const Result<std::string> value = read_all(options.file.value_or("-"), to_open->config.compressed.max_value_bytes);
  if (!value) return fail(value.error());  // and no store was made
  SetOptions how;
  if (options.dtype) {
    const Result<TensorShape> shape = shape_of({*options.dtype, options.shape, options.layout}, value->size());
    if (!shape) return fail(about_key(shape.error(), *options.key));
    how.tensor = *shape;
  }
  const auto model = open_model(*to_open);
  if (!model) return fail(model.error());
  if (const Result<SetChoice> choice = (*model)->choose(*options.key, value->size(), how); !choice) {
    return fail(about_key(choice.error(), *options.key));
  }
  Result<std::shared_ptr<CompressedKvStore>> store = open_store(*to_open);
  if (!store) return fail(store.error());
  Status status = (*store)->set(*options.key, *value, how);
  if (!status.ok()) return fail(about_key(status, *options.key));
  if (options.json) {
    if (const ExitStatus exit = print_stored(**store, *options.key); exit != ExitStatus::ok) return exit;
  }
  status = (*store)->close();
  return status.ok() ? ExitStatus::ok : fail(status);
}

ExitStatus get_value(const Options& options) {
  Result<std::shared_ptr<CompressedKvStore>> store = open_store(options, Access::read);
  if (!store) return fail(store.error());
  const std::string& key = *options.key;
  const GetResult value = (*store)->get(key);
  if (!value) return fail(about_key(value.error(), key));
  if (!*value) return fail_absent(key);
  const std::string output = output_path(options.output);
  const bool to_stdout = output == "-";
  if (!(options.json && to_stdout)) {
    Result<OutputFile> file = OutputFile::create(output);
    Status status = file ? file->write((*value)->bytes()) : file.error();
    if (status.ok()) status = file->commit();
    if (!status.ok()) return fail(status);
  }
  if (!options.json) return ExitStatus::ok;
  JsonWriter json;
  json.begin_object().field("key", escape_key(key)).field("raw_bytes", std::uint64_t{(*value)->size()});
  // JSON text cannot hold arbitrary bytes: the value is escaped as keys are.
  to_stdout ? json.field("value", escape_key((*value)->text())) : json.field("file", options.output);
  return print(json.end_object().document());
}

ExitStatus remove_values(const Options& options) {
  Result<std::shared_ptr<CompressedKvStore>> store = open_store(options, Access::own);
  if (!store) return fail(store.error());
  std::uint64_t removed = 0;
  Status status;
  if (!options.prefix.empty()) {
    status = options.json ? remove_and_count_below(**store, options.prefix, removed)
                          : (*store)->remove_prefix(options.prefix).status();
  }
  for (const std::string& key : options.keys) {
    const Result<bool> there = (*store)->exists(key);  // what cannot be read is there, and can be removed
    if (Status gone = (*store)->remove(key); !gone.ok()) {
      const ExitStatus before = status.ok() ? ExitStatus::ok : fail(status);
      return graver(before, fail(about_key(gone, key)));
    }
    if (!there || *there) ++removed;
  }
  const Status closed = (*store)->close();
  if (status.ok()) status = closed;
  const ExitStatus ended = status.ok() ? ExitStatus::ok : fail(status);
  if (!options.json) return ended;
  return graver(ended, print(JsonWriter().begin_object().field("removed", removed).end_object().document()));
}

ExitStatus value_exists(const Options& options) {
  Result<std::shared_ptr<CompressedKvStore>> store = open_store(options, Access::read);
  if (!store) return fail(store.error());
  const std::string& key = *options.key;
  const Result<bool> there = (*store)->exists(key);
  if (!there) return fail(about_key(there.error(), key));
  ExitStatus exit = ExitStatus::ok;
  if (options.json) {
    exit = print(
        JsonWriter().begin_object().field("key", escape_key(key)).field("exists", *there).end_object().document());
  } else if (!options.quiet) {
    exit = print(*there ? "yes\n" : "no\n");
  }
  if (exit != ExitStatus::ok) return exit;
  return *there ? ExitStatus::ok : ExitStatus::absent;
}

}  // namespace cinch::tool
