// SPDX-License-Identifier: Apache-2.0
// The refusals of an HTTPServer, by the name of the limit. Each core counts in its own cells. The
// status shows the sums (`refusals`), and a refused request carries the name as a tag in the access
// log. Every limit by which a client can be refused has a name here.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/json.h"
#include "observe/counter.h"

namespace sluice::observe {

enum class Limit : std::uint8_t {
  memory_streams,      // memoryBudget: HTTP/2 streams refused
  memory_heads,        // memoryBudget: HTTP/1 heads refused with 503
  memory_bodies,       // memoryBudget: 503 for requests with a body, or while one arrived
  memory_responses,    // memoryBudget: 503 in place of a response
  memory_idle,         // memoryBudget: idle connections closed
  memory_connections,  // memoryBudget: new connections closed
  connection_heads,    // connectionHeads: HTTP/2 streams refused
  connection_memory,   // connectionMemory: 503 beyond the memory of one connection
  client_connections,  // clientLimits.connections: closed
  client_streams,      // clientLimits.streams: HTTP/2 streams refused, or 429
  client_requests,     // clientLimits.requestsPerSecond: 429
  client_handshakes,   // clientLimits.handshakesPerSecond: closed
};
inline constexpr std::size_t kLimits = 12;
// As in the status, the tags and docs/limits.md.
[[nodiscard]] std::string_view to_string(Limit limit);

class Refusals {
 public:
  explicit Refusals(unsigned core_count) : cells_(core_count) {}

  // On the core's thread.
  void record(unsigned core, Limit limit) {
    cells_.at(core).counts[static_cast<std::size_t>(limit)].add();
  }
  // Any thread.
  [[nodiscard]] std::uint64_t count(Limit limit) const;
  // Any thread: name -> count, of all limits.
  [[nodiscard]] Json to_json() const;

 private:
  struct Cells {
    std::array<Cell, kLimits> counts;
  };
  PerCore<Cells> cells_;
};

}  // namespace sluice::observe
