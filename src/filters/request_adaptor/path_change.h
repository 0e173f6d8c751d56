// SPDX-License-Identifier: Apache-2.0
// The change of a path in RequestAdaptor. Immutable; any thread.
#pragma once

#include <optional>
#include <string>

#include "config/fields.h"
#include "http/message.h"
#include "router/pattern.h"

namespace sluice::filters {

struct RegexpReplaceSpec {
  std::string regexp;
  std::string replace;
  void fields(auto& visit) {
    visit("regexp", regexp, {.required = true, .min = 1, .doc = "RE2 expression on the path"});
    visit("replace", replace, {.doc = "takes the place of its matches; $1: a group"});
  }
};

struct PathChangeSpec {
  std::string replace;
  std::string add_prefix;
  std::string trim_prefix;
  std::optional<RegexpReplaceSpec> regexp_replace;

  void fields(auto& visit) {
    visit("replace", replace, {.format = config::Format::path, .doc = "the whole path"});
    visit("addPrefix", add_prefix,
          {.format = config::Format::path, .doc = "stands before the path"});
    visit("trimPrefix", trim_prefix,
          {.format = config::Format::path, .doc = "is removed from the begin of the path"});
    visit("regexpReplace", regexp_replace,
          {.doc = "replaces the matches of an expression. The first of these four that is given "
                  "counts. Kept parts keep the escapes of the client"});
    visit.note("signer", "nothing is signed: write sign, beside path");
  }
};

// The first that is given, in the order of the fields.
class PathChange {
 public:
  PathChange() = default;
  // Adds faults.
  PathChange(const PathChangeSpec& spec, const std::string& path, config::Faults& faults);
  [[nodiscard]] bool empty() const;
  // Changes the path, which keeps the escapes of its parts. Returns 0, or the status of the
  // refusal: 414 for a path that becomes too long, 400 for one that gets dot segments.
  [[nodiscard]] int apply(http::Request& request) const;

 private:
  std::string replace_;
  std::string add_prefix_;
  std::optional<router::Pattern> pattern_;
  std::optional<router::Replacement> replacement_;
};

}  // namespace sluice::filters
