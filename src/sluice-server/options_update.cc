// SPDX-License-Identifier: Apache-2.0
#include "sluice-server/options_update.h"

#include <nlohmann/json.hpp>
#include <set>

#include "config/from_json.h"

namespace sluice::server_program {
namespace {

std::set<std::string, std::less<>> live_keys() {
  std::set<std::string, std::less<>> keys;
  Options options;
  const auto collect = [&keys]<class T>(std::string_view key, T&, const config::Rule&,
                                        OptionUse use = {}) {
    if (use.live) keys.emplace(key);
  };
  options.each(collect);
  return keys;
}

void append(std::string& list, const std::string& key) { list += (list.empty() ? "" : ", ") + key; }

}  // namespace

Result<OptionsUpdate> update(const Options& running, const Options& read) {
  const auto live = live_keys();
  Json in_force = config::encode(running);
  const Json after = config::encode(read);
  OptionsUpdate made;
  for (const auto& [key, value] : after.items()) {
    if (in_force[key] == value) continue;
    if (live.contains(key)) {
      append(made.changed, key);
      in_force[key] = value;
    } else {
      append(made.waiting, key);
    }
  }
  config::Faults faults;
  made.in_force = config::decode<Options>(config::from_json(in_force), "", faults);
  if (!faults.empty()) return std::unexpected(faults.to_error());
  return made;
}

}  // namespace sluice::server_program
