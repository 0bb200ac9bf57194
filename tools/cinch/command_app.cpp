#include "command_app.hpp"

#include <utility>

#include "command_checks.hpp"
#include "commands.hpp"
#include "files.hpp"
#include "help_text.hpp"

namespace cinch::tool {
namespace {

constexpr const char* general_help = R"(
Keys are shown and accepted with unprintable bytes as \xHH and a backslash as \\.

Codecs are looked for where cinch is installed, then in the directories of the config, of --plugins, and of the variable
CINCH_PLUGIN_PATH, which has colons between them.

Exit status: 0 fine; 1 the key is not there; 2 usage, config, or a codec that does not exist; 3 damaged data found;
4 the codec of a stored value is missing; 5 any other failure.

Examples:
  cinch demo
  cinch --store rocksdb:kv --codec zstd:level=3 import cache.safetensors --prefix chat/
  cinch --store rocksdb:kv stat
  cinch help COMMAND
)";

/// What is wrong with the number of seconds; CLI::Range takes "nan".
std::string check_seconds(const std::string& text) {
  double seconds = 0;
  const bool right = CLI::detail::lexical_cast(text, seconds) && seconds >= 0.001 && seconds <= 3600;
  return right ? "" : '"' + text + "\", expected 0.001 to 3600";
}

}  // namespace

CommandApp::CommandApp(Options& options) : options_(options) {
  app_.name("cinch");
  app_.footer(general_help);
  app_.formatter(help_formatter());
  app_.require_subcommand(1);
  app_.fallthrough();
  app_.set_version_flag("--version", "cinch " CINCH_VERSION, "Print the version");
  add_global_flags();
  add_value_commands();
  add_file_commands();
  add_maintenance_commands();
  add_other_commands();
}

CLI::App* CommandApp::add(CLI::App& parent, const char* name, const char* what, const char* examples, Command command) {
  CLI::App* sub = parent.add_subcommand(name, what);
  sub->fallthrough();
  sub->group("Commands");
  sub->footer(std::string("\nFlags of every command, such as --store and --config: cinch --help\n\nExamples:\n") +
              examples);
  if (command) {
    sub->final_callback([this, command] { options_.command = command; });
  } else {
    sub->require_subcommand(1);
  }
  return sub;
}

void CommandApp::add_global_flags() {
  const char* group = "Flags, before or after the command";
  CLI::Option* store = app_.add_option("--store", options_.store,
                                       "The store: rocksdb:DIRECTORY, or memory:, which ends with the command");
  CLI::Option* config = app_.add_option("--config", options_.config, "The store, its codec and more, from a TOML file");
  CLI::Option* codec =
      app_.add_option("--codec", options_.codecs,
                      "Codec to write with where no rule matches: raw, lz4 (the default), zstd:level=3, ...");
  CLI::Option* plugins =
      app_.add_option("--plugins", options_.plugins, "Load codecs from this directory too; repeatable");
  store->type_name("URL")->excludes(config)->group(group);
  config->type_name("FILE")->group(group);
  codec->type_name("SPEC")->allow_extra_args(false)->group(group);
  plugins->type_name("DIR")->allow_extra_args(false)->check(CLI::ExistingDirectory)->group(group);
  app_.add_option("--rule", options_.rules,
                  "Codec for keys that match: GLOB=SPEC, such as 'logs/*=zstd:level=9'; repeatable, the first match "
                  "counts")
      ->type_name("RULE")
      ->allow_extra_args(false)
      ->group(group);
  app_.add_flag("--json", options_.json, "Print one JSON document; cinch(1) has its fields")
      ->disable_flag_override()
      ->group(group);
  app_.add_flag("--quiet", options_.quiet, "Print no more than was asked for")->disable_flag_override()->group(group);
}

CLI::Option* CommandApp::add_key(CLI::App* command) {
  return command->add_option("KEY", options_.key, "The key")->type_name("")->required();
}

CLI::Option* CommandApp::add_prefix(CLI::App* command, const char* name, const char* what) {
  return command->add_option(name, options_.prefix, what)->type_name("");
}

