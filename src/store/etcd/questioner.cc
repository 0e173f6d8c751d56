// SPDX-License-Identifier: Apache-2.0
#include "store/etcd/questioner.h"

#include <algorithm>
#include <utility>

#include "store/etcd/requests.h"

namespace sluice::store {
namespace {

// A question waits for the owner twice as long as the last answer took, within these bounds.
constexpr Duration kOwnerAnswersMin = std::chrono::milliseconds(50);
constexpr Duration kOwnerAnswersMax = std::chrono::milliseconds(250);
// The owner's answer may come so late, with the connection that it needs: a connection to a member
// far away takes several round trips.
constexpr Duration kOwnerLateMax = std::chrono::seconds(2);
// With so many questions under way to an owner that does not answer, etcd is asked at once.
constexpr std::size_t kAskedMax = 8;
// After a question without an answer, the next one waits so long, and for so many copies.
constexpr Duration kEtcdAnswers = std::chrono::seconds(1);
constexpr int kCopiesMin = 2;
// The part of a word's time after which the next one is fetched, so that no run waits for it. From
// an owner far away it is fetched earlier.
constexpr int kRenewPercent = 85;
constexpr int kPercent = 100;

}  // namespace

Questioner::Questioner(EtcdContext& context, std::string ns, std::shared_ptr<Outlook> outlook,
                       Observer& observer, const AskOwner& ask_owner)
    : context_(context),
      ns_(std::move(ns)),
      outlook_(std::move(outlook)),
      observer_(observer),
      ask_owner_(ask_owner),
      patience_(kOwnerAnswersMin) {}

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
    outlook_->end_question(*number, co_await newest());
    if (context_.audience != nullptr) context_.audience->on_outlook(ns_);
  }
}

Task<Result<Version>> Questioner::newest() {
  const bool doubted = outlook_->take_doubt();
  const auto owner = outlook_->owner();
  if (ask_owner_ && owner && !owner->me && !doubted) {
    if (const auto answer = co_await of_owner(owner)) co_return *answer;
  }
  auto answer = co_await of_etcd();
  if (answer && doubted) observer_.look_elsewhere(*answer);
  co_return answer;
}

Task<std::optional<Version>> Questioner::of_owner(std::shared_ptr<const Owner> owner) {
  forget_asked(*owner);
  if (asked_.size() >= kAskedMax) co_return std::nullopt;
  Asked& asked = asked_.emplace_back(context_.loop(), std::move(owner));
  asked.asking = ask(asked);
  asked.asking.start();
  const TimePoint deadline = Clock::now() + patience_;
  if (!asked.said) (void)co_await asked.news.wait(deadline);
  if (!asked.said) patience_ = kOwnerAnswersMin;  // an answer that comes late makes it longer
  if (!asked.said || !*asked.said) co_return std::nullopt;
  co_return (*asked.said)->version;
}

// Those that are over, and those to an owner that is none any more.
void Questioner::forget_asked(const Owner& owner) {
  std::erase_if(asked_, [&](const Asked& each) {
    return each.said || each.owner->fence != owner.fence ||
           BootClock::now() - each.sent > kOwnerLateMax;
  });
}

Task<void> Questioner::ask(Asked& asked) {
  const TimePoint deadline = Clock::now() + kOwnerLateMax;
  auto said = co_await ask_owner_(context_.core, *asked.owner, ns_, deadline);
  if (said) note_answer(asked, *said);
  asked.said = std::move(said);
  asked.news.notify();
}

// The owner keeps its word for so long from the moment in which it gives it. That moment is not
// known here, so the word counts from the sending of the question.
void Questioner::note_answer(const Asked& asked, const OwnerAnswer& answer) {
  const Duration took = BootClock::now() - asked.sent;
  patience_ = std::clamp(2 * took, kOwnerAnswersMin, kOwnerAnswersMax);
  if (!answer.sealed || asked.sent <= word_sent_) return;
  word_sent_ = asked.sent;
  const Duration lasts = context_.cluster.permit;
  const Duration early = std::max(lasts * (kPercent - kRenewPercent) / kPercent,
                                  took > kOwnerAnswersMin ? 2 * took : Duration());
  const BootTime until = asked.sent + lasts;
  outlook_->set_word(outlook_->questions_begun(), answer.version, until - early, until);
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
