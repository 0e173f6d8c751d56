// SPDX-License-Identifier: Apache-2.0
#include "http/body.h"

#include <algorithm>
#include <utility>

#include "http/body_memory.h"

namespace sluice::http {
namespace {

// A declared length is only a claim: at most this much is reserved before bytes arrive.
constexpr std::uint64_t kReserveBytesMax = std::uint64_t{64} * 1024;

constexpr std::size_t kUnchargedBytesMax = std::size_t{64} * 1024;

// Reads some bytes in memory, then those of another reader.
class Prefixed final : public BodyReader {
 public:
  Prefixed(std::string first, std::unique_ptr<BodyReader> rest, std::shared_ptr<BodyCharge> charge)
      : first_(std::move(first)), rest_(std::move(rest)), charge_(std::move(charge)) {}
  Task<Result<std::string_view>> read() override {
    if (begun_) {
      std::string().swap(first_);
      charge_.reset();
      return rest_->read();
    }
    begun_ = true;
    return first();
  }
  std::unique_ptr<Headers> take_trailers() override { return rest_->take_trailers(); }

 private:
  Task<Result<std::string_view>> first() { co_return std::string_view(first_); }

  std::string first_;
  std::unique_ptr<BodyReader> rest_;
  std::shared_ptr<BodyCharge> charge_;  // for first_
  bool begun_ = false;
};

// Makes room for `more` bytes: doubles the capacity, up to the expected size. Returns false if
// `memory` refuses.
bool grow(std::string& bytes, std::size_t more, std::uint64_t expected, BodyMemory* memory) {
  const std::size_t needed = bytes.size() + more;
  if (needed <= bytes.capacity()) return true;
  const std::size_t doubled = std::min<std::uint64_t>(bytes.capacity() * 2, expected);
  const std::size_t wanted = std::max(needed, doubled);
  if (memory != nullptr) {
    memory->refusal = memory->charge.try_set(wanted, memory->at_least);
    if (memory->refusal != MemoryRefusal::none) return false;
  }
  bytes.reserve(wanted);
  return true;
}

}  // namespace

std::shared_ptr<const std::string> Body::share_whole() {
  if (reader_) return nullptr;
  if (!shared_) {
    shared_ = std::make_shared<const std::string>(std::exchange(bytes_, {}));
    shares_own_ = true;
  }
  return shared_;
}

Task<Result<bool>> Body::hold(std::uint64_t bytes_max, std::shared_ptr<BodyCharge> charge) {
  if (!is_stream()) co_return true;
  if (length_.value_or(0) > bytes_max) co_return false;
  std::string bytes;
  bytes.reserve(std::min(length_.value_or(0), kReserveBytesMax));
  while (true) {
    auto piece = co_await reader_->read();
    if (!piece) co_return std::unexpected(std::move(piece).error());
    if (piece->empty()) break;
    bytes.append(*piece);
    const bool charged =
        bytes.size() <= kUnchargedBytesMax || !charge || charge->try_set(bytes.capacity());
    if (bytes.size() <= bytes_max && charged) continue;
    reader_ = std::make_unique<Prefixed>(std::move(bytes), std::move(reader_), std::move(charge));
    co_return false;
  }
  auto trailers = reader_->take_trailers();
  assign(std::move(bytes));
  trailers_ = std::move(trailers);
  charge_ = std::move(charge);
  co_return true;
}

Task<Result<void>> Body::buffer(std::uint64_t bytes_max, BodyMemory* memory) {
  if (length().value_or(0) > bytes_max) {
    co_return fail(ErrorKind::too_large,
                   "body is longer than the limit of " + std::to_string(bytes_max) + " bytes");
  }
  if (!is_stream()) co_return Result<void>{};
  std::string bytes;
  const std::uint64_t expected = length_.value_or(bytes_max);
  if (!grow(bytes, std::min(length_.value_or(0), kReserveBytesMax), expected, memory))
    co_return fail(ErrorKind::unavailable, "no memory for the body");
  while (true) {
    auto piece = co_await reader_->read();
    if (!piece) co_return std::unexpected(std::move(piece).error());
    if (piece->empty()) break;
    if (piece->size() > bytes_max - bytes.size()) {
      co_return fail(ErrorKind::too_large,
                     "body is longer than the limit of " + std::to_string(bytes_max) + " bytes");
    }
    if (!grow(bytes, piece->size(), expected, memory))
      co_return fail(ErrorKind::unavailable, "no memory for the body");
    bytes.append(*piece);
  }
  const bool announced = bytes.empty() && !length_;
  auto trailers = reader_->take_trailers();
  assign(std::move(bytes));
  trailers_ = std::move(trailers);
  announced_ = announced;
  co_return Result<void>{};
}

}  // namespace sluice::http
