// SPDX-License-Identifier: Apache-2.0
#include "egctl/custom_data.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "config/emit.h"
#include "config/encoder.h"
#include "config/value.h"
#include "egctl/confirm.h"
#include "egctl/editor.h"
#include "egctl/json_text.h"
#include "egctl/table.h"

namespace sluice::egctl {
namespace {

constexpr std::size_t kSchemaShown = 40;  // characters of a schema in a table

std::string kinds_path(std::string_view name = "") {
  return "/customdatakinds" + (name.empty() ? "" : "/" + percent_encode(name));
}

std::string items_path(std::string_view kind, std::string_view below = "") {
  return "/customdata/" + percent_encode(kind) + (below.empty() ? "" : "/" + percent_encode(below));
}

std::string query_of(const Waiting& waiting, std::string_view more = "") {
  std::string query(more);
  if (!waiting.wait) query += std::string(query.empty() ? "" : "&") + "wait=false";
  return query.empty() ? "" : "?" + query;
}

// The change is made, and members of the cluster have not followed.
Result<void> check_followed(const Json& answer) {
  const Json* one = answer.is_array() && !answer.empty() ? &answer.back() : &answer;
  const Json lines = one->is_object() ? one->value("behind", Json::array()) : Json::array();
  if (lines.empty()) return {};
  Error error{ErrorKind::timed_out, "the change is made, and not in force everywhere", {}};
  for (const Json& line : lines) error.details.push_back(line.get<std::string>());
  return std::unexpected(std::move(error));
}

// --- get ---

std::string kind_table(const std::vector<Json>& kinds) {
  std::vector<Row> rows{{"NAME", "ID-FIELD", "JSON-SCHEMA", "DATA-NUM"}};
  for (const Json& kind : kinds) {
    std::string schema = kind.contains("jsonSchema") ? kind["jsonSchema"].dump() : "";
    if (schema.size() > kSchemaShown) schema = schema.substr(0, kSchemaShown - 3) + "...";
    rows.push_back({text_at(kind, "name"), text_at(kind, "idField"), schema,
                    std::to_string(kind.value("len", std::uint64_t{0}))});
  }
  return format_table(rows);
}

Result<std::vector<Json>> read_each(const ApiClient& client, const std::string& all,
                                    const std::vector<std::string>& paths) {
  std::vector<Json> found;
  if (paths.empty()) {
    SLUICE_TRY(const Json answer, client.json({.path = all}));
    return std::vector<Json>(answer.begin(), answer.end());
  }
  for (const std::string& path : paths) {
    SLUICE_TRY(Json one, client.json({.path = path}));
    found.push_back(std::move(one));
  }
  return found;
}

void print_list(Invocation& invocation, const std::vector<Json>& list, bool single) {
  if (invocation.format() == Output::json || single)
    return invocation.print(single ? list.at(0) : Json(list));
  for (std::size_t i = 0; i < list.size(); ++i)
    invocation.out << (i > 0 ? "---\n" : "") << config::emit_yaml(list[i]);
}

Result<void> get_kinds(Invocation& invocation, const std::vector<std::string>& names) {
  SLUICE_TRY(const ApiClient client, invocation.client());
  std::vector<std::string> paths;
  for (const std::string& name : names) paths.push_back(kinds_path(name));
  SLUICE_TRY(const std::vector<Json> kinds, read_each(client, kinds_path(), paths));
  if (invocation.format() == Output::standard) {
    invocation.out << kind_table(kinds);
  } else {
    print_list(invocation, kinds, names.size() == 1);
  }
  return {};
}

Result<std::string> id_field_of(const ApiClient& client, const std::string& kind) {
  SLUICE_TRY(const Json spec, client.json({.path = kinds_path(kind)}));
  return text_at(spec, "idField");
}

// A table of ids, or the items themselves: items have no common form.
Result<void> get_items(Invocation& invocation, const std::string& kind,
                       const std::vector<std::string>& ids) {
  SLUICE_TRY(const ApiClient client, invocation.client());
  std::vector<std::string> paths;
  for (const std::string& id : ids) paths.push_back(items_path(kind, id));
  SLUICE_TRY(const std::vector<Json> items, read_each(client, items_path(kind), paths));
  const bool table = invocation.format() == Output::standard && ids.empty();
  if (!table) {
    print_list(invocation, items, ids.size() == 1);
    return {};
  }
  SLUICE_TRY(const std::string id_field, id_field_of(client, kind));
  std::vector<Row> rows{{"NAME"}};
  for (const Json& item : items) rows.push_back({text_at(item, id_field.c_str())});
  invocation.out << invocation.table(rows);
  return {};
}

std::unexpected<Error> wants_a_kind(Invocation& invocation, const std::string& command) {
  return invocation.misuse(
      command + " customdata wants the name of a kind (egctl get customdatakind lists them)");
}

// --- delete ---

// Deletes what `path` names, and prints it.
Result<void> delete_one(Invocation& invocation, const ApiClient& client, const std::string& path,
                        const std::string& label, std::vector<Json>& done) {
  auto answer = client.json({.method = "DELETE", .path = path});
  if (!answer) return failed("delete " + label, std::move(answer).error());
  if (invocation.format() == Output::standard) {
    const auto items = answer->value("deleted", std::uint64_t{0});
    invocation.out << "delete " << label << " successfully, " << items
                   << (items == 1 ? " item\n" : " items\n");
  }
  const Json warnings = answer->value("warnings", Json::array());
  for (const Json& line : warnings)
    invocation.err << "Warning: " << line.get<std::string>() << "\n";
  done.push_back(std::move(*answer));
  return {};
}

Result<void> delete_at(Invocation& invocation,
                       const std::vector<std::pair<std::string, std::string>>& places) {
  SLUICE_TRY(const ApiClient client, invocation.client());
  std::string list;
  for (const auto& [path, label] : places) list += label + "\n";
  SLUICE_CHECK(confirm(invocation, list, "Delete this?"));
  std::vector<Json> done;
  for (const auto& [path, label] : places)
    SLUICE_CHECK(delete_one(invocation, client, path, label, done));
  if (invocation.format() != Output::standard) invocation.print(Json(done));
  return check_followed(Json(done));
}

// --- edit ---

Json without_marks(Json spec) {
  spec.erase("createdAt");
  spec.erase("len");
  return spec;
}

Result<void> check_same(const std::string& text, const Json& before,
                        const std::vector<std::string>& keys) {
  SLUICE_TRY(const config::Value value, config::parse_document(text));
  const Json after = config::Encoder::of(value);
  for (const std::string& key : keys) {
    if (text_at(after, key.c_str()) != text_at(before, key.c_str()))
      return fail(ErrorKind::invalid, key + " must stay " + text_at(before, key.c_str()));
  }
  return {};
}

struct Edited {
  std::string label;
  Json before;
  std::vector<std::string> fixed;  // the members that stay
  ApiCall call;                    // without the body
};

Result<Edited> edited_kind(const ApiClient& client, const std::string& name,
                           const Waiting& waiting) {
  SLUICE_TRY(Json spec, client.json({.path = kinds_path(name)}));
  return Edited{std::string(kCustomDataKind) + " " + name,
                without_marks(std::move(spec)),
                {"name", "kind"},
                {.method = "PUT", .path = kinds_path() + query_of(waiting)}};
}

Result<Edited> edited_item(const ApiClient& client, const std::string& kind, const std::string& id,
                           const Waiting& waiting) {
  SLUICE_TRY(const std::string id_field, id_field_of(client, kind));
  SLUICE_TRY(Json item, client.json({.path = items_path(kind, id)}));
  return Edited{std::string(kCustomData) + " " + kind + " " + id,
                std::move(item),
                {id_field},
                {.method = "PUT", .path = items_path(kind) + query_of(waiting)}};
}

// All items are one change: those that are left out go.
Result<Edited> edited_items(const ApiClient& client, const std::string& kind,
                            const Waiting& waiting) {
  SLUICE_TRY(Json items, client.json({.path = items_path(kind)}));
  return Edited{std::string(kCustomData) + " " + kind,
                {{"name", kind}, {"kind", kCustomData}, {"rebuild", true}, {"list", items}},
                {"name", "kind"},
                {.method = "POST", .path = items_path(kind, "items") + query_of(waiting)}};
}

// --- send ---

std::string label_of(const CustomDocument& document) { return document.kind + " " + document.name; }

std::string outcome_of(const CustomDocument& document, const Json& answer,
                       const std::string& mode) {
  if (document.kind == kCustomDataKind) {
    if (mode != "apply") return mode + " " + label_of(document) + " successfully";
    return label_of(document) + " " + text_at(answer.at(0), "change");
  }
  const auto put = answer.value("put", std::uint64_t{0});
  const auto deleted = answer.value("deleted", std::uint64_t{0});
  if (mode == "apply" && put + deleted == 0) return label_of(document) + " unchanged";
  const std::string counts = ", " + std::to_string(put) + (put == 1 ? " item" : " items") +
                             " put, " + std::to_string(deleted) + " deleted";
  if (mode == "apply") return label_of(document) + " updated" + counts;
  return mode + " " + label_of(document) + " successfully" + counts;
}

ApiCall call_of(const CustomDocument& document, const std::string& mode, const Waiting& waiting) {
  if (document.kind == kCustomData) {
    return {.method = "POST",
            .path = items_path(document.name, "items") + query_of(waiting),
            .body = document.text};
  }
  return {.method = mode == "update" ? "PUT" : "POST",
          .path = kinds_path() + query_of(waiting, mode == "apply" ? "mode=apply" : ""),
          .body = document.text};
}

Result<void> send_one(Invocation& invocation, const ApiClient& client,
                      const CustomDocument& document, const std::string& mode,
                      const Waiting& waiting) {
  if (document.kind == kCustomData && document.name.empty())
    return refused(
        mode + " " + document.kind,
        {ErrorKind::invalid, "400: name: is required", {document.place + "name: is required"}});
  auto answer = client.json(call_of(document, mode, waiting));
  if (!answer) {
    for (std::string& line : answer.error().details) line = document.place + line;
    return refused(mode + " " + label_of(document), std::move(answer).error());
  }
  if (invocation.format() == Output::standard) {
    invocation.out << outcome_of(document, *answer, mode) << "\n";
  } else {
    invocation.print(*answer);
  }
  return check_followed(*answer);
}

}  // namespace

Result<void> get_custom(Invocation& invocation, std::string_view kind,
                        const std::vector<std::string>& arguments) {
  if (kind == kCustomDataKind) return get_kinds(invocation, arguments);
  if (arguments.empty()) return wants_a_kind(invocation, "get");
  return get_items(invocation, arguments[0], {arguments.begin() + 1, arguments.end()});
}

Result<void> delete_custom(Invocation& invocation, std::string_view kind,
                           const std::vector<std::string>& arguments, bool all,
                           const Waiting& waiting) {
  std::vector<std::pair<std::string, std::string>> places;
  const bool of_kinds = kind == kCustomDataKind;
  if (!of_kinds && arguments.empty()) return wants_a_kind(invocation, "delete");
  const std::vector<std::string> names(arguments.begin() + (of_kinds ? 0 : 1), arguments.end());
  if (all == !names.empty()) {
    return invocation.misuse("delete " + std::string(kind) + " wants " +
                             (of_kinds ? "names" : "ids") + ", or --all for every one");
  }
  const std::string of = of_kinds ? "" : " " + arguments[0];
  if (all) {
    const std::string path = of_kinds ? kinds_path() : items_path(arguments[0], "items");
    places.emplace_back(path + query_of(waiting, "all=true"), std::string(kind) + of);
  }
  for (const std::string& name : names) {
    places.emplace_back(
        (of_kinds ? kinds_path(name) : items_path(arguments[0], name)) + query_of(waiting),
        std::string(kind) + of + " " + name);
  }
  return delete_at(invocation, places);
}

Result<void> edit_custom(Invocation& invocation, std::string_view kind, const std::string& name,
                         const std::string& id, const Waiting& waiting) {
  SLUICE_TRY(const ApiClient client, invocation.client());
  auto edited = kind == kCustomDataKind ? edited_kind(client, name, waiting)
                : id.empty()            ? edited_items(client, name, waiting)
                                        : edited_item(client, name, id, waiting);
  if (!edited) return std::unexpected(std::move(edited).error());
  SLUICE_TRY(const auto answer,
             edit_text(invocation, edited->label, config::emit_yaml(edited->before),
                       [&](const std::string& text) -> Result<Json> {
                         SLUICE_CHECK(check_same(text, edited->before, edited->fixed));
                         ApiCall call = edited->call;
                         call.body = text;
                         return client.json(call);
                       }));
  return check_followed(answer);
}

Result<void> send_custom(Invocation& invocation, const std::vector<CustomDocument>& documents,
                         const std::string& mode, const Waiting& waiting) {
  if (documents.empty()) return {};
  SLUICE_TRY(const ApiClient client, invocation.client());
  for (const std::string_view kind : {kCustomDataKind, kCustomData}) {
    for (const CustomDocument& document : documents) {
      if (document.kind == kind)
        SLUICE_CHECK(send_one(invocation, client, document, mode, waiting));
    }
  }
  return {};
}

}  // namespace sluice::egctl
