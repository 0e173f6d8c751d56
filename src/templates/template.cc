// SPDX-License-Identifier: Apache-2.0
#include "templates/template.h"

#include <algorithm>

#include "templates/bare_values.h"
#include "templates/nodes.h"
#include "templates/parser.h"
#include "templates/renderer.h"
#include "templates/skeleton.h"

namespace sluice::templates {
namespace {

// The meaning of a chain of fields for the field `last` of `group.element`.
enum class Reach { no, yes, part };  // part: the chain ends before the field
Reach reach(const std::vector<std::string>& chain, std::string_view group, std::string_view element,
            std::string_view last) {
  if (chain.empty()) return Reach::part;
  if (chain[0] != group) return Reach::no;
  std::size_t at = 1;
  if (!element.empty()) {
    if (chain.size() == at) return Reach::part;
    if (chain[at++] != element) return Reach::no;
  }
  if (chain.size() == at) return Reach::part;
  return chain[at] == last ? Reach::yes : Reach::no;
}

}  // namespace

std::optional<Template> Template::parse(std::string_view text, const Delimiters& delimiters,
                                        const std::string& path, config::Faults& faults) {
  auto program = templates::parse(text, delimiters);
  if (program) {
    program->skeleton = make_skeleton(*program);
    return Template(std::make_shared<const Program>(*std::move(program)));
  }
  faults.add(path, program.error().message);
  return std::nullopt;
}

Result<Rendered> Template::render(const Datum& root, const RenderOptions& options) const {
  return templates::render(*program_, root, options);
}

bool Template::may_read(std::string_view group, std::string_view element,
                        std::string_view last) const {
  bool part = false;
  for (const auto& chain : program_->reads.rooted) {
    const Reach found = reach(chain, group, element, last);
    if (found == Reach::yes) return true;
    part |= found == Reach::part;
  }
  return part && std::ranges::find(program_->reads.loose, last) != program_->reads.loose.end();
}

const std::string* Template::skeleton() const {
  return program_->skeleton ? &program_->skeleton->text : nullptr;
}

const std::vector<std::vector<std::string>>& Template::fields_read() const {
  return program_->reads.rooted;
}

std::vector<int> Template::bare_lines() const { return bare_values(*program_); }

}  // namespace sluice::templates
