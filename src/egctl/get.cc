// SPDX-License-Identifier: Apache-2.0
#include "egctl/get.h"

#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "config/emit.h"
#include "egctl/custom_data.h"
#include "egctl/listing.h"
#include "egctl/member.h"
#include "egctl/resources.h"
#include "egctl/watch.h"

namespace sluice::egctl {
namespace {

struct GetArguments {
  std::string word = "all";
  std::vector<std::string> names;
  bool secrets = false;
  bool watch = false;
  Namespaces namespaces;
};

Result<void> get(Invocation& invocation, const GetArguments& arguments) {
  SLUICE_CHECK(arguments.namespaces.check(invocation));
  const bool table = invocation.format() == Output::standard;
  if (arguments.watch && !table)
    return invocation.misuse("--watch prints tables: -o default or wide");
  SLUICE_TRY(const ApiClient client, invocation.client());
  SLUICE_TRY(NamedResources wanted,
             named_resources_of_kind(invocation, arguments.word, arguments.names));
  ListingQuery query{"", std::move(wanted.names), arguments.namespaces};
  if (wanted.kind != "all") {
    SLUICE_TRY(query.kind, find_kind(invocation, client, wanted.kind));
  }
  if (is_custom(query.kind)) {
    if (arguments.watch) return invocation.misuse("--watch is for objects and members");
    return get_custom(invocation, query.kind, query.names);
  }
  if (arguments.watch) return watch_listing(invocation, query);
  if (table) {
    SLUICE_TRY(const Listing listing, read_listing(invocation, client, query));
    std::vector<Row> rows{listing.header};
    rows.insert(rows.end(), listing.rows.begin(), listing.rows.end());
    invocation.out << invocation.table(std::move(rows));
    return {};
  }
  if (query.kind == kMember) return print_members(invocation, query.names);
  SLUICE_TRY(const std::vector<Json> objects,
             read_objects_of(client, query.kind, query.names, arguments.secrets));
  print_specs(invocation, objects, query.names.size() == 1);
  return {};
}

}  // namespace

void print_specs(const Invocation& invocation, const std::vector<Json>& specs, bool single) {
  if (invocation.format() != Output::yaml)
    return invocation.print(single ? specs.at(0) : Json(specs));
  bool first = true;
  for (const Json& spec : specs) {
    if (!std::exchange(first, false)) invocation.out << "---\n";
    invocation.out << config::emit_yaml(spec);
  }
}

void add_get(Command root, Invocation& invocation) {
  const Command command = root.add("get", "List resources, or print some of them");
  const auto arguments = std::make_shared<GetArguments>();
  command.option("KIND", arguments->word, "all, httpserver, pipeline, member ...");
  command.option("NAME", arguments->names, "only these");
  command.flag("--secrets", arguments->secrets, "with keys and passwords; takes an admin");
  command.flag("-w,--watch", arguments->watch, "go on, and print each row that changes");
  add_namespace_options(command, arguments->namespaces);
  command.footer(
      "Examples:\n  egctl get pipeline flash-sale-pipeline -o yaml\n"
      "  egctl get all -o jsonpath='{range [*]}{.kind}/{.name}{\"\\n\"}{end}'");
  set_action(command, invocation, [arguments](Invocation& s) { return get(s, *arguments); });
}

}  // namespace sluice::egctl
