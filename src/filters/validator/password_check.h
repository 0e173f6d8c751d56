// SPDX-License-Identifier: Apache-2.0
// PasswordCheck: checks names and passwords of HTTP Basic authentication (RFC 7617). Hashes are
// computed on other threads; right pairs are remembered for a minute. Core-bound.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "filters/validator/model.h"
#include "filters/validator/recent.h"
#include "loop/core.h"
#include "loop/task.h"
#include "pipeline/custom_data.h"

namespace sluice::filters {

struct NameAndPassword {
  std::string name;
  std::string password;  // the rest behind the first ':', with those that it contains
};
// nullopt if `text` is not base64 of name and password.
[[nodiscard]] std::optional<NameAndPassword> read_basic(std::string_view text);

class PasswordCheck {
 public:
  static constexpr std::string_view kBusy = "too many passwords are being checked";

  // `model` outlives this, and has basicAuth.
  PasswordCheck(const loop::Core& core, const ValidatorModel& model);

  // Returns "" for a right pair, else the fault, a literal. kBusy: it was not checked. `data`: the
  // custom data of now, for mode ETCD; may be null.
  [[nodiscard]] Task<std::string_view> check(
      NameAndPassword given, std::shared_ptr<const pipeline::CustomDataSnapshot> data);

 private:
  Task<std::string_view> check_file(NameAndPassword given);
  Task<std::string_view> check_data(NameAndPassword given,
                                    std::shared_ptr<const pipeline::CustomDataSnapshot> data);

  const loop::Core& core_;
  const ValidatorModel& model_;
  std::optional<Follower<UserFile>> users_;
  std::string secret_;  // of this core, so that digests are worth nothing elsewhere
  Recent<std::monostate> right_;
};

}  // namespace sluice::filters
