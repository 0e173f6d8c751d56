// SPDX-License-Identifier: Apache-2.0
// The filters of a location.
#pragma once

#include "egctl/nginx/location.h"

namespace sluice::egctl::nginx {

// The directives that decide what a location does.
struct Content {
  const Directive* pass = nullptr;
  const Directive* answer = nullptr;
  const Directive* alias = nullptr;
  const Directive* tries = nullptr;
  const Directive* redirect = nullptr;  // a `rewrite` that takes every path
};

// Requires: location.match, path, name and directive are set.
void fill(Location& location, const Content& content, Settings settings, const Surroundings& around,
          Notes& notes);

// The location for the requests that no other location takes: the server's `return`, its files, or
// 404.
[[nodiscard]] Location remaining_location(const Directive* answer, Settings settings,
                                          const Surroundings& around, Notes& notes);

}  // namespace sluice::egctl::nginx
