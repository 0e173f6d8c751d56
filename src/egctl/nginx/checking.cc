// SPDX-License-Identifier: Apache-2.0
#include "egctl/nginx/checking.h"

#include <map>

#include "base/text.h"
#include "config/emit.h"
#include "control/validation.h"
#include "egctl/catalog.h"
#include "egctl/nginx/answers.h"

namespace sluice::egctl::nginx {
namespace {

// By the place of the object among all.
using FaultsByObject = std::map<std::size_t, std::vector<std::string>>;

// "document 2, port: is required"
FaultsByObject by_object(const std::vector<std::string>& lines) {
  constexpr std::string_view kDocument = "document ";
  FaultsByObject out;
  for (std::string_view line : lines) {
    std::size_t index = 0;
    if (line.starts_with(kDocument)) {
      std::string_view rest = line.substr(kDocument.size());
      if (const auto number = to_number<int>(take_until(rest, ','));
          number && *number > 0 && rest.starts_with(' ')) {
        index = static_cast<std::size_t>(*number) - 1;
        line = rest.substr(1);
      }
    }
    out[index].emplace_back(line);
  }
  return out;
}

Result<void> validate_objects(const std::vector<Json>& objects, const Catalog& catalog) {
  std::string text;
  for (const Json& object : objects) text += "---\n" + config::emit_yaml(object);
  SLUICE_TRY(const auto documents, control::objects_in(text));
  auto steps = control::validate(documents, control::ApplyMode::apply, {catalog.builder()});
  if (!steps) return std::unexpected(std::move(steps).error());
  return {};
}

void close_pipeline(Json& pipeline) {
  const Json filter = mock(kNotConverted);
  pipeline["filters"] = Json::array({filter});
  pipeline["flow"] = Json::array({{{"filter", filter["name"]}}});
}

}  // namespace

Result<void> check(Conversion& conversion) {
  SLUICE_TRY(const Catalog catalog, Catalog::open(Catalog::Use::build));
  while (true) {
    auto valid = validate_objects(conversion.objects, catalog);
    if (valid || valid.error().details.empty()) return valid;
    bool closed = false;
    std::vector<std::string> faults;
    for (const auto& [index, lines] : by_object(valid.error().details)) {
      if (index >= conversion.objects.size()) return valid;
      const Directive& place = *conversion.places[index];
      Json& object = conversion.objects[index];
      for (const std::string& line : lines) {
        if (object["kind"] == "Pipeline")
          conversion.notes.add(place, line + ": Pipeline " + object["name"].get<std::string>() +
                                          " answers 503 until you see to it");
        faults.push_back(place.place() + ": " + place.name + ": " + line);
      }
      if (object["kind"] != "Pipeline") continue;
      close_pipeline(object);
      conversion.closed.push_back(object["name"].get<std::string>());
      closed = true;
    }
    // A closed pipeline has no faults. The list of faults may have been cut.
    if (!closed)
      return fail(ErrorKind::invalid, "a gateway refuses the result until you mend it",
                  std::move(faults));
  }
}

}  // namespace sluice::egctl::nginx
