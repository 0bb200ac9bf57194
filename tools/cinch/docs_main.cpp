// Writes the manual page and the completion for bash of the tool, out of the same text as its --help. Not installed.
//   cinch_docs man | bash
#include <algorithm>
#include <iostream>
#include <sstream>
#include <vector>

#include "command_app.hpp"

namespace {

using cinch::tool::CommandApp;
using Commands = std::vector<const CLI::App*>;

constexpr const char* see_help = "--help";

bool is_shown(const CLI::App& app) { return !app.get_group().empty(); }

/// The commands as they are typed, "codec list" and not "codec".
void collect(const CLI::App& app, Commands& out) {
  for (const CLI::App* command : app.get_subcommands({})) {
    if (!is_shown(*command)) continue;
    command->get_subcommands({}).empty() ? out.push_back(command) : collect(*command, out);
  }
}

std::string full_name(const CLI::App& command) {
  const CLI::App* parent = command.get_parent();
  return parent && parent->get_parent() ? full_name(*parent) + " " + command.get_name() : command.get_name();
}

std::vector<const CLI::Option*> options_of(const CLI::App& app, bool positional) {
  std::vector<const CLI::Option*> out;
  for (const CLI::Option* option : app.get_options()) {
    const bool hidden = option->get_group().empty() || option->check_name(see_help);
    if (!hidden && option->get_positional() == positional) out.push_back(option);
  }
  return out;
}

bool takes_argument(const CLI::Option& option) { return option.get_type_size() != 0; }

/// "N" of "N:UINT in [1 - 1024]", what CLI11 makes of a name and a check.
std::string argument_name(const CLI::Option& option) {
  const std::string name = option.get_type_name();
  return name.substr(0, name.find(':'));
}

/// "-o, --output FILE"
std::string flags(const CLI::Option& option) {
  std::string text;
  for (const std::string& name : option.get_snames()) text += (text.empty() ? "-" : ", -") + name;
  for (const std::string& name : option.get_lnames()) text += (text.empty() ? "--" : ", --") + name;
  return takes_argument(option) ? text + ' ' + argument_name(option) : text;
}

std::string synopsis(const CLI::App& command) {
  std::string text = full_name(command);
  for (const CLI::Option* option : options_of(command, false)) text += " [" + flags(*option) + ']';
  for (const CLI::Option* argument : options_of(command, true)) {
    const std::string name = argument->get_name(true) + (argument->get_expected_max() > 1 ? "..." : "");
    text += argument->get_required() ? ' ' + name : " [" + name + ']';
  }
  return text;
}

/// Text as troff takes it literally.
std::string roff(const std::string& text) {
  std::string out;
  bool line_start = true;
  for (const char c : text) {
    if (line_start && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
    line_start = c == '\n';
  }
  return out;
}

std::string literal_block(const std::string& text) {
  const std::size_t begin = text.find_first_not_of('\n');
  return ".nf\n" + roff(text.substr(begin)) + (text.back() == '\n' ? "" : "\n") + ".fi\n";
}

void write_options(std::ostream& out, const CLI::App& app) {
  for (const CLI::Option* option : options_of(app, false)) {
    out << ".TP\n.B " << roff(flags(*option)) << "\n" << roff(option->get_description()) << "\n";
  }
}

void write_man(std::ostream& out, const CLI::App& app) {
  out << ".TH CINCH 1 \"\" \"cinch " CINCH_VERSION "\" \"User Commands\"\n.SH NAME\n"
      << "cinch \\- store values compressed by codecs that are loaded at run time\n"
      << ".SH SYNOPSIS\n.B cinch\n[\\fIFLAGS\\fR] \\fICOMMAND\\fR ...\n.SH DESCRIPTION\n"
      << roff(app.get_description()) << "\n.SH FLAGS\nBefore or after the command.\n";
  write_options(out, app);
  out << ".SH COMMANDS\n";
  Commands commands;
  collect(app, commands);
  for (const CLI::App* command : commands) {
    out << ".SS " << roff(synopsis(*command)) << "\n" << roff(command->get_description()) << "\n";
    write_options(out, *command);
    out << ".PP\n" << literal_block(command->get_footer());
  }
  out << ".SH NOTES\n" << literal_block(app.get_footer());
}

std::string words(const CLI::App& app) {
  std::string out;
  for (const CLI::Option* option : options_of(app, false)) {
    for (const std::string& name : option->get_lnames()) out += " --" + name;
  }
  return out.empty() ? out : out.substr(1);
}

/// Flags whose argument is a file, by the name that help gives the argument.
std::string flags_with(const CLI::App& app, const std::vector<std::string>& types) {
  Commands all{&app};
  collect(app, all);
  std::vector<std::string> found;
  for (const CLI::App* command : all) {
    for (const CLI::Option* option : options_of(*command, false)) {
      if (std::ranges::find(types, argument_name(*option)) == types.end()) continue;
      for (const std::string& name : option->get_lnames()) found.push_back("--" + name);
      for (const std::string& name : option->get_snames()) found.push_back("-" + name);
    }
  }
  std::ranges::sort(found);
  found.erase(std::unique(found.begin(), found.end()), found.end());
  std::string out;
  for (const std::string& name : found) out += (out.empty() ? "" : "|") + name;
  return out;
}

void write_bash(std::ostream& out, const CLI::App& app) {
  Commands commands;
  collect(app, commands);
  std::string first;
  for (const CLI::App* command : app.get_subcommands({})) {
    if (is_shown(*command)) first += (first.empty() ? "" : " ") + command->get_name();
  }
  out << "# Completion of cinch for bash.\n_cinch() {\n"
      << "  local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} command= i\n"
      << "  COMPREPLY=()\n"
      << "  case $previous in\n"
      << "    --codec) COMPREPLY=($(compgen -W \"$(\"${COMP_WORDS[0]}\" codec list 2>/dev/null | "
         "awk 'NR > 1 { print $1 }')\" -- \"$word\")); return ;;\n"
      << "    " << flags_with(app, {"URL"})
      << ") COMPREPLY=($(compgen -W 'memory: rocksdb:' -- \"$word\")); compopt -o nospace; return ;;\n"
      << "    " << flags_with(app, {"DIR"}) << ") COMPREPLY=($(compgen -d -- \"$word\")); return ;;\n"
      << "    " << flags_with(app, {"FILE"}) << ") COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n"
      << "    " << flags_with(app, {"KEY", "PREFIX", "RULE", "SIZE", "N", "S"}) << ") return ;;\n  esac\n"
      << "  for ((i = 1; i < COMP_CWORD; i++)); do\n    case ${COMP_WORDS[i]} in\n"
      << "      " << flags_with(app, {"URL", "SPEC", "DIR", "FILE", "KEY", "PREFIX", "RULE", "SIZE", "N", "S"})
      << ") ((i++)) ;;\n      -*) ;;\n      *) command+=${command:+ }${COMP_WORDS[i]} ;;\n    esac\n  done\n"
      << "  local flags='" << words(app) << " --help'\n  case $command in\n"
      << "    '') COMPREPLY=($(compgen -W \"" << first << " $flags\" -- \"$word\")) ;;\n";
  for (const CLI::App* parent : app.get_subcommands({})) {
    Commands below;
    collect(*parent, below);
    if (below.empty() || !is_shown(*parent)) continue;
    std::string names;
    for (const CLI::App* command : below) names += (names.empty() ? "" : " ") + command->get_name();
    out << "    '" << parent->get_name() << "') COMPREPLY=($(compgen -W \"" << names << "\" -- \"$word\")) ;;\n";
  }
  for (const CLI::App* command : commands) {
    const std::string name = full_name(*command);
    out << "    '" << name << "'|'" << name << " '*)\n"
        << "      if [[ $word == -* ]]; then COMPREPLY=($(compgen -W \"" << words(*command)
        << " $flags\" -- \"$word\"))\n      else COMPREPLY=($(compgen -f -- \"$word\")); fi ;;\n";
  }
  out << "  esac\n}\ncomplete -o filenames -F _cinch cinch\n";
}

}  // namespace

int main(int argc, char** argv) {
  cinch::tool::Options options;
  CommandApp command(options);
  const std::string what = argc == 2 ? argv[1] : "";
  if (what == "man") {
    write_man(std::cout, command.app());
  } else if (what == "bash") {
    write_bash(std::cout, command.app());
  } else {
    std::cerr << "usage: cinch_docs man | bash\n";
    return 2;
  }
  return std::cout.flush() ? 0 : 1;
}
