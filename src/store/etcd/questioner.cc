// SPDX-License-Identifier: Apache-2.0
#include "store/etcd/questioner.h"

#include <algorithm>
#include <utility>

#include "loop/join.h"
#include "store/etcd/requests.h"

namespace sluice::store {
namespace {

constexpr Duration kOwnerAnswers = std::chrono::milliseconds(50);
// After a question without an answer, the next one waits so long, and for so many copies.
constexpr Duration kEtcdAnswers = std::chrono::seconds(1);
constexpr int kCopiesMin = 2;
// The part of a word's time after which the next one is fetched, so that no run waits for it.
constexpr int kRenewPercent = 85;

}  // namespace

Questioner::Questioner(EtcdContext& context, std::string ns, std::shared_ptr<Outlook> outlook,
                       Observer& observer, const AskOwner& ask_owner)
    : context_(context),
      ns_(std::move(ns)),
      outlook_(std::move(outlook)),
      observer_(observer),
      ask_owner_(ask_owner) {}

void Questioner::start() {
  outlook_->on_question([its = weak_from_this(), &loop = context_.loop()] {
    loop.post([its] {
      if (const auto self = its.lock()) self->wake();
    });
  });
}

void Questioner::wake() {
  if (answering_.valid() && !answering_.done()) return;
  answering_ = answer_all();
  answering_.start();
}

Task<void> Questioner::answer_all() {
  while (const auto number = outlook_->begin_question()) {
    outlook_->end_question(*number, co_await newest(*number));
    if (context_.audience != nullptr) context_.audience->on_outlook(ns_);
  }
}

Task<Result<Version>> Questioner::newest(std::uint64_t number) {
  const bool doubted = outlook_->take_doubt();
  const auto owner = outlook_->owner();
  if (ask_owner_ && owner && !owner->me && !doubted) {
    const BootTime sent = BootClock::now();
    const auto answer = co_await of_owner(owner);
    const Duration lasts = context_.cluster.permit;
    if (answer && answer->sealed)
      outlook_->set_word(number, answer->version, sent + lasts * kRenewPercent / 100, sent + lasts);
    if (answer) co_return answer->version;
  }
  auto answer = co_await of_etcd();
  if (answer && doubted) observer_.look_elsewhere(*answer);
  co_return answer;
}

Task<std::optional<OwnerAnswer>> Questioner::of_owner(std::shared_ptr<const Owner> owner) {
  const TimePoint deadline = Clock::now() + kOwnerAnswers;
  std::optional<OwnerAnswer> answer;
  loop::Unless late(ask(*owner, deadline, answer), [this, deadline] { return expire(deadline); });
  (void)co_await late;
  co_return answer;
}

Task<void> Questioner::ask(const Owner& owner, TimePoint deadline,
                           std::optional<OwnerAnswer>& answer) {
  const auto said = co_await ask_owner_(context_.core, owner, ns_, deadline);
  if (said) answer = *said;
}

Task<bool> Questioner::expire(TimePoint deadline) {
  co_await context_.loop().sleep_until(deadline);
  co_return true;
}

Task<Result<Version>> Questioner::of_etcd() {
  const pb::RangeRequest request = range_of(context_.keys.seq(ns_));
  const Duration copies = context_.copy_time.first() * kCopiesMin;
  const Duration patience = etcd_answers_ ? context_.open_max : std::max(kEtcdAnswers, copies);
  EtcdRetry retry = hasty_retry(context_, Clock::now() + patience);
  while (true) {
    const auto reply = co_await context_.kv.range(request, retry.options());
    etcd_answers_ = reply.has_value();
    if (reply && reply->kvs_size() == 0) co_return Version{0};
    if (reply) {
      SLUICE_CO_TRY(const Seq seq, Seq::decode(reply->kvs(0).value()));
      co_return seq.version;
    }
    retry.note_failure(reply.error().endpoint);
    if (!retry.again()) co_return std::unexpected(error_of(reply.error()));
    co_await context_.loop().sleep_for(retry.pause());
  }
}

}  // namespace sluice::store
