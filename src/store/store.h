// SPDX-License-Identifier: Apache-2.0
// Shared data: every run of a guest is one serializable transaction over one namespace
// (`pipeline/filter`).
//
// A namespace is a chain of commits. Each core holds a View, its own replica of the namespace,
// brought up to date by following the chain. A commit that nothing it read has changed under is
// appended to the chain by one compare-and-swap; where another core was faster, the view catches
// up, validates again, and either retries the swap or reports a conflict. So no core ever waits for
// a lock, reads touch only the core's own memory, and the order of the chain is the serial order.
// A journal (memory, embedded; one thread of its own) follows all chains in groups and tells the
// cores what is durable.
//
// A store may share its medium with other processes, the members of a cluster. Each namespace then
// has at most one owner, and the paragraphs above describe the owner. A process may lose an
// ownership at any time. Durable commits stay, so everything that was told stays true. Commits that
// are not durable are lost: each run that waits learns `lost`, and new runs learn `not_owner`. When
// the process owns the namespace again, its views continue from the state that the other owners
// have left. Meanwhile the views follow the owner: runs that only read go on there, and runs that
// write are handed over to the owner.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/log.h"
#include "base/renewable_text.h"
#include "base/result.h"
#include "base/time.h"
#include "loop/core.h"
#include "loop/task.h"
#include "observe/durations.h"
#include "store/limit.h"
#include "store/random_id.h"

namespace sluice::net {
class TlsClientContext;
}
namespace sluice::backend {
class AddressBook;
}

namespace sluice::store {

// Position in the namespace's chain; 0 = empty namespace. Invariant: two commits that this process
// has seen never have the same version. After a loss it continues above the versions that were
// lost.
using Version = std::uint64_t;

using Fence = std::uint64_t;  // names an ownership; grows. 0 with a medium that is not shared

// The owner of a namespace, as this process last heard. Immutable.
struct Owner {
  std::string member;
  RandomId incarnation;  // of its process
  std::string address;   // of its cluster port; "": it has none
  Fence fence = 0;
  bool me = false;
};

struct Entry {
  std::string key;
  std::string value;
};

// What an owner says of its namespace.
struct OwnerAnswer {
  Version version = 0;  // as the medium counts
  // The owner's word: the namespace has this version for the time of a read permit, counted from
  // the sending of the question.
  bool sealed = false;

  bool operator==(const OwnerAnswer&) const = default;
};

class Run;  // the reads and writes of a Transaction: run.h
class View;

// One run's reads and buffered writes. Core-bound, short-lived, owned by the run. Reads see the
// run's own writes. The limits of the Store bound its sizes; a run that exceeds one cannot commit.
class Transaction {
 public:
  explicit Transaction(View& view);
  ~Transaction();
  Transaction(Transaction&&) noexcept;
  Transaction& operator=(Transaction&&) noexcept;

  // The value, or nullopt if the key is absent. Valid until the next call on this object.
  [[nodiscard]] std::optional<std::string_view> get(std::string_view key);
  void put(std::string_view key, std::string_view value);
  void erase(std::string_view key);
  // Number of keys that begin with `prefix`; the cost does not grow with the number of keys
  // (the first use of a prefix among many keys is answered later: see View::counted).
  [[nodiscard]] std::uint64_t count(std::string_view prefix);
  [[nodiscard]] bool has_writes() const;
  // True if the run has read a mixture of versions, because it was suspended between two reads. Its
  // results (a trap, too) mean nothing, and commit() will report a conflict.
  [[nodiscard]] bool stale() const;
  // True if a count() used a prefix that this core has not counted yet, so its result means
  // nothing. The run is then stale as well, and commit() will report `uncounted`.
  [[nodiscard]] bool uncounted() const;
  // After commit() reported `too_large`: the exceeded limit and the size.
  [[nodiscard]] std::string breach() const;
  // Forgets all reads and writes, and begins again on the newest view.
  void restart();

