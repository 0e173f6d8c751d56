// SPDX-License-Identifier: Apache-2.0
// `egctl get -w`: prints the table, then each row that changes, until SIGINT or SIGTERM.
#pragma once

#include "egctl/listing.h"

namespace sluice::egctl {

// Goes on while the server is away, with one line on standard error.
[[nodiscard]] Result<void> watch_listing(Invocation& invocation, const ListingQuery& query);

}  // namespace sluice::egctl