void CommandApp::add_from(CLI::App* command) {
  command
      ->add_option("--from", options_.from,
                   "Begin at this key: where an earlier run was interrupted, or behind keys that damage hides")
      ->type_name("KEY");
}

void CommandApp::add_layout(CLI::App* command) {
  command
      ->add_option("--token-axis", token_axis_,
                   "The dimension that counts tokens, from 0; of three dimensions it is the first by itself")
      ->check(CLI::Range(0u, static_cast<unsigned>(max_tensor_dims - 1)))
      ->type_name("N");
  command
      ->add_option("--head-dim", options_.layout.head_dim,
                   "Length of one head, where the last dimension is heads times that")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{max_head_dim}))
      ->type_name("D");
}

void CommandApp::add_value_commands() {
  CLI::App* put = add(app_, "put", "Store a file, or standard input, under a key",
                      "  cinch --store rocksdb:kv put notes/today today.txt\n"
                      "  date | cinch --store rocksdb:kv put now\n"
                      "  cinch --store rocksdb:kv put layers.0.k k.bin --dtype bf16 --shape 0,3,64\n",
                      put_value);
  add_key(put);
  put->add_option("--dtype", dtype_, "The value is a tensor of this type: bf16, f16, f32, f8_e4m3, f8_e5m2, u8, ...")
      ->type_name("TYPE");
  put->add_option("--shape", shape_, "Its dimensions; one may be 0, which is what the value's length says")
      ->type_name("N,N,...");
  add_layout(put);
  put->add_option("FILE", options_.file, "What to store; - is standard input")->type_name("");
  CLI::App* get = add(app_, "get", "Write a value to standard output or a file",
                      "  cinch --store rocksdb:kv get now\n"
                      "  cinch --store rocksdb:kv get layers.0.k -o k.bin\n",
                      get_value);
  add_key(get);
  get->add_option("-o,--output", options_.output, "Where to; - is standard output")->type_name("FILE");
  CLI::App* del = add(app_, "del", "Remove keys; those that are not there are fine",
                      "  cinch --store rocksdb:kv del now notes/today\n"
                      "  cinch --store rocksdb:kv del --prefix chat/\n",
                      remove_values);
  // Not a list to CLI11, which would take keys such as "[a,b]" apart.
  CLI::Option* keys = del->add_option("KEY", options_.keys, "The keys");
  keys->option_text("...")->expected(max_keys)->allow_extra_args(false)->multi_option_policy(
      CLI::MultiOptionPolicy::TakeAll);
  add_prefix(del, "--prefix", "All keys that start with it")->type_name("PREFIX")->excludes(keys);
  add_key(add(app_, "exists", "Is the key there? Exit status 0 or 1",
              "  cinch --store rocksdb:kv exists now && echo there\n", value_exists));
  CLI::App* ls = add(app_, "ls", "List the keys that start with a prefix, in byte order",
                     "  cinch --store rocksdb:kv ls layers. --long\n", list_keys);
  add_prefix(ls, "PREFIX", "Only keys that start with it");
  add_from(ls);
  ls->add_flag("--long", options_.long_list, "With format, sizes, shape and expiry")->disable_flag_override();
  CLI::App* stat = add(app_, "stat",
                       "Sizes and ratios of the store by format, or all about one key.\n"
                       "A value that did not get smaller is stored as it is and counts as raw",
                       "  cinch --store rocksdb:kv stat --long\n"
                       "  cinch --store rocksdb:kv stat layers.0.k --json\n",
                       show_stat);
  add_key(stat)->required(false);
  stat->add_flag("--long", options_.long_list, "By format and size of the values")->disable_flag_override();
}

