// SPDX-License-Identifier: Apache-2.0
#include "egctl/wasm_unused.h"

#include <unistd.h>

#include <cstdint>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "egctl/json_text.h"

namespace sluice::egctl {
namespace {

std::uint64_t keys_of(const Json& one) { return one.value("keys", std::uint64_t{0}); }

std::string label_of(const Json& one) {
  return text_at(one, "pipeline") + "/" + text_at(one, "filter");
}

std::string counted(std::uint64_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

std::string total_of(const std::vector<Json>& unused) {
  std::uint64_t keys = 0;
  for (const Json& one : unused) keys += keys_of(one);
  return counted(keys, "key") + " of " + counted(unused.size(), "filter");
}

Result<std::vector<Json>> read_unused(const ApiClient& client) {
  const auto answer = client.json({.path = "/wasm/data"});
  if (!answer) return failed("list data", answer.error());
  std::vector<Json> unused;
  for (const Json& one : *answer) {
    if (!one.value("used", true)) unused.push_back(one);
  }
  return unused;
}

// Nothing is deleted by a script that has not said so, nor by any answer but yes.
Result<void> ask(Invocation& invocation, const std::vector<Json>& unused) {
  for (const Json& one : unused)
    invocation.err << label_of(one) << ": " << counted(keys_of(one), "key") << "\n";
  if (::isatty(STDIN_FILENO) == 0) {
    return fail(ErrorKind::invalid, "this would delete " + total_of(unused) +
                                        ", for good: add --yes (no terminal to ask on)");
  }
  invocation.err << "Delete " << total_of(unused) << ", for good? [y/N] " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  if (answer == "y" || answer == "Y" || answer == "yes") return {};
  return fail(ErrorKind::invalid, "nothing was deleted");
}

}  // namespace

Result<void> delete_unused_data(Invocation& invocation, bool yes) {
  SLUICE_TRY(const ApiClient client, invocation.client());
  SLUICE_TRY(std::vector<Json> unused, read_unused(client));
  if (!yes && !unused.empty()) SLUICE_CHECK(ask(invocation, unused));
  const bool as_text = invocation.format() == Output::standard;
  for (Json& one : unused) {
    const std::string path = "/wasm/data/" + percent_encode(text_at(one, "pipeline")) + "/" +
                             percent_encode(text_at(one, "filter")) + "?unused=true";
    auto deleted = client.text({.method = "DELETE", .path = path});
    if (!deleted) return failed("delete data of " + label_of(one), std::move(deleted).error());
    one["change"] = "deleted";
    if (as_text)
      invocation.out << "deleted " << counted(keys_of(one), "key") << " of " << label_of(one)
                     << "\n";
  }
  if (!as_text) {
    invocation.print(Json(unused));
  } else if (unused.empty()) {
    invocation.out << "all data is in use\n";
  }
  return {};
}

}  // namespace sluice::egctl
