// SPDX-License-Identifier: Apache-2.0
#include "store/run.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <utility>

namespace sluice::store {
namespace {

// Smaller values are copied. That is cheaper than a reference count shared with the other cores.
constexpr std::size_t kCopiedMax = 512;
// The maximum that a pooled Run keeps allocated.
constexpr std::size_t kKeptBytesMax = 64 << 10;
constexpr std::size_t kKeptItemsMax = 1024;

// "4,097"
std::string grouped(std::size_t number) {
  std::string text = std::to_string(number);
  for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3) {
    text.insert(static_cast<std::size_t>(at), ",");
  }
  return text;
}

template <class Items>
void reuse(Items& items) {
  items.clear();
  if (items.capacity() > kKeptItemsMax) items.shrink_to_fit();
}

}  // namespace

void Run::begin(std::shared_ptr<View> view, Follower& follower, const Limits& limits,
                std::uint64_t turn) {
  view_ = std::move(view);
  follower_ = &follower;
  limits_ = &limits;
  turn_ = turn;
}

std::shared_ptr<View> Run::end() {
  forget();
  return std::move(view_);
}

void Run::restart(std::uint64_t turn) {
  forget();
  turn_ = turn;
}

void Run::forget() {
  reuse(reads_);
  reuse(counts_);
  reuse(writes_);
  read_index_.clear();
  count_index_.clear();
  write_index_.clear();
  bytes_.clear();
  if (bytes_.capacity() > kKeptBytesMax) bytes_.shrink_to_fit();
  big_answer_ = RecordRef();
  position_ = 0;
  depends_on_ = 0;
  turn_ = 0;
  reading_ = false;
  stale_ = false;
  uncounted_ = false;
  too_large_ = false;
  passed_ = Bound::none;
}

void Run::breach(Bound limit, std::size_t size) {
  if (too_large_) return;
  too_large_ = true;
  passed_ = limit;
  passed_by_ = size;
}

std::string Run::breach() const {
  const auto text = [&](std::string what, std::size_t most) {
    return std::move(what) + ", at most " + grouped(most);
  };
  switch (passed_) {
    case Bound::key:
      return text("a key of " + grouped(passed_by_) + " bytes", limits_->key_bytes_max);
    case Bound::value:
      return text("a value of " + grouped(passed_by_) + " bytes", limits_->value_bytes_max);
    case Bound::writes:
      return "more than " + grouped(limits_->writes_per_transaction_max) + " keys written by a run";
    case Bound::reads:
      return "more than " + grouped(limits_->reads_per_transaction_max) + " keys read by a run";
    case Bound::bytes:
      return "more than " + grouped(limits_->bytes_per_transaction_max) + " bytes in one run";
    case Bound::none:
      break;
  }
  return {};
}

// The first read begins at the chain's end, so that it sees everything that any run was told. If
// another run has moved the view on meanwhile, the earlier reads must hold there as well. So a
// guest sees no mixture of versions that commit() does not detect.
void Run::catch_up_for_reading() {
  if (!reading_) {
    reading_ = true;
    if (!follower_->catch_up()) [[unlikely]]
      stale_ = true;
    position_ = follower_->version();
  } else if (follower_->version() != position_) {
    (void)reads_hold();
  }
}

bool Run::still_valid() {
  if (!follower_->catch_up()) [[unlikely]]
    stale_ = true;
  return reads_hold();
}

bool Run::reads_hold() {
  if (stale_ || !reading_) return !stale_;
  if (follower_->version() == position_) return true;
  position_ = follower_->version();
  const auto key_holds = [this](const ReadKey& item) {
    // The key may have been added and removed meanwhile. Its absence then depends on the removal.
    if (item.mark == 0) depends_on_ = std::max(depends_on_, replica().last_erase());
    return item.mark == Replica::mark_of(replica().find(item.hash, text(item.key)));
  };
  const auto count_holds = [this](const ReadCount& item) {
    const auto* counter = replica().counts().find(text(item.prefix));
    return counter != nullptr && item.changed == counter->changed;
  };
  stale_ = !std::ranges::all_of(reads_, key_holds) || !std::ranges::all_of(counts_, count_holds);
  return !stale_;
}

Record* Run::read(std::uint32_t hash, std::string_view key) {
  catch_up_for_reading();
  Record* record = replica().find(hash, key);
  const Version mark = Replica::mark_of(record);
  depends_on_ = std::max(depends_on_,
                         record != nullptr ? replica().version_of(mark) : replica().last_erase());
  const auto same = [&](const ReadKey& item) { return text(item.key) == key; };
  if (read_index_.find(reads_, hash, same) == reads_.size()) {
    if (reads_.size() >= limits_->reads_per_transaction_max) {
      breach(Bound::reads, reads_.size());
    } else {
      reads_.push_back({hash, keep(key), mark});
    }
  }
  return record;
}

