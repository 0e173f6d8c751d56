// SPDX-License-Identifier: Apache-2.0
// Notes: what this process tells the other members about itself, under `notes/<key>/<member>`. They
// are on the lease of the process, so they vanish with it. Core-bound.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "loop/event.h"
#include "loop/task.h"
#include "store/etcd/context.h"
#include "store/etcd/membership.h"

namespace sluice::store {

// A longer value is not written; the log says so.
inline constexpr std::size_t kNoteBytesMax = std::size_t{256} << 10;
// Further keys are not written.
inline constexpr std::size_t kNotesMax = 20'000;

class Notes {
 public:
  Notes(EtcdContext& context, const Membership& membership);
  // After Membership::join().
  void start();
  void stop() { writing_.reset(); }

  // Does not wait for etcd. None: the note goes.
  void set(const std::string& key, std::optional<std::string> value);

 private:
  [[nodiscard]] Task<void> write_all();
  // Writes some of the pending notes. False: etcd has not taken them.
  [[nodiscard]] Task<bool> write_some();
  // All notes are to be written again if they are not on the present lease.
  void look_at_lease();

  EtcdContext& context_;
  const Membership& membership_;
  std::map<std::string, std::string> notes_;
  std::set<std::string> pending_;  // keys; those without a note are to be removed
  std::int64_t lease_ = 0;         // of the notes that are written
  loop::Event wake_;
  Task<void> writing_;  // last
};

}  // namespace sluice::store