void CommandApp::add_file_commands() {
  CLI::App* import =
      add(app_, "import",
          "Store each tensor of a safetensors file under PREFIX + its name.\n"
          "Tensors of an earlier import that the file lacks stay; export gives back the file imported last",
          "  cinch --store rocksdb:kv --codec zstd import cache.safetensors --prefix chat/\n"
          "  cinch --store rocksdb:kv import lmcache.safetensors --token-axis 2 --head-dim 128\n",
          import_file);
  add_layout(import);
  import->add_option("FILE", options_.file, "The safetensors file")->type_name("")->required();
  add_prefix(import, "--prefix", "What the keys start with")->type_name("PREFIX");
  CLI::App* exporting =
      add(app_, "export", "Write the imported safetensors file back, byte for byte where its codecs are lossless",
          "  cinch --store rocksdb:kv export copy.safetensors --prefix chat/\n"
          "  cinch --store rocksdb:kv export what-is-left.safetensors --present\n",
          export_file);
  exporting->add_option("OUT", options_.output, "The file to write; - is standard output")->type_name("")->required();
  add_prefix(exporting, "--prefix", "What the keys start with")->type_name("PREFIX");
  exporting
      ->add_flag("--present", options_.present,
                 "A new file of the tensors that are there now, also where some were removed or set since the import, "
                 "or the import was cut short")
      ->disable_flag_override();
  CLI::App* verify = add(app_, "verify", "Read every value and check it",
                         "  cinch --store rocksdb:kv verify\n"
                         "  cinch --store rocksdb:kv verify chat/ --shallow --json\n"
                         "  cinch --store rocksdb:kv verify --rate 50MiB --from layers.7.k\n",
                         verify_values);
  add_prefix(verify, "PREFIX", "Only keys that start with it");
  add_from(verify);
  verify->add_option("--rate", rate_, "Read at most so many bytes a second, such as 50MiB")->type_name("SIZE");
  verify->add_flag("--shallow", options_.shallow, "Only the checksums of stored bytes, which needs no codec")
      ->disable_flag_override();
}

void CommandApp::add_maintenance_commands() {
  CLI::App* recompress =
      add(app_, "recompress",
          "Store values anew with another codec, or with the one that rules and config now give them.\n"
          "Safe to interrupt and to repeat: what is stored that way already is left alone",
          "  cinch --store rocksdb:kv --codec zstd:level=19 recompress logs/\n", recompress_values);
  recompress->add_flag("--lossy", options_.lossy, "Allow a lossy codec to change the values")->disable_flag_override();
  recompress->add_flag("--again", options_.again, "Even those that have lost something before; losses add up")
      ->disable_flag_override();
  add_prefix(recompress, "PREFIX", "Only keys that start with it");
  add_from(recompress);
  CLI::App* copy = add(app_, "copy",
                       "Copy values to another store as they are stored, which needs no codec.\n"
                       "Values of the same keys there are replaced",
                       "  cinch --store rocksdb:kv copy --to rocksdb:/mnt/other/kv chat/\n", copy_values);
  copy->add_option("--to", options_.to, "The other store; made where there is none")->type_name("URL")->required();
  add_prefix(copy, "PREFIX", "Only keys that start with it");
  add_from(copy);
  CLI::App* backup = add(app_, "backup",
                         "Make a directory that holds the store as it is now. On the same file system the two share\n"
                         "files that never change, so that it costs no space until the store moves on",
                         "  cinch --store rocksdb:kv backup kv-backup\n", back_up);
  backup->add_option("DIR", options_.file, "A directory that does not exist yet")->type_name("")->required();
  CLI::App* restore = add(app_, "restore", "Make the store, which must not exist yet, from a backup",
                          "  cinch --store rocksdb:kv restore kv-backup\n", restore_backup);
  restore->add_option("DIR", options_.file, "What backup made")->type_name("")->required();
  const char* check_example = "  cinch config check cinch.toml\n";
  CLI::App* config = add(app_, "config", "check: what a config file comes to", check_example, nullptr);
  CLI::App* check_config = add(*config, "check",
                               "Show what a config file comes to, defaults included and each key with where it comes\n"
                               "from, or all of its mistakes. Nothing is opened or made",
                               check_example, check_config_file);
  check_config->add_option("FILE", options_.file, "The config file")->type_name("")->required();
}

