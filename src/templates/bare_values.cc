// SPDX-License-Identifier: Apache-2.0
#include "templates/bare_values.h"

#include <algorithm>
#include <array>

#include "templates/yaml_place.h"

namespace sluice::templates {
namespace {

// The results of these hold no quote that is not escaped.
constexpr std::array<std::string_view, 9> kEscaping = {"jsonEscape",     "b64enc",    "urlquery",
                                                       "urlQueryEscape", "sha256sum", "now",
                                                       "unixEpoch",      "len",       "log"};

// The namespace and the pipeline's own data come from the spec.
bool is_own(const Operand& value) {
  if (value.base == Operand::Base::literal || value.base == Operand::Base::pipe) return false;
  const auto& fields = value.fields;
  if (fields.size() == 1) return fields[0] == "namespace";
  return fields.size() > 1 && fields[0] == "data" && fields[1] == "PIPELINE";
}

bool is_escaped(const Pipe& pipe) {
  const Command& last = pipe.commands.back();
  if (pipe.stores) return true;
  if (last.function != nullptr)
    return std::ranges::find(kEscaping, last.function->name) != kEscaping.end();
  const Operand& value = last.operands.front();
  return value.base == Operand::Base::literal || is_own(value);
}

bool is_block(YamlPlace::Kind kind) {
  return kind == YamlPlace::Kind::literal || kind == YamlPlace::Kind::folded;
}

class Finder {
 public:
  void visit(const std::vector<TemplateNode>& nodes) {
    for (const TemplateNode& node : nodes) {
      follow(node.text);
      const bool bare = node.kind == TemplateNode::Kind::print && in_text_ &&
                        is_block(place_.kind()) && !is_escaped(node.pipe);
      if (bare) lines_.push_back(node.pipe.commands.front().line);
      visit(node.body);
      visit(node.otherwise);
    }
  }
  [[nodiscard]] std::vector<int> take() { return std::move(lines_); }

 private:
  // A text of JSON ends on its line.
  void follow(std::string_view text) {
    place_.follow(text);
    for (const char c : text) {
      if (c == '\n') in_text_ = false;
      if (c == '"' && !escaping_) in_text_ = !in_text_;
      escaping_ = c == '\\' && !escaping_;
    }
  }

  YamlPlace place_;
  bool in_text_ = false;
  bool escaping_ = false;
  std::vector<int> lines_;
};

}  // namespace

std::vector<int> bare_values(const Program& program) {
  Finder finder;
  finder.visit(program.nodes);
  return finder.take();
}

}  // namespace sluice::templates
