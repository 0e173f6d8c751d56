// SPDX-License-Identifier: Apache-2.0
#include "store/etcd/seq.h"

#include <algorithm>
#include <random>

#include "base/assert.h"
#include "base/text.h"

namespace sluice::store {
namespace {

constexpr std::uint8_t kSeqFormat = 1;
constexpr std::uint8_t kFlagSealed = 1;
constexpr std::uint8_t kFlagOpening = 2;
constexpr std::uint8_t kFlagLimit = 4;
constexpr std::uint8_t kFlagsKnown = kFlagSealed | kFlagOpening | kFlagLimit;

// Numbers are little-endian.
class SeqWriter {
 public:
  template <class Number>
  SeqWriter& number(Number value) {
    for (std::size_t i = 0; i < sizeof(Number); ++i) {
      bytes_.push_back(static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i)));
    }
    return *this;
  }
  SeqWriter& text(std::string_view text) {
    number(static_cast<std::uint32_t>(text.size()));
    bytes_.append(text);
    return *this;
  }
  SeqWriter& id(const RandomId& id) {
    bytes_.append(id.bytes.begin(), id.bytes.end());
    return *this;
  }
  [[nodiscard]] std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class SeqReader {
 public:
  explicit SeqReader(std::string_view bytes) : bytes_(bytes) {}

  // Zero, and failed(), beyond the end.
  template <class Number>
  Number number() {
    std::uint64_t value = 0;
    const std::string_view own = take(sizeof(Number));
    for (std::size_t i = 0; i < own.size(); ++i) {
      value |= std::uint64_t{static_cast<std::uint8_t>(own[i])} << (8 * i);
    }
    return static_cast<Number>(value);
  }
  RandomId id() {
    RandomId id;
    const std::string_view own = take(id.bytes.size());
    std::ranges::copy(own, id.bytes.begin());
    return id;
  }
  std::string text(std::size_t max) { return std::string(take(length(max))); }
  // The length of a list.
  std::size_t length(std::size_t max) {
    const auto length = number<std::uint32_t>();
    if (length > max) failed_ = true;
    return failed_ ? 0 : length;
  }
  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] bool at_end() const { return bytes_.empty(); }

 private:
  std::string_view take(std::size_t size) {
    if (bytes_.size() < size) failed_ = true;
    if (failed_) return {};
    const std::string_view own = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return own;
  }
  std::string_view bytes_;
  bool failed_ = false;
};

}  // namespace

std::string Epoch::text() const { return std::to_string(fence) + "." + std::to_string(number); }

std::optional<Epoch> Epoch::parse(std::string_view text) {
  const auto dot = text.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const auto fence = to_number<std::uint64_t>(text.substr(0, dot));
  const auto number = to_number<std::uint64_t>(text.substr(dot + 1));
  if (!fence || !number) return std::nullopt;
  const Epoch epoch{*fence, *number};
  return epoch.text() == text ? std::optional(epoch) : std::nullopt;  // one spelling
}

std::string Seq::encode() const {
  SLUICE_ASSERT(earlier.size() <= kEarlierMax && exchanges.size() <= kExchangesMax,
                "the lists of a Seq are within their limits");
  SeqWriter out;
  out.number(kSeqFormat)
      .number<std::uint8_t>((sealed ? kFlagSealed : 0) | (opening ? kFlagOpening : 0) |
                            (limit ? kFlagLimit : 0));
  out.number(version).number(fence).id(group).number(epoch.fence).number(epoch.number);
  out.number(checksum).number(writes);
  if (limit) out.text(limit->prefix).number(limit->max).number(limit->revision);
  out.number(static_cast<std::uint32_t>(earlier.size()));
  for (const LastGroup& last : earlier) out.number(last.fence).id(last.group);
  out.number(static_cast<std::uint32_t>(exchanges.size()));
  for (const ExchangeId& id : exchanges) out.id(id.incarnation).number(id.counter);
  return out.take();
}

Result<Seq> Seq::decode(std::string_view bytes) {
  SeqReader in(bytes);
  if (const auto format = in.number<std::uint8_t>(); format != kSeqFormat) {
    return fail(ErrorKind::invalid, "a `seq` of format " + std::to_string(format) +
                                        ", which a newer version of Sluice writes (known here: " +
                                        std::to_string(kSeqFormat) + ")");
  }
  Seq seq;
  const auto flags = in.number<std::uint8_t>();
  seq.sealed = (flags & kFlagSealed) != 0;
  seq.opening = (flags & kFlagOpening) != 0;
  seq.version = in.number<std::uint64_t>();
  seq.fence = in.number<std::uint64_t>();
  seq.group = in.id();
  seq.epoch.fence = in.number<std::uint64_t>();
  seq.epoch.number = in.number<std::uint64_t>();
  seq.checksum = in.number<std::uint64_t>();
  seq.writes = in.number<std::uint32_t>();
  if ((flags & kFlagLimit) != 0) {
    KeyLimit& limit = seq.limit.emplace();
    limit.prefix = in.text(kPrefixMax);
    limit.max = in.number<std::uint64_t>();
    limit.revision = in.number<std::uint64_t>();
  }
  seq.earlier.resize(in.length(kEarlierMax));
  for (LastGroup& last : seq.earlier) {
    last.fence = in.number<std::uint64_t>();
    last.group = in.id();
  }
  seq.exchanges.resize(in.length(kExchangesMax));
  for (ExchangeId& id : seq.exchanges) {
    id.incarnation = in.id();
    id.counter = in.number<std::uint64_t>();
  }
  if (in.failed() || !in.at_end() || (flags & ~kFlagsKnown) != 0) {
    return fail(ErrorKind::invalid, "a `seq` that is not whole");
  }
  return seq;
}

Seq::GroupFate Seq::fate(Fence its_fence, const RandomId& its_group) const {
  if (fence < its_fence) return GroupFate::not_committed;  // nobody has written since
  if (fence == its_fence) {
    return group == its_group ? GroupFate::committed : GroupFate::not_committed;
  }
  const auto found = std::ranges::find(earlier, its_fence, &LastGroup::fence);
  if (found != earlier.end()) {
    return found->group == its_group ? GroupFate::committed : GroupFate::not_committed;
  }
  const bool reaches_back = earlier.size() < kEarlierMax || earlier.front().fence < its_fence;
  return reaches_back ? GroupFate::not_committed : GroupFate::forgotten;
}

Seq Seq::next(Fence its_fence) const {
  Seq seq = *this;
  seq.fence = its_fence;
  seq.group = RandomId::make();
  seq.writes = 0;
  seq.exchanges.clear();
  if (fence == its_fence || fence == 0) return seq;
  if (seq.earlier.size() >= kEarlierMax) seq.earlier.erase(seq.earlier.begin());
  seq.earlier.push_back({fence, group});
  return seq;
}

}  // namespace sluice::store
