// SPDX-License-Identifier: Apache-2.0
#include "egctl/logs.h"

#include <cstdint>
#include <memory>

namespace sluice::egctl {
namespace {

constexpr std::int64_t kTailLines = 500;

Result<void> print_logs(Invocation& invocation, std::int64_t tail, bool follow) {
  SLUICE_TRY(const ApiClient client, invocation.client());
  const std::string path = "/logs?tail=" + std::to_string(tail) + (follow ? "&follow=true" : "");
  if (auto printed =
          client.stream({.path = path, .accept = "text/plain"}, write_to(invocation.out));
      !printed) {
    return failed("logs", std::move(printed).error());
  }
  return {};
}

Result<void> get_level(Invocation& invocation) {
  SLUICE_TRY(const ApiClient client, invocation.client());
  SLUICE_TRY(const std::string level, client.text({.path = "/logs/level", .accept = "text/plain"}));
  invocation.out << level;
  return {};
}

Result<void> set_level(Invocation& invocation, const std::string& level) {
  SLUICE_TRY(const ApiClient client, invocation.client());
  const std::string path = "/logs/level/" + percent_encode(level);
  if (auto set = client.text({.method = "PUT", .path = path}); !set) {
    return failed("set log level", std::move(set).error());
  }
  invocation.out << "log level is " << level << "\n";
  return {};
}

}  // namespace

void add_logs(Command root, Invocation& invocation) {
  const Command logs = root.add("logs", "Print the log of the server");
  logs.require_command(true);
  const auto tail = std::make_shared<std::int64_t>(kTailLines);
  const auto follow = std::make_shared<bool>(false);
  logs.option("--tail", *tail, "lines from the end, -1 for all of them").show_default();
  logs.flag("-f,--follow", *follow, "go on as new lines come");
  set_action(logs, invocation,
             [tail, follow](Invocation& s) { return print_logs(s, *tail, *follow); });

  set_action(logs.add("get-level", "Print the level of the log"), invocation, get_level);
  const Command set = logs.add("set-level", "Change the level of the log");
  const auto level = std::make_shared<std::string>();
  set.option("LEVEL", *level, "debug, info, warn or error").required();
  set_action(set, invocation, [level](Invocation& s) { return set_level(s, *level); });
}

}  // namespace sluice::egctl
