// SPDX-License-Identifier: Apache-2.0
#include "egctl/jsonpath.h"

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/text.h"

namespace sluice::egctl {
namespace {

constexpr int kRangesMax = 16;  // one inside the other

struct Step;
using Steps = std::vector<Step>;

struct Operand {
  bool is_path = false;
  bool from_root = false;
  std::vector<Step> path;
  Json value;
};

struct Filter {
  Operand left;
  std::string op;  // "": the left side exists
  Operand right;
};

struct Step {
  enum class Kind { member, all, slice, filter } kind = Kind::member;
  std::string name{};
  std::optional<std::int64_t> from{};
  std::optional<std::int64_t> to{};
  bool one = false;  // slice: the element at `from` only
  std::shared_ptr<const Filter> filter{};
};

}  // namespace

struct JsonPathNode {
  std::string text{};  // if `path` is absent
  std::optional<Steps> path{};
  bool from_root = false;  // the path begins with $
  bool is_range = false;
  std::vector<JsonPathNode> inside{};
};

namespace {

class PathParser {
 public:
  explicit PathParser(std::string_view text) : all_(text), rest_(text) {}

  Result<std::vector<JsonPathNode>> nodes(int depth) {
    std::vector<JsonPathNode> out;
    while (!rest_.empty()) {
      const std::size_t open = std::min(rest_.find('{'), rest_.size());
      if (open > 0) out.push_back({.text = std::string(rest_.substr(0, open))});
      rest_.remove_prefix(open);
      if (rest_.empty()) break;
      rest_.remove_prefix(1);
      skip_blanks();
      if (take_word("end")) {
        SLUICE_CHECK(expect('}'));
        if (depth == 0) return wrong("{end} without {range}");
        return out;
      }
      SLUICE_CHECK(action(out, depth));
    }
    if (depth > 0) return wrong("{range} without {end}");
    return out;
  }

 private:
  // Reads the part of a template between { and }: one or more texts and paths.
  Result<void> action(std::vector<JsonPathNode>& out, int depth) {
    if (take_word("range")) {
      if (depth >= kRangesMax) return wrong("too many ranges one inside the other");
      JsonPathNode range{.is_range = true};
      SLUICE_CHECK(path_into(range));
      SLUICE_CHECK(expect('}'));
      SLUICE_TRY(range.inside, nodes(depth + 1));
      out.push_back(std::move(range));
      return {};
    }
    bool any = false;
    while (true) {
      skip_blanks();
      if (rest_.empty() || rest_.starts_with('}')) break;
      if (rest_.starts_with('"') || rest_.starts_with('\'')) {
        SLUICE_TRY(std::string text, quoted());
        out.push_back({.text = std::move(text)});
      } else {
        JsonPathNode node;
        SLUICE_CHECK(path_into(node));
        out.push_back(std::move(node));
      }
      any = true;
    }
    if (!any && !rest_.empty()) return wrong("{} holds no path");
    return expect('}');
  }

  Result<void> path_into(JsonPathNode& node) {
    skip_blanks();
    node.from_root = rest_.starts_with('$');
    const bool begun = rest_.starts_with('$') || rest_.starts_with('@');
    if (begun) rest_.remove_prefix(1);
    const std::size_t before = rest_.size();
    SLUICE_TRY(node.path, steps());
    if (!begun && rest_.size() == before) return wrong("a path begins with . or [");
    return {};
  }

  Result<Steps> steps() {
    Steps out;
    while (!rest_.empty()) {
      if (rest_.starts_with("..")) return wrong("'..' is not supported");
      if (rest_.starts_with('.')) {
        rest_.remove_prefix(1);
        if (rest_.starts_with('[')) continue;  // .[0]
        std::string name = member_name();
        if (name == "*") {
          out.push_back({.kind = Step::Kind::all});
        } else if (!name.empty()) {
          out.push_back({.kind = Step::Kind::member, .name = std::move(name)});
        } else if (!out.empty()) {
          return wrong("a name is missing after '.'");
        }
      } else if (rest_.starts_with('[')) {
        rest_.remove_prefix(1);
        SLUICE_TRY(Step step, subscript());
        out.push_back(std::move(step));
      } else {
        break;
      }
    }
    return out;
  }

