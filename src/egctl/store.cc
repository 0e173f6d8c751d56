// SPDX-License-Identifier: Apache-2.0
#include "egctl/store.h"

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "egctl/json_text.h"
#include "egctl/resources.h"
#include "egctl/table.h"

namespace sluice::egctl {
namespace {

Result<void> print_owners(Invocation& invocation) {
  SLUICE_TRY(const ApiClient client, invocation.client());
  const auto answer =
      all_or_own(invocation, client, "/store/owners", "what this member last heard");
  if (!answer) return failed("list owners", answer.error());
  if (invocation.format() != Output::standard) {
    invocation.print(*answer);
    return {};
  }
  const bool heard = !answer->empty() && answer->front().contains("heard");
  std::vector<Row> rows{{"NAMESPACE", "MEMBER", "CLUSTER-ADDR"}};
  if (heard) rows.front().emplace_back("STATE");
  for (const Json& one : *answer) {
    rows.push_back(
        {text_at(one, "namespace"), text_at(one, "member"), text_at(one, "clusterAddress")});
    if (heard) rows.back().push_back(text_at(one, "heard"));
  }
  invocation.out << invocation.table(rows);
  return {};
}

Result<void> move(Invocation& invocation, const std::string& ns, const std::string& member) {
  const std::size_t slash = ns.find('/');
  if (slash == std::string::npos || slash == 0 || slash + 1 == ns.size()) {
    return invocation.misuse(
        ns + " is not the name of shared data: PIPELINE/FILTER, as egctl store owners shows");
  }
  SLUICE_TRY(const ApiClient client, invocation.client());
  const std::string path = "/store/owners/" + percent_encode(ns.substr(0, slash)) + "/" +
                           percent_encode(ns.substr(slash + 1)) +
                           "?member=" + percent_encode(member);
  const auto answer = client.json({.method = "PUT", .path = path});
  if (!answer) return failed("move " + ns + " to " + member, answer.error());
  invocation.print_or(*answer, answer->value("unchanged", false)
                                   ? member + " owns " + ns + " already\n"
                                   : "move " + ns + " to " + member + " successfully\n");
  return {};
}

}  // namespace

void add_store(Command root, Invocation& invocation) {
  const Command store = root.add("store", "Owners of shared data in a cluster");
  store.require_command();
  set_action(store.add("owners", "List which member owns which shared data"), invocation,
             [](Invocation& s) { return print_owners(s); });
  const Command command = store.add("move", "Give shared data to another member, in order");
  const auto ns = std::make_shared<std::string>();
  const auto member = std::make_shared<std::string>();
  command.option("NAMESPACE", *ns, "PIPELINE/FILTER").required();
  command.option("MEMBER", *member, "the member that is to own it").required();
  command.footer("Example:\n  egctl store move flash-sale-pipeline/wasm member-2");
  set_action(command, invocation, [ns, member](Invocation& s) { return move(s, *ns, *member); });
}

}  // namespace sluice::egctl
