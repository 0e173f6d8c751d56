// SPDX-License-Identifier: Apache-2.0
// StateRegistry: finds the state that outlives a generation of the configuration (counters, circuit
// breakers, caches, connections) by what it belongs to: object, filter, pool, server.
//
// A filter whose state must survive a reload makes one call in FilterKind::build():
//
//   auto limiter = context.states.keep("limiter", spec.limits,
//                                      [&] { return std::make_shared<Limiter>(spec.limits); });
//
// This is the Limiter of the filter of the same pipeline, name and kind in force, if that had the
// same limits. Otherwise the function makes a new one. The prototype holds it. Without terms
// (`spec.limits` here), the state continues whatever the spec says. If Limiter has the functions of
// the concept Learning, it also survives a hot restart.
//
// The generations that use a state hold it. The registry holds it weakly, so it dies with its last
// user. A build writes its states into a StateDraft. put_in_force() makes them findable, so a
// generation that is refused leaves no trace.
//
// Only the control threads look states up. A core uses the states that its prototypes hold. A state
// with a part for each core holds these parts in a CorePlaces (pipeline/core_places.h).
#pragma once

#include <compare>
#include <concepts>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeindex>
#include <utility>
#include <variant>
#include <vector>

#include "base/json.h"
#include "base/mutex.h"
#include "config/value.h"

namespace sluice::pipeline {

// A state that passes on what it has learnt to the next process. knowledge() is called by any
// thread; null: nothing. learn() is called on a new state; `value` may be of another version of the
// program, and is ignored if it does not decode.
template <class T>
concept Learning = requires(const T& state, T& fresh, const config::Value& value) {
  { state.knowledge() } -> std::same_as<Json>;
  fresh.learn(value);
};

// The terms of a state that continues whatever the spec says.
using NoTerms = std::monostate;

// A state in the registry, without its type.
class KeptState {
 public:
  virtual ~KeptState() = default;
  // Sets `knowledge` if the state is Learning and lives.
  virtual void tell(Json& knowledge) const = 0;
};

template <class T, class Terms>
struct KeptStateOf final : KeptState {
  KeptStateOf(std::weak_ptr<T> the_state, Terms the_terms)
      : state(std::move(the_state)), terms(std::move(the_terms)) {}
  void tell(Json& knowledge) const override {
    if constexpr (Learning<T>) {
      if (const auto held = state.lock()) knowledge = held->knowledge();
    }
  }

  const std::weak_ptr<T> state;
  const Terms terms;
};

// Two states of different types never have one key.
struct StateKey {
  std::vector<std::string> path;  // below the object: filter, pool, server…; the name of the state
  std::string kind;               // of the filter
  std::type_index type;
  std::strong_ordering operator<=>(const StateKey& other) const = default;
};

// The states of one generation of an object.
using StateSet = std::map<StateKey, std::shared_ptr<const KeptState>>;

class StateScope;

// The states of a generation that is being built. For one thread at a time.
class StateDraft {
 public:
  // For a build that nothing precedes, such as a rehearsal.
  StateDraft() = default;
  StateDraft(std::shared_ptr<const StateSet> in_force,
             std::shared_ptr<const config::Value> inherited)
      : in_force_(std::move(in_force)), inherited_(std::move(inherited)) {}

  // The object as a whole. Valid as long as the draft, which must not move.
  [[nodiscard]] StateScope scope();
  // Every state in force is part of this generation, unless put() replaces it.
  void continue_all();
  [[nodiscard]] std::shared_ptr<const StateSet> finish() &&;

 private:
  friend class StateScope;
  std::shared_ptr<const StateSet> in_force_;        // null: none
  std::shared_ptr<const config::Value> inherited_;  // null: nothing
  StateSet next_;
};

// The owner of states: an object, or a part of it. Valid during the build.
class StateScope {
 public:
  // Nothing precedes, and nothing follows.
  StateScope() = default;

