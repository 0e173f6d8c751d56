// SPDX-License-Identifier: Apache-2.0
#include "templates/skeleton.h"

#include <algorithm>
#include <array>
#include <limits>

#include "base/text.h"
#include "templates/output.h"

namespace sluice::templates {
namespace {

using Kind = YamlPlace::Kind;
using Nodes = std::vector<TemplateNode>;

bool is_blank(std::string_view text) { return std::ranges::all_of(text, is_space); }

bool each_text(const Nodes& nodes, bool (*holds)(std::string_view)) {
  return std::ranges::all_of(nodes, [&](const TemplateNode& node) {
    return holds(node.text) && each_text(node.body, holds) && each_text(node.otherwise, holds);
  });
}

bool is_quiet(const Nodes& nodes) {
  return std::ranges::all_of(nodes, [](const TemplateNode& node) {
    if (node.kind == TemplateNode::Kind::text) return is_blank(node.text);
    return is_silent(node) || (node.kind != TemplateNode::Kind::print && is_quiet(node.body) &&
                               is_quiet(node.otherwise));
  });
}

// Words that YAML reads as themselves.
bool is_plain_text(std::string_view text) {
  constexpr std::array<std::string_view, 4> kOthers = {"null", "nan", "true", "false"};
  const std::string_view words = trim_space(text);
  if (words.empty()) return true;
  const std::string lower = lower_case(words);
  if (std::ranges::find(kOthers, lower) != kOthers.end() && words != "true" && words != "false")
    return false;
  return is_alphanumeric(words.front()) && std::ranges::all_of(text, [](char c) {
           return is_alphanumeric(c) || std::string_view(" _/.-").find(c) != std::string_view::npos;
         });
}

// True if the texts inside of the action mean themselves in a place of this kind.
bool is_inline(const TemplateNode& node, Kind kind) {
  const auto all = [&](bool (*holds)(std::string_view)) {
    return each_text(node.body, holds) && each_text(node.otherwise, holds);
  };
  if (!all([](std::string_view text) { return text.find_first_of("\r\n") == text.npos; }))
    return false;
  switch (kind) {
    case Kind::plain:
      return all(is_plain_text);
    case Kind::single_quoted:
      return all([](std::string_view text) { return text.find('\'') == text.npos; });
    case Kind::double_quoted:
      return all([](std::string_view text) { return text.find_first_of("\"\\") == text.npos; });
    default:
      return true;
  }
}

// True if the action stands on a line of its own, so that blank lines of it change nothing.
bool is_alone(const Nodes& nodes, std::size_t i, const YamlPlace& place) {
  if (place.kind() != Kind::plain || !place.at_line_begin()) return false;
  if (i + 1 == nodes.size()) return true;
  const std::string_view next = nodes[i + 1].text;
  const std::size_t text = std::min(next.find_first_not_of(" \t\r"), next.size());
  return nodes[i + 1].kind == TemplateNode::Kind::text && next.substr(text).starts_with('\n');
}

}  // namespace

bool is_silent(const TemplateNode& node) {
  using enum TemplateNode::Kind;
  if (node.kind == text) return node.text.empty();
  if (node.kind == stop || node.kind == next) return true;
  if (node.kind == print) {
    const Function* last = node.pipe.commands.back().function;
    return node.pipe.stores || (last != nullptr && last->name == "log");
  }
  return std::ranges::all_of(node.body, is_silent) &&
         std::ranges::all_of(node.otherwise, is_silent);
}

std::optional<Skeleton> make_skeleton(const Program& program) {
  Skeleton skeleton;
  Output output(OutputForm::yaml, std::numeric_limits<std::size_t>::max());
  for (std::size_t i = 0; i < program.nodes.size(); ++i) {
    const TemplateNode& node = program.nodes[i];
    if (node.kind == TemplateNode::Kind::text) {
      if (!output.append(node.text)) return std::nullopt;
      continue;
    }
    const Kind kind = output.place().kind();
    const bool prints = node.kind == TemplateNode::Kind::print;
    const bool quiet = !prints && is_quiet(node.body) && is_quiet(node.otherwise) &&
                       is_alone(program.nodes, i, output.place());
    const bool silent = is_silent(node) || quiet;
    if (!silent && !prints && !is_inline(node, kind)) return std::nullopt;
    if (!silent && !output.insert("", TextForm::plain)) return std::nullopt;
    skeleton.actions.push_back({i, !silent, kind});
  }
  skeleton.text = output.take().text;
  return skeleton;
}

}  // namespace sluice::templates
