// SPDX-License-Identifier: Apache-2.0
#include "egctl/validate.h"

#include <memory>
#include <nlohmann/json.hpp>

#include "control/validation.h"
#include "egctl/catalog.h"
#include "egctl/send_objects.h"

namespace sluice::egctl {
namespace {

// The error of a check that asks nobody: "validate Pipeline p failed: 2 errors".
std::unexpected<Error> invalid(const ObjectDocuments& objects, Error error) {
  name_places(objects, error.details);
  const std::size_t count = error.details.size();
  error.message = "validate " + objects.label + " failed: " +
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

Result<void> validate_files(Invocation& invocation, const std::vector<std::string>& files) {
  SLUICE_TRY(const ObjectDocuments objects, read_objects(files));
  warn_of_unchecked(invocation, objects);
  if (objects.names.empty() && !objects.custom.empty()) return {};
  SLUICE_TRY(const auto documents, control::objects_in(objects.text));
  SLUICE_TRY(const Catalog catalog, Catalog::open(Catalog::Use::build));
  auto steps = control::validate(documents, control::ApplyMode::apply, {catalog.builder()});
  if (!steps) return invalid(objects, std::move(steps).error());
  const Json report = validation_json(*steps);
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
