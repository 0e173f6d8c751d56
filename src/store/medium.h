// SPDX-License-Identifier: Apache-2.0
// Medium: what the journal writes to. One per backend (memory/, embedded/, etcd/).
//
// A medium belongs to this process (the default), or several processes share it. A shared medium
// gives each namespace at most one owner at a time, which alone may write it. Each ownership has a
// fence, a number that grows from owner to owner. The medium refuses for good what comes under a
// fence that is over.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/audience.h"
#include "store/boot_clock.h"
#include "store/limit.h"
#include "store/node.h"

namespace sluice::store {

class DocumentLog;
class Outlook;

// The commits of one namespace behind `after`, up to and including `last`.
struct Batch {
  std::string_view ns;
  const Node* after;
  const Node* last;  // with a shared medium, `after` itself if only a confirmation is wanted
  Version version;   // of the namespace behind `last`, as the medium counts
  Fence fence;       // of the ownership under which the commits were made
  // Set by a shared medium:
  bool lost = false;  // refused for good, because the fence is over
  // With `lost`: the last commit that had become durable before the fence was over; null: `after`.
  const Node* kept = nullptr;
  // Without `lost`: until then, no other process can have written, so a read from memory is right.
  BootTime permit{};
};

class Medium {
 public:
  virtual ~Medium() = default;

  // The journal's thread. All of it durable on return, or (with an error) none of it visible; the
  // same commits come again then, perhaps with more.
  // A shared medium sets `lost` of the batches whose fence is over, whether it returns success or
  // an error. Nothing of them but the commits up to `kept` is ever visible. Success also says of
  // each other batch that its fence was valid at some moment between call and return.
  // Every medium overrides this, or begin_write().
  [[nodiscard]] virtual Result<void> write(std::span<Batch> /*group*/) {
    return fail(ErrorKind::internal, "this medium writes by begin_write()");
  }

  // --- A shared medium overrides the next functions ---

  // The journal's thread. As write(), for one batch, which outlives the medium or its return from
  // take_written(). Namespaces do not wait for each other. Returns the outcome, or none: then the
  // medium rings as for take_news() when the batch is written, lost, or has failed. Requires: no
  // other batch of the namespace is being written, and no stage() or finish_some() runs.
  [[nodiscard]] virtual std::optional<Result<void>> begin_write(Batch& batch) {
    return write({&batch, 1});
  }
  struct Written {
    Batch* batch;
    Result<void> outcome;
  };
  // The journal's thread: the batches whose outcome is known since the last call.
  [[nodiscard]] virtual std::vector<Written> take_written() { return {}; }

  // Constant: true for a shared medium.
  [[nodiscard]] virtual bool may_lose() const { return false; }
  // Constant: the journal waits so long after a group before it collects the next, because a group
  // costs this medium nearly the same whether it is small or large.
  [[nodiscard]] virtual Duration gathering() const { return {}; }
  // Once, before all other functions. The medium calls `ring`, on any thread, when take_news() has
  // something to return. It does not call it after its destruction has begun.
  virtual void on_news(std::function<void()> /*ring*/) {}
  // An ownership of this process begins or ends. A later ownership has a greater fence, and load()
  // returns a state that contains everything of the owners before. An ownership also ends when the
  // next one begins.
  struct News {
    std::string ns;
    Fence fence;
    bool owned;
  };
  // The journal's thread: the news since the last call, in order. An end that write() has reported
  // may be missing.
  [[nodiscard]] virtual std::vector<News> take_news() { return {}; }
  // Any thread but a worker's and the journal's: from now on this process wants to own the
  // namespace. Returns the fence if it does already. Idempotent. `outlook` learns from now on what
  // the medium sees of the namespace.
  [[nodiscard]] virtual Result<std::optional<Fence>> acquire(
      const std::string& /*ns*/, const std::shared_ptr<Outlook>& /*outlook*/) {
    return std::nullopt;
  }
  // The incarnation of this process, as other members know it.
  [[nodiscard]] virtual RandomId incarnation() const { return {}; }

  // Constant: true if this process can follow what the owners of its namespaces write.
  [[nodiscard]] virtual bool can_follow() const { return false; }
  // Once, before acquire(). `audience` outlives this.
  virtual void attend(Audience& /*audience*/) {}
  // A state that is as new as the call.
  struct Followed {
    Following following = 0;
    Version version = 0;
    std::optional<LimitState> limit{};
  };
  // Any thread but a worker's and the journal's. Visits the entries of a state, from which the
  // caller is to follow the namespace. Ends the following before. Requires: acquire(). Error
  // `timed_out`: there were entries left at `until`.
  [[nodiscard]] virtual Result<Followed> follow(
      const std::string& /*ns*/, TimePoint /*until*/,
      const std::function<void(std::string_view key, std::string_view value)>& /*visit*/) {
    return Followed();
  }
  // Any thread but a worker's. The audience gets the groups behind the state from now on. If the
  // following has ended meanwhile, the audience hears that.
  virtual void listen(const std::string& /*ns*/, Following /*following*/) {}
  // Any thread but a worker's and the journal's: what the audience has of the following becomes the
  // state that the ownership of `fence` begins with, as load() would make it. Waits for the groups
  // before. Returns its version; none: it is not known, and load() has to do it. The following is
  // over in any case.
  [[nodiscard]] virtual Result<std::optional<Version>> own_followed(const std::string& /*ns*/,
                                                                    Following /*following*/,
                                                                    Fence /*fence*/) {
    return std::nullopt;
  }
  // Any thread but a worker's: this process has taken the namespace under `fence`, and does not
  // follow any more. The outlook still learns the fates up to there.
  virtual void stop_following(const std::string& /*ns*/, Fence /*fence*/) {}