  Result<Step> subscript() {
    skip_blanks();
    Step step;
    if (rest_.starts_with('*')) {
      rest_.remove_prefix(1);
      step.kind = Step::Kind::all;
    } else if (rest_.starts_with('"') || rest_.starts_with('\'')) {
      SLUICE_TRY(step.name, quoted());
    } else if (rest_.starts_with("?(")) {
      rest_.remove_prefix(2);
      step.kind = Step::Kind::filter;
      SLUICE_TRY(Filter filter, condition());
      step.filter = std::make_shared<const Filter>(std::move(filter));
    } else {
      SLUICE_TRY(step, slice());
    }
    SLUICE_CHECK(expect(']'));
    return step;
  }

  Result<Step> slice() {
    Step step{.kind = Step::Kind::slice};
    SLUICE_TRY(step.from, integer());
    skip_blanks();
    if (!rest_.starts_with(':')) {
      step.one = true;
      if (!step.from) return wrong("a number, a quoted name, * or ?( is missing after '['");
      return step;
    }
    rest_.remove_prefix(1);
    SLUICE_TRY(step.to, integer());
    return step;
  }

  Result<std::optional<std::int64_t>> integer() {
    skip_blanks();
    std::size_t end = rest_.starts_with('-') ? 1 : 0;
    while (end < rest_.size() && is_digit(rest_[end])) ++end;
    if (end == 0) return std::nullopt;
    const auto number = to_number<std::int32_t>(rest_.substr(0, end));
    if (!number) return wrong("the number is out of range");
    rest_.remove_prefix(end);
    return *number;
  }

  Result<Filter> condition() {
    Filter filter;
    SLUICE_TRY(filter.left, operand());
    skip_blanks();
    for (const char* op : {"==", "!=", "<=", ">=", "<", ">"}) {
      if (!rest_.starts_with(op)) continue;
      filter.op = op;
      rest_.remove_prefix(filter.op.size());
      SLUICE_TRY(filter.right, operand());
      break;
    }
    SLUICE_CHECK(expect(')'));
    return filter;
  }

  Result<Operand> operand() {
    skip_blanks();
    Operand out;
    if (rest_.starts_with('@') || rest_.starts_with('$')) {
      out.is_path = true;
      out.from_root = rest_.starts_with('$');
      rest_.remove_prefix(1);
      SLUICE_TRY(out.path, steps());
      return out;
    }
    if (rest_.starts_with('"') || rest_.starts_with('\'')) {
      SLUICE_TRY(const std::string text, quoted());
      out.value = text;
      return out;
    }
    const std::size_t end = std::min(rest_.find_first_of(" )]=!<>"), rest_.size());
    out.value = Json::parse(rest_.substr(0, end), nullptr, false);
    if (end == 0 || out.value.is_discarded())
      return wrong("a condition compares @.name with a number, true, false or a quoted text");
    rest_.remove_prefix(end);
    return out;
  }

  std::string member_name() {
    std::string name;
    while (!rest_.empty() && !std::string_view(".[]{}()=!<> \t\n,").contains(rest_[0])) {
      if (rest_[0] == '\\' && rest_.size() > 1) rest_.remove_prefix(1);
      name += rest_[0];
      rest_.remove_prefix(1);
    }
    return name;
  }

  Result<std::string> quoted() {
    const char quote = rest_[0];
    rest_.remove_prefix(1);
    std::string out;
    while (!rest_.empty() && rest_[0] != quote) {
      char c = rest_[0];
      rest_.remove_prefix(1);
      if (c == '\\' && !rest_.empty()) {
        c = rest_[0] == 'n' ? '\n' : rest_[0] == 't' ? '\t' : rest_[0] == 'r' ? '\r' : rest_[0];
        rest_.remove_prefix(1);
      }
      out += c;
    }
    SLUICE_CHECK(expect(quote));
    return out;
  }

  bool take_word(std::string_view word) {
    if (!rest_.starts_with(word)) return false;
    const std::string_view after = rest_.substr(word.size());
    if (!after.empty() && !std::string_view(" \t}.[$@").contains(after[0])) return false;
    rest_ = after;
    return true;
  }
  void skip_blanks() {
    while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\t')) rest_.remove_prefix(1);
  }
  Result<void> expect(char c) {
    skip_blanks();
    if (!rest_.starts_with(c)) return wrong(std::string("'") + c + "' is missing");
    rest_.remove_prefix(1);
    return {};
  }
  [[nodiscard]] std::unexpected<Error> wrong(const std::string& why) const {
    return fail(
        ErrorKind::invalid,
        "jsonpath, character " + std::to_string(all_.size() - rest_.size() + 1) + ": " + why);
  }

