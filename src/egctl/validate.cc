// SPDX-License-Identifier: Apache-2.0
#include "egctl/validate.h"

#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "control/validation.h"
#include "egctl/catalog.h"
#include "egctl/custom_check.h"
#include "egctl/send_objects.h"

namespace sluice::egctl {
namespace {

// The error of a check that asks nobody: "validate Pipeline p failed: 2 errors".
std::unexpected<Error> invalid(const std::string& label, Error error) {
  const std::size_t count = error.details.size();
  error.message = "validate " + label + " failed: " +
                  (count == 0   ? error.message
                   : count == 1 ? std::string("1 error")
                                : std::to_string(count) + " errors");
  return std::unexpected(std::move(error));
}

Json validation_json(const std::vector<control::Step>& steps) {
  Json out = Json::array();
  for (const control::Step& step : steps) {
    out.push_back({{"name", step.applied.name}, {"kind", step.applied.kind}, {"valid", true}});
    if (!step.applied.warnings.empty()) out.back()["warnings"] = step.applied.warnings;
  }
  return out;
}

Result<Json> validate_objects(const ObjectDocuments& objects) {
  if (objects.names.empty() && !objects.custom.empty()) return Json::array();
  SLUICE_TRY(const auto documents, control::objects_in(objects.text));
  SLUICE_TRY(const Catalog catalog, Catalog::open(Catalog::Use::build));
  std::set<std::string> kinds;
  for (const CustomDocument& document : objects.custom) {
    if (document.kind == kCustomDataKind) kinds.insert(document.name);
  }
  auto steps = control::validate(documents, control::ApplyMode::apply,
                                 {.builder = catalog.builder(), .custom_kinds = std::move(kinds)});
  if (steps) return validation_json(*steps);
  name_places(objects.places, steps.error().details);
  return std::unexpected(std::move(steps).error());
}

// The faults of both kinds of documents, or the reports.
Result<Json> validate_all(const ObjectDocuments& documents) {
  auto custom = validate_custom(documents.custom);
  auto objects = validate_objects(documents);
  if (custom && objects) {
    for (Json& one : *objects) custom->push_back(std::move(one));
    return custom;
  }
  if (custom) return invalid(documents.label, std::move(objects).error());
  if (objects) return invalid(label_of(documents.custom), std::move(custom).error());
  Error error = std::move(custom).error();
  for (std::string& line : objects.error().details) error.details.push_back(std::move(line));
  return invalid(documents.label + " and custom data", std::move(error));
}

Result<void> validate_files(Invocation& invocation, const std::vector<std::string>& files) {
  SLUICE_TRY(const ObjectDocuments documents, read_objects(files));
  SLUICE_TRY(const Json report, validate_all(documents));
  if (invocation.format() != Output::standard) {
    invocation.print(report);
    return {};
  }
  for (const Json& one : report) {
    invocation.out << one["kind"].get<std::string>() << " " << one["name"].get<std::string>()
                   << " is valid\n";
    print_warnings(invocation, one);
  }
  return {};
}

}  // namespace

void add_validate(Command root, Invocation& invocation) {
  const Command command = root.add("validate", "Check objects of files without a server");
  const auto files = std::make_shared<std::vector<std::string>>();
  add_file_option(command, *files);
  command.footer(
      "Says what `egctl apply` would say, in the same words: faults on standard error with exit\n"
      "code 1, warnings with exit code 0. Programs are compiled, and files are read here. No URL\n"
      "is called. Objects of a server are not known: `egctl apply --dry-run` looks at them.\n"
      "Example:\n  egctl validate -f shop.yaml");
  set_action(command, invocation, [files](Invocation& s) { return validate_files(s, *files); });
}

}  // namespace sluice::egctl
