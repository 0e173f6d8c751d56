// SPDX-License-Identifier: Apache-2.0
#include "store/etcd/page_ranges.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

namespace sluice::store {
namespace {

constexpr std::int64_t kFirstPage = 32;  // keys; each may have a long value
constexpr std::int64_t kPageGrowth = 8;
constexpr std::size_t kPageBytes = 2 << 20;
constexpr std::int64_t kWantedPages = 2;
constexpr std::size_t kDigits = 6;  // bytes of a key that a width is measured by
constexpr std::uint64_t kStepsMax = std::uint64_t{1} << 55;
constexpr double kStepsMin = 256;  // of a width that becomes narrower
constexpr double kWidening = 4;
constexpr double kGrowthMax = 16;  // after a range with few keys
// So many empty ranges widen by kWidening; then each leaves out twice as many bytes of the key.
constexpr int kWidenings = 7;
constexpr std::int64_t kNarrowing = 4;
// After so many pages of the most keys, pages that were narrowed have more. Each time that they are
// narrowed, the number doubles.
constexpr int kGoodPages = 8;
constexpr int kGoodPagesMax = 1 << 20;

// The keys of the next page, after one of `keys` keys and `bytes` bytes.
std::int64_t next_page(std::int64_t keys, std::size_t bytes, std::int64_t max) {
  const auto average = static_cast<std::int64_t>(bytes) / std::max<std::int64_t>(keys, 1) + 1;
  const auto fits = static_cast<std::int64_t>(kPageBytes) / average;
  return std::clamp<std::int64_t>(std::min(fits, keys * kPageGrowth), 1, max);
}

std::uint64_t digits(std::string_view key, std::size_t from) {
  std::uint64_t number = 0;
  for (std::size_t i = from; i < from + kDigits; ++i) {
    number = number << 8 | (i < key.size() ? static_cast<unsigned char>(key[i]) : 0U);
  }
  return number;
}

std::size_t bytes_of(const pb::RangeResponse& page) {
  std::size_t bytes = 0;
  for (const auto& kv : page.kvs()) bytes += kv.key().size() + kv.value().size();
  return bytes;
}

}  // namespace

PageRanges::PageRanges(std::string from, std::string to, std::int64_t page_keys_max)
    : to_(std::move(to)),
      configured_max_(page_keys_max),
      keys_max_(page_keys_max),
      from_(std::move(from)),
      end_(to_),
      limit_(std::min(kFirstPage, page_keys_max)),
      done_(from_ >= to_) {}

void PageRanges::fill(pb::RangeRequest& request) const {
  request.set_key(from_);
  request.set_range_end(end_);
  request.set_limit(limit_);
}

void PageRanges::begin_with(const PageMemory& memory, std::size_t stem) {
  if (memory.page_keys_max > 0) keys_max_ = std::min(memory.page_keys_max, configured_max_);
  limit_ = std::min(limit_, keys_max_);
  if (memory.keys == 0 || done_) return;
  const std::string all = from_.substr(0, stem);
  const std::string first = all + memory.first;
  width_ = scaled(between(first, all + memory.last), wanted() / static_cast<double>(memory.keys));
  begin_range(std::max(from_, first), to_);
}

void PageRanges::teach(PageMemory& memory, std::size_t stem) const {
  memory.page_keys_max = keys_max_ < configured_max_ ? keys_max_ : 0;
  if (measured_ == 0) return;
  memory.first = first_.substr(stem);
  memory.last = last_.substr(stem);
  memory.keys = measured_;
}

void PageRanges::narrow() {
  const std::int64_t least = std::min(limit_, kNarrowest);
  keys_max_ = std::max(std::min(limit_, keys_max_) / kNarrowing, least);
  limit_ = std::min(limit_, keys_max_);
  at_most_keys_ = 0;
  good_pages_ = good_pages_ == 0 ? kGoodPages : std::min(good_pages_ * 2, kGoodPagesMax);
  if (width_.steps == 0 || done_) return;
  empty_ = 0;  // there are keys, too many
  width_ = scaled(width_, 1.0 / kNarrowing);
  begin_range(from_, end_);
}

// Trouble of etcd may be over, and narrow pages take many requests.
void PageRanges::note_keys(std::int64_t keys) {
  if (keys_max_ == configured_max_ || keys < keys_max_ ||
      ++at_most_keys_ < std::max(good_pages_, kGoodPages))
    return;
  at_most_keys_ = 0;
  keys_max_ = std::min(keys_max_ * 2, configured_max_);
}

void PageRanges::note(const pb::RangeResponse& page) {
  const std::int64_t asked = limit_;
  const std::int64_t keys = page.kvs_size();
  note_keys(keys);
  if (keys > 0) {
    empty_ = 0;
    // A short page says how long the values are, and not that the next must be short.
    const auto as_if = page.more() ? keys : std::max(keys, asked / kPageGrowth);
    limit_ = next_page(
        as_if, bytes_of(page) * static_cast<std::size_t>(as_if) / static_cast<std::size_t>(keys),
        keys_max_);
  }
  range_keys_ += keys;
  if (page.more() && keys > 0) return note_full(page);
  note_exhausted();
}

// Measured by the second half of the page: a few keys may be far before the others.
void PageRanges::note_full(const pb::RangeResponse& page) {
  const int keys = page.kvs_size();
  const std::string& last = page.kvs(keys - 1).key();
  // One key alone has no width.
  const std::string& first = keys > 1 ? page.kvs(keys / 2 - 1).key() : from_;
  const int measured = keys > 1 ? keys - keys / 2 : 1;
  const Width width = scaled(between(first, last), wanted() / measured);
  // A page across a carry of numbers measures too much. Where wide pages do not come, that would
  // cost their time.
  const bool is_narrowed = keys_max_ < configured_max_ && width_.steps > 0;
  if (!is_narrowed || size_of(width) < size_of(width_)) width_ = width;
  if (measured_ == 0 && keys > 1) {
    first_ = first;
    last_ = last;
    measured_ = measured;
  }
  from_ = last + '\0';
  if (page.count() - page.kvs_size() > kPagesMax * limit_) begin_range(from_, end_);
}

void PageRanges::note_exhausted() {
  if (end_ == to_) {
    done_ = true;
    return;
  }
  from_ = end_;
  if (range_keys_ == 0) {
    widen();
  } else if (range_keys_ < keys_max_) {
    width_ = scaled(width_, std::min(wanted() / static_cast<double>(range_keys_), kGrowthMax));
  }
  begin_range(from_, to_);
}

void PageRanges::go_on_at(std::string from) {
  from_ = std::move(from);
  done_ = from_ >= to_;
  if (!done_) begin_range(from_, to_);
}

double PageRanges::wanted() const { return static_cast<double>(kWantedPages * keys_max_); }

void PageRanges::widen() {
  ++empty_;
  if (empty_ <= kWidenings) {
    width_ = scaled(width_, kWidening);
  } else {
    const std::size_t fewer = std::size_t{1} << std::min(empty_ - kWidenings - 1, kEmptyMax);
    width_.place -= std::min(fewer, width_.place);
  }
}

void PageRanges::begin_range(const std::string& near, const std::string& at_most) {
  range_keys_ = 0;
  const bool guesses = width_.steps > 0 && empty_ < kEmptyMax;
  auto end = guesses ? behind(near, width_) : std::nullopt;
  end_ = end && *end < at_most ? *std::move(end) : at_most;
}

PageRanges::Width PageRanges::between(const std::string& first, const std::string& last) {
  const auto differ = std::ranges::mismatch(first, last);
  const auto common = static_cast<std::size_t>(differ.in1 - first.begin());
  const std::uint64_t begin = digits(first, common);
  const std::uint64_t end = digits(last, common);
  return {common + kDigits, end > begin ? end - begin : 1};
}

double PageRanges::size_of(Width width) {
  return std::log2(static_cast<double>(width.steps)) - 8 * static_cast<double>(width.place);
}

PageRanges::Width PageRanges::scaled(Width width, double factor) {
  // Below kStepsMax * the most keys of a page, which a double holds.
  double steps = static_cast<double>(width.steps) * factor;
  while (steps >= static_cast<double>(kStepsMax) && width.place > 0) {
    steps /= 256;
    --width.place;
  }
  // Fewer steps of shorter keys would be the narrowest width.
  while (factor < 1 && steps < kStepsMin) {
    steps *= 256;
    ++width.place;
  }
  width.steps = static_cast<std::uint64_t>(std::clamp(steps, 1.0, static_cast<double>(kStepsMax)));
  return width;
}

std::optional<std::string> PageRanges::behind(const std::string& key, Width width) {
  std::string end = key.substr(0, width.place);
  end.resize(width.place, '\0');
  std::uint64_t carry = width.steps;
  for (std::size_t i = width.place; i > 0 && carry > 0; --i) {
    carry += static_cast<unsigned char>(end[i - 1]);
    end[i - 1] = static_cast<char>(carry & 0xff);
    carry >>= 8;
  }
  if (carry > 0) return std::nullopt;
  return end;
}

}  // namespace sluice::store
