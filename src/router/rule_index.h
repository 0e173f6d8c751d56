// SPDX-License-Identifier: Apache-2.0
// RuleIndex: finds the paths that may match a request, in time that depends on the length of host
// and path rather than on the number of rules. Immutable once finished; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "router/candidates.h"
#include "router/host_matcher.h"
#include "router/path_matcher.h"
#include "router/pattern_set.h"
#include "router/text_table.h"

namespace sluice::router {

// It finds every path whose host and text match, and perhaps others: the caller compares.
class RuleIndex {
 public:
  // Rules with the same hosts are one group.
  using Group = std::uint32_t;
  [[nodiscard]] Group group_of(const HostMatcher& hosts);
  // Requires: `ordinal` is greater than that of the call before.
  void add(Group group, const PathMatcher& path, Ordinal ordinal);
  void finish();

  // Requires for all: `host` is a comparable_host(), `path` is decoded.
  void find(std::string_view host, std::string_view path, Candidates& out) const;
  // Finds the paths that nearly match: PathMatcher::nearly_matches(). find() finds all of them,
  // too, unless near_differs().
  void find_near(std::string_view host, std::string_view path, Candidates& out) const;
  [[nodiscard]] bool near_differs(std::string_view path) const {
    return has_expressions_ || without_end_slash(path) != path;
  }
  // Finds the groups of a host.
  void find_groups(std::string_view host, Candidates& out) const;

 private:
  // The paths of a group.
  struct GroupPaths {
    TextTable texts;
    PatternSet patterns;
    PatternSet any_case{Pattern::Case::insensitive};  // the same patterns
    bool capitals = false;                            // in a pattern
    PatternSet segments;                              // RadixTree's paths with variables
    PatternSet near_segments;
    std::vector<Ordinal> all;  // paths without a text
  };
  static void find_near(const GroupPaths& paths, std::string_view path, Candidates& out);

  std::map<std::string, Group> known_;  // until finish()
  std::vector<GroupPaths> groups_;
  bool has_expressions_ = false;
  TextTable host_texts_;                        // exact hosts, and those with * at the end
  TextTable host_ends_{TextTable::From::back};  // those with * in front
  PatternSet host_patterns_{Pattern::Case::insensitive};
  std::vector<Ordinal> any_host_;  // the group of rules without hosts
};

}  // namespace sluice::router
