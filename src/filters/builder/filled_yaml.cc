// SPDX-License-Identifier: Apache-2.0
#include "filters/builder/filled_yaml.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/utf8.h"
#include "config/encoder.h"
#include "config/faults.h"
#include "config/from_json.h"
#include "templates/parse_json.h"

namespace sluice::filters {
namespace {

using config::Value;
using templates::MarkEnd;
using templates::RenderedValue;
using templates::TextForm;

constexpr std::size_t kJsonBytesMax = 512 * 1024;  // of all values that are read as JSON
constexpr std::size_t kFilledBytesMax = std::size_t{8} << 20;  // anchors repeat values

// The kinds of places in a document. The first take a list or a map.
enum class Place {
  message,   // method, url, headers, ...
  fields,    // headers
  forms,     // formData
  form,      // a member of it
  changes,   // header, path, ...
  headers,   // header
  settings,  // header.set and its like
  path,      // path
  data,
  inside,   // of data, or of a body that is a list or a map
  text,     // an empty one stands for none
  setting,  // an empty one is one
  body,
};

Place root_of(Described described) {
  if (described == Described::message) return Place::message;
  return described == Described::changes ? Place::changes : Place::data;
}

Place of_message(std::string_view key) {
  if (key == "headers") return Place::fields;
  if (key == "formData") return Place::forms;
  return key == "body" ? Place::body : Place::text;
}

Place of_changes(std::string_view key) {
  if (key == "header") return Place::headers;
  return key == "path" ? Place::path : Place::setting;
}

// The place of a member, or of an item.
Place below(Place place, std::string_view key = "") {
  switch (place) {
    case Place::message:
      return of_message(key);
    case Place::changes:
      return of_changes(key);
    case Place::headers:
      return Place::settings;
    case Place::forms:
      return Place::form;
    case Place::form:
      return key == "value" ? Place::body : Place::text;
    case Place::path:
      return key == "regexpReplace" ? Place::settings : Place::setting;
    case Place::fields:
    case Place::text:
      return Place::text;
    case Place::settings:
    case Place::setting:
      return Place::setting;
    case Place::data:
    case Place::body:
    case Place::inside:
      return Place::inside;
  }
  return Place::text;
}

bool takes_json(Place place) { return place <= Place::inside; }

bool begins_structure(std::string_view text) {
  return text.starts_with('{') || text.starts_with('[');
}

Value scalar_of(std::string text, bool quoted) {
  Value value;
  value.kind = Value::Kind::scalar;
  value.scalar = std::move(text);
  value.quoted = quoted;
  return value;
}

std::string_view in_single_quotes(std::string_view text) {
  const bool quoted = text.size() >= 2 && text.starts_with('\'') && text.ends_with('\'');
  return quoted ? text.substr(1, text.size() - 2) : text;
}

bool is_number(std::string_view text) {
  const auto json = templates::parse_json_value(text);
  return json && json->is_number();
}

// How a block scalar treats the line breaks at its end.
void end_scalar(std::string& text, MarkEnd end) {
  if (end == MarkEnd::stay) return;
  const bool breaks = text.ends_with('\n');
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  if (breaks && end == MarkEnd::clip && !text.empty()) text += '\n';
}

// True if the scalar is one value of the template.
bool is_whole_value(const Value& value) {
  if (value.kind != Value::Kind::scalar || value.quoted) return false;
  const auto mark = templates::find_mark(value.scalar, 0);
  return mark && mark->begin == 0 && mark->end == value.scalar.size();
}

class Filler {
 public:
  explicit Filler(const std::vector<RenderedValue>& values) : values_(values) {}

  // As Encoder::of() the filled value. JSON goes to its place as it was read.
  Result<Json> data(Value value, Place place) {
    if (value.kind == Value::Kind::scalar) return data_of_scalar(std::move(value), place);
    if (value.kind == Value::Kind::null) return Json();
    Json out = value.kind == Value::Kind::map ? Json::object() : Json::array();
    for (Value& item : value.items) {
      SLUICE_TRY(Json made, data(std::move(item), below(place)));
      out.push_back(std::move(made));
    }
    for (Value::Member& member : value.members) {
      if (templates::find_mark(member.key, 0)) {
        SLUICE_TRY(member.key, joined(member.key, false));
      }
      SLUICE_TRY(Json made, data(std::move(member.value), below(place, member.key)));
      if (!out.emplace(member.key, std::move(made)).second)
        return fail(ErrorKind::invalid, "the key " + config::quote(member.key) + " is given twice");
    }
    return out;
  }

  Result<void> fill(Value& value, Place place) {
    if (value.kind == Value::Kind::scalar) return fill_scalar(value, place);
    for (Value& item : value.items) SLUICE_CHECK(fill(item, below(place)));
    bool fresh_keys = false;
    for (Value::Member& member : value.members) {
      if (templates::find_mark(member.key, 0)) {
        SLUICE_TRY(member.key, joined(member.key, false));
        fresh_keys = true;
      }
      SLUICE_CHECK(fill(member.value, below(place, member.key)));
    }
    return fresh_keys ? check_keys(value) : Result<void>{};
  }

 private:
  static Result<void> check_keys(const Value& value) {
    std::set<std::string_view> keys;
    for (const Value::Member& member : value.members) {
      if (!keys.insert(member.key).second)
        return fail(ErrorKind::invalid, "the key " + config::quote(member.key) + " is given twice");
    }
    return {};
  }

  Result<Json> data_of_scalar(Value value, Place place) {
    const auto mark = templates::find_mark(value.scalar, 0);
    const bool whole = is_whole_value(value) && mark->index < values_.size();
    if (whole && values_[mark->index].form != TextForm::single_quoted) {
      const std::string& text = values_[mark->index].text;
      SLUICE_CHECK(spend(text.size()));
      SLUICE_TRY(auto json, json_of(text));
      if (json) return *std::move(json);
      return config::Encoder::of(plain(text, place, false));
    }
    SLUICE_CHECK(fill_scalar(value, place));
    return config::Encoder::of(value);
  }

