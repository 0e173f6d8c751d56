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

// Whose fields a change is about.
enum class Changed { request, response };

struct HeaderChangeSpec {
  std::vector<std::string> del;
  std::map<std::string, std::string> set;
  std::map<std::string, std::string> add;

  void fields(auto& visit) {
    visit("del", del, {.doc = "these fields go, first"});
    visit("set", set, {.doc = "these fields replace those of the same names, then"});
    visit("add", add, {.doc = "these fields stand beside those of the same names, at last"});
  }

  // Adds a fault for a field that cannot be set, and warns of one whose change has no effect.
  void check(const std::string& path, Changed changed, config::Faults& faults) const;
  // Adds a fault for a value of a template that the next server would not read as it is.
  void check_made(const std::string& path, config::Faults& faults) const;
  // Adds the changes of `earlier`; those here replace those of the same names.
  void put_before(const HeaderChangeSpec& earlier);
};

// The changes, ready to be made.
class HeaderChange {
 public:
  // No change.
  HeaderChange() = default;
  // Requires: check() found nothing.
  explicit HeaderChange(const HeaderChangeSpec& spec);

  // Visits the fields that are set and then those that are added, with the list and the name of
  // each.
  template <class Visit>
  void each_field(const Visit& visit) const {
    for (const Field& field : fields_) visit(field.replaces ? "set" : "add", field.name);
  }

  // `made`: values in the place of those of the spec, where they are not null. Host goes to `host`.
  // The twins (http/field_twins.h) of fields that are deleted or set go, too.
  using Made = std::vector<const std::string*>;
  void apply_to_request(http::Headers& headers, std::string& host,
                        const Made* made = nullptr) const;
  void apply_to_response(http::Headers& headers, const Made* made = nullptr) const {
    apply(headers, nullptr, made);
  }

 private:
  struct Field {
    std::string name;
    std::string value;
    bool is_host = false;
    bool replaces = false;
  };
  void add_fields(const std::map<std::string, std::string>& fields, bool replaces);
  void apply(http::Headers& headers, std::string* host, const Made* made) const;

  std::vector<std::string> del_;
  std::vector<Field> fields_;
};

}  // namespace sluice::filters
