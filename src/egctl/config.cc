// SPDX-License-Identifier: Apache-2.0
#include "egctl/config.h"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "config/url_credentials.h"
#include "egctl/files.h"
#include "egctl/settings.h"
#include "egctl/table.h"

namespace sluice::egctl {
namespace {

Result<Settings> existing_settings() {
  SLUICE_TRY(Settings settings, read_settings(settings_path()));
  if (!settings.text.empty()) return settings;
  return fail(ErrorKind::not_found, "there is no " + settings.path + "; egctl talks to " +
                                        std::string(kDefaultServer) + ", or to --server");
}

Result<void> view(Invocation& invocation) {
  SLUICE_TRY(const Settings settings, existing_settings());
  invocation.print(settings.document);
  return {};
}

Result<void> print_current(Invocation& invocation) {
  SLUICE_TRY(const Settings settings, existing_settings());
  if (settings.current_context.empty()) {
    return fail(ErrorKind::not_found,
                "no current context; choose one with egctl config use-context NAME");
  }
  invocation.print_or(settings.current_context, settings.current_context + "\n");
  return {};
}

Result<void> list_contexts(Invocation& invocation) {
  SLUICE_TRY(const Settings settings, existing_settings());
  std::vector<Row> rows{{"CURRENT", "NAME", "CLUSTER", "USER", "SERVER"}};
  Json list = Json::array();
  for (const SettingsContext& context : settings.contexts) {
    const bool current = context.name == settings.current_context;
    const std::string server = config::without_credentials(context.server);
    rows.push_back({current ? "*" : "", context.name, context.cluster, context.user, server});
    list.push_back({{"current", current},
                    {"name", context.name},
                    {"cluster", context.cluster},
                    {"user", context.user},
                    {"server", server}});
  }
  invocation.print_or(list, invocation.table(rows));
  return {};
}

Result<void> use_context(Invocation& invocation, const std::string& name) {
  SLUICE_TRY(const Settings settings, existing_settings());
  const bool known = std::ranges::any_of(
      settings.contexts, [&](const SettingsContext& context) { return context.name == name; });
  if (!known) {
    return fail(ErrorKind::not_found,
                "no such context: " + name + ", try egctl config get-contexts");
  }
  SLUICE_CHECK(write_file(settings.path, with_current_context(settings.text, name)));
  invocation.out << "switched to context " << name << "\n";
  return {};
}

}  // namespace

void add_config(Command root, Invocation& invocation) {
  const Command config = root.add("config", "Settings of egctl: which server to talk to");
  config.require_command();
  config.footer("The file is ~/.egctlrc, or $EGCTLRC.");
  set_action(config.add("view", "Print the settings, without secrets"), invocation, view);
  set_action(config.add("current-context", "Print the current context"), invocation, print_current);
  set_action(config.add("get-contexts", "List the contexts"), invocation, list_contexts);
  const Command use = config.add("use-context", "Choose the current context");
  const auto name = std::make_shared<std::string>();
  use.option("NAME", *name, "name of the context").required();
  set_action(use, invocation, [name](Invocation& s) { return use_context(s, *name); });
}

}  // namespace sluice::egctl
