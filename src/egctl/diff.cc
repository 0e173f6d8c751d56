// SPDX-License-Identifier: Apache-2.0
#include "egctl/diff.h"

#include <memory>
#include <nlohmann/json.hpp>

#include "config/emit.h"
#include "egctl/defaults.h"
#include "egctl/json_text.h"
#include "egctl/send_objects.h"
#include "egctl/unified_diff.h"

namespace sluice::egctl {
namespace {

std::string yaml_of(const Json& spec) { return spec.is_null() ? "" : config::emit_yaml(spec); }

// "" if an apply would change nothing. Secrets are redacted on both sides.
std::string diff_of(const Json& one, Defaults& defaults) {
  if (text_at(one, "change") == "unchanged") return "";
  const std::string object = text_at(one, "kind") + " " + text_at(one, "name");
  const Json before = one.value("before", Json());
  Json after = one.value("spec", Json());
  if (before.is_null()) defaults.leave_out(after);
  std::string text = unified_diff(yaml_of(before), yaml_of(after),
                                  before.is_null() ? "/dev/null" : object + " on the server",
                                  object + " of the file");
  if (text.empty()) text = object + " differs in what is not shown: a secret, or code\n";
  return text;
}

Result<void> show_differences(Invocation& invocation, const std::vector<std::string>& files) {
  SLUICE_TRY(ObjectDocuments objects, read_objects(files));
  SLUICE_TRY(const Json previews, ask_for_preview(invocation, std::move(objects), "apply"));
  SLUICE_TRY(const ApiClient client, invocation.client());
  Defaults defaults(client);
  std::string text;
  for (const Json& one : previews) {
    text += diff_of(one, defaults);
    print_warnings(invocation, one);
  }
  invocation.differs = !text.empty();
  invocation.print_or(previews, text);
  return {};
}

}  // namespace

void add_diff(Command root, Invocation& invocation) {
  const Command command =
      root.add("diff", "Show what an apply of files would change on the server");
  const auto files = std::make_shared<std::vector<std::string>>();
  add_file_option(command, *files);
  command.footer(
      "Compares whole specs, with defaults; a new object is shown without them. Secrets are not "
      "shown. Exit code 0: nothing would\n"
      "change. 1: something would, or the server refuses the file, which is an error.\n"
      "Example:\n  egctl diff -f shop.yaml");
  set_action(command, invocation, [files](Invocation& s) { return show_differences(s, *files); });
}

}  // namespace sluice::egctl
