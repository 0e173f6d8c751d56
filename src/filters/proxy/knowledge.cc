// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy/knowledge.h"

#include <nlohmann/json.hpp>

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
  }
};

struct BreakerRecord {
  Duration open_for{};
  void fields(auto& visit) { visit("openFor", open_for, {.required = true, .min = 0}); }
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

Json LearningBreaker::knowledge() const {
  const auto stay = open_for(Clock::now());
  return stay ? config::encode(BreakerRecord{*stay}) : Json();
}

void LearningBreaker::learn(const config::Value& value) {
  if (const auto record = read<BreakerRecord>(value)) open(record->open_for, Clock::now());
}

}  // namespace sluice::filters
