// SPDX-License-Identifier: Apache-2.0
// The locations of a server as paths of an HTTPServer and the filters of their Pipelines.
#pragma once

#include "egctl/nginx/location.h"

namespace sluice::egctl::nginx {

// Adds a `location`, with those inside it.
void add_location(const Directive& directive, const Settings& outer, const Surroundings& around,
                  Locations& locations, Notes& notes);
// Adds a `rewrite` of the server.
void add_rewrite(const Directive& directive, Settings& settings, const Surroundings& around,
                 Locations& locations, Notes& notes);

}  // namespace sluice::egctl::nginx
