// SPDX-License-Identifier: Apache-2.0
#include "egctl/custom_check.h"

#include <nlohmann/json.hpp>

#include "config/value.h"
#include "control/custom_preview.h"
#include "egctl/files.h"

namespace sluice::egctl {
namespace {

void name_custom_places(const std::vector<CustomDocument>& documents,
                        std::vector<std::string>& lines) {
  std::vector<std::string> places;
  for (const CustomDocument& document : documents) places.push_back(document.place);
  if (documents.size() > 1) return name_places(places, lines);
  for (std::string& line : lines) line = places.at(0) + line;
}

}  // namespace

std::string label_of(const std::vector<CustomDocument>& documents) {
  if (documents.size() != 1) return std::to_string(documents.size()) + " documents of custom data";
  return documents[0].kind + (documents[0].name.empty() ? "" : " ") + documents[0].name;
}

Result<Json> validate_custom(const std::vector<CustomDocument>& documents) {
  std::vector<config::Value> values;
  for (const CustomDocument& document : documents) {
    SLUICE_TRY(config::Value value, config::parse_document(document.text));
    values.push_back(std::move(value));
  }
  auto previews = control::preview_custom(values, control::ApplyMode::apply, {{}, false});
  if (!previews) {
    name_custom_places(documents, previews.error().details);
    return std::unexpected(std::move(previews).error());
  }
  Json report = Json::array();
  for (const control::CustomPreview& preview : *previews) {
    report.push_back({{"name", preview.name}, {"kind", preview.kind}, {"valid", true}});
    if (!preview.warnings.empty()) report.back()["warnings"] = preview.warnings;
  }
  return report;
}

Result<Json> preview_custom_documents(const Invocation& invocation,
                                      const std::vector<CustomDocument>& documents,
                                      const std::string& mode) {
  if (documents.empty()) return Json::array();
  SLUICE_TRY(const ApiClient client, invocation.client());
  std::string body;
  for (const CustomDocument& document : documents) body += "---\n" + document.text;
  auto previews = client.json(
      {.method = "POST", .path = "/customdata?dry-run=true&mode=" + mode, .body = std::move(body)});
  if (previews) return previews;
  name_custom_places(documents, previews.error().details);
  return refused(mode + " " + label_of(documents), std::move(previews).error());
}

}  // namespace sluice::egctl
