// SPDX-License-Identifier: Apache-2.0
// Calls that other members hand over, on a real controller.
#include "admin/handed_calls.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <utility>

#include "admin/handed_message.h"
#include "control/testing/process.h"

namespace sluice::admin {
namespace {

using control::testing::Folder;
using control::testing::kCores;
using control::testing::Process;
using control::testing::Script;

constexpr Duration kSilence = std::chrono::milliseconds(50);

template <class T>
bool is_there(const std::future<T>& value) {
  return value.wait_for(std::chrono::milliseconds(1)) == std::future_status::ready;
}

// A body that is being taken. Tells when it is dropped, and takes its end when it may.
struct Body {
  std::promise<void> dropped{};
  std::promise<void> ending{};
  std::promise<void> may_end{};
  int ends = 0;
};

class BodyIntake final : public Intake {
 public:
  explicit BodyIntake(std::shared_ptr<Body> body) : body_(std::move(body)) {}
  ~BodyIntake() override { body_->dropped.set_value(); }
  Result<void> take(std::string_view /*piece*/) override { return {}; }
  Result<ApiResponse> finish() override {
    ++body_->ends;
    body_->ending.set_value();
    body_->may_end.get_future().wait();
    return ApiResponse{};
  }

 private:
  const std::shared_ptr<Body> body_;
};

class HandedCallsTest : public testing::Test {
 protected:
  using Kind = HandedStep::Kind;

  HandedCallsTest() {
    EXPECT_TRUE(process_->start());
    router_.add(
        {.group = "data",
         .method = "PUT",
         .pattern = "/data/{pipeline}/{filter}",
         .intake = [this](const ApiRequest&, const PathNames&) -> Result<std::unique_ptr<Intake>> {
           return std::make_unique<BodyIntake>(next_);
         },
         .by_owner = true});
    calls_.start(router_, context_);
  }
  ~HandedCallsTest() override { calls_.stop(); }

  std::future<HandedReply> send(Kind kind, const std::string& id, std::uint64_t number) {
    HandedStep step;
    step.kind = kind;
    step.id = id;
    step.number = number;
    if (kind == Kind::begin) {
      step.from = "two";
      step.method = "PUT";
      step.target = "/apis/v2/data/p/f";
    }
    auto reply = std::make_shared<std::promise<HandedReply>>();
    calls_.take(step.encode(), [reply](const std::string& answer) {
      reply->set_value(HandedReply::decode(answer).value());
    });
    return reply->get_future();
  }
  std::shared_ptr<Body> begin(const std::string& id) {
    next_ = std::make_shared<Body>();
    const HandedReply reply = send(Kind::begin, id, 0).get();
    EXPECT_FALSE(reply.again);
    EXPECT_EQ(reply.response.status, 200);
    return next_;
  }

  Folder folder_;
  Script script_;
  Process process_{folder_.path(), script_};
  Context context_{.options = {.address = "", .member_name = "me"},
                   .start_options = {},
                   .logger = Logger(),
                   .controller = *process_};
  ApiRouter router_;
  std::shared_ptr<Body> next_;
  HandedCalls calls_{kSilence};
};

TEST_F(HandedCallsTest, ACallOfAMemberThatSaysNothingIsDropped) {
  const auto body = begin("silent");
  body->dropped.get_future().wait();
  EXPECT_TRUE(send(Kind::end, "silent", 1).get().again);
  EXPECT_EQ(body->ends, 0);
}

// The commit of a large import takes longer than the silence. A copy of its end gets the answer,
// and does not begin anew.
TEST_F(HandedCallsTest, ACallThatIsBeingAnsweredIsNotSilent) {
  std::string id;
  std::shared_ptr<Body> slow;
  std::future<HandedReply> reply;
  for (bool begun = false; !begun;) {  // on a busy machine, the call may be silent before its end
    id += "slow";
    slow = begin(id);
    auto ending = slow->ending.get_future();
    reply = send(Kind::end, id, 1);
    while (!begun && !is_there(reply)) begun = is_there(ending);
  }
  begin("silent")->dropped.get_future().wait();  // the later one is swept
  auto copy = send(Kind::end, id, 1);
  slow->may_end.set_value();
  EXPECT_FALSE(reply.get().again);
  EXPECT_FALSE(copy.get().again);
  EXPECT_EQ(slow->ends, 1);
}

}  // namespace
}  // namespace sluice::admin
