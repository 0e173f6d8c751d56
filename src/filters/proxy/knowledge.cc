// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy/knowledge.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "config/fields.h"

namespace sluice::filters {
namespace {

struct ServerRecord {
  backend::ServerState::Knowledge state;
  void fields(auto& visit) {
    visit("healthy", state.healthy, {});
    visit("ejectedFor", state.ejected_for, {.min = 0});
    visit("ejections", state.ejections, {});
    visit("reason", state.reason, {});
  }
};

struct BreakerRecord {
  Duration open_for{};
  void fields(auto& visit) { visit("openFor", open_for, {.required = true, .min = 0}); }
};

struct AddressesRecord {
  std::vector<std::string> found;  // IP literals, in the order to try them
  void fields(auto& visit) { visit("found", found, {.required = true}); }
};

// A record that does not decode is ignored, because the other process may be another version.
template <class Record>
std::optional<Record> read(const config::Value& value) {
  config::Faults faults;
  auto record = config::decode<Record>(value, "", faults);
  return faults.empty() ? std::optional(std::move(record)) : std::nullopt;
}

}  // namespace

Json LearningServer::knowledge() const {
  return config::encode(ServerRecord{knowledge(Clock::now())});
}

void LearningServer::learn(const config::Value& value) {
  if (const auto record = read<ServerRecord>(value)) learn(record->state, Clock::now());
}

Json LearningAddresses::knowledge() const {
  const auto known = known_->list();
  if (known == nullptr) return nullptr;
  AddressesRecord record;
  for (const net::Endpoint& endpoint : *known) {
    if (record.found.size() == kPassedOnAddressesMax) break;
    record.found.push_back(endpoint.address);
  }
  return config::encode(record);
}

void LearningAddresses::learn(const config::Value& value) {
  const auto record = read<AddressesRecord>(value);
  if (!record || record->found.empty() || record->found.size() > kPassedOnAddressesMax) return;
  if (!std::ranges::all_of(record->found, net::is_ip_literal)) return;
  std::vector<net::Endpoint> endpoints;
  for (const std::string& address : record->found) endpoints.emplace_back(address, port_);
  known_->tell(std::move(endpoints), Clock::now());  // the next look-up is due
}

Json LearningBreaker::knowledge() const {
  const auto stay = open_for(Clock::now());
  return stay ? config::encode(BreakerRecord{*stay}) : Json();
}

void LearningBreaker::learn(const config::Value& value) {
  if (const auto record = read<BreakerRecord>(value)) open(record->open_for, Clock::now());
}

}  // namespace sluice::filters
