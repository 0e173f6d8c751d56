// SPDX-License-Identifier: Apache-2.0
// Watch: the events of a range of keys, from a revision on, from one endpoint. It ends with the
// first failure; the caller makes another one, from the revision after the last that it has taken,
// best at another endpoint (WatchOptions::avoid). Core-bound.
//
// A Watch asks its endpoint for signs of life: by PING, and by requests for progress. Answers to
// the latter prove nothing about events (etcd 3.4.23 sends them too early), so they are not
// delivered.
#pragma once

#include <etcd/rpc.pb.h>

#include <cstdint>
#include <expected>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "etcd/call_failure.h"
#include "etcd/client.h"
#include "loop/task.h"

namespace sluice::etcd {

// A longer answer is delivered in parts, each of whole revisions.
inline constexpr std::size_t kWatchPartBytes = std::size_t{4} << 20;
// The most that the events of one revision may take, in bytes.
inline constexpr std::size_t kWatchRevisionBytesMax = std::size_t{256} << 20;

struct WatchOptions {
  std::string key;
  std::string range_end{};          // empty: only `key`
  std::int64_t start_revision = 0;  // the first revision to deliver; 0: the next one
  bool prev_kv = false;
  EndpointIndex avoid = kAnyEndpoint;  // not this endpoint if there is another
  // A request for progress is sent after each such time; 0: none.
  Duration progress_period = std::chrono::seconds(1);
  // The watch is lost after this time without any message, if it asks for progress.
  Duration silence_max = std::chrono::seconds(3);
};

struct WatchFailure {
  enum class Why {
    timed_out,  // the deadline of this call has passed; behind next(), the watch goes on
    compacted,  // read the state anew: the events before `compact_revision` are gone
    cancelled,  // etcd has cancelled the watch, for example for lack of permission
    lost,       // no connection, or no sign of life
    no_leader,  // the endpoint sees no leader
    too_large,  // a revision over kWatchRevisionBytesMax
  };
  Why why = Why::lost;
  std::int64_t compact_revision = 0;      // with `compacted`
  EndpointIndex endpoint = kAnyEndpoint;  // of the watch
  Error error;                            // names the endpoint and what to do
};

template <class T>
using WatchReply = std::expected<T, WatchFailure>;

class Watch {
 public:
  // Requires: `client` outlives this.
  Watch(Client& client, WatchOptions options);
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  // Creates the watch and returns etcd's header: events from its revision + 1 on will be delivered,
  // and earlier ones from start_revision on. Call first, once.
  [[nodiscard]] Task<WatchReply<pb::ResponseHeader>> start(TimePoint deadline);
  // Returns the next events: never none, and all events of every revision that it has, in order.
  // The watch continues with the revision after that of the last event. Requires: start() has
  // succeeded; one call at a time.
  [[nodiscard]] Task<WatchReply<pb::WatchResponse>> next(TimePoint deadline);

  // The endpoint of the watch; kAnyEndpoint before start().
  [[nodiscard]] EndpointIndex endpoint() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice::etcd
