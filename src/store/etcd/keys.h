// SPDX-License-Identifier: Apache-2.0
// Keys: the names of a cluster's keys in etcd. Immutable; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "store/etcd/seq.h"

namespace sluice::store {

class Keys {
 public:
  // Bounds that keep a full transaction within etcd's request size.
  static constexpr std::size_t kPrefixBytesMax = 64;
  static constexpr std::size_t kNamespaceBytesMax = 128;
  // The most that a key in etcd is longer than the key of its entry.
  static constexpr std::size_t kOverheadMax = kPrefixBytesMax + kNamespaceBytesMax + 52;

  // `prefix`: "sluice/prod", without a slash at the end. Errors: `invalid` for an empty or long
  // one.
  [[nodiscard]] static Result<Keys> make(std::string prefix);
  // `pipeline/filter`, and not longer than kNamespaceBytesMax as text in a key.
  [[nodiscard]] static Result<void> check(std::string_view ns);

  [[nodiscard]] const std::string& prefix() const { return prefix_; }
  [[nodiscard]] std::string cluster() const { return prefix_ + "/cluster"; }
  [[nodiscard]] std::string members() const { return prefix_ + "/members/"; }
  [[nodiscard]] std::string member(std::string_view name) const;
  // The name of the member at such a key; nullopt for another key.
  [[nodiscard]] std::optional<std::string> member_of(std::string_view key) const;
  // Notes of all members whose keys begin with `key`.
  [[nodiscard]] std::string notes(std::string_view key = {}) const {
    return prefix_ + "/notes/" + std::string(key);
  }
  [[nodiscard]] std::string note(std::string_view key, std::string_view member) const;
  struct NoteName {
    std::string key;
    std::string member;
  };
  // Nullopt for a key that is no note.
  [[nodiscard]] std::optional<NoteName> note_of(std::string_view key) const;
  [[nodiscard]] std::string moves() const { return prefix_ + "/moves/"; }
  [[nodiscard]] std::string move(std::string_view ns) const;
  // True for the first part of keys below the prefix that are this cluster's.
  [[nodiscard]] static bool is_own_folder(std::string_view name);

  // Requires for all with `ns`: check(ns).
  [[nodiscard]] std::string owner(std::string_view ns) const { return data(ns) + "owner"; }
  [[nodiscard]] std::string released(std::string_view ns) const { return data(ns) + "released"; }
  [[nodiscard]] std::string seq(std::string_view ns) const { return data(ns) + "seq"; }
  // All epochs begin with this, and their names follow.
  [[nodiscard]] std::string epochs(std::string_view ns) const { return data(ns) + "e"; }
  [[nodiscard]] std::string epoch(std::string_view ns, const Epoch& epoch) const {
    return epochs(ns) + epoch.text() + "/";
  }
  // All data of all namespaces.
  [[nodiscard]] std::string all_data() const { return prefix_ + "/data/"; }
  // The namespace of a key below all_data(), and nullopt for any other key.
  [[nodiscard]] std::optional<std::string> namespace_of(std::string_view key) const;
  // All keys of the namespace.
  [[nodiscard]] std::string data(std::string_view ns) const;

  // The log of the documents. All documents lie behind it.
  [[nodiscard]] std::string documents() const { return prefix_ + "/documents"; }
  [[nodiscard]] std::string collection(std::string_view collection) const;
  [[nodiscard]] std::string document(std::string_view collection_name, std::string_view key) const {
    return collection(collection_name) + std::string(key);
  }
  struct DocumentName {
    std::string collection;
    std::string key;
  };
  // Nullopt for a key that is no document.
  [[nodiscard]] std::optional<DocumentName> document_of(std::string_view key) const;

 private:
  explicit Keys(std::string prefix) : prefix_(std::move(prefix)) {}
  std::string prefix_;
};

}  // namespace sluice::store
