// SPDX-License-Identifier: Apache-2.0
// Listing: the table of `egctl get`, and which of its rows are news.
#pragma once

#include <string>
#include <vector>

#include "egctl/invocation.h"
#include "egctl/namespace.h"

namespace sluice::egctl {

struct ListingQuery {
  std::string kind;  // "": every kind of object
  std::vector<std::string> names;
  Namespaces namespaces;
};

// A table of objects or of members.
struct Listing {
  Row header;
  std::vector<Row> rows;  // the first cell is the name

  // Returns the rows that are new or differ from `before`; a different age is no difference. The
  // rows that are gone come last, with the state "deleted".
  [[nodiscard]] std::vector<Row> changes_since(const Listing& before) const;
};

[[nodiscard]] Result<Listing> read_listing(Invocation& invocation, const ApiClient& client,
                                           const ListingQuery& query);

}  // namespace sluice::egctl
