// SPDX-License-Identifier: Apache-2.0
// Datum: a value of a template. Any thread, one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "base/json.h"
#include "base/result.h"

namespace sluice::templates {

class Datum;

// What a text is a spelling of, where that is known: a value in the place of a scalar of YAML is
// read so. `json`: JSON, or a text in double quotes. `json_escaped`: the inside of such a text.
enum class TextForm { plain, json, single_quoted, json_escaped };

// A part of the data that is read member by member, and computed when it is read.
class Object {
 public:
  virtual ~Object() = default;
  // Null for an absent member of a map. Errors: `invalid` if there is no such field, or if it
  // cannot be read.
  [[nodiscard]] virtual Result<Datum> member(std::string_view name) const = 0;
  // Visits the members in the order of their names, until `visit` returns false.
  using Visit = std::function<bool(std::string_view name, const Datum& value)>;
  virtual void each(const Visit& visit) const = 0;
  // The printed form.
  [[nodiscard]] virtual std::string text() const = 0;
  [[nodiscard]] virtual bool empty() const { return false; }
  [[nodiscard]] virtual std::size_t length() const;  // the number of members
  // See Datum::weight().
  [[nodiscard]] virtual std::size_t weight() const { return 1; }
};

class Datum {
 public:
  using Node = std::shared_ptr<const Json>;
  using Part = std::shared_ptr<const Object>;

  Datum() = default;  // null
  explicit Datum(bool value) : content_(value) {}
  explicit Datum(std::int64_t value) : content_(value) {}
  explicit Datum(double value) : content_(value) {}
  explicit Datum(std::string text, TextForm form = TextForm::plain);
  explicit Datum(Part object) : content_(std::move(object)) {}
  // Scalars are taken out of the node; a list, a map and a text keep it.
  explicit Datum(const Node& node);
  // Requires: `text` outlives the datum.
  [[nodiscard]] static Datum borrowed_text(std::string_view text);
  // A text inside of `owner`, such as a key.
  [[nodiscard]] static Datum text_in(const Node& owner, std::string_view text);
  // Requires: `json` outlives the datum.
  [[nodiscard]] static Datum borrowed_json(const Json& json);

  [[nodiscard]] bool is_null() const { return std::holds_alternative<std::monostate>(content_); }
  [[nodiscard]] const bool* boolean() const { return std::get_if<bool>(&content_); }
  [[nodiscard]] const std::int64_t* integer() const { return std::get_if<std::int64_t>(&content_); }
  [[nodiscard]] const double* real() const { return std::get_if<double>(&content_); }
  // Null if the datum is no text.
  [[nodiscard]] const std::string_view* words() const;
  [[nodiscard]] TextForm form() const;
  void set_form(TextForm form);  // of a text
  // Null if the datum is no list or map of JSON.
  [[nodiscard]] const Node* node() const { return std::get_if<Node>(&content_); }
  [[nodiscard]] bool is_list() const;
  [[nodiscard]] bool is_map() const;  // of JSON
  [[nodiscard]] const Part* object() const { return std::get_if<Part>(&content_); }

  // False for null, false, 0, "", an empty list and an empty map.
  [[nodiscard]] bool truth() const;
  // The printed form: a text as it is, `<no value>` for null.
  [[nodiscard]] std::string text() const;
  // Null for a member of null. Errors: `invalid` if the datum has no members.
  [[nodiscard]] Result<Datum> member(std::string_view name) const;
  // An element of a list, or a member. Errors: `invalid`, also beyond the end of a list.
  [[nodiscard]] Result<Datum> at(const Datum& index) const;
  // Items, members or bytes. Errors: `invalid` if the datum has no length.
  [[nodiscard]] Result<std::size_t> length() const;
  // Errors: `invalid` for an object, which is no data.
  [[nodiscard]] Result<Json> json() const;
  // "a text", "a list", ...
  [[nodiscard]] std::string_view kind() const;
  // The bytes that a function has to read, about, a node of JSON counting as some: the measure of
  // work.
  [[nodiscard]] std::size_t weight() const;

 private:
  struct Words {
    std::shared_ptr<const void> owner;  // null: borrowed
    std::string_view view;
    TextForm form = TextForm::plain;
  };
  std::variant<std::monostate, bool, std::int64_t, double, Words, Node, Part> content_;
};

// A number as templates print it: whole numbers without an exponent.
[[nodiscard]] std::string number_text(double value);

// Compares numbers by value, texts by their bytes. Errors: `invalid` for kinds that cannot be
// compared.
[[nodiscard]] Result<bool> equal(const Datum& a, const Datum& b);
[[nodiscard]] Result<bool> less(const Datum& a, const Datum& b);

}  // namespace sluice::templates
