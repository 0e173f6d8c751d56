// SPDX-License-Identifier: Apache-2.0
// Moves: namespaces that are to go to a certain member. `moves/<ns>` names it, for seconds. While
// the key is there, only that member takes the namespace; the owner gives it up in order.
// Core-bound.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "loop/task.h"
#include "store/etcd/context.h"

namespace sluice::store {

// A move ends after so long, done or not, and any member may take the namespace again.
inline constexpr Duration kMoveMax = std::chrono::seconds(10);

class Moves {
 public:
  // `member`: of the move that has begun; "" if it has ended.
  using OnMove = std::function<void(const std::string& ns, const std::string& member)>;
  Moves(EtcdContext& context, OnMove on_move);
  // After Membership::join().
  void start();
  void stop() { following_.reset(); }

  // The member that the namespace is to go to; "" if there is no move.
  [[nodiscard]] std::string target_of(std::string_view ns) const;

  // Store::move.
  [[nodiscard]] Task<Result<void>> move(std::string ns, std::string member);

 private:
  [[nodiscard]] Task<void> follow();
  [[nodiscard]] Task<Result<std::int64_t>> read();
  [[nodiscard]] Task<void> watch(std::int64_t from);
  void set(const std::string& key, const pb::KeyValue* kv);

  // A move, as etcd stands.
  struct Plan {
    std::string ns;
    std::string member;
    std::optional<MemberRecord> target;  // none: it is not there at the moment
    std::optional<MemberRecord> owner;
    bool exists = false;  // the namespace

    // By its present process: an earlier one owns until its lease ends.
    [[nodiscard]] bool is_done() const {
      return target && owner && owner->incarnation == target->incarnation;
    }
  };
  [[nodiscard]] Task<Result<Plan>> look(const std::string& ns, const std::string& member);
  // Waits for a member that restarts.
  [[nodiscard]] Task<Result<Plan>> plan(const std::string& ns, const std::string& member);
  [[nodiscard]] Task<Result<std::int64_t>> lease();
  [[nodiscard]] Task<Result<void>> begin(const Plan& plan, std::int64_t lease);
  [[nodiscard]] Task<Result<void>> wait_for(const Plan& plan);
  [[nodiscard]] Task<void> end(std::int64_t lease);

  EtcdContext& context_;
  const OnMove on_move_;
  struct Move {
    std::string ns;
    std::string member;
  };
  std::map<std::string, Move, std::less<>> moves_;  // by key
  etcd::EndpointIndex avoid_ = etcd::kAnyEndpoint;
  Task<void> following_;  // last
};

}  // namespace sluice::store
