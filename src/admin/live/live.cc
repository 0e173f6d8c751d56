// SPDX-License-Identifier: Apache-2.0
#include "admin/live/live.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <utility>

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

// The prefix keeps a user whose name is an address apart from that address.
std::string caller_of(const ApiRequest& request) {
  return request.caller.empty() ? "address " + request.address : "user " + request.caller;
}

std::optional<ApiResponse> refuse_follower(CallerSlots::Refusal refusal,
                                           const ApiRequest& request) {
  if (refusal == CallerSlots::Refusal::none) return std::nullopt;
  if (refusal == CallerSlots::Refusal::all) {
    return respond_error(503, "too many clients follow the picture, at most " +
                                  std::to_string(LiveSampler::kFollowersMax));
  }
  const std::string who = request.caller.empty() ? "one address" : "one user";
  return respond_error(429, "too many clients of " + who + " follow the picture, at most " +
                                std::to_string(LiveSampler::kFollowersOfCallerMax));
}

Result<ApiResponse> follow_live(Context& context, const ApiRequest& request, const PathNames&) {
  LiveSampler& live = *context.live;
  if (query_flag(request, "once"))
    return respond_json("{" + described(context) + "," + live.all() + "}");
  auto slot = std::make_shared<CallerSlots::Slot>(live.followers(), caller_of(request));
  if (auto refused = refuse_follower(slot->refusal(), request)) return *std::move(refused);
  ApiResponse response{.content_type = std::string(kServerSentType)};
  response.write_patience = LiveSampler::kFollowerPatience;
  response.reader = [feed = live.feed(), slot = std::move(slot), begin = live.begin()](
                        loop::EventLoop& loop) { return read_live(loop, feed, slot, begin); };
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
  add(router, context, "live", {{"GET", "/live", follow_live}, {"GET", "/live/history", history}});
}

}  // namespace sluice::admin
