/// Writes one JSON document, front to back.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace cinch::tool {

class JsonWriter {
 public:
  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }

  /// The name of the value that comes next.
  JsonWriter& name(std::string_view name);

  /// Bytes that are not UTF-8 are replaced.
  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(bool flag);
  JsonWriter& value(std::uint64_t number);
  JsonWriter& value(std::int64_t number);
  JsonWriter& value(double number);  ///< null when it is not finite.
  JsonWriter& null();
  JsonWriter& value(std::span<const std::string> texts);

  template <class T>
  JsonWriter& value(const std::optional<T>& maybe) {
    return maybe ? value(*maybe) : null();
  }

  template <class T>
  JsonWriter& field(std::string_view field_name, const T& content) {
    return name(field_name).value(content);
  }

  /// The document and a newline.
  std::string document() { return std::move(text_) + "\n"; }

 private:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  JsonWriter& literal(std::string_view text);
  void separate();
  void quote(std::string_view text);

  std::string text_;
  bool first_ = true;  // nothing has been written yet into the innermost open array or object
};

}  // namespace cinch::tool
