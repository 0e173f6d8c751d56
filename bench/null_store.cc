// SPDX-License-Identifier: Apache-2.0
// For wasm_host_bench_null: a store that does nothing, linked in the place of store/. What a run
// costs less with it is the price of the transaction.
#include "store/store.h"

namespace sluice::store {

class Run {};

Transaction::Transaction(View& /*view*/) {}
Transaction::~Transaction() = default;
Transaction::Transaction(Transaction&&) noexcept = default;
Transaction& Transaction::operator=(Transaction&&) noexcept = default;
std::optional<std::string_view> Transaction::get(std::string_view /*key*/) { return std::nullopt; }
void Transaction::put(std::string_view /*key*/, std::string_view /*value*/) {}
void Transaction::erase(std::string_view /*key*/) {}
std::uint64_t Transaction::count(std::string_view /*prefix*/) { return 1'000'000; }
bool Transaction::has_writes() const { return false; }
bool Transaction::stale() const { return false; }
bool Transaction::uncounted() const { return false; }
std::string Transaction::breach() const { return {}; }
void Transaction::restart() {}

namespace {

class NullView final : public View {
 public:
  Commit commit(Transaction& /*transaction*/, const ExchangeId* /*handed*/) override {
    return {CommitStatus::committed, 0};
  }
  bool is_durable(Version /*version*/) const override { return true; }
  bool contains(std::string_view /*key*/) override { return false; }
  Task<Result<void>> durable(Version /*version*/, TimePoint /*deadline*/) override {
    co_return Result<void>();
  }
  bool owned() const override { return true; }
  bool follows() const override { return false; }
  std::shared_ptr<const Owner> owner() const override { return nullptr; }
  Task<Result<void>> ownership(TimePoint /*deadline*/) override { co_return Result<void>(); }
  Task<Result<void>> owner_news(std::shared_ptr<const Owner> /*known*/,
                                TimePoint /*deadline*/) override {
    co_return Result<void>();
  }
  Moment moment() const override { return {}; }
  bool is_confirmed(const Moment& /*moment*/, Version /*version*/) const override { return true; }
  Task<Result<void>> confirmed(Moment& /*moment*/, Version /*version*/,
                               TimePoint /*deadline*/) override {
    co_return Result<void>();
  }
  Task<Result<OwnerAnswer>> last_sent(TimePoint /*deadline*/) override { co_return OwnerAnswer(); }
  Task<Result<void>> opened(TimePoint /*deadline*/) override { co_return Result<void>(); }
  ExchangeId new_exchange() override { return {}; }
  Task<Result<ExchangeFate>> fate_of(ExchangeId /*id*/, Fence /*fence*/,
                                     TimePoint /*deadline*/) override {
    co_return ExchangeFate::unknown;
  }
  Task<Result<void>> counted(TimePoint /*deadline*/) override { co_return Result<void>(); }
  Task<Result<Turn>> turn(TimePoint /*deadline*/) override { co_return Turn(); }

 private:
  void end_turn(std::uint64_t /*ticket*/) override {}
  std::unique_ptr<Run> lend_run() override { return nullptr; }
  void take_back(std::unique_ptr<Run> /*run*/) override {}
  void restart_run(Run& /*run*/) override {}
};

class NullStore final : public Store {
 public:
  Result<void> prepare(const std::string& /*ns*/) override { return {}; }
  View& view(const loop::Core& /*core*/, const std::string& /*ns*/) override { return view_; }
  Result<Page> list(const std::string& /*ns*/, std::string_view /*prefix*/,
                    std::string_view /*after*/, std::size_t /*limit*/) override {
    return Page{};
  }
  Result<Version> scan(const std::string& /*ns*/, std::string_view /*prefix*/,
                       const Visit& /*visit*/) override {
    return 0;
  }
  Result<std::unique_ptr<BulkImport>> begin_import(const std::string& /*ns*/) override {
    return nullptr;
  }
  Result<void> apply(const std::string& /*ns*/, std::vector<Entry> /*entries*/) override {
    return {};
  }
  Result<void> erase_all(const std::string& /*ns*/, std::string_view /*prefix*/) override {
    return {};
  }
  Result<void> erase(const std::string&, std::string_view) override { return {}; }
  Result<std::vector<std::string>> namespaces() override { return std::vector<std::string>(); }
  Result<std::uint64_t> count(const std::string& /*ns*/, std::string_view /*prefix*/) override {
    return 0;
  }
  NamespaceStatus status(const std::string& /*ns*/) const override { return {}; }
  Result<Documents> documents(std::string_view /*collection*/) override { return Documents{}; }
  std::expected<Version, DocumentFailure> change_documents(
      std::span<const DocumentChange> /*changes*/) override {
    return 1;
  }
  Result<DocumentNews> document_news(Version /*after*/, TimePoint /*deadline*/) override {
    return DocumentNews{};
  }
  std::string health() const override { return {}; }
  WriteStatistics write_statistics() const override { return {}; }

 private:
  NullView view_;
};

}  // namespace

std::unique_ptr<Store> open_memory_store(unsigned /*core_count*/, Limits /*limits*/) {
  return std::make_unique<NullStore>();
}

}  // namespace sluice::store
