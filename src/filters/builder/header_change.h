// SPDX-License-Identifier: Apache-2.0
// The changes of header fields in the specs of adaptors, and in the output of their templates.
// Immutable; any thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/fields.h"
#include "http/headers.h"

namespace sluice::filters {

struct HeaderChangeSpec {
  std::vector<std::string> del;
  std::map<std::string, std::string> set;
  std::map<std::string, std::string> add;

  void fields(auto& visit) {
    visit("del", del, {.doc = "these fields go, first"});
    visit("set", set, {.doc = "these fields replace those of the same names, then"});
    visit("add", add, {.doc = "these fields stand beside those of the same names, at last"});
  }

  // Adds a fault for a field that cannot be set. Content-Length and Host are none.
  void check(const std::string& path, config::Faults& faults) const;
  // Adds a fault for a value of a template that the next server would not read as it is.
  void check_made(const std::string& path, config::Faults& faults) const;
  // Host goes to `host`. The twins (http/field_twins.h) of `del` and `set` go, too. Requires:
  // check() found nothing.
  void apply_to_request(http::Headers& headers, std::string& host) const;
  // Host is left out, like Content-Length. Requires: check() found nothing.
  void apply_to_response(http::Headers& headers) const { apply(headers, nullptr); }
  // Adds the changes of `earlier`; those here replace those of the same names.
  void put_before(const HeaderChangeSpec& earlier);

 private:
  void apply(http::Headers& headers, std::string* host) const;
};

}  // namespace sluice::filters
