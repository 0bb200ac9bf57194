#include "engine/plugin_file.hpp"

#include <elf.h>
#include <gelf.h>
#include <libelf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <memory>
#include <optional>

#include "engine/names.hpp"
#include "engine/printable.hpp"

namespace cinch {
namespace {

constexpr std::uint64_t max_manifest_bytes = 64 << 10;
constexpr std::uint64_t max_table_bytes = 16 << 20;  // of each: dynamic symbols, and their names
constexpr std::string_view entry_prefix = "cinch_plugin_entry_v";

#if defined(__x86_64__)
constexpr std::uint16_t host_machine = EM_X86_64;
#elif defined(__aarch64__)
constexpr std::uint16_t host_machine = EM_AARCH64;
#endif

struct ElfCloser {
  void operator()(Elf* elf) const noexcept { elf_end(elf); }
};
using ElfFile = std::unique_ptr<Elf, ElfCloser>;

struct Section {
  Elf_Scn* section = nullptr;
  GElf_Shdr header{};
};

/// libelf allocates whatever the ELF header asks for, so the header is checked against the file before libelf sees it.
Status check_elf_header(int fd) {
  struct stat file {};
  Elf64_Ehdr header{};
  if (fstat(fd, &file) != 0 || pread(fd, &header, sizeof header, 0) != static_cast<ssize_t>(sizeof header) ||
      std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) {
    return refused("not_a_plugin", "it is no ELF file");
  }
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB) {
    return refused("bad_platform", "it is not a 64-bit little-endian ELF file; " CINCH_PLATFORM " is expected");
  }
  if (header.e_machine != host_machine) {
    return refused("bad_platform", "it is built for ELF machine " + std::to_string(header.e_machine) + ", expected " +
                                       std::to_string(host_machine) + " (" CINCH_PLATFORM ")");
  }
  if (header.e_type != ET_DYN) return refused("not_a_plugin", "it is an ELF file, but no shared object");
  const auto size = static_cast<std::uint64_t>(file.st_size);
  const std::uint64_t table = std::uint64_t{header.e_shnum} * sizeof(Elf64_Shdr);
  if (header.e_shnum == 0 || header.e_shentsize != sizeof(Elf64_Shdr) || header.e_shoff > size ||
      table > size - header.e_shoff || header.e_phnum == PN_XNUM) {
    return refused("not_a_plugin", "its ELF section table is missing or cut off");
  }
  return {};
}

std::optional<Section> section_at(Elf* elf, std::size_t index) {
  Section found{elf_getscn(elf, index), {}};
  if (!found.section || !gelf_getshdr(found.section, &found.header)) return std::nullopt;
  return found;
}

std::optional<Section> find_section(Elf* elf, auto&& matches) {
  for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf, section)) != nullptr;) {
    Section found{section, {}};
    if (gelf_getshdr(section, &found.header) && matches(found.header)) return found;
  }
  return std::nullopt;
}

/// The bytes of a section in the file; empty if it has none or more than `most`, or if they lie outside the file.
ByteView section_bytes(const Section& section, std::uint64_t most) {
  if (section.header.sh_type == SHT_NOBITS || section.header.sh_size > most) return {};
  const Elf_Data* data = elf_rawdata(section.section, nullptr);
  if (!data || !data->d_buf || data->d_size != section.header.sh_size) return {};
  return {static_cast<const std::byte*>(data->d_buf), data->d_size};
}

template <std::size_t size>
std::optional<std::string> padded_text(const char (&field)[size]) {
  const std::string_view whole(field, size);
  const std::size_t end = whole.find('\0');
  if (end == whole.npos || whole.find_first_not_of('\0', end) != whole.npos) return std::nullopt;
  const std::string_view text = whole.substr(0, end);
  return is_printable(text) ? std::optional(std::string(text)) : std::nullopt;
}

template <std::size_t size>
std::optional<std::string> identifier(const char (&field)[size]) {
  std::optional<std::string> text = padded_text(field);
  return text && is_identifier(*text) ? text : std::nullopt;
}

Status corrupt_manifest(std::string_view what) { return refused("manifest_corrupt", what); }

/// Refuses a provider with requirements of a newer header that this host does not know.
Status check_caps(const cinch_manifest_provider_v1& provider) {
  constexpr std::uint64_t must_understand = ~std::uint64_t{0xffffffff};
  const std::uint64_t unknown = provider.caps & must_understand & ~(CINCH_CAP_LOSSY | CINCH_CAP_TYPED_REQUIRED);
  if (unknown != 0) {
    return refused("needs_host_cap", "it has capability bit " + std::to_string(std::countr_zero(unknown)) +
                                         ", which this host does not know; update cinch");
  }
  if (provider.required_host_caps != 0) {
    return refused("needs_host_cap", "it needs host capability " +
                                         std::to_string(std::countr_zero(provider.required_host_caps)) +
                                         ", which this host does not have; update cinch");
  }
  return {};
}

