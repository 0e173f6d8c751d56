// SPDX-License-Identifier: Apache-2.0
#include "filters/validator/htpasswd.h"

#include "base/text.h"
#include "filters/validator/password_hash.h"

namespace sluice::filters {

HtpasswdTable HtpasswdTable::parse(std::string_view text, std::vector<std::string>& faults) {
  HtpasswdTable table;
  for (std::size_t number = 1; !text.empty(); ++number) {
    std::string_view line = trim_space(take_until(text, '\n'));
    if (line.empty() || line.front() == '#') continue;
    const auto refuse = [&](std::string_view reason) {
      faults.push_back("line " + std::to_string(number) + " " + std::string(reason));
    };
    if (!line.contains(':')) {
      refuse("is no user:hash");
      continue;
    }
    const std::string_view user = take_until(line, ':');
    const std::string hash(trim_space(take_until(line, ':')));
    const std::string_view fault = user.empty() ? "has no user" : fault_of_hash(hash);
    if (!fault.empty()) {
      refuse(fault);
    } else if (!table.users_.emplace(user, hash).second) {
      refuse("names a user again");
    } else if (table.sample_.empty()) {
      table.sample_ = hash;
    }
  }
  return table;
}

bool HtpasswdTable::verify(const std::string& user, const std::string& password) const {
  const auto found = users_.find(user);
  if (found != users_.end()) return matches_hash(found->second, password);
  if (!sample_.empty()) (void)matches_hash(sample_, password);
  return false;
}

}  // namespace sluice::filters
