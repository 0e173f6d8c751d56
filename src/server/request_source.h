// SPDX-License-Identifier: Apache-2.0
// RequestSource: the part of serving a request that differs between versions of HTTP, as
// ServedExchange::answer() uses it. It is a concept, so that no call of it is virtual and a step
// that has nothing to wait for needs no coroutine. The source belongs to one request at a time; its
// head is complete, and the exchange has it. Core-bound.
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>

#include "http/body.h"
#include "loop/task.h"

namespace sluice::server {

// The work that answer() leaves to the source.
enum class Answer {
  response,  // send the response of the exchange
  refused,   // likewise; the connection must not carry another request
  none,      // nothing: the client has left, or the source has refused the request by itself
};

template <class T>
concept RequestSource = requires(T source, const T& asked, bool known, Task<void> work) {
  // True if the configuration requires more than the connection has shown (server/admission.h).
  { asked.superseded() } -> std::same_as<bool>;
  // The request was routed. Under overload, `known` tells whether the pipeline knows the user.
  { source.note_known(known) };
  // True if the source has refused the request in a way that only its protocol has. Called before
  // the body is read.
  { source.refuses() } -> std::same_as<bool>;

  // True if there is a body of which bytes, or the end, are still to come.
  { asked.has_body() } -> std::same_as<bool>;
  // The announced length.
  { asked.length() } -> std::same_as<std::optional<std::uint64_t>>;
  // True if the client waits for 100 (Continue) before it sends the body (RFC 9110 section 10.1.1).
  { asked.awaits_continue() } -> std::same_as<bool>;
  // co_await: bool. Sends it. False: the client has left.
  { source.send_continue() };
  // Returns a reader of the body as it arrives.
  { source.body() } -> std::same_as<std::unique_ptr<http::BodyReader>>;

  // co_await: bool. Runs `work`, the pipeline, and passes on its interim responses. False: the
  // client has left, and `work` was destroyed.
  { source.run(std::move(work)) };
};

}  // namespace sluice::server
