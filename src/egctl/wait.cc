// SPDX-License-Identifier: Apache-2.0
#include "egctl/wait.h"

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "base/time.h"
#include "egctl/json_text.h"

namespace sluice::egctl {
namespace {

constexpr std::chrono::milliseconds kLookPeriod{100};
// A member tries again what has failed every 2 seconds. A failure that lasts longer counts: a port
// that passes from one server to another is not free at once.
constexpr std::chrono::seconds kFailureLasts{3};
// A wait that lasts longer says so, and says it again after each such time.
constexpr std::chrono::seconds kNotePeriod{3};

struct Wanted {
  std::string name;
  std::string label;  // "Pipeline demo"
  std::uint64_t version;
  std::set<std::string> warnings{};  // that were printed with the answer
};

std::set<std::string> warnings_in(const Json& one) {
  std::set<std::string> warnings;
  const Json list = one.value("warnings", Json::array());
  for (const Json& line : list) {
    if (line.is_string()) warnings.insert(line.get<std::string>());
  }
  return warnings;
}

// The objects of an answer that members come to run.
std::vector<Wanted> wanted_of(const Json& applied) {
  std::vector<Wanted> wanted;
  for (const Json& one : applied) {
    const auto version = one.value("version", std::uint64_t{0});
    // Without a cluster there is no version, and what fails is warned of.
    if (version == 0 && warnings_in(one).empty()) continue;
    const std::string name = text_at(one, "name");
    wanted.push_back({name, text_at(one, "kind") + " " + name, version, warnings_in(one)});
  }
  return wanted;
}

std::string fault_at(const std::string& key, const Wanted& object, const std::string& what) {
  return key.substr(key.rfind('/') + 1) + ": " + object.label + ": " + what;
}

// "two: Pipeline p: has not followed", for each member that still has the object.
Result<void> look_for_remains(const ApiClient& client, const Wanted& object,
                              std::vector<std::string>& open) {
  const auto answer =
      client.json({.path = "/status/objects/" + percent_encode(object.name) + "?deleted=true"});
  if (!answer && answer.error().kind == ErrorKind::not_found) return {};  // an older server
  if (!answer) return std::unexpected(answer.error());
  for (const auto& item : answer->items())
    open.push_back(fault_at(item.key(), object, "has not followed"));
  return {};
}

TimePoint end_of(const Waiting& waiting) {
  return Clock::now() + parse_duration(waiting.timeout).value_or(Duration::zero());
}

// A look that fails while etcd elects a leader, or the asked member restarts, says nothing of the
// change, which is made.
bool may_pass(const Error& error) {
  return error.kind == ErrorKind::unavailable || error.kind == ErrorKind::closed ||
         error.kind == ErrorKind::timed_out;
}

Result<void> unless_it_passes(Result<void> look, std::vector<std::string>& open) {
  if (look || !may_pass(look.error())) return look;
  open.push_back("the members cannot be asked: " + look.error().message);
  return {};
}

// Says what a long wait is for.
class Progress {
 public:
  explicit Progress(std::ostream& notes) : notes_(notes) {}
  // Requires: `open` is not empty.
  void note(const std::vector<std::string>& open) {
    if (Clock::now() < due_) return;
    due_ = Clock::now() + kNotePeriod;
    notes_ << "Waiting: " << open.front();
    if (open.size() > 1) notes_ << ", and " << open.size() - 1 << " more";
    notes_ << std::endl;
  }

 private:
  std::ostream& notes_;
  TimePoint due_ = Clock::now() + kNotePeriod;
};

class Watch {
 public:
  Watch(const ApiClient& client, std::ostream& notes) : client_(client), notes_(notes) {}

  // Before each round of looks.
  void begin() { warnings_.clear(); }
  // Looks at the object on all members. Adds a line for each member that does not run it yet, and
  // for each that has failed for long.
  Result<void> look(const Wanted& object, std::vector<std::string>& open,
                    std::vector<std::string>& failed) {
    auto answer = client_.json({.path = "/status/objects/" + percent_encode(object.name)});
    if (!answer && answer.error().kind == ErrorKind::not_found) return {};  // deleted meanwhile
    if (!answer) return std::unexpected(std::move(answer).error());
    note_vanished(object, *answer);
    std::set<std::string>& missing = missing_[object.name];
    for (const auto& [key, status] : answer->items()) {
      const bool current = status.value("version", std::uint64_t{0}) >= object.version;
      const std::string state = text_at(status, "state");
      if (current && state == "running") {
        since_.erase(key);
        missing.erase(key);
        keep_warnings(object, key, status);
        continue;
      }
      missing.insert(key);
      if (!current || state != "failed") {
        since_.erase(key);
        open.push_back(fault_at(key, object, current ? state : "has not followed"));
        continue;
      }
      const auto since = since_.try_emplace(key, Clock::now()).first->second;
      auto& list = Clock::now() - since >= kFailureLasts ? failed : open;
      list.push_back(fault_at(key, object, why(status)));
    }
    return {};
  }

