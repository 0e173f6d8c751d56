// SPDX-License-Identifier: Apache-2.0
// Medium: what the journal writes to. One per backend (memory/, embedded/).
//
// A medium may be this process's alone (the default), or be shared with others. Of a shared one
// each namespace has at most one owner, who alone may write it. An ownership has a fence, a number
// that grows from owner to owner. The medium refuses for good what comes under a fence that is
// over.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/node.h"

namespace sluice::store {

using Fence = std::uint64_t;  // 0: of a medium that is not shared

// The commits of one namespace behind `after`, up to and including `last`.
struct Batch {
  std::string_view ns;
  const Node* after;
  const Node* last;   // of a shared medium: `after` itself, if only the ownership is in question
  Version version;    // of the namespace behind `last`, as the medium counts
  Fence fence;        // under which it was made
  bool lost = false;  // the medium's answer: refused for good, for the fence is over
};

class Medium {
 public:
  virtual ~Medium() = default;

  // The journal's thread. All of it durable on return, or (with an error) none of it visible; the
  // same commits come again then, perhaps with more.
  // A shared medium sets `lost` of the batches whose fence is over, with success or error: nothing
  // of them is visible, ever, and what was staged for their bulk changes is dropped. Success for
  // the others also says that at a moment between call and return each of their fences was valid.
  [[nodiscard]] virtual Result<void> write(std::span<Batch> group) = 0;

  // --- Only of a shared medium: the rest stands for one that is this process's alone.
  // -------------

  // Constant.
  [[nodiscard]] virtual bool may_lose() const { return false; }
  // Once, before anything else. `ring` is called, from any thread, when there is something to take.
  virtual void on_news(std::function<void()> /*ring*/) {}
  // The beginning or end of an ownership of this process. No two begin under one fence; a later one
  // has a greater fence, and load() shows what it begins from.
  struct News {
    std::string ns;
    Fence fence;
    bool owned;
  };
  // The journal's thread: what has happened since the last call, in order. An end that write() has
  // told may come once more, or not.
  [[nodiscard]] virtual std::vector<News> take_news() { return {}; }
  // Any thread but a worker's and the journal's: this process wants to own the namespace, from now
  // on. Its fence if it does already.
  [[nodiscard]] virtual Result<std::optional<Fence>> acquire(const std::string& /*ns*/) {
    return std::nullopt;
  }

  // --- All media.
  // ---------------------------------------------------------------------------------

  // The journal's thread, periodically while idle: reports a medium that could not be written.
  [[nodiscard]] virtual Result<void> check() { return {}; }

  // Any thread: the failures that a completed write survives.
  [[nodiscard]] virtual std::string_view durability() const { return "memory"; }

  // Bulk changes of more than a few milliseconds are written in steps, and write() calls continue
  // between them. Before its commit, `ns` shows nothing of the change; after it, all of it. The
  // journal's thread. A step is durable or has no effect.
  // Stages one step of `bulk`; true when write() can take it. One bulk at a time per namespace.
  [[nodiscard]] virtual Result<bool> stage(std::string_view ns, Bulk& bulk) = 0;
  // Drops what was staged of `bulk`, which will not be committed.
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

// The refusal of a change whose document is of another version than expected.
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
