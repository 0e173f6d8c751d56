// SPDX-License-Identifier: Apache-2.0
#include "egctl/schema.h"

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "egctl/catalog.h"
#include "egctl/files.h"

namespace sluice::egctl {
namespace {

constexpr const char* kAnyObject = "object";

std::string json_text(const Json& schema) {
  return schema.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<void> write_schemas(const Invocation& invocation, const control::Schemas& schemas,
                           const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return fail(ErrorKind::internal, folder + ": " + error.message());
  const auto write = [&](const std::string& name, const Json& schema) {
    return write_file((std::filesystem::path(folder) / (name + ".json")).string(),
                      json_text(schema));
  };
  SLUICE_CHECK(write(kAnyObject, schemas.any_object()));
  Json written = {std::string(kAnyObject) + ".json"};
  for (const control::Schemas::Entry& entry : schemas.entries()) {
    SLUICE_CHECK(write(entry.kind, schemas.document(entry)));
    written.push_back(entry.kind + ".json");
  }
  invocation.print_or(written, std::to_string(written.size()) + " schemas in " + folder +
                                   "; for an editor: object.json\n");
  return {};
}

Result<void> print_schema(Invocation& invocation, const std::string& kind,
                          const std::string& folder) {
  if (kind.empty() == folder.empty())
    return invocation.misuse("egctl schema wants a KIND, or --all DIR");
  SLUICE_TRY(const Catalog catalog, Catalog::open(Catalog::Use::describe));
  const control::Schemas schemas = catalog.schemas();
  if (!folder.empty()) return write_schemas(invocation, schemas, folder);
  Json schema;
  if (kind == kAnyObject) {
    schema = schemas.any_object();
  } else {
    const auto entry = schemas.find(kind);
    if (!entry) return invocation.misuse(entry.error().message);
    schema = schemas.document(**entry);
  }
  invocation.print_or(schema, json_text(schema));
  return {};
}

}  // namespace

void add_schema(Command root, Invocation& invocation) {
  const Command command = root.add("schema", "Print the JSON schema of a kind, without a server");
  const auto kind = std::make_shared<std::string>();
  const auto folder = std::make_shared<std::string>();
  command.option("KIND", *kind, "an object, a filter or a policy; \"object\": any object");
  command.option("--all", *folder, "write all schemas into this folder").type_name("DIR");
  command.footer(
      "JSON, unless -o yaml is given. Example for an editor:\n"
      "  egctl schema --all schemas\n"
      "  # yaml-language-server: $schema=schemas/object.json");
  set_action(command, invocation,
             [kind, folder](Invocation& s) { return print_schema(s, *kind, *folder); });
}

}  // namespace sluice::egctl