 private:
  friend class View;
  std::unique_ptr<Run> run_;  // goes back to its View's pool
};

enum class CommitStatus {
  committed,    // part of the chain; not yet durable
  conflict,     // something read has changed: restart() and run again
  uncounted,    // a prefix has to be counted first: await counted(), restart() and run again
  unavailable,  // writes are refused for now (the journal fails or is far behind): fails closed
  too_large,    // over a limit of the Store
  not_owner,    // another process owns the namespace: run there, or restart() after ownership()
  full,         // the run would add keys beyond the limit of the namespace (hold_limit). It was not
         // appended, on a view that follows either. This is told as a read of Commit::version is
  sealed,  // the namespace is sealed: await opened(), restart() and run again
};

struct Commit {
  CommitStatus status;
  Version version;  // every version this run read or wrote is <= this one
  // With `conflict`: another run has the turn, so a retry before the own turn() will fail.
  bool turn_held = false;
};

// A core's replica of one namespace. Core-bound. Lives as long as the Store, and while a
// Transaction, Turn or waiting durable() of it lives. The core's EventLoop outlives the Store.
class View {
 public:
  virtual ~View() = default;
  // Never blocks. Read-only transactions on an unchanged namespace cost one atomic load. `handed`:
  // the run is of an exchange that another member has handed over; its id becomes durable with the
  // writes (ExchangeFate).
  [[nodiscard]] virtual Commit commit(Transaction& transaction,
                                      const ExchangeId* handed = nullptr) = 0;
  // True if `version` is durable: a response may be sent. One atomic load.
  [[nodiscard]] virtual bool is_durable(Version version) const = 0;
  // True if the key exists at the chain's end, durable or not. For queries outside of a run. Never
  // blocks; one lookup.
  [[nodiscard]] virtual bool contains(std::string_view key) = 0;
  // Waits until `version` is durable; error `timed_out` at `deadline`, `unavailable` when the
  // journal has failed meanwhile. After either, the version may still become durable. Error `lost`:
  // it never will, because another process has taken over the namespace. The run has not happened
  // and must not be told. Undo it; then run again if owned(), or go to the owner.
  [[nodiscard]] virtual Task<Result<void>> durable(Version version, TimePoint deadline) = 0;

  // --- Ownership. Without other processes, these functions succeed at once ---

  // False: a commit() with writes reports `not_owner`, and another process may write the namespace.
  [[nodiscard]] virtual bool owned() const = 0;
  // True if not owned() and the view follows what the owners write: runs that only read commit.
  [[nodiscard]] virtual bool follows() const = 0;
  // The owner as last heard; null if there is none, or none is known. Any thread.
  [[nodiscard]] virtual std::shared_ptr<const Owner> owner() const = 0;
  // Waits until owned(); restart() then, and run. Error `timed_out` at `deadline`, `unavailable`
  // when the store has been closed.
  [[nodiscard]] virtual Task<Result<void>> ownership(TimePoint deadline) = 0;
  // Waits until owner() differs from `known`, or follows() or owned() has changed. Errors as of
  // ownership().
  [[nodiscard]] virtual Task<Result<void>> owner_news(std::shared_ptr<const Owner> known,
                                                      TimePoint deadline) = 0;

