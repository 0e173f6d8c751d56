// SPDX-License-Identifier: Apache-2.0
#include "egctl/send_objects.h"

#include <nlohmann/json.hpp>

#include "egctl/custom_data.h"
#include "egctl/json_text.h"

namespace sluice::egctl {
namespace {

// "create Pipeline demo successfully"; for apply, the outcome: "Pipeline demo unchanged".
std::string outcome_line(const Json& one, const std::string& mode) {
  const std::string object = text_at(one, "kind") + " " + text_at(one, "name");
  if (mode == "apply") return object + " " + text_at(one, "change");
  return mode + " " + object + " successfully";
}

// An older server sends one text.
std::vector<std::string> warnings_of(const Json& one) {
  std::vector<std::string> lines;
  const Json list = one.is_object() ? one.value("warnings", Json::array()) : Json::array();
  for (const Json& line : list) {
    if (line.is_string()) lines.push_back(line.get<std::string>());
  }
  const std::string only = text_at(one, "warning");
  if (lines.empty() && !only.empty()) lines.push_back(only);
  return lines;
}

void print_outcome(Invocation& invocation, const Json& applied, const std::string& mode) {
  if (invocation.format() != Output::standard) return invocation.print(applied);
  for (const Json& one : applied) {
    invocation.out << outcome_line(one, mode) << "\n";
    for (const std::string& warning : warnings_of(one))
      invocation.err << "Warning: " << text_at(one, "name") << ": " << warning << "\n";
  }
}

}  // namespace

void add_file_option(Command command, std::vector<std::string>& files) {
  command.option("-f,--file", files, "file to read, - for standard input; may be repeated")
      .type_name("FILE")
      .repeated();
}

Result<void> send_objects(Invocation& invocation, const std::vector<std::string>& files,
                          const std::string& mode, const Waiting& waiting) {
  SLUICE_TRY(ObjectDocuments objects, read_objects(files));
  return send_documents(invocation, std::move(objects), mode, waiting);
}

Result<void> send_documents(Invocation& invocation, ObjectDocuments objects,
                            const std::string& mode, const Waiting& waiting) {
  // The objects use the data, so they come last.
  SLUICE_CHECK(send_custom(invocation, objects.custom, mode, waiting));
  if (objects.names.empty() && !objects.custom.empty()) return {};
  SLUICE_TRY(const ApiClient client, invocation.client());
  auto applied = client.json(
      {.method = "POST", .path = "/objects?mode=" + mode, .body = std::move(objects.text)});
  if (!applied) {
    name_places(objects, applied.error().details);
    return refused(mode + " " + objects.label, std::move(applied).error());
  }
  print_outcome(invocation, *applied, mode);
  return await_members(client, *applied, waiting, invocation.err);
}

}  // namespace sluice::egctl
