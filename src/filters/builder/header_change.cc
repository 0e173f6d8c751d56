// SPDX-License-Identifier: Apache-2.0
#include "filters/builder/header_change.h"

#include "filters/builder/header_rules.h"
#include "http/field_kind.h"
#include "http/field_twins.h"

namespace sluice::filters {
namespace {

using FieldValues = std::map<std::string, std::string>;

void check_values(const FieldValues& fields, const std::string& path, config::Faults& faults) {
  for (const auto& [name, value] : fields) {
    if (const auto reason = header_fault(name, value))
      faults.add(config::join_path(path, name), *reason);
  }
}

void apply_values(const FieldValues& fields, bool replace, http::Headers& headers,
                  std::string* host) {
  for (const auto& [name, value] : fields) {
    switch (http::field_kind(name)) {
      case http::FieldKind::host:
        if (host != nullptr) *host = value;
        break;
      case http::FieldKind::other:
        if (replace) {
          headers.set(name, value);
        } else {
          headers.add(name, value);
        }
        break;
      default:
        break;  // Content-Length: that of the body is sent
    }
  }
}

}  // namespace

void HeaderChangeSpec::check(const std::string& path, config::Faults& faults) const {
  for (std::size_t i = 0; i < del.size(); ++i) {
    if (!http::is_token(del[i]))
      faults.add(config::join_path(path, "del") + "[" + std::to_string(i) + "]",
                 config::quote(del[i]) + " is not a header name");
  }
  check_values(set, config::join_path(path, "set"), faults);
  check_values(add, config::join_path(path, "add"), faults);
}

void HeaderChangeSpec::check_made(const std::string& path, config::Faults& faults) const {
  for (const auto* fields : {&set, &add}) {
    const std::string where = config::join_path(path, fields == &set ? "set" : "add");
    for (const auto& [name, value] : *fields) {
      if (header_fault(name, value)) continue;
      if (const auto reason = made_header_fault(name, value))
        faults.add(config::join_path(where, name), *reason);
    }
  }
}

void HeaderChangeSpec::put_before(const HeaderChangeSpec& earlier) {
  del.insert(del.begin(), earlier.del.begin(), earlier.del.end());
  set.insert(earlier.set.begin(), earlier.set.end());
  add.insert(earlier.add.begin(), earlier.add.end());
}

void HeaderChangeSpec::apply_to_request(http::Headers& headers, std::string& host) const {
  for (const std::string& name : del) http::remove_twins(headers, name);
  for (const auto& [name, value] : set) http::remove_twins(headers, name);
  apply(headers, &host);
}

void HeaderChangeSpec::apply(http::Headers& headers, std::string* host) const {
  for (const std::string& name : del) headers.remove(name);
  apply_values(set, true, headers, host);
  apply_values(add, false, headers, host);
}

}  // namespace sluice::filters
