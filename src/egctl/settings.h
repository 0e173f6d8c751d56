// SPDX-License-Identifier: Apache-2.0
// ~/.egctlrc (or $EGCTLRC): clusters, and the context that selects one.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "egctl/access.h"

namespace sluice::egctl {

struct SettingsContext {
  std::string name;
  std::string cluster;
  std::string user;
  std::string server;  // of the cluster; "" if there is no such cluster
};

struct Settings {
  std::string path;
  std::string text;  // "" if there is no file
  std::string current_context;
  std::vector<SettingsContext> contexts;
  Json document;   // with passwords, keys and tokens redacted
  Json cluster{};  // of the current context, not redacted; null if there is none
  Json account{};  // the user of the current context, likewise
};

[[nodiscard]] std::string settings_path();
// An absent file yields empty settings.
[[nodiscard]] Result<Settings> read_settings(const std::string& path);
[[nodiscard]] Result<Settings> parse_settings(std::string path, std::string text);
// Why the file should be more private: others may read it, and it has a password, a token or a key;
// "" if it is well.
[[nodiscard]] std::string exposure_of(const std::string& path);
// The access of the current context; empty if there is none.
[[nodiscard]] Result<Access> current_access();
// The text of the file with another current context. All other text stays as it is.
[[nodiscard]] std::string with_current_context(std::string_view text, std::string_view name);

}  // namespace sluice::egctl
