// SPDX-License-Identifier: Apache-2.0
#include "server/connections.h"

#include <utility>

#include "server/limits.h"

namespace sluice::server {
namespace {

constexpr unsigned kTicksBeforeRest = 2;

}  // namespace

Connections::Connections(MemoryAccount& memory, const ServerPrototype& first)
    : memory_(memory),
      demanded_(first.admission),
      connection_memory_(static_cast<std::size_t>(first.spec.connection_memory)) {}

// Has the first of the connections that became idle lately give back memory.
void Connections::rest_first(Rest what) {
  auto& from = idle_longer_.empty() || what == Rest::buffers ? idle_lately_ : idle_longer_;
  auto& to = what == Rest::buffers ? idle_longer_ : active_;
  Listed& entry = from.front();
  entry.list = &to;
  to.splice(to.end(), from, from.begin());
  if (entry.rest) entry.rest(what);
}

std::size_t Connections::tick() {
  ++ticks_;
  for (std::size_t count = 0; count < kRestsAtOnceMax; ++count) {
    const auto& list = idle_longer_.empty() ? idle_lately_ : idle_longer_;
    if (list.empty() || ticks_ - list.front().idle_since < kTicksBeforeRest) break;
    rest_first(Rest::everything);
    ++given_back_;
  }
  return std::exchange(given_back_, 0);
}

// Closes the connections that have been idle for longest first.
std::size_t Connections::shed_idle(const std::function<void()>& count) {
  std::vector<Listed*> idle;
  for (auto* list : {&active_, &idle_longer_, &idle_lately_}) {
    for (auto& entry : *list) {
      if (entry.idle && !entry.keep && idle.size() < kIdleClosedAtOnceMax) idle.push_back(&entry);
    }
  }
  for (Listed* entry : idle) {
    entry->keep = true;  // already closing: do not choose it again
    if (count) count();
    if (entry->retirable != nullptr) {
      entry->retirable->retire();
    } else {
      entry->stream->close();
    }
  }
  return idle.size();
}

std::vector<Connections::Listed*> Connections::entries() {
  std::vector<Listed*> all;
  for (auto* list : {&active_, &idle_lately_, &idle_longer_}) {
    for (auto& entry : *list) all.push_back(&entry);
  }
  return all;
}

void Connections::update(const ServerPrototype& next) {
  demanded_ = next.admission;
  connection_memory_ = static_cast<std::size_t>(next.spec.connection_memory);
  std::vector<net::Stream*> over;
  std::vector<Retirable*> retiring;
  for (Listed* entry : entries()) {
    if (entry->shown && !entry->shown->satisfies(*demanded_)) entry->superseded = true;
    const bool cut_off = entry->may_stay && !entry->may_stay(next);
    if (!entry->superseded && !cut_off) continue;
    if (entry->retirable != nullptr) {
      retiring.push_back(entry->retirable);
    } else if (entry->idle || cut_off) {
      over.push_back(entry->stream);
    }
  }
  for (Retirable* connection : retiring) connection->retire();
  for (net::Stream* stream : over) stream->close();
}

void Connections::retire() {
  std::vector<Retirable*> all;
  for (const Listed* entry : entries()) {
    if (entry->retirable != nullptr) all.push_back(entry->retirable);
  }
  for (Retirable* connection : all) connection->retire();
}

void Connections::close_idle() {
  std::vector<net::Stream*> idle;
  for (const Listed* entry : entries()) {
    if (entry->idle && entry->retirable == nullptr) idle.push_back(entry->stream);
  }
  for (net::Stream* stream : idle) stream->close();
}

void Connections::close_all() {
  std::vector<net::Stream*> all;
  for (const Listed* entry : entries()) all.push_back(entry->stream);
  for (net::Stream* stream : all) stream->close();
}

Connections::Member::Member(Connections& connections, net::Stream& stream)
    : connections_(connections),
      entry_(
          connections.active_.insert(connections.active_.end(), {&stream, &connections.active_})),
      memory_(std::make_shared<MemoryHolder>(connections.memory_, connections.connection_memory_)),
      state_(*memory_, MemoryUse::connections) {
  state_.set(kConnectionStateBytes);
}

Connections::Member::~Member() {
  entry_->list->erase(entry_);
  ++connections_.given_back_;
}

void Connections::Member::set_idle(bool idle) {
  entry_->idle = idle;
  entry_->idle_since = connections_.ticks_;
  auto& list = idle ? connections_.idle_lately_ : connections_.active_;
  list.splice(list.end(), *std::exchange(entry_->list, &list), entry_);
  if (connections_.idle_lately_.size() > kIdleLatelyMax) connections_.rest_first(Rest::buffers);
}

void Connections::Member::admit(std::shared_ptr<const Admission> shown) {
  entry_->superseded = !shown->satisfies(*connections_.demanded_);
  entry_->shown = std::move(shown);
}

}  // namespace sluice::server
