// SPDX-License-Identifier: Apache-2.0
#include "egctl/metrics.h"

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "control/metrics.h"
#include "egctl/catalog.h"

namespace sluice::egctl {
namespace {

constexpr const char* kEasegress = "easegress";

std::string fault_of_names(const std::string& text) {
  return text == kEasegress ? "" : "must be easegress";
}

// The families that a server of this version has.
Result<void> list_metrics(const Invocation& invocation) {
  SLUICE_TRY(const Catalog catalog, Catalog::open(Catalog::Use::describe));
  Json list = Json::array();
  std::vector<Row> rows{{"NAME", "TYPE", "UNIT", "LABELS"}};
  for (const observe::MetricFamily& family :
       control::metric_families(catalog.builder().filters())) {
    list.push_back({{"name", family.name},
                    {"type", to_string(family.type)},
                    {"unit", family.unit},
                    {"labels", family.labels},
                    {"help", family.help}});
    rows.push_back({std::string(family.name), std::string(to_string(family.type)),
                    std::string(family.unit), std::string(family.labels)});
  }
  invocation.print_or(list, invocation.table(std::move(rows)));
  return {};
}

Result<void> print_metrics(Invocation& invocation, const std::string& names) {
  if (invocation.format() != Output::standard)
    return invocation.misuse("metrics are in the format of Prometheus only: leave out -o");
  const std::string path = names.empty() ? "/metrics" : "/metrics?names=" + names;
  SLUICE_TRY(const ApiClient client, invocation.client());
  return client.stream({.path = path, .accept = "text/plain"}, write_to(invocation.out));
}

}  // namespace

void add_metrics(Command root, Invocation& invocation) {
  const Command command = root.add("metrics", "Print the figures of the server for Prometheus");
  const auto names = std::make_shared<std::string>();
  const auto list = std::make_shared<bool>(false);
  command.option("--names", *names, "easegress: under the names that Easegress has")
      .check(fault_of_names);
  command.flag("--list", *list, "the names with type, unit and labels, without a server");
  set_action(command, invocation, [names, list](Invocation& s) {
    return *list ? list_metrics(s) : print_metrics(s, *names);
  });
}

}  // namespace sluice::egctl
