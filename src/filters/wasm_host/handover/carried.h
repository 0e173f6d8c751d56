// SPDX-License-Identifier: Apache-2.0
// Carries an exchange to another member, and what the guest changed of it back. Core-bound.
#pragma once

#include "filters/wasm_host/handover/message.h"
#include "pipeline/exchange.h"

namespace sluice::filters {

class HostContext;
class Undo;

// A smaller body goes along even if the guest may not read it: that costs less than asking again.
inline constexpr std::size_t kSmallBodyBytes = std::size_t{16} << 10;

// `needed`: the guest has asked for the body.
[[nodiscard]] CarriedBody carried(const http::Body& body, bool needed);

// Makes `exchange`, a fresh one, like that of the other member.
void unpack(HandedExchange&& message, pipeline::Exchange& exchange);
// The answer with all that the run has changed in `exchange`. `undo` knows the changed heads and
// bodies; the run's tags are those from number `tags` on.
[[nodiscard]] HandedAnswer changes_of(pipeline::Exchange& exchange, const Undo& undo,
                                      std::size_t tags);
// Makes the same changes to the exchange of `context`.
void apply_changes(HandedAnswer&& answer, HostContext& context);

}  // namespace sluice::filters
