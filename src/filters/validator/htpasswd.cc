// SPDX-License-Identifier: Apache-2.0
#include "filters/validator/htpasswd.h"

#include "base/printable.h"
#include "base/text.h"
#include "filters/validator/password_hash.h"

namespace sluice::filters {
namespace {

constexpr std::size_t kShownBytesMax = 64;

std::string shown(std::string_view user) {
  const std::string text = printable(user.substr(0, kShownBytesMax));
  return user.size() > kShownBytesMax ? text + "…" : text;
}

}  // namespace

HtpasswdTable HtpasswdTable::parse(std::string_view text, std::vector<std::string>& faults) {
  HtpasswdTable table;
  std::uint64_t greatest = 0;  // work
  for (std::size_t number = 1; !text.empty(); ++number) {
    std::string_view line = trim_space(take_until(text, '\n'));
    if (line.empty() || line.front() == '#') continue;
    const std::string place = "line " + std::to_string(number);
    if (!line.contains(':')) {
      faults.push_back(place + " is no user:hash");
      continue;
    }
    const std::string_view user = take_until(line, ':');
    const auto refuse = [&](std::string_view reason) {
      const std::string name = user.empty() ? "" : ", user " + shown(user) + ",";
      faults.push_back(place + name + " " + std::string(reason));
    };
    const std::string hash(trim_space(take_until(line, ':')));
    const std::string_view fault = user.empty() ? "has no user" : fault_of_hash(hash);
    if (!fault.empty()) {
      refuse(fault);
    } else if (!table.users_.emplace(user, hash).second) {
      refuse("names a user again");
    } else if (work_of_hash(hash) > greatest) {
      greatest = work_of_hash(hash);
      table.greatest_ = hash;
    }
  }
  return table;
}

bool HtpasswdTable::verify(const std::string& user, const std::string& password) const {
  const auto found = users_.find(user);
  return matches_hash_evenly(found != users_.end() ? found->second : "", greatest_, password);
}

}  // namespace sluice::filters
