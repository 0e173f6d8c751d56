// SPDX-License-Identifier: Apache-2.0
// Run: the reads and buffered writes of a Transaction. Its view reuses it, so that a common run
// allocates nothing. Core-bound.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/follower.h"
#include "store/key_index.h"

namespace sluice::store {

class Run {
 public:
  // `view` keeps `follower` alive while the run is lent.
  void begin(std::shared_ptr<View> view, Follower& follower, const Limits& limits,
             std::uint64_t turn);
  // Forgets everything. Returns the view, to which the caller gives the Run back.
  std::shared_ptr<View> end();
  void restart(std::uint64_t turn);

  [[nodiscard]] std::optional<std::string_view> get(std::string_view key);
  void put(std::string_view key, std::string_view value);
  void erase(std::string_view key);
  [[nodiscard]] std::uint64_t count(std::string_view prefix);

  [[nodiscard]] bool has_writes() const { return !writes_.empty(); }
  [[nodiscard]] bool too_large() const { return too_large_; }
  // The first limit that was passed: "a key of 4,097 bytes, at most 4,096"; "" if none was.
  [[nodiscard]] std::string breach() const;
  // The reads are not of one version, or of a chain that has ended: commit will report it.
  [[nodiscard]] bool stale() const { return stale_; }
  // The run counted a prefix that is not counted yet (it is then stale as well).
  [[nodiscard]] bool uncounted() const { return uncounted_; }
  // Catches up with the follower: false if something read has changed, now or before, or the chain
  // has ended.
  [[nodiscard]] bool still_valid();
  // The newest version on which the reads depend.
  [[nodiscard]] Version depends_on() const { return depends_on_; }
  // The version at which all reads hold; 0 if the run has read nothing. Requires: not stale().
  [[nodiscard]] Version holds_at() const { return reading_ ? position_ : 0; }
  // The turn that was current at begin or restart, 0 for none.
  [[nodiscard]] std::uint64_t turn() const { return turn_; }
  // The limit that holds behind the follower's version; null: there is none.
  [[nodiscard]] const HeldLimit* limit() const { return follower_->replica().limit(); }
  // True if the writes would add keys there, beyond the limit. Requires: still_valid() has just
  // returned true.
  [[nodiscard]] bool passes_limit() const;
  [[nodiscard]] NodePtr make_node() const;
  [[nodiscard]] const std::shared_ptr<View>& view() const { return view_; }

 private:
  struct Slice {  // of bytes_
    std::uint32_t offset = 0;
    std::uint32_t size = 0;
  };
  struct ReadKey {
    std::uint32_t hash;
    Slice key;
    Version mark;  // Replica::mark_of
  };
  struct ReadCount {
    std::uint32_t hash;
    Slice prefix;
    Version changed;  // a mark
  };
  struct Buffered {
    std::uint32_t hash;
    Slice key;
    Slice value;
    bool erased;
  };

  [[nodiscard]] Replica& replica() { return follower_->replica(); }
  [[nodiscard]] std::string_view text(Slice slice) const {
    return std::string_view(bytes_).substr(slice.offset, slice.size);
  }
  enum class Bound { none, key, value, writes, reads, bytes };
  void breach(Bound limit, std::size_t size);
  void forget();
  void catch_up_for_reading();
  [[nodiscard]] bool reads_hold();
  Record* read(std::uint32_t hash, std::string_view key);
  Slice keep(std::string_view bytes);
  [[nodiscard]] Buffered* find_write(std::uint32_t hash, std::string_view key);
  Buffered* writable(std::string_view key);

  std::shared_ptr<View> view_;
  Follower* follower_ = nullptr;
  const Limits* limits_ = nullptr;
  std::vector<ReadKey> reads_;
  std::vector<ReadCount> counts_;
  std::vector<Buffered> writes_;  // one per key
  KeyIndex<ReadKey> read_index_;
  KeyIndex<ReadCount> count_index_;
  KeyIndex<Buffered> write_index_;
  std::string bytes_;   // the keys and values of all of these
  std::string answer_;  // what get() returned last
  RecordRef big_answer_;
  Version position_ = 0;  // the version at which all reads so far hold
  Version depends_on_ = 0;
  std::uint64_t turn_ = 0;
  bool reading_ = false;
  bool stale_ = false;
  bool uncounted_ = false;
  bool too_large_ = false;
  Bound passed_ = Bound::none;  // with too_large_
  std::size_t passed_by_ = 0;   // the size that was asked for
};

}  // namespace sluice::store
