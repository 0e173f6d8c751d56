// SPDX-License-Identifier: Apache-2.0
// StoredObjects: the documents of the controller in the store.
//   objects/<name>       the completed spec
//   pins/<name>          Object::pins, if there are any
//   code-history/<name>  Object::history, which changes with the pins
//   meta/config-version  the number of changes so far
//   object-versions/<n>  that change, and the specs before it: control/object_versions.h
//   reload/now           the announcement of a reload, on a shared store
//   blobs/…              the code that pins name, on a shared store: store/blobs.h
//
// The members of a cluster share these documents. A change expects the versions that this member
// has seen. So of two changes of an object, or of the number, the second is refused, and the member
// that made it follows the first before it tries again.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/published.h"
#include "base/result.h"
#include "control/announcement.h"
#include "control/object.h"
#include "control/object_versions.h"
#include "store/store.h"

namespace sluice::control {

// An object to save.
struct ObjectToSave {
  std::shared_ptr<const Object> object;
  std::shared_ptr<const Object> before{};  // the object that it replaces; null: none
};

// After save() or save_pins() of `object` in place of `before` (null: none): the versions of its
// pins and its history.
void set_versions(Object& object, const Object* before, store::Version version);

// version(), wait(): any thread. The rest: one thread at a time, which may block for the store.
class StoredObjects {
 public:
  using Saved = std::expected<store::Version, store::DocumentFailure>;

  explicit StoredObjects(store::Store& store) : store_(store) {}

  // True if other processes change the objects, too.
  [[nodiscard]] bool is_shared() const { return store_.is_shared(); }
  // Why the store does not work; "" if it does.
  [[nodiscard]] std::string trouble() const { return store_.health(); }
  // Loads all objects, as being built. version() continues from the stored one.
  [[nodiscard]] Result<Objects> load();
  // Saves all or nothing; durable on return. Increments version(). Returns the version of the saved
  // documents. On a shared store, error `conflict` with a mismatch: another member has changed one
  // of them, or the number. `kept`: the change for versions(), whose number this sets; null: it is
  // not kept.
  [[nodiscard]] Saved save(const std::vector<ObjectToSave>& changed,
                           const std::vector<std::string>& removed, ObjectVersion* kept = nullptr);
  // Saves only the pins. version() stays, because the user has changed nothing. `ends`: an
  // announcement that goes with the same change; null: none. Returns 0 if there is nothing to save.
  // Errors as above.
  [[nodiscard]] Saved save_pins(const std::vector<ObjectToSave>& built,
                                const Announcement* ends = nullptr);
  [[nodiscard]] std::uint64_t version() const { return number_.load(); }
  // The versions that are kept. `specs`: with the specs before each. Any thread.
  [[nodiscard]] Result<ObjectVersions> versions(bool specs) const;
  // See confirm_unchanged().
  [[nodiscard]] Result<void> confirm() const;

  // stored_objects_follow.cc. For a shared store:

  // Waits, at most until `deadline`, until follow() has something to read. Returns true if it has.
  // Error `unavailable`: the store is closed.
  [[nodiscard]] Result<bool> wait(TimePoint deadline);
  // Brings `objects` up to the stored ones. A changed object is behind: its prototype stays. Own
  // changes are recognized by their versions. Returns true if an object has changed.
  [[nodiscard]] Result<bool> follow(Objects& objects);
  // The current announcement, as far as this process has followed; null: none. Any thread.
  [[nodiscard]] std::shared_ptr<const Announcement> announcement() const {
    return announcement_.load();
  }
  // Puts the announcement in place of the current one. `conflict` with a mismatch: another member
  // was first. Any thread.
  [[nodiscard]] Saved announce(const Announcement& announcement);
  // True if `failure` says that another member was first with a change that is not of the same
  // objects.
  [[nodiscard]] static bool is_of_others(const store::DocumentFailure& failure);

 private:
  struct Contents {
    Objects objects;
    store::Version version = 0;  // of the documents
  };
  [[nodiscard]] Result<Contents> read();
  [[nodiscard]] Result<bool> read_anew(Objects& objects);
  void note_number(std::string_view text, store::Version version);
  void note_announcement(const std::optional<std::string>& text, store::Version version);
  [[nodiscard]] store::DocumentChange next_number() const;
  // Adds the document of the version, and drops the oldest beyond the bounds.
  [[nodiscard]] Result<void> add_version(const std::string& key, const std::string& document,
                                         std::vector<store::DocumentChange>& changes);
  [[nodiscard]] Saved save_version(std::vector<store::DocumentChange> changes, ObjectVersion& kept);
  void note_version(const store::DocumentChange& change);
  // Adds the changes that keep the code of the objects. Error `conflict`: some was cleared.
  [[nodiscard]] std::expected<void, store::DocumentFailure> hold_code(
      const std::vector<ObjectToSave>& objects, std::vector<store::DocumentChange>& changes) const;

  store::Store& store_;
  std::atomic<std::uint64_t> number_{0};
  store::Version number_version_ = 0;  // of the document that holds it; 0: there is none
  // The sizes of the version documents, by key; nullopt: not read yet.
  std::optional<std::map<std::string, std::size_t>> version_bytes_{};
  Published<Announcement> announcement_;
  std::atomic<store::Version> seen_ = 0;  // follow() has read all changes up to this version
};

}  // namespace sluice::control