  // A view does not notice at once that another process writes. So a run that only reads may have
  // read an old state. Take moment() when the request has arrived, before the run's first read, and
  // await confirmed() beside durable(). On the owner it waits until the medium has confirmed the
  // ownership after the moment (a durable group confirms as well). On a view that follows it waits
  // until a question asked after the moment is answered: which version is the newest? All runs that
  // wait share one. After restart() on an owner take a new moment(); on a view that follows, keep
  // the old one.
  struct Moment {
    std::uint64_t fence = 0;  // of the ownership; 0: the view followed
    std::uint64_t begun = 0;  // confirmations, or questions, that were begun before
    Version newest = 0;       // with fence 0: the answer, once it is known
  };
  [[nodiscard]] virtual Moment moment() const = 0;
  // True if confirmed() would succeed at once for a run whose Commit had `version`. Some atomic
  // loads, and perhaps a look at the clock.
  [[nodiscard]] virtual bool is_confirmed(const Moment& moment, Version version) const = 0;
  // Errors as of durable(). After `lost`, the run may read again on a view that follows, with a new
  // moment(). Error `conflict`: the run has read an old state, and the view has a newer one by now:
  // restart() and run again, with the same moment. On a view that follows, a run that has read
  // nothing needs no answer.
  [[nodiscard]] virtual Task<Result<void>> confirmed(Moment& moment, Version version,
                                                     TimePoint deadline) = 0;

  // On the owner: the answer to the question of another member. Its version is not older than
  // anything that was told before the call, and newer than what is durable while commits are on
  // their way. Errors as of durable(); `lost` on a view that does not own.
  [[nodiscard]] virtual Task<Result<OwnerAnswer>> last_sent(TimePoint deadline) = 0;
  // On the owner, after `sealed`: opens the namespace, and waits until it is open. Errors as of
  // durable().
  [[nodiscard]] virtual Task<Result<void>> opened(TimePoint deadline) = 0;

  // The id of an exchange that this process is about to hand over. Never the same twice. fate_of()
  // knows these ids only. Any thread.
  [[nodiscard]] virtual ExchangeId new_exchange() = 0;
  // The fate of an exchange that this process has handed over to the owner under `fence`, without
  // an answer. Waits until the ownership of `fence` has ended for this view, which then has all
  // that was written under it.
  enum class ExchangeFate {
    not_run,  // it had no effect and never will: hand it over again, or run it
    written,  // its writes are in the namespace
    unknown,  // this process has not seen all that was written
  };
  // Errors as of ownership().
  [[nodiscard]] virtual Task<Result<ExchangeFate>> fate_of(ExchangeId id, Fence fence,
                                                           TimePoint deadline) = 0;

  // Waits until the prefixes are counted that runs have asked for: about 0.1 s with 1,000,000 keys,
  // without holding up the core. Error `timed_out` at `deadline`, `unavailable` when the store has
  // been closed, `lost` as of durable().
  [[nodiscard]] virtual Task<Result<void>> counted(TimePoint deadline) = 0;
  // For a run that met kConflictsBeforeTurn conflicts: waits for its turn, in the order of asking,
  // during which other runs' writes to the namespace hold back (their commit() reports a conflict).
  // The first Transaction made or restarted after the turn came, before anything else is awaited,
  // is the one that may write. Destroying the Turn ends it. Error `timed_out` at `deadline`, `lost`
  // as of durable().
  class Turn {
   public:
    Turn() = default;
    Turn(std::shared_ptr<View> view, std::uint64_t ticket)
        : view_(std::move(view)), ticket_(ticket) {}
    Turn(Turn&& other) noexcept = default;
    Turn& operator=(Turn&& other) noexcept {
      if (this != &other) {
        end();
        view_ = std::move(other.view_);
        ticket_ = other.ticket_;
      }
      return *this;
    }
    ~Turn() { end(); }

   private:
    void end();
    std::shared_ptr<View> view_;
    std::uint64_t ticket_ = 0;
  };
  [[nodiscard]] virtual Task<Result<Turn>> turn(TimePoint deadline) = 0;

