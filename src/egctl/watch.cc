// SPDX-License-Identifier: Apache-2.0
#include "egctl/watch.h"

#include <algorithm>
#include <csignal>
#include <ctime>
#include <optional>
#include <utility>

namespace sluice::egctl {
namespace {

constexpr std::chrono::seconds kLookAgainAfter{1};
// Of one answer. SIGINT waits for it.
constexpr std::chrono::seconds kPatience{5};

// SIGINT and SIGTERM wait for end_asked(), from the constructor on.
class EndSignals {
 public:
  EndSignals() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals_, &before_);
  }
  ~EndSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  EndSignals(const EndSignals&) = delete;
  EndSignals& operator=(const EndSignals&) = delete;

  // Waits for a signal, or for the time.
  [[nodiscard]] bool end_asked(std::chrono::seconds wait) const {
    const timespec time{.tv_sec = wait.count(), .tv_nsec = 0};
    return sigtimedwait(&signals_, nullptr, &time) > 0;
  }

 private:
  sigset_t signals_{};
  sigset_t before_{};
};

class TableWatch {
 public:
  TableWatch(Invocation& invocation, const ListingQuery& query)
      : invocation_(invocation), query_(query) {}

  // Prints what has changed. Error: the server is away, or what is named was not there at first.
  Result<void> look() {
    SLUICE_TRY(const ApiClient client, invocation_.client());
    ListingQuery query = query_;
    if (shown_) query.names.clear();  // one that is gone would hide the others
    SLUICE_TRY(Listing now, read_listing(invocation_, client, query));
    std::erase_if(now.rows, [this](const Row& row) { return !is_named(row[0]); });
    if (const std::string text = news(now); !text.empty())
      SLUICE_CHECK(write_to(invocation_.out)(text));
    shown_ = std::move(now);
    return {};
  }
  [[nodiscard]] bool has_shown() const { return shown_.has_value(); }

 private:
  [[nodiscard]] bool is_named(const std::string& name) const {
    return query_.names.empty() || std::ranges::find(query_.names, name) != query_.names.end();
  }
  // The columns stay as wide as the whole table needs.
  [[nodiscard]] std::string news(const Listing& now) const {
    std::vector<Row> all{now.header};
    all.insert(all.end(), now.rows.begin(), now.rows.end());
    if (!shown_) return invocation_.table(std::move(all));
    const std::size_t lines_before = all.size();
    const std::vector<Row> changed = now.changes_since(*shown_);
    all.insert(all.end(), changed.begin(), changed.end());
    const std::string text = format_table(all);
    std::size_t begin = 0;
    for (std::size_t line = 0; line < lines_before; ++line) begin = text.find('\n', begin) + 1;
    return text.substr(begin);
  }

  Invocation& invocation_;
  const ListingQuery& query_;
  std::optional<Listing> shown_;
};

}  // namespace

Result<void> watch_listing(Invocation& invocation, const ListingQuery& query) {
  const EndSignals signals;
  invocation.access.reply_timeout = kPatience;
  TableWatch watch(invocation, query);
  bool away = false;
  do {
    Result<void> looked = watch.look();
    const bool lost = !looked && looked.error().kind == ErrorKind::unavailable;
    if (!looked && !(lost && watch.has_shown())) return looked;
    if (lost && !std::exchange(away, true))
      invocation.err << "Warning: " << looked.error().message << "; trying again\n" << std::flush;
    if (looked) away = false;
  } while (!signals.end_asked(kLookAgainAfter));
  return {};
}

}  // namespace sluice::egctl
