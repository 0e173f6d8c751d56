// SPDX-License-Identifier: Apache-2.0
// MemoryMedium: data that lives as long as the process. Only the journal and administration take
// the mutex; cores do not.
#pragma once

#include <map>
#include <string>

#include "base/mutex.h"
#include "store/medium.h"

namespace sluice::store {

class MemoryMedium : public Medium {
 public:
  Result<void> write(std::span<Batch> group) override;
  // Writes of any size are one step.
  Result<bool> stage(std::string_view, Bulk&) override { return true; }
  void drop_staged(const Bulk&) override {}
  Result<bool> finish_some() override { return false; }
  Result<std::vector<std::string>> prefixes(const std::string&) override {
    return std::vector<std::string>();
  }
  Result<void> add_prefix(const std::string&, const std::string&) override { return {}; }
  Result<Version> version(const std::string& ns) override;
  Result<Version> load(const std::string& ns, const Visit& visit) override;
  Result<std::vector<std::string>> namespaces() override;
  Result<Page> list(const std::string& ns, std::string_view prefix, std::string_view after,
                    std::size_t limit) override;
  Result<Version> scan(const std::string& ns, std::string_view prefix,
                       const Store::Visit& visit) override;
  Result<std::uint64_t> count(const std::string& ns, std::string_view prefix) override;
  Result<Documents> documents(std::string_view collection) override;
  std::expected<Version, DocumentFailure> change_documents(
      std::span<const DocumentChange> changes) override;

 private:
  using Texts = std::map<std::string, std::string, std::less<>>;
  struct Namespace {
    Version version = 0;
    Texts entries;
  };
  static void apply(const Node& node, Texts& entries);
  static void apply(const Write& write, Texts& entries);

  Mutex mutex_;
  std::map<std::string, Namespace, std::less<>> namespaces_ SLUICE_GUARDED_BY(mutex_);
  std::map<std::string, std::map<std::string, Document, std::less<>>, std::less<>> documents_
      SLUICE_GUARDED_BY(mutex_);
  Version documents_version_ SLUICE_GUARDED_BY(mutex_) = 0;
};

}  // namespace sluice::store