 protected:
  friend class Transaction;
  virtual void end_turn(std::uint64_t ticket) = 0;
  // Transactions borrow their Run from the view and give it back.
  [[nodiscard]] virtual std::unique_ptr<Run> lend_run() = 0;
  virtual void take_back(std::unique_ptr<Run> run) = 0;
  virtual void restart_run(Run& run) = 0;
  [[nodiscard]] static Run& run_of(Transaction& transaction) { return *transaction.run_; }
  // For a view that stands before another one. The Run goes back to `view`.
  [[nodiscard]] static std::unique_ptr<Run> lend_run_of(View& view);
};

inline void View::Turn::end() {
  if (view_ != nullptr) std::exchange(view_, nullptr)->end_turn(ticket_);
}

inline constexpr int kConflictsBeforeTurn = 3;

struct Limits {
  std::size_t key_bytes_max = 4096;
  std::size_t value_bytes_max = 1 << 20;
  std::size_t writes_per_transaction_max = 10'000;   // distinct keys
  std::size_t reads_per_transaction_max = 100'000;   // distinct keys and prefixes
  std::size_t bytes_per_transaction_max = 64 << 20;  // buffered keys and values, together
  std::size_t keys_counted_at_once = 4096;  // by the first count() of a prefix, on the core
  // The maximum of commits of one namespace that are not durable yet; above it, writes are refused.
  // Otherwise, on a disk that hangs, runs would commit and time out without bound.
  std::size_t pending_commits_max = 1'000'000;
  std::size_t bulk_entries_min = 1000;  // a larger import is built off the cores
  // A full namespace without commits for so long is sealed. So a program that goes on writing to a
  // full namespace is not stopped by a seal again and again.
  Duration quiet_before_seal = std::chrono::seconds(1);
};

// One page of a listing, in key order.
struct Page {
  std::vector<Entry> entries;
  bool more = false;  // there are keys after the last entry
};

// One administrative change of any size, collected and then made as one unit. Any thread but a
// worker's; one thread at a time. Destroyed uncommitted, it changes nothing.
class BulkImport {
 public:
  virtual ~BulkImport() = default;
  // `too_large` for a key or value over the limits. If a key occurs twice, the last value wins.
  [[nodiscard]] virtual Result<void> add(std::string_view key, std::string_view value) = 0;
  // All other keys of the namespace go with the same commit. Before commit().
  virtual void replace_all() = 0;
  // Number of entries added.
  [[nodiscard]] virtual std::uint64_t size() const = 0;
  // Once. Blocks until all is durable and visible to every core. `unavailable` while the journal
  // cannot write or another process owns the namespace, `lost` if another process has taken over
  // meanwhile: nothing has changed then.
  [[nodiscard]] virtual Result<void> commit() = 0;
};

struct NamespaceStatus {
  std::uint64_t keys = 0;
  Version committed = 0;
  Version durable = 0;
  Duration durable_lag{};  // age of the oldest commit that is not durable; 0 if all are
  bool owned = true;       // false: another process may write it
  std::optional<HeldLimit> limit{};
  std::uint64_t questions = 0;  // that this process has asked the owner, or the medium
  // Why this process cannot read the data in the medium, so that it neither owns nor follows it;
  // "": it can.
  std::string trouble{};
};

// Statistics of the journal's writes for all namespaces since the start. Percentiles are within
// 12.5 %.
struct WriteStatistics {
  std::string_view durability;  // a durable commit survives: memory, process or disk
  std::uint64_t groups = 0;     // each written at once, with one fsync
  std::uint64_t commits = 0;    // in these groups
  std::uint64_t failures = 0;   // writes of a group that failed
  struct Quantiles {
    std::uint64_t p50 = 0;
    std::uint64_t p99 = 0;
    std::uint64_t max = 0;
  };
  Quantiles group_size;              // in commits
  Quantiles write_us;                // the write of a group, its fsync included; microseconds
  observe::DurationCounts writes{};  // the same
};

struct Document {
  std::string key;
  std::string value;
  Version version;  // of its last change; never 0, and never the same again
};

// The documents of one collection.
struct Documents {
  std::vector<Document> entries;  // in key order
  Version version = 0;            // of the last change of any collection: document_news() from here
};

struct DocumentChange {
  std::string collection;
  std::string key;
  std::optional<std::string> value{};  // none: the document goes, if it is there
  // The version that the document must have, 0 if it must be absent. None: any.
  std::optional<Version> expected{};
};

// The first document of a refused change that has another version than expected.
struct DocumentMismatch {
  std::string collection;
  std::string key;
  Version version;  // its version; 0 if it is absent
};
struct DocumentFailure : Error {
  std::optional<DocumentMismatch> mismatch;  // with ErrorKind::conflict
};

// The changes of all documents after a version.
struct DocumentNews {
  struct VersionedChange {
    Version version;  // of the change; one call returns all events of a version
    DocumentChange change;
  };
  // True: the store no longer knows these changes. Read documents() and continue from their
  // version.
  bool read_anew = false;
  Version version = 0;                  // pass it to the next call
  std::vector<VersionedChange> events;  // in order, without a gap; none with read_anew
};

class Store {
 public:
  virtual ~Store() = default;

