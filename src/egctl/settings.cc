// SPDX-License-Identifier: Apache-2.0
#include "egctl/settings.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "config/emit.h"
#include "config/encoder.h"
#include "config/value.h"
#include "egctl/client.h"
#include "egctl/files.h"

namespace sluice::egctl {
namespace {

constexpr std::string_view kCurrentContext = "current-context:";

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string text_at(const Json& map, std::string_view key) {
  const auto found = map.is_object() ? map.find(key) : map.end();
  return map.is_object() && found != map.end() && found->is_string() ? found->get<std::string>()
                                                                     : "";
}

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
  if (!value.is_structured()) return;
  for (const auto& [key, item] : value.items()) {
    if (value.is_object() && is_secret(key)) {
      item = "REDACTED";
    } else {
      redact(item);
    }
  }
}

std::string server_of(const Json& document, std::string_view cluster) {
  for (const Json& entry : list_at(document, "clusters")) {
    if (text_at(entry, "name") == cluster) return text_at(map_at(entry, "cluster"), "server");
  }
  return "";
}

}  // namespace

std::string settings_path() {
  const std::string given = environment("EGCTLRC");
  return given.empty() ? environment("HOME") + "/.egctlrc" : given;
}

Result<Settings> read_settings(const std::string& path) {
  if (!file_exists(path)) return Settings{path, "", "", {}, Json::object()};
  SLUICE_TRY(std::string text, read_file(path));
  return parse_settings(path, std::move(text));
}

Result<Settings> parse_settings(std::string path, std::string text) {
  const auto values = config::parse_documents(text);
  if (!values) return fail(ErrorKind::invalid, path + ": " + values.error().message);
  Json document = values->empty() ? Json() : config::Encoder::of(values->front());
  if (document.is_null()) document = Json::object();
  if (!document.is_object()) return fail(ErrorKind::invalid, path + ": is not a map");
  Settings settings{std::move(path), std::move(text), text_at(document, "current-context"), {}, {}};
  for (const Json& entry : list_at(document, "contexts")) {
    const Json context = map_at(entry, "context");
    const std::string cluster = text_at(context, "cluster");
    settings.contexts.push_back(
        {text_at(entry, "name"), cluster, text_at(context, "user"), server_of(document, cluster)});
  }
  redact(document);
  settings.document = std::move(document);
  return settings;
}

Result<std::string> current_server() {
  SLUICE_TRY(const Settings settings, read_settings(settings_path()));
  if (settings.current_context.empty()) return std::string(kDefaultServer);
  for (const SettingsContext& context : settings.contexts) {
    if (context.name != settings.current_context) continue;
    if (!context.server.empty()) return context.server;
    return fail(ErrorKind::invalid, settings.path + ": context \"" + context.name +
                                        "\" names the cluster \"" + context.cluster +
                                        "\", which has no server");
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
