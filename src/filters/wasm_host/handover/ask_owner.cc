// SPDX-License-Identifier: Apache-2.0
#include "filters/wasm_host/handover/ask_owner.h"

#include "base/text.h"
#include "http/message.h"

namespace sluice::filters {

Task<Result<store::OwnerAnswer>> AskOwnerOverPort::operator()(const loop::Core& core,
                                                              const store::Owner& owner,
                                                              const std::string& ns,
                                                              TimePoint deadline) const {
  if (owner.address.empty())
    co_return fail(ErrorKind::unavailable, owner.member + " has no cluster port");
  if (!courier_) courier_ = std::make_unique<HttpCourier>(core, tls_);
  // A namespace is two names and a slash, which a query may have.
  std::string query = "ns=" + ns + "&" + kFenceParameter + "=" + std::to_string(owner.fence);
  auto outcome = co_await courier_->fetch(owner.address, kNewestPath, std::move(query), deadline);
  if (!outcome.answer) co_return std::unexpected(std::move(outcome.answer).error());
  std::string_view text = *outcome.answer;
  const bool sealed = text.ends_with(kSealedWord);
  if (sealed) text.remove_suffix(kSealedWord.size());
  const auto version = to_number<store::Version>(text);
  if (!version) co_return fail(ErrorKind::invalid, owner.member + " answers with no version");
  co_return store::OwnerAnswer{.version = *version, .sealed = sealed};
}

}  // namespace sluice::filters
