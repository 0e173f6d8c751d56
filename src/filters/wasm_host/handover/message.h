// SPDX-License-Identifier: Apache-2.0
// The messages between two members when one hands an exchange over to the owner of its namespace:
// the exchange, and the answer. The encoding is our own: numbers are little-endian, texts follow
// their length. Plain data; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "http/message.h"
#include "store/store.h"

namespace sluice::filters {

// The limit of a message: a body of a request or response that a guest reads.
inline constexpr std::size_t kHandedBytesMax = std::size_t{32} << 20;
// The limit of the fields of one head.
inline constexpr std::size_t kHandedFieldsMax = 4096;
// The limit of the tags in a message.
inline constexpr std::size_t kHandedTagsMax = 1000;

// The limit of the time that an owner is given.
inline constexpr Duration kHandedRemainingMax = std::chrono::hours(2);

// What a message has of a body.
enum class CarriedBody : std::uint8_t {
  whole,     // its bytes
  withheld,  // nothing: the guest probably does not read it
  stream,    // nothing: no guest can read it, here or there
};

// What the owner needs to know of an exchange besides its messages.
struct HandedHead {
  std::string ns;  // "pipeline/filter"
  store::ExchangeId id;
  // The exchanges of one core of the sender are a lane, in which the counters of their ids grow.
  // The sender no longer waits for those below `floor`.
  std::uint32_t lane = 0;
  std::uint64_t floor = 0;
  store::Fence fence = 0;  // of the ownership that it is meant for
  Duration remaining{};    // of the filter's timeout; whole microseconds
  bool known = false;      // Filter::knows
  std::uint32_t tags = 0;  // of earlier filters
  std::string real_ip;
};

struct HandedExchange {
  HandedHead head;
  bool has_request = false;  // of the filter's namespace
  http::Request request;     // its body is whole, and empty unless request_body is `whole`
  CarriedBody request_body = CarriedBody::whole;
  http::Response response;  // likewise
  CarriedBody response_body = CarriedBody::whole;

  // Null: the namespace has no request.
  [[nodiscard]] static std::string encode(const HandedHead& head, const http::Request* request,
                                          CarriedBody request_body, const http::Response& response,
                                          CarriedBody response_body);
  // Errors: `invalid` for bytes that encode() does not make, and for parts of messages that no
  // HTTP message can have.
  [[nodiscard]] static Result<HandedExchange> decode(std::string_view bytes);
};

// The owner's answer.
struct HandedAnswer {
  enum class Kind : std::uint8_t {
    done,     // the guest has run, and what it wrote is durable
    failed,   // the exchange has failed there, as it could have failed here
    refused,  // this copy was not run and never will be
  };
  enum class Refusal : std::uint8_t {
    wrong_fence,  // the process does not own the namespace under that fence
    needs_body,   // the guest asked for a body that was withheld
    no_filter,    // no filter of that name runs there yet
    busy,         // it has enough to do
    forgotten,    // the owner no longer knows whether an earlier copy was run
  };

  Kind kind = Kind::refused;
  // done: what the guest returned, and what it changed. Heads are without bodies.
  std::int32_t result = 0;
  std::optional<http::Request> request_head{};
  std::optional<std::string> request_body{};
  std::optional<http::Response> response_head{};
  std::optional<std::string> response_body{};
  std::vector<std::string> tags{};  // that it added
  // failed
  bool out_of_guests = false;  // outOfVM, else wasmError
  bool limit_reached = false;  // limitReached, instead of both
  bool retry_after = false;    // the shared data was out of reach: it may work in a moment
  std::string text{};
  // refused
  Refusal refusal = Refusal::busy;
  store::Fence owner_fence = 0;  // with wrong_fence: the owner as the other member knows it
  std::string owner{};           // its address; "": none is known

  [[nodiscard]] static HandedAnswer refused_for(Refusal why) {
    HandedAnswer answer;
    answer.refusal = why;
    return answer;
  }
  [[nodiscard]] std::string encode() const;
  // Errors: as of HandedExchange::decode().
  [[nodiscard]] static Result<HandedAnswer> decode(std::string_view bytes);
};

}  // namespace sluice::filters