Status read_provider(const cinch_manifest_provider_v1& raw, PluginManifest& manifest) {
  std::optional<std::string> format = identifier(raw.format_id);
  std::optional<std::string> implementation = identifier(raw.impl_id);
  if (!format || !implementation) return corrupt_manifest("a format or implementation id is not of [a-z0-9._-]");
  if (raw.reserved != 0) return corrupt_manifest("a reserved field of " + *format + " is not 0");
  if (raw.decodes_major_min > raw.format_major) {
    return corrupt_manifest(*format + ": the oldest major version it reads is newer than the one it writes");
  }
  if ((raw.caps & (CINCH_CAP_ENCODE | CINCH_CAP_DECODE)) == 0) {
    return corrupt_manifest(*format + ": neither encodes nor decodes");
  }
  for (const DeclaredProvider& other : manifest.providers) {
    if (other.info.format == *format) return corrupt_manifest(*format + " is declared twice");
  }
  manifest.providers.push_back({{*std::move(format), raw.format_major, raw.format_minor_max, raw.decodes_major_min,
                                 *std::move(implementation), "", traits_of(raw.caps)},
                                raw.caps,
                                check_caps(raw)});
  return {};
}

Status check_abi(const cinch_manifest_v1& head) {
  if (head.abi_major != CINCH_ABI_MAJOR) {
    return refused("abi_major", "it is built for ABI " + std::to_string(head.abi_major) + ", this host has " +
                                    std::to_string(CINCH_ABI_MAJOR) + "; " +
                                    (head.abi_major > CINCH_ABI_MAJOR ? "update cinch" : "rebuild the plugin"));
  }
  if (head.abi_minor_required > CINCH_ABI_MINOR) {
    return refused("abi_minor", "it needs ABI " + std::to_string(head.abi_major) + "." +
                                    std::to_string(head.abi_minor_required) + ", this host has " +
                                    std::to_string(CINCH_ABI_MAJOR) + "." + std::to_string(CINCH_ABI_MINOR) +
                                    "; update cinch");
  }
  // Minor versions of ABI 0 change existing parts; from ABI 1 on they only append.
  if (CINCH_ABI_MAJOR == 0 && head.abi_minor_built != CINCH_ABI_MINOR) {
    return refused("abi_minor", "it is built for ABI 0." + std::to_string(head.abi_minor_built) + ", this host has 0." +
                                    std::to_string(CINCH_ABI_MINOR) + "; rebuild the plugin");
  }
  return {};
}

Status read_manifest(ByteView bytes, PluginManifest& manifest) {
  cinch_manifest_v1 head{};
  if (bytes.size() < sizeof head) return corrupt_manifest("it is too short, too long, or outside the file");
  std::memcpy(&head, bytes.data(), sizeof head);
  if (std::memcmp(head.magic, "CINCHPLG", sizeof head.magic) != 0) return corrupt_manifest("it has another magic");
  std::optional<std::string> id = identifier(head.plugin_id);
  std::optional<std::string> version = padded_text(head.plugin_version);
  if (id) manifest.plugin_id = *id;
  if (version) manifest.version = *version;
  if (Status abi = check_abi(head); !abi.ok()) return abi;
  if (!id || !version || !padded_text(head.vendor) || !padded_text(head.license) || !padded_text(head.homepage) ||
      !padded_text(head.build_id) || !padded_text(head.platform)) {
    return corrupt_manifest(
        "a text is not terminated, no UTF-8 or has control characters, or the plugin's id is not of [a-z0-9._-]");
  }
  if (std::string_view(head.platform) != CINCH_PLATFORM) {
    return refused("bad_platform", "it is built for " + std::string(head.platform) + ", expected " CINCH_PLATFORM);
  }
  const std::uint64_t size = sizeof head + std::uint64_t{head.n_providers} * sizeof(cinch_manifest_provider_v1);
  if (head.reserved != 0 || head.n_providers == 0 || head.total_size != size || bytes.size() != size) {
    return corrupt_manifest("its sizes do not add up, or a reserved field is not 0");
  }
  for (std::size_t at = sizeof head; at < size; at += sizeof(cinch_manifest_provider_v1)) {
    cinch_manifest_provider_v1 provider{};
    std::memcpy(&provider, bytes.data() + at, sizeof provider);
    if (Status status = read_provider(provider, manifest); !status.ok()) return status;
  }
  const auto is_usable = [](const DeclaredProvider& provider) { return provider.refusal.ok(); };
  return std::ranges::any_of(manifest.providers, is_usable) ? Status() : manifest.providers.front().refusal;
}

