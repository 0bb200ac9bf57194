// Writes the manual page and the completion for bash of the tool, out of the same text as its --help. Not installed.
//   cinch_docs man | bash
#include <algorithm>
#include <iostream>
#include <sstream>
#include <vector>

#include "command_app.hpp"
#include "help_text.hpp"
#include "json_fields.hpp"

namespace {

using namespace cinch::tool;
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

std::vector<const CLI::Option*> options_of(const CLI::App& app, bool positional) {
  std::vector<const CLI::Option*> out;
  for (const CLI::Option* option : app.get_options()) {
    const bool hidden = option->get_group().empty() || option->check_name(see_help);
    if (!hidden && option->get_positional() == positional) out.push_back(option);
  }
  return out;
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
  for (const CLI::Option* option : options_of(command, false)) {
    text += option->get_required() ? ' ' + flags(*option) : " [" + flags(*option) + ']';
  }
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
  out << ".SH JSON\n" << literal_block(json_fields);
  out << ".SH NOTES\n" << literal_block(app.get_footer());
}

std::string words(const CLI::App& app) {
  std::string out;
  for (const CLI::Option* option : options_of(app, false)) {
    for (const std::string& name : option->get_lnames()) out += " --" + name;
  }
  return out.empty() ? out : out.substr(1);
}

/// Flags whose argument help gives that name, or, without one, that take any.
std::string flags_with(const CLI::App& app, const std::string& argument = "") {
  Commands all{&app};
  collect(app, all);
  std::vector<std::string> found;
  for (const CLI::App* command : all) {
    for (const CLI::Option* option : options_of(*command, false)) {
      if (!takes_argument(*option) || (!argument.empty() && argument_name(*option) != argument)) continue;
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

/// What completes the arguments of a command: files, directories, or nothing, for keys.
std::string arguments_of(const CLI::App& command) {
  for (const CLI::Option* argument : options_of(command, true)) {
    const std::string name = argument->get_name(true);
    if (name == "DIR") return "-d";
    if (name == "FILE" || name == "OUT") return "-f";
  }
  return "";
}

std::string names_below(const CLI::App& app) {
  std::string names;
  for (const CLI::App* command : app.get_subcommands({})) {
    if (is_shown(*command)) names += (names.empty() ? "" : " ") + command->get_name();
  }
  return names;
}

constexpr const char* bash_start = R"bash(# Completion of cinch for bash.

# Answers what compgen makes of $word; bash puts it in place of what follows the last of its own breaks in the word.
_cinch_reply() {
  local breaks=${COMP_WORDBREAKS//[^:=]/} kept=
  if [[ $breaks && $word == *["$breaks"]* ]]; then kept=${word%"${word##*["$breaks"]}"}; fi
  mapfile -t COMPREPLY < <(compgen "$@" -- "$word")
  COMPREPLY=("${COMPREPLY[@]#"$kept"}")
}

_cinch_files() {
  compopt -o filenames
  _cinch_reply "$@"
}

_cinch_store() {
  if [[ $word == rocksdb:* && $COMP_WORDBREAKS == *:* ]]; then
    word=${word#rocksdb:}
    _cinch_files -d
  else
    compopt -o nospace
    _cinch_reply -W 'memory: rocksdb:'
  fi
}

_cinch() {
  # Words as the tool sees them: bash breaks them at colons and equals signs too.
  local line=${COMP_LINE:0:COMP_POINT} words word previous command= names= arguments= flags i
  read -ra words <<<"$line"
  if [[ $line == *[[:space:]] ]]; then words+=(''); fi
  word=${words[-1]} previous=${words[-2]}
  if [[ $word == --*=* ]]; then previous=${word%%=*} word=${word#*=}; fi
  COMPREPLY=()
  case $previous in
    --codec) _cinch_reply -W "$("${words[0]}" codec list 2>/dev/null | awk 'NR > 1 { print $1 }')"; return ;;
)bash";

constexpr const char* bash_end = R"bash(  esac
  if [[ $word == -* ]]; then
    _cinch_reply -W "$flags"
  elif [[ $names ]]; then
    _cinch_reply -W "$names"
  elif [[ $arguments ]]; then
    _cinch_files "$arguments"
  fi
}
complete -F _cinch cinch
)bash";

void write_bash(std::ostream& out, const CLI::App& app) {
  out << bash_start << "    " << flags_with(app, "URL") << ") _cinch_store; return ;;\n"
      << "    " << flags_with(app, "DIR") << ") _cinch_files -d; return ;;\n"
      << "    " << flags_with(app, "FILE") << ") _cinch_files -f; return ;;\n"
      << "    " << flags_with(app) << ") return ;;\n  esac\n"
      << "  for ((i = 1; i < ${#words[@]} - 1; i++)); do\n    case ${words[i]} in\n"
      << "      " << flags_with(app) << ") ((i++)) ;;\n"
      << "      -*) ;;\n      *) command+=${command:+ }${words[i]} ;;\n    esac\n  done\n"
      << "  flags='" << words(app) << " --help'\n  case $command in\n"
      << "    '') names='" << names_below(app) << "' ;;\n";
  for (const CLI::App* parent : app.get_subcommands({})) {
    const std::string names = names_below(*parent);
    if (is_shown(*parent) && !names.empty()) out << "    " << parent->get_name() << ") names='" << names << "' ;;\n";
  }
  Commands commands;
  collect(app, commands);
  for (const CLI::App* command : commands) {
    const std::string name = full_name(*command), own = words(*command);
    out << "    '" << name << "'|'" << name << " '*) arguments=" << arguments_of(*command);
    out << (own.empty() ? "" : " flags+=' " + own + "'") << " ;;\n";
  }
  out << bash_end;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
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