void CommandApp::add_other_commands() {
  const char* codecs_example = "  cinch codec list --plugins ./my-codecs\n";
  CLI::App* codec = add(app_, "codec", "list: the codecs that can be named", codecs_example, nullptr);
  add(*codec, "list", "List the codecs", codecs_example, list_codecs);
  const char* plugins_example = "  cinch plugin list --plugins ./my-codecs --why\n";
  CLI::App* plugin = add(app_, "plugin", "list: the plugin files that provide them", plugins_example, nullptr);
  CLI::App* plugins = add(*plugin, "list", "List the plugin files that were found and what became of them",
                          plugins_example, list_plugins);
  plugins->add_flag("--why", options_.why, "With the reason of each refusal")->disable_flag_override();
  CLI::App* bench = add(app_, "bench",
                        "Measure codecs on the values of a file: through a store in memory, beside the\n"
                        "plain library and memcpy. Figures are GB (1e9 bytes) of raw data a second.\n"
                        "Without --codec: raw, lz4, zstd at levels 1 and 3; for tensors also tensor and\n"
                        "quant:error=0.1. \"fell back\" counts values that went to the fallback codec",
                        "  cinch bench --input cache.safetensors\n"
                        "  cinch bench --input page.html --codec lz4 --codec zstd:level=9 --threads 2 --seconds 1\n",
                        run_bench);
  bench->add_option("--input", options_.file, "Tensors of a safetensors file, or any file in pieces of 2 MiB")
      ->type_name("FILE")
      ->required();
  add_layout(bench);
  bench->add_option("--threads", options_.threads, "Threads that share the values")
      ->check(CLI::Range(1u, max_threads))
      ->type_name("N");
  bench->add_option("--seconds", options_.seconds, "How long each figure is measured; default 2")
      ->check(check_seconds)
      ->type_name("S");
  CLI::App* demo = add(app_, "demo",
                       "Show real KV-cache tensors going through the codecs, into memory and RocksDB and back.\n"
                       "Leaves a store in ./cinch-demo",
                       "  cinch demo\n"
                       "  cinch demo cache.safetensors --codec lz4 --codec zstd:level=19\n",
                       run_demo);
  demo->add_option("FILE", options_.file, "A safetensors file instead of the sample that comes with cinch")
      ->type_name("");
  add_layout(demo);
  CLI::App* check = add(app_, "demo-check", "", "", check_demo_store)->group("");  // what `demo` runs to read back
  check->add_option("FILE", options_.file)->required();
  add_prefix(check, "--prefix", "");
  check->add_option("--seconds", options_.seconds);
}

Status CommandApp::parse_texts() {
  if (shape_) {
    Result<std::vector<std::uint64_t>> shape = parse_shape(*shape_);
    if (!shape) return shape.error();
    options_.shape = std::move(*shape);
  }
  if (token_axis_) options_.layout.token_axis = static_cast<std::uint8_t>(*token_axis_);
  if (dtype_) {
    const Result<Dtype> dtype = parse_dtype_flag(*dtype_);
    if (!dtype) return dtype.error();
    options_.dtype = *dtype;
  }
  if (rate_) {
    const Result<std::uint64_t> rate = parse_rate(*rate_);
    if (!rate) return rate.error();
    options_.bytes_per_second = *rate;
  }
  for (std::string& directory : options_.plugins) {
    Result<std::string> absolute = absolute_path(directory);
    if (!absolute) return absolute.error();
    directory = std::move(*absolute);
  }
  return {};
}

Status CommandApp::finish() {
  if (Status status = parse_texts(); !status.ok()) return status;
  const CLI::App& typed = typed_command(app_);
  const std::string name = full_name(typed);
  Status status = check_tensor_flags(options_);
  const bool is_shown = !typed.get_group().empty();  // what `demo` runs knows what it is given
  if (status.ok() && is_shown) status = check_files_have_names(app_).in(name);
  if (status.ok() && is_shown) status = check_files_have_names(typed).in(name);
  if (status.ok()) status = check_codecs_and_store(options_, name);
  if (status.ok()) status = check_recompress(options_, name);
  if (status.ok() && options_.command == remove_values) {
    status = check_removal(options_, typed.count("--prefix") > 0);
  }
  if (status.ok()) status = unescape_keys(options_, name);
  return status;
}

}  // namespace cinch::tool
