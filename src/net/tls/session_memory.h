// SPDX-License-Identifier: Apache-2.0
// Inside net/ only: where the largest object of a TLS connection is. OpenSSL's SSL is 7.6 KB, most
// of them zeros once the handshake is over; in a PagePool's slot it can be folded while the
// connection rests. Core-bound.
#pragma once

#include <functional>

#include "base/page_pool.h"

struct ssl_st;

namespace sluice::net {

class SessionMemory {
 public:
  // Has OpenSSL ask us for memory, in the whole process. Without it, or when OpenSSL has taken
  // memory before, sessions are the heap's, and nothing folds.
  static void install();

  // The session of `make`, which may be null, in a slot of `pool`, which outlives this.
  SessionMemory(PagePool& pool, const std::function<ssl_st*()>& make);
  // A session that is where it is; taken over.
  explicit SessionMemory(ssl_st* session) : session_(session) {}
  ~SessionMemory();
  SessionMemory(SessionMemory&& other) noexcept;
  SessionMemory& operator=(SessionMemory&&) = delete;

  // What it points to moves nowhere, but is there only until fold().
  [[nodiscard]] ssl_st* get() {
    slot_.unfold();
    return session_;
  }
  [[nodiscard]] bool empty() const { return session_ == nullptr; }
  // Gives memory back until the next get(). Not from inside OpenSSL's callbacks.
  void fold() { slot_.fold(slot_.bytes().size()); }

 private:
  PagePool::Slot slot_;
  ssl_st* session_;
};

}  // namespace sluice::net
