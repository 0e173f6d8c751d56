// SPDX-License-Identifier: Apache-2.0
// HandedRun: the run of an exchange that another member has handed over, and how it ended.
#pragma once

#include "base/time.h"
#include "filters/wasm_host/handover/message.h"

namespace sluice::filters {

struct HandedRun {
  explicit HandedRun(const HandedExchange& message)
      : id(message.head.id),
        fence(message.head.fence),
        remaining(message.head.remaining),
        known(message.head.known),
        tags(message.head.tags),
        request_withheld(message.has_request && message.request_body == CarriedBody::withheld),
        response_withheld(message.response_body == CarriedBody::withheld) {}

  const store::ExchangeId id;
  const store::Fence fence;
  const Duration remaining;
  const bool known;
  const std::size_t tags;  // of earlier filters
  const bool request_withheld;
  const bool response_withheld;

  enum class End {
    done,        // `answer` has what the guest changed
    failed,      // `answer` has the reason
    not_owner,   // not run: the ownership is over
    needs_body,  // not run
  };
  End end = End::failed;
  HandedAnswer answer{};
};

}  // namespace sluice::filters
