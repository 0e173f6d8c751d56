// SPDX-License-Identifier: Apache-2.0
#include "admin/followers.h"

#include <string>
#include <utility>

namespace sluice::admin {
namespace {

// The prefix keeps a user whose name is an address apart from that address.
std::string caller_of(const ApiRequest& request) {
  return request.caller.empty() ? "address " + request.address : "user " + request.caller;
}

std::string told(const std::string& whose, std::string_view stream, int most) {
  return "too many clients" + whose + " follow " + std::string(stream) + ", at most " +
         std::to_string(most);
}

}  // namespace

std::expected<FollowerPlace, ApiResponse> admit_follower(const std::shared_ptr<CallerSlots>& places,
                                                         const ApiRequest& request,
                                                         std::string_view stream) {
  auto place = std::make_shared<CallerSlots::Slot>(places, caller_of(request));
  const CallerSlots::Bounds& bounds = places->bounds();
  switch (place->refusal()) {
    case CallerSlots::Refusal::none:
      break;
    case CallerSlots::Refusal::all:
      return std::unexpected(respond_error(503, told("", stream, bounds.all)));
    case CallerSlots::Refusal::of_caller: {
      const char* whose = request.caller.empty() ? " of one address" : " of one user";
      return std::unexpected(respond_error(429, told(whose, stream, bounds.of_caller)));
    }
  }
  return place;
}

}  // namespace sluice::admin