  // Loads the namespace, which may read the disk. Any thread but a worker's; idempotent. `ns` is
  // "pipeline/filter".
  [[nodiscard]] virtual Result<void> prepare(const std::string& ns) = 0;
  // On the core's own thread. Requires: prepare(ns) succeeded (otherwise the process ends). Each
  // call returns the same View.
  [[nodiscard]] virtual View& view(const loop::Core& core, const std::string& ns) = 0;

  // Administration: any thread but a worker's. Each call blocks until its changes are durable.
  // list: the durable entries, including all that was committed before the call (while the journal
  // cannot write: only what is durable). A page holds at most `limit` entries (2 at least) or about
  // 8 MiB.
  [[nodiscard]] virtual Result<Page> list(const std::string& ns, std::string_view prefix,
                                          std::string_view after, std::size_t limit) = 0;
  // Visits the entries whose keys begin with `prefix`, in key order, as of one version. Returns
  // that version. As up to date as list(). `visit` returns false to end early.
  using Visit = std::function<bool(std::string_view key, std::string_view value)>;
  [[nodiscard]] virtual Result<Version> scan(const std::string& ns, std::string_view prefix,
                                             const Visit& visit) = 0;
  // begin_import (merges: other keys stay), erase_all: one atomic unit each.
  [[nodiscard]] virtual Result<std::unique_ptr<BulkImport>> begin_import(const std::string& ns) = 0;
  // An import of a few entries.
  [[nodiscard]] virtual Result<void> apply(const std::string& ns, std::vector<Entry> entries) = 0;
  [[nodiscard]] virtual Result<void> erase_all(const std::string& ns, std::string_view prefix) = 0;
  // Erases exactly `key`. An absent key is no error. `too_large` for a key over the limits.
  [[nodiscard]] virtual Result<void> erase(const std::string& ns, std::string_view key) = 0;
  [[nodiscard]] virtual Result<std::uint64_t> count(const std::string& ns,
                                                    std::string_view prefix) = 0;
  [[nodiscard]] virtual NamespaceStatus status(const std::string& ns) const = 0;
  // From now on, no run brings the keys of the namespace above the limit; administration may. A
  // limit of an older revision than the one that holds is ignored. A store of one process forgets
  // the limit at its end, and ignores the revision. On a shared store the limit holds for all
  // processes: unless another one owns the namespace, it is durable on return; otherwise it holds
  // at the latest when this one owns it. With an error, it still comes to hold as soon as that is
  // possible. Any thread but a worker's. Requires: prepare(ns) succeeded.
  [[nodiscard]] virtual Result<void> hold_limit(const std::string& /*ns*/, KeyLimit /*limit*/) {
    return {};
  }
  // The names of all namespaces ever written, sorted, whether or not an object uses them.
  [[nodiscard]] virtual Result<std::vector<std::string>> namespaces() = 0;

