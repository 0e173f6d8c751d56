// SPDX-License-Identifier: Apache-2.0
// Courier: brings messages to the cluster ports of other members. Core-bound.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "backend/client.h"
#include "base/result.h"
#include "base/time.h"
#include "loop/core.h"
#include "loop/task.h"
#include "net/tls/tls_client_context.h"

namespace sluice::filters {

inline constexpr const char* kRunPath = "/cluster/run";
inline constexpr const char* kNewestPath = "/cluster/newest";
inline constexpr const char* kCallPath = "/cluster/call";
inline constexpr const char* kClockPath = "/cluster/clock";
inline constexpr const char* kFenceParameter = "fence";
// Behind the version, if it is the owner's word (store::OwnerAnswer).
inline constexpr std::string_view kSealedWord = " sealed";

class Courier {
 public:
  virtual ~Courier() = default;
  struct Outcome {
    Result<std::string> answer;
    bool sent = true;       // false: no byte of the message has left
    bool is_there = false;  // the member has answered, with whatever status
  };
  // Sends `message` to the cluster port at `address` (host:port), and waits for the answer at most
  // until `deadline`. Destroying the Task does not recall what has been sent. Requires: this
  // outlives the call.
  [[nodiscard]] virtual Task<Outcome> carry(std::string address, std::string message,
                                            TimePoint deadline) = 0;
};

// Over HTTP/2, on connections that are kept. `tls` null: without TLS.
class HttpCourier final : public Courier {
 public:
  HttpCourier(const loop::Core& core, std::shared_ptr<const net::TlsClientContext> tls)
      : core_(core), tls_(std::move(tls)) {}
  Task<Outcome> carry(std::string address, std::string message, TimePoint deadline) override;
  // POST to another path. Otherwise as carry().
  [[nodiscard]] Task<Outcome> post(std::string address, std::string path, std::string message,
                                   TimePoint deadline);
  // GET. Otherwise as carry().
  [[nodiscard]] Task<Outcome> fetch(std::string address, std::string path, std::string query,
                                    TimePoint deadline);

 private:
  [[nodiscard]] Task<Outcome> exchange(std::string address, http::Request request,
                                       TimePoint deadline);
  // The members that are kept; with more, those without an exchange under way are forgotten.
  static constexpr std::size_t kPeersMax = 64;
  struct Peer {
    // Outlive a client that is forgotten: a look-up may take longer than an exchange.
    std::shared_ptr<backend::KnownAddresses> addresses =
        std::make_shared<backend::KnownAddresses>();
    std::shared_ptr<backend::Client> client{};  // null: forgotten
  };
  [[nodiscard]] std::shared_ptr<backend::Client> client_of(const std::string& address);
  void forget(const std::string& address, const std::shared_ptr<backend::Client>& client);

  const loop::Core& core_;
  const std::shared_ptr<const net::TlsClientContext> tls_;
  std::map<std::string, Peer> peers_;  // by address
};

}  // namespace sluice::filters
