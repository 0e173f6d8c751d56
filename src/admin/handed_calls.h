// SPDX-License-Identifier: Apache-2.0
// HandedCalls: the calls of the API that other members hand over to this one, because it owns the
// data. They come over the cluster port, and only routes with `by_owner` answer them.
#pragma once

#include <memory>
#include <string>

#include "admin/resource.h"
#include "admin/router.h"
#include "base/mutex.h"
#include "filters/wasm_host/handover/port_calls.h"

namespace sluice::admin {

class HandedCalls final : public filters::PortCalls {
 public:
  // At most so many at once; an import holds its entries until it commits.
  static constexpr std::size_t kOpenMax = 12;
  // So many calls that have ended are remembered: a copy of a step may come late.
  static constexpr std::size_t kEndedMax = 256;
  // A call whose member says nothing for so long is dropped.
  static constexpr Duration kSilenceMax = std::chrono::minutes(2);

  explicit HandedCalls(Duration silence_max = kSilenceMax);
  ~HandedCalls() override;

  // Serves calls from now on. Requires: both live until stop().
  void start(const ApiRouter& router, Context& context);
  // Answers what was taken, and drops calls that have not ended. Later ones are asked to come
  // again.
  void stop();

  void take(std::string message, Reply reply) override;

 private:
  class Desk;
  const Duration silence_max_;
  Mutex mutex_;
  std::shared_ptr<Desk> desk_ SLUICE_GUARDED_BY(mutex_);  // null: not started, or stopped
};

}  // namespace sluice::admin
