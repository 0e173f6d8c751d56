// SPDX-License-Identifier: Apache-2.0
#include "pipeline/state_registry.h"

#include <nlohmann/json.hpp>

namespace sluice::pipeline {

StateScope StateDraft::scope() {
  StateScope scope;
  scope.draft_ = this;
  return scope;
}

void StateDraft::continue_all() {
  if (in_force_) next_ = *in_force_;
}

std::shared_ptr<const StateSet> StateDraft::finish() && {
  return std::make_shared<const StateSet>(std::move(next_));
}

StateScope StateScope::within(std::string part) const {
  StateScope inner = *this;
  inner.path_.push_back(std::move(part));
  return inner;
}

StateScope StateScope::of_filter(std::string name, std::string_view kind) const {
  StateScope filter = within(std::move(name));
  filter.kind_ = kind;
  return filter;
}

std::vector<std::string> StateScope::path_to(std::string_view name) const {
  auto path = path_;
  path.emplace_back(name);
  return path;
}

const KeptState* StateScope::in_force(const StateKey& key) const {
  if (draft_ == nullptr || !draft_->in_force_) return nullptr;
  const auto found = draft_->in_force_->find(key);
  return found != draft_->in_force_->end() ? found->second.get() : nullptr;
}

const config::Value* StateScope::inherited(std::string_view name) const {
  const config::Value* value = draft_ != nullptr ? draft_->inherited_.get() : nullptr;
  for (const std::string& part : path_to(name)) {
    if (value != nullptr) value = value->find(part);
  }
  return value;
}

void StateScope::add(StateKey key, std::shared_ptr<const KeptState> state) const {
  if (draft_ != nullptr) draft_->next_.insert_or_assign(std::move(key), std::move(state));
}

void StateRegistry::inherit(const config::Value& knowledge) {
  const MutexLock lock(mutex_);
  for (const config::Value::Member& object : knowledge.members)
    inherited_[object.key] = std::make_shared<const config::Value>(object.value);
}

StateDraft StateRegistry::draft(const std::string& object) const {
  const MutexLock lock(mutex_);
  const auto running = in_force_.find(object);
  const auto known = inherited_.find(object);
  return {running != in_force_.end() ? running->second : nullptr,
          known != inherited_.end() ? known->second : nullptr};
}

void StateRegistry::put_in_force(Generation next) {
  const MutexLock lock(mutex_);
  std::erase_if(inherited_, [&next](const auto& known) {
    const auto object = next.find(known.first);
    return object == next.end() || object->second != nullptr;
  });
  in_force_.swap(next);
}

Json StateRegistry::knowledge() const {
  Generation in_force;
  {
    const MutexLock lock(mutex_);
    in_force = in_force_;
  }
  Json all = Json::object();
  for (const auto& [object, states] : in_force) {
    if (!states) continue;
    for (const auto& [key, state] : *states) {
      Json knowledge;
      state->tell(knowledge);
      if (knowledge.is_null()) continue;
      Json* place = &all[object];
      for (const std::string& part : key.path) place = &(*place)[part];
      *place = std::move(knowledge);
    }
  }
  return all;
}

}  // namespace sluice::pipeline