  // Small documents beside the shared data: the desired objects live here (name -> JSON text).
  // Any thread but a worker's; durable on return.
  [[nodiscard]] virtual Result<Documents> documents(std::string_view collection) = 0;
  // Makes all changes and returns their version; with an error, none. `conflict` if a document has
  // another version than expected.
  [[nodiscard]] virtual std::expected<Version, DocumentFailure> change_documents(
      std::span<const DocumentChange> changes) = 0;
  // A watch: returns the changes after `after`, a version that documents() or an earlier call has
  // returned. Blocks until there is one; at `deadline`, returns none. `unavailable` when the store
  // has been closed.
  [[nodiscard]] virtual Result<DocumentNews> document_news(Version after, TimePoint deadline) = 0;

  // --- The cluster. A store of one process has no members; its namespaces are its own ---

  struct Member {
    std::string name;
    std::string incarnation;
    std::string address;  // of its cluster port
    std::string version;
    std::string zone;
    bool me = false;
  };
  // True if other processes may share the store. Constant.
  [[nodiscard]] virtual bool is_shared() const { return false; }
  // View::last_sent() of this process, while it may read from memory; none otherwise. Any thread;
  // does not wait, but for a look-up under a mutex.
  [[nodiscard]] virtual std::optional<OwnerAnswer> last_sent(const std::string& /*ns*/) const {
    return std::nullopt;
  }
  // Any thread but a worker's; they block. Sorted by name.
  [[nodiscard]] virtual Result<std::vector<Member>> members() { return std::vector<Member>(); }
  // Removes a member that is gone, or that hangs: its ownerships end. `not_found`.
  [[nodiscard]] virtual Result<void> purge_member(const std::string& name) {
    return fail(ErrorKind::not_found, "there is no member " + name);
  }
  // A note of this process under `key`, for all members; it vanishes with the process. None: it
  // goes. Kept and written again by the store when its lease is renewed. Does not wait for it.
  virtual void set_note(const std::string& /*key*/, std::optional<std::string> /*value*/) {}
  struct Note {
    std::string member;
    std::string key;
    std::string value;
  };
  // The notes of all members whose keys begin with `prefix`.
  [[nodiscard]] virtual Result<std::vector<Note>> notes(std::string_view /*prefix*/) {
    return std::vector<Note>();
  }
  struct OwnedNamespace {
    std::string ns;
    Owner owner;
  };
  [[nodiscard]] virtual Result<std::vector<OwnedNamespace>> owners() {
    return std::vector<OwnedNamespace>();
  }
  // The owner of the namespace, and the one before if there is none; null: not known. As this
  // process last heard, which follows a namespace after prepare(). Any thread; a look-up under a
  // mutex.
  struct KnownOwner {
    std::shared_ptr<const Owner> now;
    std::shared_ptr<const Owner> last;
  };
  [[nodiscard]] virtual KnownOwner owner(const std::string& /*ns*/) const { return {}; }
  // Gives the namespace to `member`, in order: this process, or its owner, releases it. Returns
  // when that member owns it. `not_found` for a member or namespace that does not exist.
  [[nodiscard]] virtual Result<void> move(const std::string& /*ns*/, const std::string& member) {
    return fail(ErrorKind::invalid, "there is no member " + member + ": the store is not shared");
  }

  // This process is about to stop: it gives up in order what it owns, and takes nothing any more.
  // Runs in progress continue elsewhere. Does nothing if there is no other member. Any thread but a
  // worker's; returns before the ownerships have ended.
  virtual void resign() {}

  // Writes the remaining commits, closes the files and releases the directory for another process.
  // Running runs can no longer write. Nothing else may be called afterwards. Any thread but a
  // worker's.
  virtual void close() {}

