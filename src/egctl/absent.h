// SPDX-License-Identifier: Apache-2.0
// Words of Easegress' egctl for kinds that Sluice does not have, and what to do instead. Any
// thread.
#pragma once

#include <string>
#include <string_view>

namespace sluice::egctl {

// "AIGatewayController is not there: ...", for a command or a resource that belongs to that kind;
// "" for any other word.
[[nodiscard]] std::string advice_on_word(std::string_view word);

}  // namespace sluice::egctl