std::optional<std::string_view> Run::get(std::string_view key) {
  if (key.size() > limits_->key_bytes_max) return std::nullopt;  // no put can have stored it
  const std::uint32_t hash = replica().hash(key);
  if (const Buffered* write = find_write(hash, key)) {
    if (write->erased) return std::nullopt;
    return text(write->value);
  }
  Record* record = read(hash, key);
  if (record == nullptr) return std::nullopt;
  const std::string_view value = record->value();
  if (value.size() > kCopiedMax) {
    big_answer_ = RecordRef::share(record);
    return value;
  }
  answer_.assign(value);
  return answer_;
}

std::uint64_t Run::count(std::string_view prefix) {
  catch_up_for_reading();
  const auto* found = replica().count(prefix, limits_->keys_counted_at_once);
  if (found == nullptr) {
    stale_ = uncounted_ = true;
    replica().counts().want(prefix);
    return 0;
  }
  const PrefixCounts::Counter counter = *found;
  depends_on_ = std::max(depends_on_, replica().version_of(counter.changed));
  // The hash only speeds up the search among many prefixes.
  const std::uint32_t hash = replica().hash(prefix);
  const auto same = [&](const ReadCount& item) { return text(item.prefix) == prefix; };
  if (count_index_.find(counts_, hash, same) == counts_.size()) {
    if (counts_.size() >= limits_->reads_per_transaction_max) {
      breach(Bound::reads, counts_.size());
    } else {
      counts_.push_back({hash, keep(prefix), counter.changed});
    }
  }
  std::uint64_t count = counter.count;
  for (const Buffered& write : writes_) {
    if (!text(write.key).starts_with(prefix)) continue;
    const bool present = read(write.hash, text(write.key)) != nullptr;
    if (write.erased && present) --count;
    if (!write.erased && !present) ++count;
  }
  return count;
}

Run::Slice Run::keep(std::string_view bytes) {
  if (bytes_.size() + bytes.size() > limits_->bytes_per_transaction_max) {
    breach(Bound::bytes, bytes_.size() + bytes.size());
    return {};
  }
  const Slice slice{static_cast<std::uint32_t>(bytes_.size()),
                    static_cast<std::uint32_t>(bytes.size())};
  bytes_.append(bytes);  // `bytes` may be a part of bytes_; std::string handles that
  return slice;
}

Run::Buffered* Run::find_write(std::uint32_t hash, std::string_view key) {
  if (writes_.empty()) return nullptr;
  const auto same = [&](const Buffered& item) { return text(item.key) == key; };
  const std::size_t position = write_index_.find(writes_, hash, same);
  return position < writes_.size() ? &writes_[position] : nullptr;
}

Run::Buffered* Run::writable(std::string_view key) {
  const std::uint32_t hash = replica().hash(key);
  if (Buffered* write = find_write(hash, key)) return write;
  if (key.size() > limits_->key_bytes_max) {
    breach(Bound::key, key.size());
    return nullptr;
  }
  if (writes_.size() >= limits_->writes_per_transaction_max) {
    breach(Bound::writes, writes_.size() + 1);
    return nullptr;
  }
  const Slice kept = keep(key);
  if (too_large_) return nullptr;
  writes_.push_back({hash, kept, {}, false});
  return &writes_.back();
}

void Run::put(std::string_view key, std::string_view value) {
  if (value.size() > limits_->value_bytes_max) breach(Bound::value, value.size());
  if (too_large_) return;  // the run cannot commit
  // `value` may point into bytes_ (a result of get()), and storing the key may reallocate bytes_.
  const std::less<const char*> before;
  const bool own = !value.empty() && !before(value.data(), bytes_.data()) &&
                   before(value.data(), bytes_.data() + bytes_.size());
  const auto offset = own ? static_cast<std::size_t>(value.data() - bytes_.data()) : 0;
  Buffered* write = writable(key);
  if (write == nullptr) return;
  if (own) value = std::string_view(bytes_).substr(offset, value.size());
  write->erased = false;
  if (value.size() <= write->value.size) {  // a counter in a loop needs no new room
    std::char_traits<char>::move(bytes_.data() + write->value.offset, value.data(), value.size());
    write->value.size = static_cast<std::uint32_t>(value.size());
  } else {
    write->value = keep(value);
  }
}

void Run::erase(std::string_view key) {
  if (key.size() > limits_->key_bytes_max || too_large_) return;
  if (Buffered* write = writable(key)) write->erased = true;
}

bool Run::passes_limit() const {
  const HeldLimit* const held = limit();
  if (held == nullptr) return false;
  const Replica& replica = follower_->replica();
  std::uint64_t used = held->used;
  for (const Buffered& write : writes_) {
    const std::string_view key = text(write.key);
    if (!key.starts_with(held->state.limit.prefix)) continue;
    const bool present = replica.find(write.hash, key) != nullptr;
    if (write.erased && present) --used;
    if (!write.erased && !present) ++used;
  }
  return used > held->used && used > held->state.limit.max;
}

NodePtr Run::make_node() const {
  auto node = std::make_unique<Node>();
  node->writes.reserve(writes_.size());
  for (const Buffered& write : writes_) {
    const Op op = write.erased ? Op::erase : Op::put;
    const std::string_view value = write.erased ? std::string_view() : text(write.value);
    node->writes.push_back({Record::make(text(write.key), value), write.hash, op});
  }
  return node;
}

}  // namespace sluice::store
