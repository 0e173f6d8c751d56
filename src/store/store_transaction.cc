// SPDX-License-Identifier: Apache-2.0
#include "store/run.h"
#include "store/store.h"

namespace sluice::store {

std::unique_ptr<Run> View::lend_run_of(View& view) { return view.lend_run(); }

Transaction::Transaction(View& view) : run_(view.lend_run()) {}

Transaction::~Transaction() {
  if (!run_) return;
  // This run may hold the last reference to the view.
  const std::shared_ptr<View> view = run_->end();
  view->take_back(std::move(run_));
}

Transaction::Transaction(Transaction&& other) noexcept = default;

Transaction& Transaction::operator=(Transaction&& other) noexcept {
  std::swap(run_, other.run_);
  return *this;
}

std::optional<std::string_view> Transaction::get(std::string_view key) { return run_->get(key); }
void Transaction::put(std::string_view key, std::string_view value) { run_->put(key, value); }
void Transaction::erase(std::string_view key) { run_->erase(key); }
std::uint64_t Transaction::count(std::string_view prefix) { return run_->count(prefix); }
bool Transaction::has_writes() const { return run_->has_writes(); }
bool Transaction::stale() const { return run_->stale(); }
bool Transaction::uncounted() const { return run_->uncounted(); }
std::string Transaction::breach() const { return run_->breach(); }
void Transaction::restart() { run_->view()->restart_run(*run_); }

}  // namespace sluice::store
