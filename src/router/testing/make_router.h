// SPDX-License-Identifier: Apache-2.0
// For tests: a router from the text of its fields.
#pragma once

#include <gtest/gtest.h>

#include <string_view>

#include "config/decoder.h"
#include "router/router.h"

namespace sluice::router {

inline Router make_router(std::string_view fields) {
  const auto document = config::parse_document(fields);
  EXPECT_TRUE(document) << document.error().message;
  config::Faults faults;
  const auto spec = config::decode<RouterSpec>(*document, "", faults);
  Router router = Router::build(spec, faults);
  EXPECT_TRUE(faults.empty()) << faults.to_error().message;
  return router;
}

}  // namespace sluice::router
