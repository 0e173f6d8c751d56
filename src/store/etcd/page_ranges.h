// SPDX-License-Identifier: Apache-2.0
// PageRanges: cuts a range of keys in etcd into requests for one page each. For each request, etcd
// goes through the index of the whole range: 3.4 collects it before it applies the limit, and 3.7
// still counts it. So each request ends where the keys behind the last page promise a few pages. A
// wrong guess costs time only: every key of the range is in exactly one page. Any thread, one at a
// time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "store/etcd/kv.h"

namespace sluice::store {

// What earlier reads have learnt of the keys of a namespace, and of etcd. If it is wrong, a read
// takes longer.
struct PageMemory {
  // Two keys of the first full page, without what all keys begin with, and the number of keys from
  // the one to the other; 0: there was no full page.
  std::string first{};
  std::string last{};
  std::int64_t keys = 0;
  // The most keys that a page may have, because etcd did not give more in time; 0: as configured.
  std::int64_t page_keys_max = 0;
};

class PageRanges {
 public:
  // A range of so many pages is not cut further.
  static constexpr std::int64_t kPagesMax = 4;
  // After so many empty ranges in a row, the next one is the rest.
  static constexpr int kEmptyMax = 16;
  // narrow() stops here, but for values that are long.
  static constexpr std::int64_t kNarrowest = 16;

  // The keys from `from` to below `to`. Requires: page_keys_max > 0.
  PageRanges(std::string from, std::string to, std::int64_t page_keys_max);

  [[nodiscard]] bool is_done() const { return done_; }
  // Sets key, range_end and limit. Requires: !is_done().
  void fill(pb::RangeRequest& request) const;
  // Takes the answer to the request that fill() made.
  void note(const pb::RangeResponse& page);
  // All keys below it are in the pages so far. Requires: !is_done().
  [[nodiscard]] const std::string& position() const { return from_; }
  // Begins with a range near the first page that `memory` tells of. All keys begin with the first
  // `stem` bytes of the begin of the range. Requires: nothing was filled.
  void begin_with(const PageMemory& memory, std::size_t stem);
  // Adds what the pages so far tell. Requires: the `stem` of begin_with().
  void teach(PageMemory& memory, std::size_t stem) const;
  // etcd did not give the page in time: the next ones have fewer keys, and their ranges are
  // shorter.
  void narrow();
  // Goes on at `from`: further on, where the keys between do not matter, or back in the last page,
  // because the caller has not taken all of it.
  void go_on_at(std::string from);

 private:
  // A distance between keys: the first `place` bytes of a key, as a number, grow by `steps`.
  struct Width {
    std::size_t place = 0;
    std::uint64_t steps = 0;  // > 0; 0: not known yet
  };
  [[nodiscard]] static Width between(const std::string& first, const std::string& last);
  // Grows with the width. Requires: it is known.
  [[nodiscard]] static double size_of(Width width);
  // Requires: factor > 0.
  [[nodiscard]] static Width scaled(Width width, double factor);
  // `key` + `width`; nullopt: behind every key.
  [[nodiscard]] static std::optional<std::string> behind(const std::string& key, Width width);

  void note_full(const pb::RangeResponse& page);
  void note_exhausted();
  [[nodiscard]] double wanted() const;  // keys of a range
  void widen();
  // A range from from_ on that reaches behind `near`, which is not below from_.
  void begin_range(const std::string& near, const std::string& at_most);
  void note_keys(std::int64_t keys);

  std::string to_;
  std::int64_t configured_max_;
  std::int64_t keys_max_;  // of a page
  int at_most_keys_ = 0;   // pages in a row that had keys_max_
  int good_pages_ = 0;     // at_most_keys_, until they have more
  std::string from_;
  std::string end_;
  std::int64_t limit_;
  Width width_;                  // of a few pages, as guessed; known from the first full page on
  std::int64_t range_keys_ = 0;  // seen of the range that ends at end_
  int empty_ = 0;                // ranges in a row
  std::string first_;            // as PageMemory::first, with the stem
  std::string last_;
  std::int64_t measured_ = 0;
  bool done_ = false;
};

}  // namespace sluice::store
