// SPDX-License-Identifier: Apache-2.0
#include "filters/builder/header_change.h"

#include "filters/builder/header_rules.h"
#include "http/field_kind.h"
#include "http/field_twins.h"

namespace sluice::filters {
namespace {

using FieldValues = std::map<std::string, std::string>;

// Why a change of the field does nothing; null if it does something.
const char* no_effect(const std::string& name, Changed changed) {
  const http::FieldKind kind = http::field_kind(name);
  if (kind == http::FieldKind::content_length)
    return "has no effect: the gateway sends the length of the body";
  if (kind == http::FieldKind::host && changed == Changed::response)
    return "has no effect: it is a field of requests";
  return nullptr;
}

void check_values(const FieldValues& fields, const std::string& path, Changed changed,
                  config::Faults& faults) {
  for (const auto& [name, value] : fields) {
    const std::string where = config::join_path(path, name);
    if (const char* reason = no_effect(name, changed)) {
      faults.warn(where, reason);
    } else if (const auto fault = header_fault(name, value)) {
      faults.add(where, *fault);
    }
  }
}

}  // namespace

void HeaderChangeSpec::check(const std::string& path, Changed changed,
                             config::Faults& faults) const {
  for (std::size_t i = 0; i < del.size(); ++i) {
    if (!http::is_token(del[i]))
      faults.add(config::join_path(path, "del") + "[" + std::to_string(i) + "]",
                 config::quote(del[i]) + " is not a header name");
  }
  check_values(set, config::join_path(path, "set"), changed, faults);
  check_values(add, config::join_path(path, "add"), changed, faults);
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

HeaderChange::HeaderChange(const HeaderChangeSpec& spec) : del_(spec.del) {
  add_fields(spec.set, true);
  add_fields(spec.add, false);
}

// Content-Length is left out: that of the body is sent.
void HeaderChange::add_fields(const FieldValues& fields, bool replaces) {
  for (const auto& [name, value] : fields) {
    const http::FieldKind kind = http::field_kind(name);
    if (kind == http::FieldKind::host || kind == http::FieldKind::other)
      fields_.push_back({name, value, kind == http::FieldKind::host, replaces});
  }
}

void HeaderChange::apply_to_request(http::Headers& headers, std::string& host,
                                    const Made* made) const {
  if (!http::has_plain_names_only(headers)) {
    for (const std::string& name : del_) http::remove_twins(headers, name);
    for (const Field& field : fields_) {
      if (field.replaces) http::remove_twins(headers, field.name);
    }
  }
  apply(headers, &host, made);
}

void HeaderChange::apply(http::Headers& headers, std::string* host, const Made* made) const {
  for (const std::string& name : del_) headers.remove(name);
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    const Field& field = fields_[i];
    const std::string* fresh = made != nullptr ? (*made)[i] : nullptr;
    const std::string& value = fresh != nullptr ? *fresh : field.value;
    if (field.is_host) {
      if (host != nullptr) *host = value;
    } else if (field.replaces) {
      headers.set(field.name, value);
    } else {
      headers.add(field.name, value);
    }
  }
}

}  // namespace sluice::filters
