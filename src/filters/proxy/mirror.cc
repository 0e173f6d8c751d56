// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy/mirror.h"

#include <nlohmann/json.hpp>

#include "filters/proxy/core_share.h"
#include "filters/proxy/request_copy.h"

namespace sluice::filters {
namespace {

constexpr Duration kTimeout = std::chrono::seconds(30);

}  // namespace

MirrorPrototype::MirrorPrototype(std::shared_ptr<const PoolPrototype> pool, RequestMatcher matcher,
                                 const MirrorSpec& spec, unsigned core_count)
    : pool_(std::move(pool)),
      matcher_(std::move(matcher)),
      timeout_(spec.pool.timeout > Duration::zero() ? spec.pool.timeout : kTimeout),
      copies_max_(core_share(spec.max_copies, core_count)),
      bytes_max_(core_share(spec.max_copied_bytes, core_count)),
      cells_(std::make_shared<observe::PerCore<Cells>>(core_count)) {}

Json MirrorPrototype::status() const {
  Json status = pool_->status();
  status["copies"] = {{"sent", cells_->sum(&Cells::sent)},
                      {"dropped", cells_->sum(&Cells::dropped)}};
  return status;
}

Mirror::Mirror(const loop::Core& core, std::shared_ptr<const MirrorPrototype> prototype,
               Logger logger)
    : core_(core),
      prototype_(std::move(prototype)),
      pool_(core, prototype_->pool_, std::move(logger)) {}

void Mirror::offer(pipeline::Exchange& exchange, std::minstd_rand& random) {
  const http::Request* request = exchange.request();
  if (request == nullptr) return;
  if (!prototype_->matcher_.matches(*request, exchange.real_ip, random)) return;
  sweep();
  auto& cells = prototype_->cells_->at(core_.index);
  const std::size_t bytes = request->body.bytes().size();
  const bool once = request->body.is_stream() || !request->upgrade.empty();
  if (once || copies_.size() >= prototype_->copies_max_ ||
      bytes > prototype_->bytes_max_ - bytes_) {
    cells.dropped.add();
    return;
  }
  cells.sent.add();
  bytes_ += bytes;
  Copy& copy = *copies_.emplace_back(std::make_unique<Copy>());
  copy.bytes = bytes;
  copy.task = send(copy_of(*request), exchange.real_ip);
  copy.deadline = loop::EventLoop::Timer(core_.loop, Clock::now() + prototype_->timeout_,
                                         [&copy] { copy.task.reset(); });
  copy.task.start();
}

void Mirror::sweep() {
  std::erase_if(copies_, [this](const std::unique_ptr<Copy>& copy) {
    if (copy->task.valid() && !copy->task.done()) return false;
    bytes_ -= copy->bytes;
    return true;
  });
}

Task<void> Mirror::send(http::Request request, std::string client_ip) {
  pipeline::Exchange exchange(core_);
  exchange.client_request() = std::move(request);
  exchange.real_ip = std::move(client_ip);
  exchange.step_began = Clock::now();
  (void)co_await pool_.handle(exchange);
  http::BodyReader* answer = exchange.ensure_response().body.reader();
  while (answer != nullptr) {
    const auto piece = co_await answer->read();
    if (!piece || piece->empty()) break;
  }
}

}  // namespace sluice::filters
