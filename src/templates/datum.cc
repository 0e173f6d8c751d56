// SPDX-License-Identifier: Apache-2.0
#include "templates/datum.h"

#include <array>
#include <charconv>
#include <cmath>
#include <compare>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

namespace sluice::templates {
namespace {

// To copy a node of JSON takes about as long as to copy so many bytes of a text.
constexpr std::size_t kNodeWeight = 32;

constexpr double kWholeMax = 1e21;  // from here on, Go prints an exponent

std::unexpected<Error> no_member(std::string_view name, std::string_view kind) {
  return fail(ErrorKind::invalid, "there is no " + std::string(name) + " in " + std::string(kind));
}

void append_json(const Json& json, std::string& out);

void append_items(const Json& json, std::string& out) {
  out += '[';
  bool first = true;
  for (const Json& item : json) {
    if (!std::exchange(first, false)) out += ' ';
    append_json(item, out);
  }
  out += ']';
}

void append_members(const Json& json, std::string& out) {
  out += "map[";
  bool first = true;
  for (const auto& [key, value] : json.items()) {
    if (!std::exchange(first, false)) out += ' ';
    out += key;
    out += ':';
    append_json(value, out);
  }
  out += ']';
}

// As Go prints it inside of lists and maps.
void append_json(const Json& json, std::string& out) {
  if (json.is_null()) {
    out += "<nil>";
  } else if (json.is_array()) {
    append_items(json, out);
  } else if (json.is_object()) {
    append_members(json, out);
  } else {
    out += Datum::borrowed_json(json).text();
  }
}

std::size_t weight_of(const Json& json) {
  std::size_t weight = kNodeWeight;
  if (const auto* text = json.get_ptr<const std::string*>()) {
    weight += text->size();
  } else if (const auto* list = json.get_ptr<const Json::array_t*>()) {
    for (const Json& item : *list) weight += weight_of(item);
  } else if (const auto* map = json.get_ptr<const Json::object_t*>()) {
    for (const auto& [key, value] : *map) weight += key.size() + weight_of(value);
  }
  return weight;
}

std::optional<std::size_t> index_of(const Datum& index) {
  if (const auto* whole = index.integer())
    return *whole < 0 ? std::nullopt : std::optional(static_cast<std::size_t>(*whole));
  return std::nullopt;
}

// Exact also where a double cannot hold the integer.
std::partial_ordering compare(std::int64_t a, double b) {
  constexpr double kLimit = 9223372036854775808.0;  // 2^63
  if (b >= kLimit) return std::partial_ordering::less;
  if (b < -kLimit) return std::partial_ordering::greater;
  const double whole = std::trunc(b);
  const auto order = a <=> static_cast<std::int64_t>(whole);
  return std::is_neq(order) ? std::partial_ordering(order) : 0.0 <=> b - whole;
}

std::partial_ordering reversed(std::partial_ordering order) {
  if (std::is_lt(order)) return std::partial_ordering::greater;
  return std::is_gt(order) ? std::partial_ordering::less : order;
}

std::optional<std::partial_ordering> order_of(const Datum& a, const Datum& b) {
  if (a.words() != nullptr && b.words() != nullptr) return *a.words() <=> *b.words();
  if (const auto* left = a.integer()) {
    if (const auto* right = b.integer()) return *left <=> *right;
    if (const auto* right = b.real()) return compare(*left, *right);
  } else if (const auto* number = a.real()) {
    if (const auto* right = b.real()) return *number <=> *right;
    if (const auto* right = b.integer()) return reversed(compare(*right, *number));
  }
  return std::nullopt;
}

std::unexpected<Error> not_comparable(const Datum& a, const Datum& b) {
  return fail(ErrorKind::invalid,
              std::string(a.kind()) + " cannot be compared with " + std::string(b.kind()));
}

}  // namespace

std::size_t Object::length() const {
  std::size_t count = 0;
  each([&](std::string_view, const Datum&) { return ++count > 0; });
  return count;
}

std::string number_text(double value) {
  std::array<char, 64> buffer{};
  const bool whole = std::trunc(value) == value && std::abs(value) < kWholeMax;
  const auto end =
      whole ? std::to_chars(buffer.begin(), buffer.end(), value, std::chars_format::fixed)
            : std::to_chars(buffer.begin(), buffer.end(), value);
  return {buffer.data(), end.ptr};
}

Datum::Datum(std::string text, TextForm form) {
  auto owner = std::make_shared<const std::string>(std::move(text));
  const std::string_view view = *owner;
  content_ = Words{std::move(owner), view, form};
}

Datum::Datum(const Node& node) {
  if (node == nullptr) return;
  using Kind = Json::value_t;
  switch (node->type()) {
    case Kind::boolean:
      content_ = node->get<bool>();
      break;
    case Kind::number_unsigned:
      if (node->get<std::uint64_t>() > std::numeric_limits<std::int64_t>::max())
        content_ = node->get<double>();
      else
        content_ = node->get<std::int64_t>();
      break;
    case Kind::number_integer:
      content_ = node->get<std::int64_t>();
      break;
    case Kind::number_float:
      content_ = node->get<double>();
      break;
    case Kind::string:
      content_ = Words{node, node->get_ref<const std::string&>()};
      break;
    case Kind::array:
    case Kind::object:
      content_ = node;
      break;
    default:
      break;
  }
}

Datum Datum::borrowed_text(std::string_view text) {
  Datum datum;
  datum.content_ = Words{nullptr, text};
  return datum;
}

Datum Datum::text_in(const Node& owner, std::string_view text) {
  Datum datum;
  datum.content_ = Words{owner, text};
  return datum;
}

Datum Datum::borrowed_json(const Json& json) { return Datum(Node(Node(), &json)); }

const std::string_view* Datum::words() const {
  const auto* words = std::get_if<Words>(&content_);
  return words == nullptr ? nullptr : &words->view;
}

TextForm Datum::form() const {
  const auto* words = std::get_if<Words>(&content_);
  return words == nullptr ? TextForm::plain : words->form;
}

void Datum::set_form(TextForm form) {
  if (auto* words = std::get_if<Words>(&content_)) words->form = form;
}

bool Datum::is_list() const { return node() != nullptr && (*node())->is_array(); }
bool Datum::is_map() const { return node() != nullptr && (*node())->is_object(); }

bool Datum::truth() const {
  if (const auto* flag = boolean()) return *flag;
  if (const auto* number = integer()) return *number != 0;
  if (const auto* number = real()) return *number != 0;
  if (const auto* text = words()) return !text->empty();
  if (const auto* json = node()) return !(*json)->empty();
  return object() != nullptr && !(*object())->empty();
}

std::string Datum::text() const {
  if (const auto* flag = boolean()) return *flag ? "true" : "false";
  if (const auto* number = integer()) return std::to_string(*number);
  if (const auto* number = real()) return number_text(*number);
  if (const auto* text = words()) return std::string(*text);
  if (const auto* part = object()) return (*part)->text();
  if (is_null()) return "<no value>";
  std::string out;
  append_json(**node(), out);
  return out;
}

Result<Datum> Datum::member(std::string_view name) const {
  if (is_null()) return Datum();
  if (const auto* part = object()) return (*part)->member(name);
  if (!is_map()) return no_member(name, kind());
  const auto found = (*node())->find(name);
  if (found == (*node())->end()) return Datum();
  return Datum(Node(*node(), &*found));
}

Result<Datum> Datum::at(const Datum& index) const {
  if (is_null()) return fail(ErrorKind::invalid, "there is nothing to take an element of");
  if (const auto* name = index.words()) {
    if (is_map() || object() != nullptr) return member(*name);
    return fail(ErrorKind::invalid, "a text is no index of " + std::string(kind()));
  }
  const auto place = index_of(index);
  if (!place || !is_list())
    return fail(ErrorKind::invalid, index.text() + " is no index of " + std::string(kind()));
  if (*place >= (*node())->size())
    return fail(ErrorKind::invalid, "index " + index.text() + " is beyond the end of a list of " +
                                        std::to_string((*node())->size()));
  return Datum(Node(*node(), &(**node())[*place]));
}

Result<std::size_t> Datum::length() const {
  if (const auto* text = words()) return text->size();
  if (const auto* json = node()) return (*json)->size();
  if (const auto* part = object()) return (*part)->length();
  return fail(ErrorKind::invalid, std::string(kind()) + " has no length");
}

Result<Json> Datum::json() const {
  if (const auto* flag = boolean()) return Json(*flag);
  if (const auto* number = integer()) return Json(*number);
  if (const auto* number = real()) return Json(*number);
  if (const auto* text = words()) return Json(*text);
  if (const auto* json = node()) return **json;
  if (object() != nullptr)
    return fail(ErrorKind::invalid, std::string(kind()) + " is no data: read its fields");
  return Json();
}

std::string_view Datum::kind() const {
  constexpr std::array<std::string_view, 7> kKinds = {
      "nothing", "a boolean", "an integer", "a number", "a text", "a list", "an object"};
  return is_map() ? "a map" : kKinds[content_.index()];
}

std::size_t Datum::weight() const {
  if (const auto* text = words()) return text->size() + 1;
  if (const auto* part = object()) return (*part)->weight();
  return node() != nullptr ? weight_of(**node()) : 1;
}

Result<bool> equal(const Datum& a, const Datum& b) {
  if (a.is_null() || b.is_null()) return a.is_null() && b.is_null();
  if (a.boolean() != nullptr && b.boolean() != nullptr) return *a.boolean() == *b.boolean();
  const auto order = order_of(a, b);
  if (!order) return not_comparable(a, b);
  return std::is_eq(*order);
}

Result<bool> less(const Datum& a, const Datum& b) {
  const auto order = order_of(a, b);
  if (!order) return not_comparable(a, b);
  return std::is_lt(*order);
}

}  // namespace sluice::templates
