// SPDX-License-Identifier: Apache-2.0
#include "egctl/wasm_history.h"

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "egctl/backup_contents.h"
#include "egctl/files.h"
#include "egctl/json_text.h"
#include "egctl/wasm_reload.h"

namespace sluice::egctl {
namespace {

constexpr std::size_t kShownHashDigits = 12;

struct Place {
  std::string pipeline;
  std::string filter;
  std::string hash;
  std::string from{};
  bool force = false;

  [[nodiscard]] std::string path() const {
    return "/wasm/code/" + percent_encode(pipeline) + "/" + percent_encode(filter);
  }
};

// Why the code was rolled back; "-": it was not, or by a user, who gives no reason.
std::string reason_of(const Json& code) {
  const Json back = code.value("rolledBack", Json());
  const std::string why = back.is_object() ? text_at(back, "why") : "";
  return why.empty() ? "-" : why;
}

std::string state_of(const Json& code) {
  const std::string trial = text_at(code, "trial");
  if (code.value("runs", false)) {
    if (trial == "running") return "running, on trial";
    return trial == "failed" ? "running, failed its trial" : "running";
  }
  const Json back = code.value("rolledBack", Json());
  if (!back.is_object()) return trial == "replaced" ? "replaced while on trial" : "";
  if (!text_at(back, "why").empty()) return "rolled back by itself";
  const std::string by = text_at(back, "by");  // "-": the API asks nobody for a name
  return by == "-" ? "rolled back" : "rolled back by " + by;
}

Row code_row(const Json& code, bool wide) {
  const std::string place = text_at(code, "place");
  Row row{wide ? text_at(code, "sha256") : text_at(code, "sha256").substr(0, kShownHashDigits),
          text_at(code, "at"),
          text_at(code, "by"),
          text_at(code, "how"),
          text_at(code, "source") + (place.empty() ? "" : " " + place),
          size_text(code.value("bytes", std::uint64_t{0})),
          state_of(code)};
  if (!wide) return row;
  row.push_back(text_at(code, "firstAt"));
  row.push_back(text_at(code, "firstBy"));
  row.push_back(reason_of(code));
  return row;
}

Result<void> print_history(Invocation& invocation, const Place& place) {
  SLUICE_TRY(const ApiClient client, invocation.client());
  const auto answer = client.json({.path = place.path()});
  if (!answer) return failed("list code", answer.error());
  std::vector<Row> rows{{"SHA256", "SINCE", "BY", "HOW", "SOURCE", "SIZE", "STATE"}};
  if (invocation.wide()) {
    rows.front().emplace_back("FIRST");
    rows.front().emplace_back("FIRST-BY");
    rows.front().emplace_back("REASON");
  }
  for (const Json& code : answer->value("codes", Json::array()))
    rows.push_back(code_row(code, invocation.wide()));
  invocation.print_or(*answer, invocation.table(rows));
  return {};
}

Result<void> print_code(Invocation& invocation, const Place& place) {
  SLUICE_TRY(const ApiClient client, invocation.client());
  const auto write = write_to(invocation.out);
  const auto done = client.stream({.path = place.path() + "/" + percent_encode(place.hash)}, write);
  if (!done) return failed("read code", done.error());
  return {};
}

Result<void> roll_back(Invocation& invocation, const Place& place) {
  SLUICE_TRY(const ApiClient client, invocation.client());
  std::string path = place.path() + "/rollback?to=" + percent_encode(place.hash) +
                     "&from=" + percent_encode(place.from);
  if (place.force) path += "&force=true";
  SLUICE_TRY(const ApiReply reply, client.send({.method = "POST", .path = path}));
  return report_code_answer(invocation, "roll back code", "rolled back", reply);
}

// An empty variable of a script would mean another code.
std::string fault_of_hash(const std::string& text) {
  return text.empty() ? "is empty: give a hash, or leave the option out" : "";
}

std::shared_ptr<Place> add_place(Command command) {
  auto place = std::make_shared<Place>();
  command.option("PIPELINE", place->pipeline, "pipeline").required();
  command.option("FILTER", place->filter, "filter of the pipeline").required();
  return place;
}

}  // namespace

void add_wasm_history(Command wasm, Invocation& invocation) {
  const Command command = wasm.add("history", "The codes that a filter has run");
  const auto place = add_place(command);
  command.option("--code", place->hash, "print this code, or script, on standard output")
      .type_name("HASH");
  command.footer(
      "The newest is the first, and runs. -o wide adds when each ran first, and why it\n"
      "was rolled back. A hash may be\n"
      "shortened. Example:\n"
      "  egctl wasm history flash-sale-pipeline wasm --code 8f14e45f > refused.wasm");
  set_action(command, invocation, [place](Invocation& s) {
    return place->hash.empty() ? print_history(s, *place) : print_code(s, *place);
  });
}

void add_wasm_rollback(Command wasm, Invocation& invocation) {
  const Command command = wasm.add("rollback", "Run code again that a filter ran before");
  const auto place = add_place(command);
  command
      .option("--to", place->hash,
              "the code, by its hash; default: the newest before, that was not rolled back")
      .type_name("HASH")
      .check(fault_of_hash);
  command.option("--from", place->from, "only if this code runs: somebody may have brought another")
      .type_name("HASH")
      .check(fault_of_hash);
  command.flag("--force", place->force, "in a cluster, swap on the members that can run the code");
  command.footer(
      "It runs until `egctl wasm reload-code` finds code that is not the one of now, or until\n"
      "another `code` is applied.\n"
      "Example:\n  egctl wasm rollback flash-sale-pipeline wasm");
  set_action(command, invocation, [place](Invocation& s) { return roll_back(s, *place); });
}

}  // namespace sluice::egctl
