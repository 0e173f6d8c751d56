// SPDX-License-Identifier: Apache-2.0
// The older forms: egctl custom-data-kind, egctl custom-data.
#include <memory>
#include <nlohmann/json.hpp>

#include "egctl/confirm.h"
#include "egctl/custom_data.h"
#include "egctl/files.h"

namespace sluice::egctl {
namespace {

using Texts = std::vector<std::string>;
using Run = Result<void> (*)(Invocation&, const Texts&);

// A command with these arguments, all required.
void add_form(Command parent, Invocation& invocation, const std::string& name,
              const std::string& text, const std::vector<std::string>& arguments, Run run) {
  const Command command = parent.add(name, text);
  const auto given = std::make_shared<Texts>(arguments.size());
  for (std::size_t i = 0; i < arguments.size(); ++i)
    command.option(arguments[i], (*given)[i], i == 0 ? "name of the kind" : "id of the item")
        .required();
  if (name == "delete") add_yes_option(command, invocation);
  set_action(command, invocation, [given, run](Invocation& s) { return run(s, *given); });
}

struct FileForm {
  const char* name;
  const char* text;
  const char* method;
  const char* below;  // the end of the path
};

// `kind`: of the items in the file; "": the file holds kinds.
Result<void> send_file(Invocation& invocation, const FileForm& form, const std::string& kind,
                       const std::string& file) {
  SLUICE_TRY(const std::string text, read_input(file));
  SLUICE_TRY(const ApiClient client, invocation.client());
  const std::string path =
      kind.empty() ? "/customdatakinds" : "/customdata/" + percent_encode(kind) + form.below;
  const auto answer = client.json({.method = form.method, .path = path, .body = text});
  const std::string label = kind.empty() ? "custom data kind" : "custom data of " + kind;
  if (!answer) return refused(std::string(form.name) + " " + label, answer.error());
  invocation.print_or(*answer, std::string(form.name) + " " + label + " successfully\n");
  return {};
}

void add_file_form(Command parent, Invocation& invocation, const FileForm& form, bool of_kind) {
  const Command command = parent.add(form.name, form.text);
  const auto kind = std::make_shared<std::string>();
  const auto file = std::make_shared<std::string>("-");
  if (of_kind) command.option("KIND", *kind, "name of the kind").required();
  command.option("-f,--file", *file, "file to read, - for standard input").type_name("FILE");
  set_action(command, invocation,
             [form, kind, file](Invocation& s) { return send_file(s, form, *kind, *file); });
}

}  // namespace

void add_custom_data_kind(Command root, Invocation& invocation) {
  const Command kinds = root.add("custom-data-kind", "Kinds of custom data (older form)");
  kinds.group("Older forms").require_command();
  add_form(kinds, invocation, "list", "List the kinds", {},
           [](Invocation& s, const Texts&) { return get_custom(s, kCustomDataKind, {}); });
  add_form(kinds, invocation, "get", "Print a kind", {"KIND"},
           [](Invocation& s, const Texts& given) { return get_custom(s, kCustomDataKind, given); });
  add_form(kinds, invocation, "delete", "Delete a kind and its items", {"KIND"},
           [](Invocation& s, const Texts& given) {
             return delete_custom(s, kCustomDataKind, given, false);
           });
  add_file_form(kinds, invocation, {"create", "Create kinds", "POST", ""}, false);
  add_file_form(kinds, invocation, {"update", "Update kinds", "PUT", ""}, false);
}

void add_custom_data(Command root, Invocation& invocation) {
  const Command data = root.add("custom-data", "Custom data (older form)");
  data.group("Older forms").require_command();
  add_form(data, invocation, "list", "List the items of a kind", {"KIND"},
           [](Invocation& s, const Texts& given) { return get_custom(s, kCustomData, given); });
  add_form(data, invocation, "get", "Print an item", {"KIND", "ID"},
           [](Invocation& s, const Texts& given) { return get_custom(s, kCustomData, given); });
  add_form(data, invocation, "delete", "Delete an item", {"KIND", "ID"},
           [](Invocation& s, const Texts& given) {
             return delete_custom(s, kCustomData, given, false);
           });
  add_file_form(data, invocation, {"create", "Create an item", "POST", ""}, true);
  add_file_form(data, invocation, {"update", "Update an item", "PUT", ""}, true);
  add_file_form(data, invocation,
                {"batch-update", "Change several items at once", "POST", "/items"}, true);
}

}  // namespace sluice::egctl
