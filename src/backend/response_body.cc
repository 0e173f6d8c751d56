// SPDX-License-Identifier: Apache-2.0
#include "backend/response_body.h"

#include <algorithm>
#include <utility>

namespace sluice::backend {

namespace {

constexpr std::uint64_t kReserveMax = 1 << 20;
// Bodies up to this size are not charged while they are read.
constexpr std::size_t kUnchargedBodyMax = 64 << 10;

// Makes room for `size` bytes in total. False: the memory budget has no room.
bool grow(WholeBody& whole, std::size_t size, const std::shared_ptr<MemoryHolder>& memory) {
  if (size <= std::max(whole.bytes.capacity(), kUnchargedBodyMax)) return true;
  if (memory == nullptr) return true;
  const std::size_t wanted = std::max(size, 2 * whole.bytes.capacity());
  if (!whole.charge) whole.charge = std::make_shared<http::BodyCharge>(memory);
  if (!whole.charge->try_set(wanted)) return false;
  whole.bytes.reserve(wanted);
  return true;
}

Failure too_large(std::uint64_t bytes_max) {
  return {Stage::body,
          {ErrorKind::too_large,
           "response body has more than " + std::to_string(bytes_max) + " bytes"}};
}

}  // namespace

Task<Result<std::string_view>> ResponseBody::read() {
  if (!channel_) co_return std::string_view();
  if (!std::exchange(begun_, true) && !first_.empty()) co_return std::string_view(first_);
  if (!first_.empty()) std::string().swap(first_);
  auto bytes = co_await channel_->read_body();
  if (!bytes) {
    report(&bytes.error());
    co_return std::unexpected(std::move(bytes).error().error);
  }
  if (!bytes->empty()) co_return *bytes;
  report(nullptr);
  trailers_ = channel_->take_trailers();
  channel_.reset();
  in_flight_.reset();
  co_return std::string_view();
}

void ResponseBody::report(const Failure* failure) {
  const auto observer = std::exchange(origin_.observer, nullptr);
  if (observer) observer->body_ended(origin_.server, origin_.core, failure);
}

Task<Outcome<WholeBody>> read_whole(Channel& channel, std::uint64_t bytes_max,
                                    std::shared_ptr<MemoryHolder> memory) {
  WholeBody whole;
  const std::uint64_t announced = channel.has_body() ? channel.content_length().value_or(0) : 0;
  if (announced > bytes_max) co_return std::unexpected(too_large(bytes_max));
  whole.complete = grow(whole, announced, memory);
  if (whole.complete) whole.bytes.reserve(std::min(announced, kReserveMax));
  while (whole.complete) {
    auto bytes = co_await channel.read_body();
    if (!bytes) co_return std::unexpected(std::move(bytes).error());
    if (bytes->empty()) co_return whole;
    const std::size_t size = whole.bytes.size() + bytes->size();
    if (size > bytes_max) co_return std::unexpected(too_large(bytes_max));
    whole.complete = grow(whole, size, memory);
    whole.bytes.append(*bytes);
  }
  co_return whole;
}

}  // namespace sluice::backend