  // "" if the journal writes, else the problem and the remedy.
  [[nodiscard]] virtual std::string health() const = 0;
  [[nodiscard]] virtual WriteStatistics write_statistics() const = 0;  // any thread
};

// Data that lives as long as the process: for tests.
[[nodiscard]] std::unique_ptr<Store> open_memory_store(unsigned core_count, Limits limits = {});

// The failures that a durable commit survives.
enum class Durability {
  disk,     // a power cut: one fsync for each group of commits
  process,  // the end of the process, even by kill -9; a power cut loses the last commits
};

// The contents that a start accepts in a data directory.
struct Presence {
  bool required = false;      // a store must exist: an empty directory is refused
  bool accept_older = false;  // a store that lacks told data is accepted, with a warning
};

// SQLite in one file (and its log, in WAL mode), `directory`/sluice.db, created if absent. Locks
// the directory: a second server on it gets the error `conflict`. A file that is damaged, missing,
// or lacks told data is an error that names it, never an empty store.
[[nodiscard]] Result<std::unique_ptr<Store>> open_embedded_store(
    const std::string& directory, unsigned core_count, Logger logger, Limits limits = {},
    Durability durability = Durability::disk, Presence presence = {});

// Asks the owner of a namespace for View::last_sent(). Called on a thread of the store, whose loop
// is that of `core`; all arguments outlive the Task, which is destroyed there if it is late. Any
// error: etcd is asked instead.
using AskOwner = std::function<Task<Result<OwnerAnswer>>(
    const loop::Core& core, const Owner& owner, const std::string& ns, TimePoint deadline)>;

// Asks the cluster port at `address` (host:port) for a sign of life. True: it has answered.
// Otherwise as AskOwner.
using ReachMember = std::function<Task<bool>(const loop::Core& core, const std::string& address,
                                             TimePoint deadline)>;

// A cluster on etcd (3.4 or newer), and this process in it.
struct EtcdOptions {
  std::vector<std::string> endpoints;  // "10.0.0.1:2379", "https://etcd-1:2379"
  // For https, as of etcd::make_tls(). Null: no endpoint has https.
  std::shared_ptr<const net::TlsClientContext> tls{};
  std::string user;  // empty: no password; etcd may take the user from the certificate
  RenewableText password{};
  std::string prefix = "sluice";   // of all keys of the cluster; 1 to 64 bytes
  std::string cluster = "sluice";  // its name; another cluster in the prefix is an error
  std::string member;              // the name of this process, which no other member has
  std::string address;             // of its cluster port, for the other members
  std::string zone;
  std::string version;  // of this program
  // Without a sign of life for so long, etcd takes a member for dead. Whole seconds.
  Duration member_ttl = std::chrono::seconds(3);
  // An owner reads from memory for so long after etcd has confirmed it, and the next owner waits
  // for so long before it writes. 0: etcd confirms every read. The first member sets it for all.
  Duration read_permit = std::chrono::milliseconds(500);
  // While etcd does not answer, runs wait for so long; then the namespace refuses them.
  Duration owner_wait = std::chrono::seconds(5);
  // Null: etcd is asked for the newest version.
  AskOwner ask_owner{};
  // Null: nobody notices an owner that no other member reaches.
  ReachMember reach_member{};
  // The cluster that is expected in the prefix.
  struct Expected {
    bool exists = false;  // a cluster is not made: `not_found` if there is none
    std::string id{};     // another one is a `conflict`; "": any
  };
  Expected expected{};
  // Gets the id of the cluster that the process has joined, before open_etcd_store() returns.
  std::function<void(const std::string& id)> on_joined{};
  // The addresses of the endpoints' names, for stores and tries that follow each other. Null: each
  // looks them up.
  std::shared_ptr<backend::AddressBook> addresses{};
  // True: the process is to end, and waits for the name of an endpoint no longer. Any thread.
  std::function<bool()> given_up{};
};

// Shared data and objects in etcd, which several processes share. `limits` are lowered to those of
// a transaction of etcd. Blocks until the process is a member. Errors: `conflict` for another
// cluster in the prefix and for a name in use, `invalid` for options and an etcd that cannot work,
// those of etcd.
[[nodiscard]] Result<std::unique_ptr<Store>> open_etcd_store(EtcdOptions options,
                                                             unsigned core_count, Logger logger,
                                                             Limits limits = {});

}  // namespace sluice::store
