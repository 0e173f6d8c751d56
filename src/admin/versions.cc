// SPDX-License-Identifier: Apache-2.0
#include "admin/versions.h"

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <ranges>

#include "admin/objects.h"
#include "base/text.h"
#include "control/controller.h"

namespace sluice::admin {
namespace {

constexpr std::int64_t kNumberMax = std::numeric_limits<std::int64_t>::max();

Json json_of_version(const control::ObjectVersion& version) {
  Json objects = Json::array();
  for (const control::VersionChange& each : version.changes)
    objects.push_back({{"kind", each.kind}, {"name", each.name}, {"change", each.change}});
  Json out{{"version", version.number}, {"at", version.at},
           {"by", version.origin.by},   {"address", version.origin.address},
           {"how", version.origin.how}, {"objects", std::move(objects)}};
  if (version.origin.undone_to) out["undoneTo"] = *version.origin.undone_to;
  return out;
}

// The newest first.
Result<ApiResponse> list_versions(Context& context, const ApiRequest& request, const PathNames&) {
  SLUICE_TRY(const auto history, context.controller.history());
  Json changes = Json::array();
  for (const control::ObjectVersion& version : std::views::reverse(history.versions))
    changes.push_back(json_of_version(version));
  return respond(
      request,
      {{"version", history.version}, {"oldest", history.oldest}, {"changes", std::move(changes)}});
}

Result<std::uint64_t> version_in(const PathNames& names) {
  if (const auto number = to_number<std::uint64_t>(names[0])) return *number;
  return fail(ErrorKind::invalid, "\"" + names[0] + "\" is no version: it is a whole number");
}

Result<ApiResponse> get_version(Context& context, const ApiRequest& request,
                                const PathNames& names) {
  SLUICE_TRY(const std::uint64_t number, version_in(names));
  SLUICE_TRY(std::vector<Json> specs, context.controller.objects_at(number));
  Json objects = Json::array();
  for (Json& spec : specs) {
    SLUICE_TRY(Json one, shown_spec(context.controller, request, std::move(spec)));
    objects.push_back(std::move(one));
  }
  return respond(request, {{"version", number}, {"objects", std::move(objects)}});
}

Result<ApiResponse> undo(Context& context, const ApiRequest& request, const PathNames& names) {
  control::Controller::UndoOrder order{.dry_run = query_flag(request, "dry-run")};
  SLUICE_TRY(order.to, version_in(names));
  SLUICE_TRY(const auto from, query_number(request, "from", -1, 0, kNumberMax));
  if (from >= 0) order.from = static_cast<std::uint64_t>(from);
  SLUICE_TRY(const auto outcomes, context.controller.undo(order, author_of(request)));
  return respond(request, json_of_previews(outcomes, order.dry_run));
}

constexpr std::string_view kHistoryShape =
    "{version: integer, oldest: integer, changes: [{version: integer, at, by, address, how: "
    "'apply' | 'delete' | 'undo' | 'restore', undoneTo?: integer, objects: [{kind, name, change: "
    "'created' | 'updated' | 'deleted'}]}]}";

}  // namespace

void add_versions(ApiRouter& router, Context& context) {
  add(router, context, "object",
      {{"GET",
        "/versions",
        list_versions,
        {.summary = "Lists the changes of objects that are kept",
         .answers = {{200, value_of(kHistoryShape),
                      "The newest first; `oldest` is the oldest version that can be printed"}}}},
       {"GET",
        "/versions/{version}",
        get_version,
        {.summary = "Prints the objects of a version",
         .query = {flag_query("secrets", "Include passwords, keys and tokens; takes an admin")},
         .answers = {{200, value_of("{version: integer, objects: [Object]}"),
                      "The objects as they were"}},
         .errors = {404}}},
       {"POST",
        "/versions/{version}/undo",
        undo,
        {.summary = "Brings the objects back as they were, all or none",
         .query = {number_query("from", 0, kNumberMax,
                                "Only if the objects are of this version now"),
                   flag_query("dry-run", "Change nothing, and tell what would change")},
         .answers = {{200, value_of(kAppliedShape), "What became of each object"}},
         .errors = {404, 409}}}});
}

}  // namespace sluice::admin
