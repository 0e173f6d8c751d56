// SPDX-License-Identifier: Apache-2.0
// AnnouncedBody: the body of a response to HEAD, whose length is that which GET would have, and
// whose bytes never come (RFC 9110 section 9.3.2).
#pragma once

#include <string_view>

#include "http/body.h"

namespace sluice::http {

class AnnouncedBody final : public BodyReader {
 public:
  Task<Result<std::string_view>> read() override { co_return std::string_view(); }
  [[nodiscard]] static bool is(Body& body) {
    return dynamic_cast<const AnnouncedBody*>(body.reader()) != nullptr;
  }
};

}  // namespace sluice::http
