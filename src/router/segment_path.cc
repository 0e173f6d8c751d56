// SPDX-License-Identifier: Apache-2.0
#include "router/segment_path.h"

#include <re2/re2.h>

#include <algorithm>

#include "base/text.h"

namespace sluice::router {
namespace {

constexpr int kTextRank = 0;
constexpr int kTextFirstRank = 1;
constexpr int kExpressionRank = 2;
constexpr int kParameterRank = 3;
constexpr int kPrefixRank = 4;

struct PathVariable {
  std::string_view name;
  std::string_view expression;  // "": any text of the segment
  bool closed = false;
};

// Takes a variable off the text, which begins behind its brace. An expression may have braces in
// pairs.
PathVariable take_variable(std::string_view& text) {
  int depth = 1;
  std::size_t end = 0;
  for (; end < text.size(); ++end) {
    if (text[end] == '{') ++depth;
    if (text[end] == '}' && --depth == 0) break;
  }
  PathVariable out{text.substr(0, end), "", depth == 0};
  text.remove_prefix(std::min(end + 1, text.size()));
  if (const std::size_t colon = out.name.find(':'); colon != out.name.npos) {
    out.expression = out.name.substr(colon + 1);
    out.name = out.name.substr(0, colon);
    if (out.expression.starts_with('^')) out.expression.remove_prefix(1);
    if (out.expression.ends_with('$')) out.expression.remove_suffix(1);
  }
  return out;
}

bool is_group_name(std::string_view name) {
  return !name.empty() && !is_digit(name.front()) &&
         std::ranges::all_of(name, [](char c) { return is_alphanumeric(c) || c == '_'; });
}

std::string group(std::string_view name, std::string_view expression) {
  std::string out = "(?P<";
  out.append(name).append(">").append(expression).append(")");
  return out;
}

class SegmentParser {
 public:
  SegmentParser(std::string where, config::Faults& faults)
      : where_(std::move(where)), faults_(faults) {}

  std::optional<SegmentPath> parse(std::string_view path) {
    const bool wildcard = path.ends_with("/*");
    if (wildcard) path.remove_suffix(1);
    out_.pattern = out_.near = "^";
    while (!path.empty()) {
      const std::size_t brace = path.find_first_of("{}*");
      add_text(path.substr(0, brace));
      path.remove_prefix(std::min(brace, path.size()));
      if (path.empty()) break;
      const char c = path.front();
      path.remove_prefix(1);
      if (c != '{')
        return refuse(c == '*' ? "has a * that is not the last segment: /a/*"
                               : "has a } without {");
      if (!add_variable(take_variable(path))) return std::nullopt;
    }
    if (wildcard) add_group(kWildcardName, ".*");
    out_.pattern += "$";
    out_.near += "$";
    return std::move(out_);
  }

 private:
  std::nullopt_t refuse(std::string_view reason) {
    faults_.add(where_, std::string(reason));
    return std::nullopt;
  }
  void add_text(std::string_view text) {
    if (text.empty()) return;
    const std::string quoted = re2::RE2::QuoteMeta({text.data(), text.size()});
    out_.pattern += quoted;
    out_.near += "(?i:" + quoted + ")";
  }
  void add_group(std::string_view name, std::string_view expression) {
    out_.names.emplace_back(name);
    out_.pattern += group(name, expression);
    out_.near += group(name, expression);
  }
  bool add_variable(const PathVariable& variable) {
    if (!variable.closed) return refuse("has a { without }"), false;
    if (!is_group_name(variable.name)) {
      refuse(config::quote(variable.name) + " is no name of a variable: letters, digits and _");
      return false;
    }
    if (std::ranges::find(out_.names, variable.name) != out_.names.end() ||
        variable.name == kWildcardName) {
      refuse("has two variables " + config::quote(variable.name));
      return false;
    }
    if (variable.expression.empty()) {
      add_group(variable.name, "[^/]+?");
      return true;
    }
    re2::RE2::Options quiet;
    quiet.set_log_errors(false);
    const re2::RE2 alone({variable.expression.data(), variable.expression.size()}, quiet);
    if (!alone.ok()) {
      refuse(config::quote(variable.expression) + " is not a regular expression: " + alone.error());
      return false;
    }
    out_.has_expressions = true;
    add_group(variable.name, variable.expression);
    return true;
  }

  std::string where_;
  config::Faults& faults_;
  SegmentPath out_;
};

std::pair<int, int> rank_of_segment(std::string_view segment) {
  if (segment == "*") return {kPrefixRank, 0};
  const std::size_t brace = segment.find('{');
  if (brace == segment.npos) return {kTextRank, 0};
  if (brace > 0) return {kTextFirstRank, -static_cast<int>(brace)};
  segment.remove_prefix(1);
  return {take_variable(segment).expression.empty() ? kParameterRank : kExpressionRank, 0};
}

}  // namespace

bool SegmentPath::has_variables(std::string_view path) {
  return path.find_first_of("{}*") != path.npos;
}

std::optional<SegmentPath> SegmentPath::parse(std::string_view path, const std::string& where,
                                              config::Faults& faults) {
  return SegmentParser(where, faults).parse(path);
}

PathRank rank_of_segments(std::string_view path, bool is_prefix) {
  PathRank out;
  // The end of a segment is not a segment: "/a/" and "/a/*" rank alike.
  if (is_prefix && path.ends_with('/')) path.remove_suffix(1);
  while (!path.empty()) {
    path.remove_prefix(1);
    // A slash inside of an expression does not end the segment.
    std::size_t end = 0;
    for (int depth = 0; end < path.size() && (path[end] != '/' || depth > 0); ++end) {
      if (path[end] == '{') ++depth;
      if (path[end] == '}') --depth;
    }
    out.push_back(rank_of_segment(path.substr(0, end)));
    path.remove_prefix(end);
  }
  if (is_prefix) out.emplace_back(kPrefixRank, 0);
  return out;
}

std::string replacement_of_target(std::string_view target) {
  std::string out;
  for (const char c : target) {
    if (c == '$' || c == '{') out += '$';
    out += c;
  }
  return out;
}

}  // namespace sluice::router
