// SPDX-License-Identifier: Apache-2.0
#include "store/embedded/admission.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <random>

#include "store/embedded/connection.h"
#include "store/embedded/mark.h"
#include "store/embedded/schema.h"
#include "store/embedded/wal_check.h"

namespace sluice::store {
namespace {

constexpr const char* kPutBack =
    ": put the files back as they were, or restore the whole data directory from a backup";
constexpr const char* kAccept =
    "; to go on with what is left, start once with --accept-older-store";

std::string random_name() {
  std::random_device random;
  std::string name;
  for (int i = 0; i < 4; ++i) {
    std::array<char, 9> digits{};
    std::snprintf(digits.data(), digits.size(), "%08x", random());
    name += digits.data();
  }
  return name;
}

// Describes the problem and the remedy. If the start can continue with less data, the remedy is
// --accept-older-store.
class AdmissionCheck {
 public:
  AdmissionCheck(const std::string& path, const AdmissionOptions& options)
      : path_(path), mark_path_(mark_of(path)), options_(options) {}

  Result<Admitted> admit() {
    SLUICE_CHECK(check_links());
    SLUICE_CHECK(read_mark());
    SLUICE_CHECK(ensure_there());
    SLUICE_TRY(log_, settle_wal(path_, options_.vfs));
    SLUICE_CHECK(check_log());
    SLUICE_TRY(found_, look_at_store(path_, options_.vfs));
    SLUICE_CHECK(check_found());
    return write_mark();
  }

 private:
  // With a second name for the file, a server would change the data of another one, or of a backup.
  // And SQLite keeps the log beside the file, not beside a link to it.
  [[nodiscard]] Result<void> check_links() const {
    for (const std::string& file : {path_, path_ + "-wal", mark_path_}) {
      struct stat info {};
      if (::lstat(file.c_str(), &info) != 0) continue;
      if (S_ISLNK(info.st_mode)) {
        return fail(ErrorKind::internal, file +
                                             " is a symbolic link: put the file itself there; "
                                             "the data directory may be a link");
      }
      if (S_ISREG(info.st_mode) && info.st_nlink > 1) {
        return fail(ErrorKind::internal,
                    file + " has " + std::to_string(info.st_nlink) +
                        " names (hard links), and all of them change with it: replace the others "
                        "by copies, or remove them");
      }
    }
    return {};
  }

  // Refuses the start, unless the operator accepts an older store.
  [[nodiscard]] Result<void> object(const std::string& trouble) {
    if (!options_.presence.accept_older) {
      return fail(ErrorKind::internal, trouble + kPutBack + kAccept);
    }
    options_.logger.warn("store: accepted, as --accept-older-store says: " + trouble);
    accepted_ = true;
    return {};
  }

  [[nodiscard]] Result<void> read_mark() {
    auto mark = Mark::read(mark_path_);
    if (mark) {
      mark_ = std::move(*mark);
      has_mark_ = mark_.has_value();
      return {};
    }
    has_mark_ = true;
    if (mark.error().kind != ErrorKind::internal) return std::unexpected(mark.error());
    return object(mark.error().message + ", and says what must be in the store");
  }

  [[nodiscard]] Result<void> ensure_there() {
    std::error_code unknown;
    if (!std::filesystem::exists(path_, unknown) && !unknown) {
      if (has_mark_) {
        return fail(ErrorKind::internal, path_ + " is missing, and " + mark_path_ +
                                             " says that a store was here" + kPutBack +
                                             "; to begin with nothing, remove sluice.db-mark");
      }
      if (options_.presence.required) {
        return fail(ErrorKind::internal,
                    path_ +
                        " is missing, and --require-store is given: mount the data directory, "
                        "or restore it from a backup; for a new store start once without");
      }
    }
    SLUICE_TRY(created_, ensure_database(path_, options_.vfs));
    if (created_) options_.logger.info("store: new store created at " + path_);
    return {};
  }

  // Even --accept-older-store never replays a log into a store to which it does not belong: the
  // result would mix pages of two stores.
  [[nodiscard]] std::unexpected<Error> mismatch(const std::string& trouble) const {
    return fail(ErrorKind::internal, trouble + kPutBack +
                                         "; to go on without the log, move it away and start once "
                                         "with --accept-older-store");
  }

  // Runs before SQLite reads the log.
  [[nodiscard]] Result<void> check_log() {
    if (!mark_) return {};
    if (!log_) {
      if (!mark_->running) return {};
      return object(path_ +
                    "-wal is missing or empty, and holds what was written last before the "
                    "server ended without stopping");
    }
    if (std::ranges::find(mark_->logs, *log_) != mark_->logs.end()) return {};
    return mismatch(path_ + "-wal is not the log of this store, or of another time");
  }

  [[nodiscard]] Result<void> check_found() {
    if (!mark_) return has_mark_ || found_.name.empty() ? Result<void>() : check_unmarked();
    const bool known =
        found_.name.empty() || found_.name == mark_->store || found_.name == mark_->was;
    if (!known) return object(path_ + " is another store than the one that was here");
    // A power cut loses the data that is only in the system's cache. --durability process promises
    // no more.
    const bool exact = mark_->durability == Durability::disk ||
                       (!mark_->boot.empty() && mark_->boot == options_.boot);
    const Version due = exact ? mark_->told : mark_->on_disk;
    if (found_.told < due) {
      return object(path_ + " is of version " + std::to_string(found_.told) + ", and version " +
                    std::to_string(due) +
                    " was told: it is an older copy, or a part of it or of its log is missing");
    }
    if (found_.size < mark_->size || (found_.file_cycle && *found_.file_cycle < mark_->cycle)) {
      const std::string trouble = "it is an older copy, or a part is missing";
      if (!log_) return object(path_ + " is older than its mark: " + trouble);
      return mismatch(path_ + " is older than its log: " + trouble);
    }
    return {};
  }
  [[nodiscard]] Result<void> check_unmarked() {
    return object(mark_path_ + " is missing, and says what must be in the store");
  }

  [[nodiscard]] Result<Admitted> write_mark() {
    Admitted admitted{mark_ ? mark_->store : found_.name, found_.told, found_.cycle};
    if (mark_ && !accepted_) return admitted;
    if (!mark_ && !created_ && !accepted_) {
      options_.logger.info("store: " + path_ +
                           " has no mark yet: it is taken as it is, and from "
                           "now on its loss is noticed");
    }
    // Gives the store a new name, so that files that reappear later belong to another store.
    admitted.store = random_name();
    MarkRecord record{.store = admitted.store,
                      .was = found_.name,
                      .running = log_.has_value(),
                      .boot = options_.boot,
                      .told = found_.told,
                      .on_disk = found_.told,
                      .cycle = 0,
                      .size = 0,
                      .logs = {}};
    if (log_) record.logs.push_back(*log_);
    SLUICE_CHECK(Mark::create(mark_path_, record));
    // The name is in the database itself, not in a log. If log and mark are lost together, as by
    // `rm sluice.db-*`, the database must not look as if it never had them.
    if (created_) SLUICE_CHECK(name_database(path_, options_.vfs, admitted.store));
    return admitted;
  }

  const std::string path_;
  const std::string mark_path_;
  const AdmissionOptions& options_;
  bool has_mark_ = false;  // even if the mark is damaged
  bool accepted_ = false;
  bool created_ = false;
  std::optional<MarkRecord> mark_;
  std::optional<LogSalts> log_;
  FoundStore found_;
};

}  // namespace

Result<Admitted> admit(const std::string& path, const AdmissionOptions& options) {
  return AdmissionCheck(path, options).admit();
}

}  // namespace sluice::store
