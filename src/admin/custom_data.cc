// SPDX-License-Identifier: Apache-2.0
#include "admin/custom_data.h"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "config/value.h"
#include "control/controller.h"
#include "control/custom_data.h"
#include "control/custom_preview.h"

namespace sluice::admin {
namespace {

using control::ApplyMode;
using control::CustomData;
using control::CustomEdit;
using control::CustomState;

using StatePointer = std::shared_ptr<const CustomState>;

CustomData& data_of(Context& context) { return context.controller.custom_data(); }

Result<ApplyMode> mode_of(const ApiRequest& request, ApplyMode usual) {
  const auto mode = request.query.find("mode");
  if (mode == request.query.end()) return usual;
  if (mode->second == "apply") return ApplyMode::apply;
  return fail(ErrorKind::invalid, "?mode= wants apply here");
}

Result<std::vector<config::Value>> documents_of(const ApiRequest& request) {
  SLUICE_TRY(auto documents, config::parse_documents(request.body));
  std::erase_if(documents, [](const config::Value& document) {
    return document.kind == config::Value::Kind::null;
  });
  if (documents.empty()) return fail(ErrorKind::invalid, "the body is empty");
  return documents;
}

// The members that do not have the change yet. ?wait=false: not asked.
Json behind(Context& context, const ApiRequest& request, store::Version version) {
  const auto wait = request.query.find("wait");
  if (wait != request.query.end() && wait->second == "false") return Json::array();
  return data_of(context).await_members(version);
}

ApiResponse report(Context& context, const ApiRequest& request, const std::string& kind,
                   const CustomData::Done& done, int status = 200,
                   std::vector<std::string> warnings = {}) {
  Json answer = {{"kind", control::kCustomData},
                 {"name", kind},
                 {"put", done.put},
                 {"deleted", done.deleted},
                 {"behind", behind(context, request, done.version)}};
  if (!warnings.empty()) answer["warnings"] = std::move(warnings);
  return respond(request, answer, status);
}

// Of all objects, each with its object in front.
std::set<std::string> warnings_of(const control::Controller& controller) {
  std::set<std::string> warnings;
  for (const Json& spec : controller.list()) {
    const auto status = controller.status(spec.at("name").get<std::string>());
    if (!status) continue;  // it is gone by now
    const Json lines = status->value("warnings", Json::array());
    for (const Json& line : lines)
      warnings.insert(status->at("kind").get<std::string>() + " " +
                      status->at("name").get<std::string>() + ": " + line.get<std::string>());
  }
  return warnings;
}

// Deletes kinds, and tells what the objects that look items up have lost.
Result<ApiResponse> erase_kinds(Context& context, const ApiRequest& request,
                                const std::string& name, const CustomEdit& edit) {
  const std::set<std::string> before = warnings_of(context.controller);
  SLUICE_TRY(const auto done, data_of(context).change_in_steps(edit));
  std::vector<std::string> lost;
  std::ranges::set_difference(warnings_of(context.controller), before, std::back_inserter(lost));
  return report(context, request, name, done, 200, std::move(lost));
}

// --- kinds ---

Json shown_kind(const CustomState::OfKind& of_kind) {
  Json spec = of_kind.kind->spec;
  spec["len"] = of_kind.items->size();
  return spec;
}

Result<ApiResponse> list_kinds(Context& context, const ApiRequest& request, const PathNames&) {
  const StatePointer state = data_of(context).state();
  Json kinds = Json::array();
  for (const auto& [name, of_kind] : state->kinds) kinds.push_back(shown_kind(of_kind));
  return respond(request, kinds);
}

Result<ApiResponse> get_kind(Context& context, const ApiRequest& request, const PathNames& names) {
  const StatePointer state = data_of(context).state();
  const auto found = state->kinds.find(names[0]);
  if (found == state->kinds.end()) return control::no_custom_kind(names[0]);
  return respond(request, shown_kind(found->second));
}

std::string_view change_of(const CustomState& before, const CustomState& after,
                           const std::string& name) {
  const auto was = before.kinds.find(name);
  const auto is = after.kinds.find(name);
  if (was == before.kinds.end()) return "created";
  const bool same = is != after.kinds.end() && was->second.kind->spec == is->second.kind->spec;
  return same ? "unchanged" : "updated";
}

Result<ApiResponse> put_kinds(Context& context, const ApiRequest& request, ApplyMode usual) {
  SLUICE_TRY(const ApplyMode mode, mode_of(request, usual));
  SLUICE_TRY(const auto documents, documents_of(request));
  std::vector<std::shared_ptr<const control::CustomKind>> kinds;
  config::Faults faults;
  for (std::size_t i = 0; i < documents.size(); ++i) {
    config::Faults own;
    if (auto kind = control::build_custom_kind(documents[i], own)) kinds.push_back(std::move(kind));
    const std::string prefix =
        documents.size() > 1 ? "document " + std::to_string(i + 1) + ", " : "";
    for (const std::string& line : own.lines()) faults.add("", prefix + line);
  }
  if (!faults.empty()) return std::unexpected(faults.to_error());
  const StatePointer before = data_of(context).state();
  SLUICE_TRY(const auto done, data_of(context).change(control::put_custom_kinds(kinds, mode)));
  const StatePointer after = data_of(context).state();
  const Json lag = behind(context, request, done.version);
  Json out = Json::array();
  for (const auto& kind : kinds) {
    out.push_back({{"kind", control::kCustomDataKind},
                   {"name", kind->name},
                   {"change", change_of(*before, *after, kind->name)},
                   {"behind", lag}});
  }
  return respond(request, out, usual == ApplyMode::create && mode == usual ? 201 : 200);
}

Result<ApiResponse> create_kinds(Context& context, const ApiRequest& request, const PathNames&) {
  return put_kinds(context, request, ApplyMode::create);
}

Result<ApiResponse> update_kinds(Context& context, const ApiRequest& request, const PathNames&) {
  return put_kinds(context, request, ApplyMode::update);
}

Result<ApiResponse> erase_kind(Context& context, const ApiRequest& request,
                               const PathNames& names) {
  return erase_kinds(context, request, names[0], control::erase_custom_kind(names[0]));
}

Result<ApiResponse> erase_all_kinds(Context& context, const ApiRequest& request, const PathNames&) {
  if (!query_flag(request, "all"))
    return fail(ErrorKind::invalid, "deletes every kind and its items: say so with ?all=true");
  return erase_kinds(context, request, "", control::erase_all_custom_kinds());
}

// --- items ---

Result<ApiResponse> list_items(Context& context, const ApiRequest& request,
                               const PathNames& names) {
  const StatePointer state = data_of(context).state();
  const auto found = state->kinds.find(names[0]);
  if (found == state->kinds.end()) return control::no_custom_kind(names[0]);
  Json items = Json::array();
  for (const auto& [id, item] : *found->second.items) items.push_back(*item);
  return respond(request, items);
}

Result<ApiResponse> get_item(Context& context, const ApiRequest& request, const PathNames& names) {
  const StatePointer state = data_of(context).state();
  const auto kind = state->kinds.find(names[0]);
  if (kind == state->kinds.end()) return control::no_custom_kind(names[0]);
  const auto found = kind->second.items->find(names[1]);
  if (found == kind->second.items->end()) return control::no_custom_item(names[0], names[1]);
  return respond(request, *found->second);
}

Result<ApiResponse> put_item(Context& context, const ApiRequest& request, const PathNames& names,
                             ApplyMode usual) {
  SLUICE_TRY(const ApplyMode mode, mode_of(request, usual));
  SLUICE_TRY(config::Value item, config::parse_document(request.body));
  SLUICE_TRY(const auto done,
             data_of(context).change(control::put_custom_item(names[0], std::move(item), mode)));
  return report(context, request, names[0], done, mode == ApplyMode::create ? 201 : 200);
}

Result<ApiResponse> create_item(Context& context, const ApiRequest& request,
                                const PathNames& names) {
  return put_item(context, request, names, ApplyMode::create);
}

Result<ApiResponse> update_item(Context& context, const ApiRequest& request,
                                const PathNames& names) {
  return put_item(context, request, names, ApplyMode::update);
}

Result<ApiResponse> erase_item(Context& context, const ApiRequest& request,
                               const PathNames& names) {
  SLUICE_TRY(const auto done,
             data_of(context).change(control::erase_custom_item(names[0], names[1])));
  return report(context, request, names[0], done);
}

Result<ApiResponse> erase_all_items(Context& context, const ApiRequest& request,
                                    const PathNames& names) {
  if (!query_flag(request, "all"))
    return fail(ErrorKind::invalid, "deletes every item of the kind: say so with ?all=true");
  SLUICE_TRY(const auto done,
             data_of(context).change_in_steps(control::erase_all_custom_items(names[0])));
  return report(context, request, names[0], done);
}

Result<ApiResponse> change_items(Context& context, const ApiRequest& request,
                                 const PathNames& names) {
  SLUICE_TRY(const config::Value document, config::parse_document(request.body));
  config::Faults faults;
  control::CustomChange change = control::read_custom_change(document, faults);
  if (!faults.empty()) return std::unexpected(faults.to_error());
  SLUICE_TRY(const auto done,
             data_of(context).change(control::change_custom_items(names[0], std::move(change))));
  return report(context, request, names[0], done);
}

// --- both ---

Json json_of(const control::CustomPreview& preview) {
  Json out = {{"kind", preview.kind},
              {"name", preview.name},
              {"change", preview.change},
              {"before", preview.before},
              {"spec", preview.after}};
  if (preview.kind == control::kCustomData) {
    out["put"] = preview.put;
    out["deleted"] = preview.deleted;
  }
  if (!preview.warnings.empty()) out["warnings"] = preview.warnings;
  return out;
}

Result<void> check_kinds(const std::vector<config::Value>& documents) {
  for (const config::Value& document : documents) {
    const config::Value* kind = document.find("kind");
    if (kind == nullptr ||
        (kind->scalar != control::kCustomDataKind && kind->scalar != control::kCustomData))
      return fail(ErrorKind::invalid, "kind: must be CustomDataKind or CustomData");
  }
  return {};
}

Result<ApplyMode> any_mode_of(const ApiRequest& request) {
  const auto mode = request.query.find("mode");
  if (mode == request.query.end() || mode->second == "apply") return ApplyMode::apply;
  if (mode->second == "create") return ApplyMode::create;
  if (mode->second == "update") return ApplyMode::update;
  return fail(ErrorKind::invalid, "?mode= wants create, update or apply");
}

Result<ApiResponse> preview(Context& context, const ApiRequest& request, const PathNames&) {
  if (!query_flag(request, "dry-run"))
    return fail(ErrorKind::invalid,
                "changes nothing: say so with ?dry-run=true; POST /customdatakinds and "
                "/customdata/{kind}/items change custom data");
  SLUICE_TRY(const ApplyMode mode, any_mode_of(request));
  SLUICE_TRY(const auto documents, documents_of(request));
  SLUICE_CHECK(check_kinds(documents));
  SLUICE_TRY(const auto previews,
             control::preview_custom(documents, mode, {.state = *data_of(context).state()}));
  Json out = Json::array();
  for (const control::CustomPreview& one : previews) out.push_back(json_of(one));
  return respond(request, out);
}

constexpr std::string_view kCustomReportShape =
    "{kind, name, put: integer, deleted: integer, behind: [text], warnings?: [text]}";
constexpr QueryParameter kWait =
    choice_query("wait", "true|false",
                 "Wait until the other members have the change, at most 5 s; true by default");
constexpr QueryParameter kMayApply =
    choice_query("mode", "apply", "Create what is not there, and update what is");
constexpr QueryParameter kAllItems = required(flag_query("all", "Must be true"));

void add_custom_kinds(ApiRouter& router, Context& context) {
  const Content kinds =
      value_of("[{kind, name, change: 'created' | 'updated' | 'unchanged', behind: [text]}]");
  const Content done = value_of(kCustomReportShape);
  add(router, context, "customdata",
      {{"GET",
        "/customdatakinds",
        list_kinds,
        {.summary = "Prints all kinds of custom data",
         .answers = {{200, value_of("[CustomDataKind]"), "The kinds"}}}},
       {"POST",
        "/customdatakinds",
        create_kinds,
        {.summary = "Creates kinds of custom data",
         .query = {kMayApply, kWait},
         .body = value_of("CustomDataKind"),
         .answers = {{200, kinds, "With `mode=apply`: what became of each kind"},
                     {201, kinds, "The kinds are created"}},
         .errors = {409}}},
       {"PUT",
        "/customdatakinds",
        update_kinds,
        {.summary = "Updates kinds of custom data",
         .query = {kMayApply, kWait},
         .body = value_of("CustomDataKind"),
         .answers = {{200, kinds, "What became of each kind"}},
         .errors = {404, 409}}},
       {"DELETE",
        "/customdatakinds",
        erase_all_kinds,
        {.summary = "Deletes all kinds of custom data with their items",
         .query = {kAllItems, kWait},
         .answers = {{200, done, "How many items are deleted"}},
         .errors = {409}}},
       {"GET",
        "/customdatakinds/{name}",
        get_kind,
        {.summary = "Prints a kind of custom data",
         .answers = {{200, value_of("CustomDataKind"), "The kind"}},
         .errors = {404}}},
       {"DELETE",
        "/customdatakinds/{name}",
        erase_kind,
        {.summary = "Deletes a kind of custom data with its items",
         .query = {kWait},
         .answers = {{200, done, "How many items are deleted"}},
         .errors = {404, 409}}}});
}

// `items` comes before {id}.
void add_custom_items(ApiRouter& router, Context& context) {
  const Content item = value_of("{*: any}");
  const Content done = value_of(kCustomReportShape);
  const Content previews = value_of(
      "[{kind, name, change, before: any, spec: any, put?: integer, deleted?: integer, "
      "warnings?: [text]}]");
  add(router, context, "customdata",
      {{"POST",
        "/customdata",
        preview,
        {.summary = "Tells what documents of custom data would change",
         .query = {required(flag_query("dry-run", "Must be true")),
                   choice_query("mode", "create|update|apply", "`apply` by default")},
         .body = value_of("CustomDataKind | CustomData"),
         .answers = {{200, previews, "The changes, of which none is made"}},
         .errors = {404, 409}}},
       {"GET",
        "/customdata/{kind}",
        list_items,
        {.summary = "Prints all items of a kind",
         .answers = {{200, value_of("[{*: any}]"), "The items"}},
         .errors = {404}}},
       {"POST",
        "/customdata/{kind}",
        create_item,
        {.summary = "Creates an item",
         .query = {kMayApply, kWait},
         .body = item,
         .answers = {{200, done, "With `mode=apply`: the item is there"},
                     {201, done, "The item is created"}},
         .errors = {404, 409}}},
       {"PUT",
        "/customdata/{kind}",
        update_item,
        {.summary = "Updates an item",
         .query = {kMayApply, kWait},
         .body = item,
         .answers = {{200, done, "The item is updated"}},
         .errors = {404, 409}}},
       {"POST",
        "/customdata/{kind}/items",
        change_items,
        {.summary = "Makes the change of items that the body describes",
         .query = {kWait},
         .body = value_of("CustomData"),
         .answers = {{200, done, "The change is made"}},
         .errors = {404, 409}}},
       {"DELETE",
        "/customdata/{kind}/items",
        erase_all_items,
        {.summary = "Deletes all items of a kind",
         .query = {kAllItems, kWait},
         .answers = {{200, done, "How many items are deleted"}},
         .errors = {404, 409}}},
       {"GET",
        "/customdata/{kind}/{id}",
        get_item,
        {.summary = "Prints an item", .answers = {{200, item, "The item"}}, .errors = {404}}},
       {"DELETE",
        "/customdata/{kind}/{id}",
        erase_item,
        {.summary = "Deletes an item",
         .query = {kWait},
         .answers = {{200, done, "The item is deleted"}},
         .errors = {404, 409}}}});
}

}  // namespace

void add_custom_data(ApiRouter& router, Context& context) {
  add_custom_kinds(router, context);
  add_custom_items(router, context);
}

}  // namespace sluice::admin