  // Constant: an owner's word lasts shorter than this. 0: nobody gives his word, and no namespace
  // is sealed.
  [[nodiscard]] virtual Duration word_max() const { return {}; }
  // Any thread but a worker's and the journal's: the limit of the state that load() has returned
  // last to the owner.
  [[nodiscard]] virtual std::optional<LimitState> limit_of(const std::string& /*ns*/) {
    return std::nullopt;
  }

  // Once, before documents() and change_documents(): appends the document changes of all processes
  // to `log`, which outlives this, in order. Before documents() and change_documents() return a
  // version, `log` has all changes up to it. False: the medium's documents belong to this process,
  // and the caller keeps the log.
  [[nodiscard]] virtual bool feed(DocumentLog& /*log*/) { return false; }

  // Store's functions of the same names.
  [[nodiscard]] virtual Result<std::vector<Store::Member>> members() {
    return std::vector<Store::Member>();
  }
  [[nodiscard]] virtual Result<void> purge_member(const std::string& name) {
    return fail(ErrorKind::not_found, "there is no member " + name);
  }
  virtual void set_note(const std::string& /*key*/, std::optional<std::string> /*value*/) {}
  [[nodiscard]] virtual Result<std::vector<Store::Note>> notes(std::string_view /*prefix*/) {
    return std::vector<Store::Note>();
  }
  [[nodiscard]] virtual Result<std::vector<Store::OwnedNamespace>> owners() {
    return std::vector<Store::OwnedNamespace>();
  }
  [[nodiscard]] virtual Result<void> move(const std::string& /*ns*/, const std::string& member) {
    return fail(ErrorKind::invalid, "there is no member " + member + ": the store is not shared");
  }

  virtual void resign() {}

  // --- Every medium overrides the rest ---

  // The journal's thread, periodically while idle: reports a medium that could not be written.
  [[nodiscard]] virtual Result<void> check() { return {}; }

  // Any thread, before the store closes: the functions that read fail soon, now and later. A medium
  // whose reads are quick does nothing.
  virtual void end_reads() {}

  // Any thread: the failures that a completed write survives.
  [[nodiscard]] virtual std::string_view durability() const { return "memory"; }

  // Bulk changes of more than a few milliseconds are written in steps, and write() calls continue
  // between them. Before its commit, `ns` shows nothing of the change; after it, all of it. The
  // journal's thread. A step is durable or has no effect.
  // Stages one step of `bulk`; true when write() can take it. One bulk at a time per namespace.
  // Requires: no batch of the namespace is being written.
  [[nodiscard]] virtual Result<bool> stage(std::string_view ns, Bulk& bulk) = 0;
  // Drops what was staged of `bulk`, which will not be committed, or was in a batch that is lost.
  // Any thread but a worker's.
  virtual void drop_staged(const Bulk& bulk) = 0;
  // One step of the work that commits, drops and crashes leave; false if there is none.
  [[nodiscard]] virtual Result<bool> finish_some() = 0;

  // The rest: any thread but a worker's and the journal's.

  // 0 for a namespace never written.
  [[nodiscard]] virtual Result<Version> version(const std::string& ns) = 0;
  // Visits every entry and returns their version.
  using Visit = std::function<void(std::string_view key, std::string_view value)>;
  [[nodiscard]] virtual Result<Version> load(const std::string& ns, const Visit& visit) = 0;
  // Prefixes that guests count in the namespace. They only speed up the next start.
  [[nodiscard]] virtual Result<std::vector<std::string>> prefixes(const std::string& ns) = 0;
  [[nodiscard]] virtual Result<void> add_prefix(const std::string& ns,
                                                const std::string& prefix) = 0;
  // Sorted.
  [[nodiscard]] virtual Result<std::vector<std::string>> namespaces() = 0;
  [[nodiscard]] virtual Result<Page> list(const std::string& ns, std::string_view prefix,
                                          std::string_view after, std::size_t limit) = 0;
  // Store::scan.
  [[nodiscard]] virtual Result<Version> scan(const std::string& ns, std::string_view prefix,
                                             const Store::Visit& visit) = 0;
  [[nodiscard]] virtual Result<std::uint64_t> count(const std::string& ns,
                                                    std::string_view prefix) = 0;

  [[nodiscard]] virtual Result<Documents> documents(std::string_view collection) = 0;
  [[nodiscard]] virtual std::expected<Version, DocumentFailure> change_documents(
      std::span<const DocumentChange> changes) = 0;
};

// Refuses a change because the document has another version than expected.
[[nodiscard]] std::unexpected<DocumentFailure> refuse(const DocumentChange& change, Version there);

// A listing page ends after this many bytes of keys and values.
inline constexpr std::size_t kPageBytesMax = 8 << 20;

// The smallest string greater than every string that begins with `prefix`; empty if there is none.
[[nodiscard]] inline std::string end_of_prefix(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && end.back() == '\xff') end.pop_back();
  if (!end.empty()) end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return end;
}

}  // namespace sluice::store
