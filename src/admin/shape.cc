// SPDX-License-Identifier: Apache-2.0
#include "admin/shape.h"

#include <nlohmann/json.hpp>
#include <string>

#include "base/text.h"

namespace sluice::admin {
namespace {

class ShapeReader {
 public:
  explicit ShapeReader(std::string_view text) : rest_(text) {}

  Result<Json> read_all() {
    SLUICE_TRY(Json schema, read());
    if (!rest_.empty()) return unexpected_here();
    return schema;
  }

 private:
  Result<Json> read() {
    SLUICE_TRY(Json first, read_one());
    if (!take('|')) return first;
    Json choices = Json::array({std::move(first)});
    do {
      SLUICE_TRY(Json next, read_one());
      choices.push_back(std::move(next));
    } while (take('|'));
    return joined(std::move(choices));
  }

  Result<Json> read_one() {
    if (take('[')) {
      SLUICE_TRY(Json items, read());
      SLUICE_CHECK(expect(']'));
      return Json{{"type", "array"}, {"items", std::move(items)}};
    }
    if (take('{')) return read_members();
    if (take('\'')) {
      const std::string_view word = rest_.substr(0, rest_.find('\''));
      rest_.remove_prefix(word.size());
      SLUICE_CHECK(expect('\''));
      return Json{{"const", word}};
    }
    return read_name();
  }

  Result<Json> read_members() {
    Json schema = {{"type", "object"}};
    if (take('*')) {
      SLUICE_CHECK(expect(':'));
      SLUICE_TRY(schema["additionalProperties"], read());
      SLUICE_CHECK(expect('}'));
      return schema;
    }
    do {
      const std::string name(take_word());
      if (name.empty()) return unexpected_here();
      if (!take('?')) schema["required"].push_back(name);
      Json& member = schema["properties"][name] = {{"type", "string"}};
      if (!take(':')) continue;
      SLUICE_TRY(member, read());
    } while (take(','));
    SLUICE_CHECK(expect('}'));
    return schema;
  }

  Result<Json> read_name() {
    const std::string_view word = take_word();
    if (word.empty()) return unexpected_here();
    if (word == "any") return Json::object();
    if (word == "text") return Json{{"type", "string"}};
    for (const std::string_view type : {"integer", "number", "boolean", "null"}) {
      if (word == type) return Json{{"type", type}};
    }
    if (word[0] < 'A' || word[0] > 'Z') return unexpected_here();
    return Json{{"$ref", "#/components/schemas/" + std::string(word)}};
  }

  // Several texts are an enumeration.
  static Json joined(Json choices) {
    Json words = Json::array();
    for (const Json& choice : choices) {
      if (choice.contains("const")) words.push_back(choice["const"]);
    }
    if (words.size() < choices.size()) return {{"anyOf", std::move(choices)}};
    return {{"type", "string"}, {"enum", std::move(words)}};
  }

  void skip_blanks() {
    while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\n')) rest_.remove_prefix(1);
  }
  bool take(char c) {
    skip_blanks();
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    if (c != '\'') skip_blanks();
    return true;
  }
  Result<void> expect(char c) {
    if (take(c)) return {};
    return unexpected_here();
  }
  std::string_view take_word() {
    skip_blanks();
    std::size_t size = 0;
    while (size < rest_.size() && (is_alphanumeric(rest_[size]) || rest_[size] == '_')) ++size;
    const std::string_view word = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return word;
  }
  [[nodiscard]] std::unexpected<Error> unexpected_here() const {
    return fail(ErrorKind::invalid, "no shape begins at \"" + std::string(rest_) + "\"");
  }

  std::string_view rest_;
};

}  // namespace

Result<Json> schema_of_shape(std::string_view text) { return ShapeReader(text).read_all(); }

}  // namespace sluice::admin
