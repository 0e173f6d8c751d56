// SPDX-License-Identifier: Apache-2.0
#include "egctl/unified_diff.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/text.h"

namespace sluice::egctl {
namespace {

using LineList = std::vector<std::string_view>;
constexpr std::size_t kAround = 3;

struct LineEdit {
  char mark;  // ' ', '-' or '+'
  std::string_view line;
};
using EditScript = std::vector<LineEdit>;

LineList list_lines(std::string_view text) {
  LineList lines;
  while (!text.empty()) lines.push_back(take_until(text, '\n'));
  return lines;
}

// E. W. Myers, "An O(ND) Difference Algorithm and Its Variations" (1986). trace_[d] has, for each
// diagonal, the farthest line of `before` that d edits reach.
class EditSearch {
 public:
  EditSearch(const LineList& before, const LineList& after) : before_(before), after_(after) {}

  EditScript script() {
    for (std::int64_t edits = 0; edits <= static_cast<std::int64_t>(kEditsMax); ++edits) {
      if (advance(edits)) return walk_back(edits);
    }
    EditScript all;
    for (const std::string_view line : before_) all.push_back({'-', line});
    for (const std::string_view line : after_) all.push_back({'+', line});
    return all;
  }

 private:
  using Reach = std::vector<std::int64_t>;

  // The value of `diagonal` after `edits`; those of -edits to edits are kept.
  static std::int64_t& at(Reach& reach, std::int64_t edits, std::int64_t diagonal) {
    return reach[static_cast<std::size_t>(diagonal + edits)];
  }
  static bool inserts(Reach& last, std::int64_t edits, std::int64_t diagonal) {
    if (diagonal == -edits) return true;
    if (diagonal == edits) return false;
    const std::int64_t before = edits - 1;
    const auto value = [&](std::int64_t k) {
      return k < -before || k > before ? -1 : at(last, before, k);
    };
    return value(diagonal - 1) < value(diagonal + 1);
  }
  bool equal(std::int64_t x, std::int64_t y) const {
    return x < static_cast<std::int64_t>(before_.size()) &&
           y < static_cast<std::int64_t>(after_.size()) &&
           before_[static_cast<std::size_t>(x)] == after_[static_cast<std::size_t>(y)];
  }

  // Returns true at the end of both texts.
  bool advance(std::int64_t edits) {
    Reach reach(static_cast<std::size_t>(2 * edits + 1), -1);
    for (std::int64_t k = -edits; k <= edits; k += 2) {
      std::int64_t x = 0;
      if (edits > 0) {
        Reach& last = trace_.back();
        const bool insert = inserts(last, edits, k);
        x = insert ? at(last, edits - 1, k + 1) : at(last, edits - 1, k - 1) + 1;
      }
      while (equal(x, x - k)) ++x;
      at(reach, edits, k) = x;
      if (x >= static_cast<std::int64_t>(before_.size()) &&
          x - k >= static_cast<std::int64_t>(after_.size())) {
        trace_.push_back(std::move(reach));
        return true;
      }
    }
    trace_.push_back(std::move(reach));
    return false;
  }

  EditScript walk_back(std::int64_t edits) {
    EditScript script;
    auto x = static_cast<std::int64_t>(before_.size());
    auto y = static_cast<std::int64_t>(after_.size());
    for (; edits > 0; --edits) {
      Reach& last = trace_[static_cast<std::size_t>(edits - 1)];
      const bool insert = inserts(last, edits, x - y);
      const std::int64_t start = x - y + (insert ? 1 : -1);
      const std::int64_t from_x = at(last, edits - 1, start);
      const std::int64_t from_y = from_x - start;
      for (; x > from_x && y > from_y; --x, --y) keep(script, x);
      if (insert) {
        script.push_back({'+', after_[static_cast<std::size_t>(--y)]});
      } else {
        script.push_back({'-', before_[static_cast<std::size_t>(--x)]});
      }
    }
    for (; x > 0; --x) keep(script, x);
    std::ranges::reverse(script);
    return script;
  }
  void keep(EditScript& script, std::int64_t x) const {
    script.push_back({' ', before_[static_cast<std::size_t>(x - 1)]});
  }

  const LineList& before_;
  const LineList& after_;
  std::vector<Reach> trace_;
};

std::string range_of(std::size_t line, std::size_t count) {
  return std::to_string(count == 0 ? line : line + 1) +
         (count == 1 ? "" : "," + std::to_string(count));
}

// The hunk of script[begin, end), whose first line is `before` and `after` of the texts.
std::string hunk(const EditScript& script, std::size_t begin, std::size_t end, std::size_t before,
                 std::size_t after) {
  std::string text;
  std::size_t removed = 0;
  std::size_t added = 0;
  for (std::size_t i = begin; i < end; ++i) {
    if (script[i].mark != '+') ++removed;
    if (script[i].mark != '-') ++added;
    text.append(1, script[i].mark).append(script[i].line).append("\n");
  }
  return "@@ -" + range_of(before, removed) + " +" + range_of(after, added) + " @@\n" + text;
}

// The end of the hunk that begins with the change at `first`: no change is near it.
std::size_t end_of_hunk(const EditScript& script, std::size_t first) {
  std::size_t last = first;
  for (std::size_t i = first; i < script.size() && i <= last + 2 * kAround + 1; ++i) {
    if (script[i].mark != ' ') last = i;
  }
  return std::min(script.size(), last + kAround + 1);
}

}  // namespace

std::string unified_diff(std::string_view before, std::string_view after,
                         const std::string& name_before, const std::string& name_after) {
  if (before == after) return "";
  const LineList old_lines = list_lines(before);
  const LineList new_lines = list_lines(after);
  const EditScript script = EditSearch(old_lines, new_lines).script();
  std::string text = "--- " + name_before + "\n+++ " + name_after + "\n";
  std::size_t old_line = 0;
  std::size_t new_line = 0;
  std::size_t i = 0;
  while (i < script.size()) {
    if (std::all_of(
            script.begin() + static_cast<std::ptrdiff_t>(i),
            script.begin() + static_cast<std::ptrdiff_t>(std::min(script.size(), i + kAround + 1)),
            [](const LineEdit& edit) { return edit.mark == ' '; })) {
      ++i;  // nothing changes near it
      ++old_line;
      ++new_line;
      continue;
    }
    std::size_t first = i;
    while (script[first].mark == ' ') ++first;
    const std::size_t end = end_of_hunk(script, first);
    text += hunk(script, i, end, old_line, new_line);
    for (; i < end; ++i) {
      if (script[i].mark != '+') ++old_line;
      if (script[i].mark != '-') ++new_line;
    }
  }
  return text;
}

}  // namespace sluice::egctl
