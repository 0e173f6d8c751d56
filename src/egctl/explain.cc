// SPDX-License-Identifier: Apache-2.0
#include "egctl/explain.h"

#include <memory>
#include <nlohmann/json.hpp>

#include "egctl/catalog.h"
#include "egctl/field_path.h"
#include "egctl/table.h"

namespace sluice::egctl {
namespace {

std::string kinds_text(const control::Schemas& schemas) {
  std::vector<Row> rows{{"KIND", "IS", "WHAT IT DOES"}};
  for (const control::Schemas::Entry& entry : schemas.entries()) {
    using Group = control::Schemas::Group;
    const char* group = entry.group == Group::object   ? "object"
                        : entry.group == Group::data   ? "custom data"
                        : entry.group == Group::filter ? "filter"
                                                       : "policy";
    rows.push_back({entry.kind, group, entry.about});
  }
  return format_table(rows) +
         "\negctl explain KIND lists its fields, egctl explain KIND.FIELD… "
         "explains one.\n";
}

void add_line(std::string& text, std::string_view word, const std::string& value) {
  if (value.empty()) return;
  text.append(word);
  text.append(word.size() < 10 ? 10 - word.size() : 1, ' ');
  text += value + "\n";
}

std::string field_text(const ExplainedField& field) {
  std::string text;
  add_line(text, "FIELD", field.path);
  add_line(text, "TYPE", field.type);
  add_line(text, "DEFAULT", field.fallback);
  add_line(text, "BOUNDS", field.bounds);
  if (!field.about.empty()) text += "\n" + field.about + "\n";
  if (field.fields.empty()) return text;
  std::vector<Row> rows{{"FIELD", "TYPE", "DEFAULT", "WHAT IT DOES"}};
  for (const ExplainedField& each : field.fields)
    rows.push_back({each.path, each.type, each.fallback.empty() ? "-" : each.fallback, each.about});
  return text + "\n" + format_table(rows);
}

Json explained_json(const ExplainedField& field) {
  Json out{{"field", field.path}, {"type", field.type}, {"description", field.about}};
  if (!field.fallback.empty()) out["default"] = field.fallback;
  if (!field.bounds.empty()) out["bounds"] = field.bounds;
  for (const ExplainedField& each : field.fields) out["fields"].push_back(explained_json(each));
  return out;
}

Result<void> explain(Invocation& invocation, const std::string& path) {
  SLUICE_TRY(const Catalog catalog, Catalog::open(Catalog::Use::describe));
  const control::Schemas schemas = catalog.schemas();
  if (path.empty()) {
    Json kinds = Json::array();
    for (const control::Schemas::Entry& entry : schemas.entries())
      kinds.push_back({{"kind", entry.kind}, {"description", entry.about}});
    invocation.print_or(kinds, kinds_text(schemas));
    return {};
  }
  const auto kind = schemas.find(path.substr(0, path.find('.')));
  if (!kind) return invocation.misuse(kind.error().message);
  SLUICE_TRY(const ExplainedField field, explain_path(schemas, path));
  invocation.print_or(explained_json(field), field_text(field));
  return {};
}

}  // namespace

void add_explain(Command root, Invocation& invocation) {
  const Command command =
      root.add("explain", "Explain a field of an object, a filter or a policy, without a server");
  const auto path = std::make_shared<std::string>();
  command.option("FIELD", *path, "KIND.FIELD.FIELD…; without it: all kinds");
  command.footer(
      "Lists need no number: [0] is ignored. Names in maps are any word.\n"
      "Example:\n  egctl explain pipeline.filters.WasmHost.timeout");
  set_action(command, invocation, [path](Invocation& s) { return explain(s, *path); });
}

}  // namespace sluice::egctl
