// SPDX-License-Identifier: Apache-2.0
// HtpasswdTable: the users of an htpasswd file with the hashes of their passwords. Immutable; any
// thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::filters {

inline constexpr std::size_t kHtpasswdBytesMax = 1 << 20;

class HtpasswdTable {
 public:
  // Reads lines of "user:hash". Skips empty lines and those that begin with '#'. Adds to `faults` a
  // text for each line that it leaves out: its number, its user if it has one, and the reason,
  // never its hash.
  [[nodiscard]] static HtpasswdTable parse(std::string_view text, std::vector<std::string>& faults);

  // True if this is the password of the user. A wrong one takes as long for every user, known or
  // not: the time of the costliest hash of the file. Blocks; never on a core.
  [[nodiscard]] bool verify(const std::string& user, const std::string& password) const;
  [[nodiscard]] std::size_t size() const { return users_.size(); }
  // The costliest hash; "" if there is none.
  [[nodiscard]] const std::string& greatest() const { return greatest_; }

 private:
  std::map<std::string, std::string, std::less<>> users_;
  std::string greatest_;
};

}  // namespace sluice::filters
