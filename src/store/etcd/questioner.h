// SPDX-License-Identifier: Apache-2.0
// Questioner: answers the questions of an Outlook, one at a time: which version of the namespace is
// the newest? It asks the owner, and etcd if the owner does not answer. Each question is sent after
// it has begun. Core-bound; shared, because a call of it may be posted when it is destroyed.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "store/etcd/observer.h"

namespace sluice::store {

class Questioner : public std::enable_shared_from_this<Questioner> {
 public:
  // `observer` and `ask_owner` outlive this.
  Questioner(EtcdContext& context, std::string ns, std::shared_ptr<Outlook> outlook,
             Observer& observer, const AskOwner& ask_owner);
  // Once: answers from now on.
  void start();
  // No further question begins. The one under way goes on until this is destroyed.
  void stop() { outlook_->on_question({}); }

 private:
  void wake();
  [[nodiscard]] Task<void> answer_all();
  [[nodiscard]] Task<Result<Version>> newest(std::uint64_t number);
  // None: it does not answer in time.
  [[nodiscard]] Task<std::optional<OwnerAnswer>> of_owner(std::shared_ptr<const Owner> owner);
  [[nodiscard]] Task<void> ask(const Owner& owner, TimePoint deadline,
                               std::optional<OwnerAnswer>& answer);
  [[nodiscard]] Task<bool> expire(TimePoint deadline);
  [[nodiscard]] Task<Result<Version>> of_etcd();

  EtcdContext& context_;
  const std::string ns_;
  const std::shared_ptr<Outlook> outlook_;
  Observer& observer_;
  const AskOwner& ask_owner_;
  bool etcd_answers_ = true;  // it has answered the last question
  Task<void> answering_;      // last: it uses all of the above
};

}  // namespace sluice::store
