#include "help_text.hpp"

namespace cinch::tool {
namespace {

/// Names of arguments without what CLI11 knows of them, which is said in words where it matters.
class HelpFormatter : public CLI::Formatter {
 public:
  HelpFormatter() {
    label("Positionals", "Arguments");
    label("SUBCOMMAND", "COMMAND");
  }

  std::string make_option_usage(const CLI::Option* option) const override {
    if (option->get_expected_max() < max_keys) return CLI::Formatter::make_option_usage(option);
    return "[" + make_option_name(option, true) + "...]";
  }

  std::string make_option_opts(const CLI::Option* option) const override {
    if (option->get_positional() || !takes_argument(*option)) return "";
    return ' ' + argument_name(*option) + (option->get_required() ? " (required)" : "");
  }
};

}  // namespace

std::shared_ptr<CLI::FormatterBase> help_formatter() { return std::make_shared<HelpFormatter>(); }

std::string full_name(const CLI::App& command) {
  const CLI::App* parent = command.get_parent();
  return parent && parent->get_parent() ? full_name(*parent) + " " + command.get_name() : command.get_name();
}

const CLI::App& typed_command(const CLI::App& app) {
  const std::vector<CLI::App*> typed = app.get_subcommands();
  return typed.empty() ? app : typed_command(*typed.front());
}

bool takes_argument(const CLI::Option& option) { return option.get_items_expected_max() != 0; }

std::string argument_name(const CLI::Option& option) {
  const std::string name = option.get_type_name();
  return name.substr(0, name.find(':'));
}

}  // namespace cinch::tool
