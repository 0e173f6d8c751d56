// SPDX-License-Identifier: Apache-2.0
#include "server/h1_upgrade.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "http/headers.h"

namespace sluice::server {
namespace {

constexpr std::array<std::string_view, 4> kNeverTunnelled{"h2c", "h2", "HTTP", "TLS"};

bool never_tunnelled(std::string_view protocol) {
  const std::string_view name = protocol.substr(0, protocol.find('/'));
  return !http::is_token(name) || std::ranges::any_of(kNeverTunnelled, [&](std::string_view known) {
    return http::iequals(name, known);
  });
}

bool any_protocol(std::string_view list, auto fits) {
  while (!list.empty()) {
    if (fits(trim_ows(take_until(list, ',')))) return true;
  }
  return false;
}

}  // namespace

bool may_upgrade(std::string_view upgrade) {
  return !upgrade.empty() && !any_protocol(upgrade, never_tunnelled);
}

bool is_offered(std::string_view upgrade, std::string_view chosen) {
  return any_protocol(upgrade, [&](std::string_view one) { return http::iequals(one, chosen); });
}

Task<Result<std::string_view>> UpgradedInput::read() {
  if (!open_) co_await opened_.wait();
  co_return co_await input_.read_upgraded(patience_);
}

}  // namespace sluice::server
