// SPDX-License-Identifier: Apache-2.0
#include "egctl/send_objects.h"

#include <nlohmann/json.hpp>

#include "egctl/custom_check.h"
#include "egctl/custom_data.h"
#include "egctl/json_text.h"

namespace sluice::egctl {
namespace {

// Of CustomData: ", 2 items put, 1 deleted".
std::string counts_of(const Json& one) {
  if (!one.contains("put") || text_at(one, "change") == "unchanged") return "";
  const auto put = one["put"].get<std::uint64_t>();
  return ", " + std::to_string(put) + (put == 1 ? " item" : " items") + " put, " +
         std::to_string(one.value("deleted", std::uint64_t{0})) + " deleted";
}

// "create Pipeline demo successfully"; for apply, the outcome: "Pipeline demo unchanged".
std::string outcome_line(const Json& one, const std::string& mode) {
  const std::string object = text_at(one, "kind") + " " + text_at(one, "name");
  if (mode == "apply") return object + " " + text_at(one, "change") + counts_of(one);
  return mode + " " + object + " successfully";
}

// "&custom-kinds=a,b": the kinds of the same files, which the objects may name.
std::string kinds_in(const std::vector<CustomDocument>& documents) {
  std::string list;
  for (const CustomDocument& document : documents) {
    if (document.kind == kCustomDataKind && !document.name.empty())
      list.append(list.empty() ? "&custom-kinds=" : ",").append(percent_encode(document.name));
  }
  return list;
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

void print_outcome(Invocation& invocation, const Json& applied, const std::string& mode,
                   const std::string& note = "") {
  if (invocation.format() != Output::standard) return invocation.print(applied);
  for (const Json& one : applied) {
    invocation.out << outcome_line(one, mode) << note << "\n";
    print_warnings(invocation, one);
  }
}

}  // namespace

void print_warnings(const Invocation& invocation, const Json& one) {
  for (const std::string& warning : warnings_of(one))
    invocation.err << "Warning: " << text_at(one, "name") << ": " << warning << "\n";
}

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

Result<Json> ask_for_preview(const Invocation& invocation, ObjectDocuments objects,
                             const std::string& mode) {
  SLUICE_TRY(Json custom, preview_custom_documents(invocation, objects.custom, mode));
  if (objects.names.empty() && !objects.custom.empty()) return custom;
  SLUICE_TRY(const ApiClient client, invocation.client());
  auto previews =
      client.json({.method = "POST",
                   .path = "/objects?dry-run=true&mode=" + mode + kinds_in(objects.custom),
                   .body = std::move(objects.text)});
  if (previews) {
    for (Json& one : *previews) custom.push_back(std::move(one));
    return custom;
  }
  name_places(objects.places, previews.error().details);
  return refused(mode + " " + objects.label, std::move(previews).error());
}

Result<void> try_objects(Invocation& invocation, const std::vector<std::string>& files,
                         const std::string& mode) {
  SLUICE_TRY(ObjectDocuments objects, read_objects(files));
  SLUICE_TRY(Json previews, ask_for_preview(invocation, std::move(objects), mode));
  for (Json& one : previews) {
    one.erase("before");
    one.erase("spec");
  }
  print_outcome(invocation, previews, mode, " (dry run)");
  return {};
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
    name_places(objects.places, applied.error().details);
    return refused(mode + " " + objects.label, std::move(applied).error());
  }
  print_outcome(invocation, *applied, mode);
  return await_members(client, *applied, waiting, invocation.err);
}

}  // namespace sluice::egctl