  Result<void> fill_scalar(Value& value, Place place) {
    const auto mark = templates::find_mark(value.scalar, 0);
    if (!mark) return {};
    if (is_whole_value(value) && mark->index < values_.size()) {
      SLUICE_CHECK(spend(values_[mark->index].text.size()));
      SLUICE_TRY(value, read(values_[mark->index], place));
      return {};
    }
    SLUICE_TRY(value.scalar, joined(value.scalar, !value.quoted));
    const bool typed = place == Place::data || place == Place::inside;
    if (typed && !value.quoted) value.quoted = !is_number(value.scalar);
    return {};
  }

  // A value that is a plain scalar as a whole.
  Result<Value> read(const RenderedValue& value, Place place) {
    const std::string& text = value.text;
    if (value.form == TextForm::single_quoted)
      return scalar_of(std::string(in_single_quotes(text)), true);
    const bool whole_body = place == Place::body && begins_structure(text);
    if (takes_json(place) || (value.form == TextForm::json && !whole_body)) {
      SLUICE_TRY(auto json, json_of(text));
      if (json) return config::from_json(*json);
    }
    return plain(text, place, whole_body);
  }

  // A text that is no JSON.
  static Value plain(const std::string& text, Place place, bool whole_body) {
    const bool none = place != Place::inside && place != Place::setting;
    if (text.empty() && none) return Value();
    const bool typed = place == Place::data || place == Place::inside;
    return scalar_of(text, typed || whole_body);
  }

  // nullopt if the text is not JSON.
  Result<std::optional<Json>> json_of(const std::string& text) {
    constexpr std::string_view kBegins = "{[\"-0123456789tfn \t\r\n";
    if (text.empty() || kBegins.find(text.front()) == std::string_view::npos) return std::nullopt;
    if (text.size() > kJsonBytesMax - json_bytes_) {
      return fail(ErrorKind::too_large,
                  "JSON in YAML is longer than " + std::to_string(kJsonBytesMax) +
                      " bytes: write long values in block scalars, `body: |`");
    }
    json_bytes_ += text.size();
    auto json = templates::parse_json_value(text);
    if (json) return *std::move(json);
    if (json.error().kind == ErrorKind::too_large) return std::unexpected(json.error());
    return std::nullopt;
  }

  Result<void> spend(std::size_t bytes) {
    if (bytes > kFilledBytesMax - filled_bytes_)
      return fail(ErrorKind::too_large,
                  "the output is longer than " + std::to_string(kFilledBytesMax) + " bytes");
    filled_bytes_ += bytes;
    return {};
  }

  // The text with the values in it. `trims`: the white space of the template at its edges, as of a
  // plain scalar.
  Result<std::string> joined(std::string_view text, bool trims) {
    std::string out;
    std::size_t from = 0;
    std::size_t solid = 0;  // the end of the last value
    MarkEnd end = MarkEnd::stay;
    const auto add_text = [&](std::string_view part) {
      if (trims && out.empty())
        part.remove_prefix(std::min(part.find_first_not_of(" \t\n"), part.size()));
      out += part;
    };
    while (const auto mark = templates::find_mark(text, from)) {
      add_text(text.substr(from, mark->begin - from));
      from = mark->end;
      end = mark->scalar_end;
      if (mark->index >= values_.size()) continue;
      const std::string& value = values_[mark->index].text;
      SLUICE_CHECK(spend(value.size()));
      out += value;
      if (!value.empty()) solid = out.size();
    }
    add_text(text.substr(from));
    while (trims && out.size() > solid && (out.back() == ' ' || out.back() == '\n')) out.pop_back();
    end_scalar(out, end);
    return out;
  }

  const std::vector<RenderedValue>& values_;
  std::size_t json_bytes_ = 0;
  std::size_t filled_bytes_ = 0;
};

// Null if the output is empty.
Result<Value> document_of(const MadeYaml& made) {
  if (made.skeleton != nullptr) return *made.skeleton;
  auto documents = config::parse_documents(made.rendered.text);
  if (!documents)
    return fail(ErrorKind::invalid, "the output is not YAML: " + documents.error().message);
  if (documents->size() > 1) return fail(ErrorKind::invalid, "the output has several documents");
  return documents->empty() ? Value() : std::move(documents->front());
}

}  // namespace

Result<Value> fill_yaml(MadeYaml made, Described described) {
  SLUICE_TRY(Value value, document_of(made));
  SLUICE_CHECK(Filler(made.rendered.values).fill(value, root_of(described)));
  return value;
}

std::optional<std::string> fill_setting(const Value& scalar,
                                        const std::vector<RenderedValue>& values) {
  Value value = scalar;
  const Result<void> filled = Filler(values).fill(value, Place::setting);
  if (!filled || value.kind != Value::Kind::scalar) return std::nullopt;
  return std::move(value.scalar);
}

Result<Json> data_of_yaml(MadeYaml made) {
  for (const RenderedValue& value : made.rendered.values) {
    if (!is_utf8(value.text)) return fail(ErrorKind::invalid, "a value is not UTF-8");
  }
  if (made.skeleton != nullptr && is_whole_value(*made.skeleton)) {
    auto json = templates::parse_json_value(made.rendered.values.front().text);
    if (json || json.error().kind == ErrorKind::too_large) return json;
  }
  SLUICE_TRY(Value value, document_of(made));
  return Filler(made.rendered.values).data(std::move(value), root_of(Described::data));
}

}  // namespace sluice::filters
