// SPDX-License-Identifier: Apache-2.0
#include "router/header_template.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "http/exact_value.h"

namespace sluice::router {
namespace {

constexpr std::array<std::string_view, 7> kFraming{
    "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive", "TE", "Trailer", "Upgrade"};

constexpr int kDefaultsMax = 8;  // a default within a default

bool is_variable_char(char c) { return is_alphanumeric(c) || c == '_'; }

struct VariableReference {
  std::string_view name;
  std::string_view fallback;
};

// Returns where the brace that opens `text` is closed; npos: nowhere.
std::size_t closing_brace(std::string_view text) {
  int depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '{') ++depth;
    if (text[i] == '}' && --depth == 0) return i;
  }
  return text.npos;
}

// Takes `name`, `{name}` or `{name:fallback}` off the text that follows a dollar. Returns an empty
// name if there is none.
VariableReference take_reference(std::string_view& text) {
  if (!text.starts_with('{')) {
    const auto end = std::ranges::find_if_not(text, is_variable_char);
    const std::string_view name = text.substr(0, static_cast<std::size_t>(end - text.begin()));
    text.remove_prefix(name.size());
    return {name, ""};
  }
  const std::size_t end = closing_brace(text);
  if (end == text.npos) return {};
  const std::string_view inner = text.substr(1, end - 1);
  text.remove_prefix(end + 1);
  const std::size_t colon = inner.find(':');
  if (colon == inner.npos) return {inner, ""};
  return {inner.substr(0, colon), inner.substr(colon + 1)};
}

}  // namespace

HeaderTemplate::HeaderTemplate(const std::string& text, const std::vector<std::string>& names,
                               const std::string& path, config::Faults& faults) {
  parse(text, names, 0, path, faults);
  if (!http::is_field_value(text)) faults.add(path, "has control characters");
}

void HeaderTemplate::parse(std::string_view text, const std::vector<std::string>& names, int depth,
                           const std::string& path, config::Faults& faults) {
  if (depth > kDefaultsMax) {
    faults.add(path, "has a default within " + std::to_string(kDefaultsMax) + " others");
    return;
  }
  std::string literal;
  while (!text.empty()) {
    const char c = text.front();
    text.remove_prefix(1);
    const VariableReference reference = c == '$' ? take_reference(text) : VariableReference{};
    if (reference.name.empty()) {
      literal += c;
      continue;
    }
    Part part{std::exchange(literal, {}), {}, {}};
    part.fallback.parse(reference.fallback, names, depth + 1, path, faults);
    if (auto variable = RequestVariable::find(reference.name, names)) {
      part.variable = *std::move(variable);
      if (reference.name == "time_msec") faults.warn(path, "time_msec is read as msec");
    } else if (!reference.fallback.empty()) {
      faults.warn(path, "no part of the path is named " + config::quote(reference.name) +
                            ": the value is always the default");
    } else {
      faults.add(path, config::quote(reference.name) +
                           " is no variable, try $host, $remote_addr, "
                           "$uri, $args, $arg_x, $http_x or $cookie_x");
    }
    parts_.push_back(std::move(part));
  }
  if (!literal.empty()) parts_.push_back({std::move(literal), {}, {}});
}

std::string HeaderTemplate::expand(const http::Request& request, const HeaderFacts& facts) const {
  std::string out;
  for (const Part& part : parts_) {
    const std::string value = part.variable.value(request, facts);
    out += part.literal;
    out += value.empty() ? part.fallback.expand(request, facts) : value;
  }
  return out;
}

HeaderSetter::HeaderSetter(const std::map<std::string, std::string>& templates,
                           const std::vector<std::string>& names, const std::string& path,
                           config::Faults& faults) {
  for (const auto& [name, text] : templates) {
    const std::string where = config::join_path(path, name);
    const auto is_same = [&name = name](std::string_view other) {
      return http::iequals(name, other);
    };
    if (!http::is_token(name)) {
      faults.add(where, config::quote(name) + " is not the name of a header");
    } else if (std::ranges::any_of(kFraming, is_same)) {
      faults.add(where, "belongs to the connection and cannot be set");
    }
    assignments_.push_back(
        {http::canonical_name(name), HeaderTemplate(text, names, where, faults)});
  }
}

void HeaderSetter::apply(http::Request& request, const HeaderFacts& facts) const {
  std::vector<std::string> values;
  values.reserve(assignments_.size());
  for (const Assignment& assignment : assignments_)
    values.push_back(assignment.value.expand(request, facts));
  for (std::size_t i = 0; i < assignments_.size(); ++i) {
    const std::string& name = assignments_[i].name;
    if (name == "Host") {
      if (http::is_host(values[i])) request.host = values[i];
    } else if (values[i].empty() || !http::is_exact_value(values[i])) {
      request.headers.remove(name);
    } else {
      request.headers.set(name, values[i]);
    }
  }
}

}  // namespace sluice::router