/// Whether a symbol is one of cinch: of its C ABI, or of its C++ namespace, compiler-generated ones included.
bool is_of_cinch(std::string_view name) {
  if (name.starts_with("cinch_")) return true;
  if (!name.starts_with("_Z")) return false;
  name.remove_prefix(2);
  for (const std::string_view made : {"TI", "TS", "TV", "TT", "GV"}) {  // type information, tables, guards
    if (!name.starts_with(made)) continue;
    name.remove_prefix(made.size());
    break;
  }
  if (name.starts_with('Z')) name.remove_prefix(1);  // within a function
  if (!name.starts_with('N')) return false;
  name.remove_prefix(std::min(name.find_first_not_of("rVKRO", 1), name.size()));  // qualifiers of a member function
  return name.starts_with("5cinch");
}

/// Checks that the file exports its entry, a function, and nothing else, and that it imports nothing of cinch.
Status check_symbols(Elf* elf) {
  const std::optional<Section> table =
      find_section(elf, [](const GElf_Shdr& header) { return header.sh_type == SHT_DYNSYM; });
  if (!table) return refused("not_a_plugin", "it has no dynamic symbols");
  const ByteView symbols = section_bytes(*table, max_table_bytes);
  const std::optional<Section> names = section_at(elf, table->header.sh_link);
  if (symbols.empty() || !names) return refused("not_a_plugin", "its dynamic symbols are outside the file");
  const std::string_view texts = as_text(section_bytes(*names, max_table_bytes));
  bool has_entry = false;
  for (std::size_t at = 0; at + sizeof(Elf64_Sym) <= symbols.size(); at += sizeof(Elf64_Sym)) {
    Elf64_Sym symbol{};
    std::memcpy(&symbol, symbols.data() + at, sizeof symbol);
    const std::size_t end = symbol.st_name < texts.size() ? texts.find('\0', symbol.st_name) : texts.npos;
    if (end == texts.npos) return refused("not_a_plugin", "a dynamic symbol's name is outside the file");
    const std::string_view name = texts.substr(symbol.st_name, end - symbol.st_name);
    const bool is_defined = symbol.st_shndx != SHN_UNDEF;
    const bool is_seen = ELF64_ST_BIND(symbol.st_info) != STB_LOCAL &&
                         ELF64_ST_VISIBILITY(symbol.st_other) != STV_HIDDEN &&
                         ELF64_ST_VISIBILITY(symbol.st_other) != STV_INTERNAL;
    if (!is_defined && is_of_cinch(name)) {
      return refused("exports_bad", "it imports " + std::string(name) + "; plugins import nothing of cinch");
    }
    if (!is_defined || !is_seen) continue;
    if (!name.starts_with(entry_prefix)) {
      return refused("exports_bad",
                     "it exports " + std::string(name) +
                         "; plugins export their entry alone, as a linker's version script has it (one_symbol.map)");
    }
    if (name != CINCH_PLUGIN_ENTRY) continue;
    const unsigned type = ELF64_ST_TYPE(symbol.st_info);
    if (type != STT_FUNC && type != STT_GNU_IFUNC) return refused("entry_bad", "its entry is no function");
    has_entry = true;
  }
  return has_entry ? Status() : refused("entry_bad", "it does not export " CINCH_PLUGIN_ENTRY);
}

}  // namespace

Status refused(std::string_view refusal_class, std::string_view text) {
  return {StatusCode::plugin_refused, std::string(refusal_class) + ": " + std::string(text)};
}

CodecTraits traits_of(std::uint64_t caps) noexcept {
  const auto has = [caps](std::uint64_t bit) { return (caps & bit) != 0; };
  return {.encodes = has(CINCH_CAP_ENCODE),
          .decodes = has(CINCH_CAP_DECODE),
          .lossy = has(CINCH_CAP_LOSSY),
          .needs_shape = has(CINCH_CAP_TYPED_REQUIRED),
          .deterministic = has(CINCH_CAP_DETERMINISTIC_ENC)};
}

Status read_plugin_file(int fd, PluginManifest& manifest) {
  if (Status status = check_elf_header(fd); !status.ok()) return status;
  elf_version(EV_CURRENT);
  const ElfFile elf(elf_begin(fd, ELF_C_READ, nullptr));
  std::size_t names_index = 0;
  if (!elf || elf_getshdrstrndx(elf.get(), &names_index) != 0) {
    return refused("not_a_plugin", "its ELF headers are damaged");
  }
  const std::optional<Section> names = section_at(elf.get(), names_index);
  const std::string_view texts = names ? as_text(section_bytes(*names, max_table_bytes)) : "";
  const std::optional<Section> section = find_section(elf.get(), [texts](const GElf_Shdr& header) {
    const std::string_view name = header.sh_name < texts.size() ? texts.substr(header.sh_name) : "";
    return name.substr(0, name.find('\0')) == CINCH_PLUGIN_SECTION;
  });
  if (!section) return refused("not_a_plugin", "it has no section " CINCH_PLUGIN_SECTION);
  const ByteView bytes = section_bytes(*section, max_manifest_bytes);
  if (Status status = read_manifest(bytes, manifest); !status.ok()) return status;
  return check_symbols(elf.get());
}

}  // namespace cinch