  std::string_view all_;
  std::string_view rest_;
};

using Values = std::vector<const Json*>;

class Evaluator {
 public:
  explicit Evaluator(const Json& root) : root_(root) {}

  void write(const std::vector<JsonPathNode>& nodes, const Json& at, std::string& out) const {
    for (const JsonPathNode& node : nodes) {
      if (!node.path) {
        out += node.text;
        continue;
      }
      const Values values = follow(*node.path, node.from_root ? root_ : at);
      if (node.is_range) {
        for (const Json* value : values) write(node.inside, *value, out);
      } else {
        for (std::size_t i = 0; i < values.size(); ++i)
          out += (i > 0 ? " " : "") + text(*values[i]);
      }
    }
  }

 private:
  static std::string text(const Json& value) {
    if (value.is_string()) return value.get<std::string>();
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
  }

  [[nodiscard]] Values follow(const Steps& steps, const Json& from) const {
    Values values{&from};
    for (const Step& step : steps) {
      Values next;
      for (const Json* value : values) take(step, *value, next);
      values = std::move(next);
    }
    return values;
  }

  void take(const Step& step, const Json& value, Values& out) const {
    switch (step.kind) {
      case Step::Kind::member:
        if (value.is_object() && value.contains(step.name)) out.push_back(&value.at(step.name));
        if (value.is_array() && step.name == "items") out.push_back(&value);
        return;
      case Step::Kind::all:
        if (value.is_structured()) {
          for (const Json& item : value) out.push_back(&item);
        }
        return;
      case Step::Kind::slice:
        return take_slice(step, value, out);
      case Step::Kind::filter:
        if (!value.is_structured()) return;
        for (const Json& item : value) {
          if (holds(*step.filter, item)) out.push_back(&item);
        }
    }
  }

  static void take_slice(const Step& step, const Json& value, Values& out) {
    if (!value.is_array()) return;
    const auto size = static_cast<std::int64_t>(value.size());
    const auto place = [size](std::int64_t at) { return at < 0 ? at + size : at; };
    const std::int64_t from = place(step.from.value_or(0));
    const std::int64_t to = step.one ? from + 1 : place(step.to.value_or(size));
    if (step.one && from < 0) return;
    for (std::int64_t i = std::max<std::int64_t>(from, 0); i < std::min(to, size); ++i)
      out.push_back(&value[static_cast<std::size_t>(i)]);
  }

  [[nodiscard]] bool holds(const Filter& filter, const Json& item) const {
    const Values left = values_of(filter.left, item);
    if (filter.op.empty()) return !left.empty();
    const Values right = values_of(filter.right, item);
    if (left.empty() || right.empty()) return filter.op == "!=" && left.size() != right.size();
    const Json& a = *left[0];
    const Json& b = *right[0];
    if (filter.op == "==") return a == b;
    if (filter.op == "!=") return a != b;
    const bool comparable = (a.is_number() && b.is_number()) || (a.is_string() && b.is_string());
    if (!comparable) return false;
    if (filter.op == "<") return a < b;
    if (filter.op == ">") return b < a;
    return filter.op == "<=" ? !(b < a) : !(a < b);
  }

  [[nodiscard]] Values values_of(const Operand& operand, const Json& item) const {
    if (!operand.is_path) return {&operand.value};
    return follow(operand.path, operand.from_root ? root_ : item);
  }

  const Json& root_;
};

}  // namespace

Result<JsonPath> JsonPath::parse(std::string_view text) {
  SLUICE_TRY(std::vector<JsonPathNode> nodes, PathParser(text).nodes(0));
  JsonPath path;
  path.nodes_ = std::make_shared<const std::vector<JsonPathNode>>(std::move(nodes));
  return path;
}

std::string JsonPath::apply(const Json& value) const {
  std::string out;
  Evaluator(value).write(*nodes_, value, out);
  return out;
}

}  // namespace sluice::egctl
