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
  // text for each line that it leaves out: its number and the reason, never its content.
  [[nodiscard]] static HtpasswdTable parse(std::string_view text, std::vector<std::string>& faults);

  // True if this is the password of the user. Takes as long for an unknown user. Blocks; never on a
  // core.
  [[nodiscard]] bool verify(const std::string& user, const std::string& password) const;
  [[nodiscard]] std::size_t size() const { return users_.size(); }

 private:
  std::map<std::string, std::string, std::less<>> users_;
  std::string sample_;  // a hash of the file; for unknown users
};

}  // namespace sluice::filters