  // Prints the warnings of the last round. Those of a round before may be of what a member had not
  // followed yet.
  void tell_warnings() const {
    for (const std::string& warning : warnings_) notes_ << "Warning: " << warning << "\n";
  }

 private:
  // Those that other members have and the asked one lacks, such as of a file that is missing there.
  void keep_warnings(const Wanted& object, const std::string& key, const Json& status) {
    for (const std::string& warning : warnings_in(status)) {
      if (!object.warnings.contains(warning)) warnings_.push_back(fault_at(key, object, warning));
    }
  }
  void note_vanished(const Wanted& object, const Json& present) {
    std::erase_if(missing_[object.name], [&](const std::string& key) {
      if (present.contains(key)) return false;
      notes_ << "Warning: " << fault_at(key, object, "the member has gone without having followed")
             << "\n";
      return true;
    });
  }
  static std::string why(const Json& status) {
    const std::string error = text_at(status, "error");
    return error.empty() ? text_at(status, "health") : error;
  }

  const ApiClient& client_;
  std::ostream& notes_;
  // Name of the object -> keys of the statuses that have not followed at the last look.
  std::map<std::string, std::set<std::string>> missing_;
  std::vector<std::string> warnings_;
  std::map<std::string, TimePoint> since_;  // key of the status -> the first look at a failure
};

}  // namespace

void add_wait_options(Command command, Waiting& waiting, const std::string& until) {
  command.flag("--wait", waiting.wait,
               "in a cluster, wait until every member " + until + "; --wait=false does not");
  command.option("--wait-timeout", waiting.timeout, "the most time to wait")
      .type_name("DURATION")
      .show_default()
      .check([](const std::string& text) -> std::string {
        if (parse_duration(text)) return "";
        return "\"" + text + "\" is no duration, try " +
               (parse_duration(text + "s") ? text + "s" : "30s");
      });
}

Result<void> await_members(const ApiClient& client, const Json& applied, const Waiting& waiting,
                           std::ostream& notes) {
  const std::vector<Wanted> objects = wanted_of(applied);
  if (!waiting.wait || objects.empty()) return {};
  const TimePoint end = end_of(waiting);
  Watch watch(client, notes);
  Progress progress(notes);
  while (true) {
    std::vector<std::string> open;
    std::vector<std::string> failed;
    watch.begin();
    for (const Wanted& object : objects)
      SLUICE_CHECK(unless_it_passes(watch.look(object, open, failed), open));
    const bool late = Clock::now() >= end;
    if (open.empty() || late) watch.tell_warnings();
    if (open.empty() && failed.empty()) return {};
    if (open.empty())
      return fail(ErrorKind::timed_out,
                  "applied, but not every gateway runs it; each tries again by itself",
                  std::move(failed));
    if (late) {
      failed.insert(failed.end(), open.begin(), open.end());
      return fail(ErrorKind::timed_out,
                  "applied, but after " + waiting.timeout + " not every member runs it",
                  std::move(failed));
    }
    progress.note(open);
    std::this_thread::sleep_for(kLookPeriod);
  }
}

Result<void> await_deletion(const ApiClient& client, const std::vector<Json>& deleted,
                            const Waiting& waiting, std::ostream& notes) {
  if (!waiting.wait) return {};
  const TimePoint end = end_of(waiting);
  Progress progress(notes);
  while (true) {
    std::vector<std::string> open;
    for (const Json& one : deleted) {
      const std::string name = text_at(one, "name");
      const Wanted gone{name, text_at(one, "kind") + " " + name, 0};
      SLUICE_CHECK(unless_it_passes(look_for_remains(client, gone, open), open));
    }
    if (open.empty()) return {};
    if (Clock::now() >= end) {
      return fail(ErrorKind::timed_out,
                  "deleted, but after " + waiting.timeout + " not every member has followed",
                  std::move(open));
    }
    progress.note(open);
    std::this_thread::sleep_for(kLookPeriod);
  }
}

}  // namespace sluice::egctl
