// SPDX-License-Identifier: Apache-2.0
#include "admin/live/live.h"

#include <algorithm>
#include <set>
#include <utility>

#include "admin/followers.h"
#include "admin/live/sampler.h"
#include "base/json_string.h"

namespace sluice::admin {
namespace {

ApiResponse respond_json(std::string text) {
  return {.content_type = std::string(kJsonType), .body = std::move(text)};
}

// The members that say whose figures these are.
std::string described(const Context& context) {
  std::string text = R"("member":)";
  append_json_string(context.options.member_name, text);
  return text + R"(,"version":")" SLUICE_VERSION "\"";
}

Result<ApiResponse> follow_live(Context& context, const ApiRequest& request, const PathNames&) {
  LiveSampler& live = *context.live;
  if (query_flag(request, "once"))
    return respond_json("{" + described(context) + "," + live.all() + "}");
  auto place = admit_follower(live.followers(), request, "the picture");
  if (!place) return std::move(place.error());
  ApiResponse response{.content_type = std::string(kServerSentType)};
  response.write_patience = LiveSampler::kFollowerPatience;
  response.reader = [feed = live.feed(), place = *std::move(place), begin = live.begin()](
                        loop::EventLoop& loop) { return read_live(loop, feed, place, begin); };
  return response;
}

std::set<std::string, std::less<>> names_in(std::string_view list) {
  std::set<std::string, std::less<>> names;
  while (!list.empty()) {
    const std::string_view name = list.substr(0, list.find(','));
    if (!name.empty()) names.emplace(name);
    list.remove_prefix(std::min(name.size() + 1, list.size()));
  }
  return names;
}

Result<ApiResponse> history(Context& context, const ApiRequest& request, const PathNames&) {
  const auto wanted = request.query.find("figures");
  const std::string list = wanted == request.query.end() ? "" : wanted->second;
  return respond_json("{" + described(context) + R"(,"mayChange":)" +
                      (request.by_admin ? "true," : "false,") + context.live->past(names_in(list)) +
                      "}");
}

}  // namespace

void add_live(ApiRouter& router, Context& context) {
  add(router, context, "live",
      {{"GET",
        "/live",
        follow_live,
        {.summary = "Follows the figures of the live picture",
         .query = {flag_query("once", "All figures of this moment, and nothing more")},
         .answers = {{200,
                      {.types = {kServerSentType, kJsonType}, .shape = "{member, version}"},
                      "Events; with `once`, JSON"}}}},
       {"GET",
        "/live/history",
        history,
        {.summary = "Prints the last 15 minutes of the figures of the live picture",
         .query = {text_query("figures", "Names of figures, with commas")},
         .answers = {{200,
                      {.types = {kJsonType}, .shape = "{member, version, mayChange: boolean}"},
                      "The figures"}}}}});
}

}  // namespace sluice::admin
