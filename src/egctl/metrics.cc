// SPDX-License-Identifier: Apache-2.0
#include "egctl/metrics.h"

namespace sluice::egctl {
namespace {

Result<void> print_metrics(Invocation& invocation) {
  if (invocation.format() != Output::standard)
    return invocation.misuse("metrics are in the format of Prometheus only: leave out -o");
  SLUICE_TRY(const ApiClient client, invocation.client());
  return client.stream({.path = "/metrics", .accept = "text/plain"}, write_to(invocation.out));
}

}  // namespace

void add_metrics(Command root, Invocation& invocation) {
  const Command command = root.add("metrics", "Print the figures of the server for Prometheus");
  set_action(command, invocation, print_metrics);
}

}  // namespace sluice::egctl
