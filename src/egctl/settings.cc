// SPDX-License-Identifier: Apache-2.0
#include "egctl/settings.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "config/emit.h"
#include "config/encoder.h"
#include "config/source_text.h"
#include "config/url_credentials.h"
#include "config/value.h"
#include "egctl/environment.h"
#include "egctl/files.h"
#include "egctl/json_text.h"

namespace sluice::egctl {
namespace {

constexpr std::string_view kCurrentContext = "current-context:";

Json list_at(const Json& map, std::string_view key) {
  const auto found = map.find(key);
  return found != map.end() && found->is_array() ? *found : Json::array();
}

Json map_at(const Json& map, std::string_view key) {
  const auto found = map.is_object() ? map.find(key) : map.end();
  return map.is_object() && found != map.end() && found->is_object() ? *found : Json::object();
}

bool is_secret(std::string_view key) {
  static constexpr std::array<std::string_view, 5> kSecrets{"password", "token", "client-key-data",
                                                            "client-certificate-data",
                                                            "certificate-authority-data"};
  return std::ranges::find(kSecrets, key) != kSecrets.end();
}

void redact(Json& value) {
  if (value.is_string()) value = config::without_credentials(value.get<std::string>());
  if (!value.is_structured()) return;
  for (const auto& [key, item] : value.items()) {
    if (value.is_object() && is_secret(key)) {
      item = "REDACTED";
    } else {
      redact(item);
    }
  }
}

// Certificates are no secret.
bool has_secret(const Json& value) {
  if (!value.is_structured()) return false;
  for (const auto& [key, item] : value.items()) {
    const bool named = value.is_object() && is_secret(key) && !key.contains("certificate");
    if (named && item.is_string() && !item.get<std::string>().empty()) return true;
    if (has_secret(item)) return true;
  }
  return false;
}

// The `cluster` or `user` of that name; null if it is absent.
Json entry_of(const Json& document, std::string_view list, std::string_view field,
              std::string_view name) {
  for (const Json& entry : list_at(document, list)) {
    if (text_at(entry, "name") == name) return map_at(entry, field);
  }
  return {};
}

}  // namespace

std::string settings_path() {
  const std::string given = environment("EGCTLRC");
  return given.empty() ? environment("HOME") + "/.egctlrc" : given;
}

Result<Settings> read_settings(const std::string& path) {
  if (!file_exists(path)) return Settings{path, "", "", {}, Json::object(), {}, {}};
  SLUICE_TRY(std::string text, read_input(path));
  return parse_settings(path, std::move(text));
}

Result<Settings> parse_settings(std::string path, std::string text) {
  const auto values = config::parse_documents(text);
  if (!values) {
    return fail(ErrorKind::invalid, path + ": " + values.error().message,
                config::excerpt(text, values.error()));
  }
  Json document = values->empty() ? Json() : config::Encoder::of(values->front());
  if (document.is_null()) document = Json::object();
  if (!document.is_object()) return fail(ErrorKind::invalid, path + ": is not a map");
  Settings settings{
      std::move(path), std::move(text), text_at(document, "current-context"), {}, {}, {}, {}};
  for (const Json& entry : list_at(document, "contexts")) {
    const Json context = map_at(entry, "context");
    const std::string cluster = text_at(context, "cluster");
    settings.contexts.push_back(
        {text_at(entry, "name"), cluster, text_at(context, "user"),
         text_at(entry_of(document, "clusters", "cluster", cluster), "server")});
    if (settings.contexts.back().name != settings.current_context) continue;
    settings.cluster = entry_of(document, "clusters", "cluster", cluster);
    settings.account = entry_of(document, "users", "user", settings.contexts.back().user);
  }
  redact(document);
  settings.document = std::move(document);
  return settings;
}

std::string exposure_of(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0 || (found.st_mode & (S_IRGRP | S_IROTH)) == 0) return "";
  const auto text = read_input(path);
  if (!text) return "";
  const auto values = config::parse_documents(*text);
  if (!values || values->empty() || !has_secret(config::Encoder::of(values->front()))) return "";
  return path + " has a password, a token or a key, and others may read it: chmod 600 " + path;
}

Result<Access> current_access() {
  SLUICE_TRY(const Settings settings, read_settings(settings_path()));
  if (settings.current_context.empty()) return Access{};
  for (const SettingsContext& context : settings.contexts) {
    if (context.name != settings.current_context) continue;
    if (context.server.empty()) {
      return fail(ErrorKind::invalid, settings.path + ": context \"" + context.name +
                                          "\" names the cluster \"" + context.cluster +
                                          "\", which has no server");
    }
    if (!context.user.empty() && settings.account.is_null()) {
      return fail(ErrorKind::invalid, settings.path + ": context \"" + context.name +
                                          "\" names the user \"" + context.user +
                                          "\", who is not there");
    }
    auto access = access_of(settings.cluster, settings.account);
    if (access) return access;
    return fail(ErrorKind::invalid, settings.path + ": " + access.error().message);
  }
  return fail(ErrorKind::invalid, settings.path + ": no context \"" + settings.current_context +
                                      "\", try egctl config get-contexts");
}

std::string with_current_context(std::string_view text, std::string_view name) {
  const std::string line = std::string(kCurrentContext) + " " + config::yaml_scalar(name) + "\n";
  std::string out;
  bool replaced = false;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view old = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (old.starts_with(kCurrentContext)) {
      out += line;
      replaced = true;
    } else {
      out += std::string(old) + "\n";
    }
  }
  return replaced ? out : out + line;
}

}  // namespace sluice::egctl