  // A part of this owner: a pool, a server.
  [[nodiscard]] StateScope within(std::string part) const;
  // A filter of this pipeline. A filter of another kind has none of its states.
  [[nodiscard]] StateScope of_filter(std::string name, std::string_view kind) const;

  // Returns the state of this name and type of the same owner in force, if its terms equal `terms`.
  // Otherwise calls `make`, which returns a shared_ptr, null if there is to be no state. The caller
  // holds the result as long as the generation lives.
  template <std::equality_comparable Terms, std::invocable Make>
  std::invoke_result_t<Make&> keep(std::string_view name, const Terms& terms, Make make) const {
    using T = typename std::invoke_result_t<Make&>::element_type;
    auto state = find<T>(name, terms);
    if (!state) {
      state = make();
      if constexpr (Learning<T>) {
        const config::Value* known = state ? inherited(name) : nullptr;
        if (known != nullptr) state->learn(*known);
      }
    }
    if (state) put(name, terms, state);
    return state;
  }
  template <std::invocable Make>
  std::invoke_result_t<Make&> keep(std::string_view name, Make make) const {
    return keep(name, NoTerms(), std::move(make));
  }

  // The two halves of keep(), for a state whose making may fail. Null: there is none in force.
  template <class T, std::equality_comparable Terms>
  [[nodiscard]] std::shared_ptr<T> find(std::string_view name, const Terms& terms) const {
    const auto* kept = static_cast<const KeptStateOf<T, Terms>*>(in_force(key<T, Terms>(name)));
    return kept != nullptr && kept->terms == terms ? kept->state.lock() : nullptr;
  }
  // `state` belongs to this generation from now on.
  template <class T, std::equality_comparable Terms>
  void put(std::string_view name, const Terms& terms, const std::shared_ptr<T>& state) const {
    add(key<T, Terms>(name), std::make_shared<const KeptStateOf<T, Terms>>(state, terms));
  }

  // Notes a part of the spec. Returns true if the generation in force has noted another one.
  template <std::equality_comparable Terms>
  [[nodiscard]] bool changed(std::string_view name, const Terms& terms) const {
    using Note = KeptStateOf<NoTerms, Terms>;
    const auto* before = static_cast<const Note*>(in_force(key<NoTerms, Terms>(name)));
    const bool other = before != nullptr && !(before->terms == terms);
    put(name, terms, std::shared_ptr<NoTerms>());
    return other;
  }

 private:
  friend class StateDraft;
  template <class T, class Terms>
  [[nodiscard]] StateKey key(std::string_view name) const {
    return {path_to(name), kind_, typeid(KeptStateOf<T, Terms>)};
  }
  [[nodiscard]] std::vector<std::string> path_to(std::string_view name) const;
  [[nodiscard]] const KeptState* in_force(const StateKey& key) const;
  [[nodiscard]] const config::Value* inherited(std::string_view name) const;
  void add(StateKey key, std::shared_ptr<const KeptState> state) const;

  StateDraft* draft_ = nullptr;
  std::vector<std::string> path_;
  std::string kind_;
};

// Owned by the controller. Any thread but a worker's.
class StateRegistry {
 public:
  // The states in force, by object; null: the object does not run.
  using Generation = std::map<std::string, std::shared_ptr<const StateSet>>;

  // For a hot restart: `knowledge` is the knowledge() of the previous process. It waits for the
  // first generation of each object that comes into force. Requires: no build has begun.
  void inherit(const config::Value& knowledge);
  // For a build of `object`. Requires: no other generation of it comes into force until the draft
  // does, or is dropped.
  [[nodiscard]] StateDraft draft(const std::string& object) const;
  // Replaces the states of all objects.
  void put_in_force(Generation next);
  // {object: {filter: {…: knowledge}}} of the states in force. May hold keys: keep it in memory
  // only.
  [[nodiscard]] Json knowledge() const;

 private:
  mutable Mutex mutex_;
  Generation in_force_ SLUICE_GUARDED_BY(mutex_);
  std::map<std::string, std::shared_ptr<const config::Value>> inherited_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice::pipeline
