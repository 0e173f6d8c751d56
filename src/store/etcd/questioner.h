// SPDX-License-Identifier: Apache-2.0
// Questioner: answers the questions of an Outlook, one at a time: which version of the namespace is
// the newest? It asks the owner, and etcd if the owner does not answer in time. The owner's answer,
// and the connection that it needs, may come later: the word in it counts, and the next question
// finds the connection. Each question is sent after it has begun. Core-bound; shared, because a
// call of it may be posted when it is destroyed.
#pragma once

#include <list>
#include <memory>
#include <optional>
#include <string>

#include "loop/event.h"
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
  // A question to the owner.
  struct Asked {
    Asked(loop::EventLoop& loop, std::shared_ptr<const Owner> its)
        : news(loop), owner(std::move(its)) {}
    loop::Event news;  // said
    const std::shared_ptr<const Owner> owner;
    const BootTime sent = BootClock::now();
    std::optional<Result<OwnerAnswer>> said{};
    Task<void> asking{};  // last: it uses all of the above
  };
  void wake();
  [[nodiscard]] Task<void> answer_all();
  [[nodiscard]] Task<Result<Version>> newest();
  // None: it does not answer in time.
  [[nodiscard]] Task<std::optional<Version>> of_owner(std::shared_ptr<const Owner> owner);
  [[nodiscard]] Task<void> ask(Asked& asked);
  void forget_asked(const Owner& owner);
  void note_answer(const Asked& asked, const OwnerAnswer& answer);
  [[nodiscard]] Task<Result<Version>> of_etcd();

  EtcdContext& context_;
  const std::string ns_;
  const std::shared_ptr<Outlook> outlook_;
  Observer& observer_;
  const AskOwner& ask_owner_;
  bool etcd_answers_ = true;  // it has answered the last question
  Duration patience_;         // with the owner
  BootTime word_sent_{};      // the question that has brought the word
  std::list<Asked> asked_{};  // those under way, and some that are over
  Task<void> answering_{};    // last: it uses all of the above
};

}  // namespace sluice::store
