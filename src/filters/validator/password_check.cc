// SPDX-License-Identifier: Apache-2.0
#include "filters/validator/password_check.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/encoding.h"
#include "base/password.h"
#include "filters/validator/password_hash.h"
#include "http/exact_value.h"
#include "loop/blocking_pool.h"

namespace sluice::filters {
namespace {

constexpr std::size_t kPairsMax = 4096;
constexpr std::chrono::seconds kPairsKeptFor{60};
constexpr std::size_t kPairSecretBytes = 32;
constexpr std::string_view kWrongPair = "wrong name or password";
constexpr std::string_view kNoUsers = "no users yet";

// For names that nobody has, so that they take as long: bcrypt of cost 10, the default of htpasswd
// -B and more.
constexpr const char* kNobody = "$2y$10$abcdefghijklmnopqrstuuEhtLqz92o4iJrBsTGdT3tqYzernTTAi";

std::string_view outcome_of(const Result<bool>& right) {
  if (!right) return PasswordCheck::kBusy;
  return *right ? "" : kWrongPair;
}

std::string text_member(const Json& item, const char* name) {
  if (!item.is_object()) return "";
  const auto found = item.find(name);
  return found != item.end() && found->is_string() ? found->get<std::string>() : "";
}

// The hash of the user; "" without one.
std::string hash_in(const pipeline::CustomDataSnapshot* data, const std::string& kind,
                    const std::string& user) {
  const Json* item = data != nullptr ? data->find(kind, user) : nullptr;
  if (item == nullptr) return "";
  const std::string name = text_member(*item, "username");
  if (!name.empty() && name != user) return "";
  std::string hash = text_member(*item, "password");
  return fault_of_hash(hash).empty() ? hash : "";
}

}  // namespace

std::optional<NameAndPassword> read_basic(std::string_view text) {
  const auto bytes = base64_decode(text);
  if (!bytes) return std::nullopt;
  const std::size_t colon = bytes->find(':');
  if (colon == std::string::npos || colon == 0) return std::nullopt;
  NameAndPassword pair{bytes->substr(0, colon), bytes->substr(colon + 1)};
  if (!http::is_exact_value(pair.name)) return std::nullopt;
  return pair;
}

PasswordCheck::PasswordCheck(const loop::Core& core, const ValidatorModel& model)
    : core_(core),
      model_(model),
      secret_(random_bytes(kPairSecretBytes).value_or("")),
      // Custom data may change at any time, and its pairs with it.
      right_(core, kPairsMax, model.users && !secret_.empty() ? kPairsKeptFor : Duration::zero()) {
  if (model.users) users_.emplace(model.users->followed());
}

Task<std::string_view> PasswordCheck::check(
    NameAndPassword given, std::shared_ptr<const pipeline::CustomDataSnapshot> data) {
  if (users_) return check_file(std::move(given));
  return check_data(std::move(given), std::move(data));
}

Task<std::string_view> PasswordCheck::check_file(NameAndPassword given) {
  if (users_->update()) right_.clear();
  const std::shared_ptr<const UserFile> users = users_->object();
  if (users == nullptr) co_return kNoUsers;
  const std::string digest = hmac_sha256(secret_, given.name + ":" + given.password);
  if (right_.find(digest, Clock::now()) != nullptr) co_return "";
  auto work = model_.hashing->run(core_.loop, [users, given = std::move(given)] {
    return users->table.verify(given.name, given.password);
  });
  const Result<bool> right = co_await std::move(work);
  // Another table may be in force by now.
  if (right && *right && users_->object() == users) right_.put(digest, {}, 0, Clock::now());
  co_return outcome_of(right);
}

Task<std::string_view> PasswordCheck::check_data(
    NameAndPassword given, std::shared_ptr<const pipeline::CustomDataSnapshot> data) {
  const std::string hash = hash_in(data.get(), model_.spec.basic_auth->custom_kind(), given.name);
  auto work = model_.hashing->run(core_.loop, [hash, given = std::move(given)] {
    const bool same = matches_hash(hash.empty() ? kNobody : hash, given.password);
    return same && !hash.empty();
  });
  const Result<bool> right = co_await std::move(work);
  co_return outcome_of(right);
}

}  // namespace sluice::filters
