// SPDX-License-Identifier: Apache-2.0
// Covers: endpoints.cc, grpc_status.cc
// Real etcd with users and passwords, and with certificates.
#include <gtest/gtest.h>

#include <csignal>

#include "etcd/testing/etcd_fixture.h"
#include "net/tls/testing/test_certificates.h"

namespace sluice::etcd {
namespace {

using testing::txn_of;

class UsersOfEtcd : public testing::EtcdFixture {
 protected:
  // User `app` may read and write k*.
  void begin_with_users() {
    begin();
    etcd_->control("user add root:rootpass");
    etcd_->control("user grant-role root root");
    etcd_->control("role add app");
    etcd_->control("role grant-permission app --prefix=true readwrite k");
    etcd_->control("user add app:apppass");
    etcd_->control("user grant-role app app");
    etcd_->control("auth enable");
    connect_as("app", "apppass");
  }
  void connect_as(const std::string& user, const std::string& password) {
    Options options;
    options.user = user;
    options.password = RenewableText(password);
    connect(options);
  }
  std::unique_ptr<Watch> watch(const std::string& key) {
    WatchOptions options;
    options.key = key;
    return std::make_unique<Watch>(*client_, std::move(options));
  }
};

TEST_F(UsersOfEtcd, MayDoWhatTheirRolesAllow) {
  begin_with_users();
  commit(txn_of({{"k1", "a"}}));
  EXPECT_EQ(value_of("k1"), "a");
  const CallFailure denied = refused(txn_of({{"other", "a"}}));
  EXPECT_EQ(denied.status, Status::permission_denied);
  EXPECT_NE(denied.error.message.find("role"), std::string::npos);
}

TEST_F(UsersOfEtcd, WithoutAPasswordOrWithAWrongOneNothingIsDone) {
  begin_with_users();
  connect_as("app", "wrong");
  const CallFailure wrong = refused(txn_of({{"k1", "a"}}));
  EXPECT_EQ(wrong.status, Status::invalid_argument);
  EXPECT_NE(wrong.error.message.find("check user and password"), std::string::npos);
  EXPECT_EQ(wrong.error.message.find("wrong\""), std::string::npos);
  connect_as("", "");
  refused(txn_of({{"k1", "a"}}));
  connect_as("app", "apppass");
  EXPECT_EQ(value_of("k1"), "absent");
}

TEST_F(UsersOfEtcd, APasswordIsOfNoUseAndNoHarmWithoutUsers) {
  begin();
  connect_as("app", "apppass");
  commit(txn_of({{"k1", "a"}}));
}

TEST_F(UsersOfEtcd, ARestartForgetsTokens) {
  begin_with_users();
  commit(txn_of({{"k1", "a"}}));
  etcd_->signal(0, SIGKILL);
  etcd_->start(0);
  const TimePoint end = soon();
  const pb::TxnRequest request = txn_of({{"k1", "b"}});
  while (true) {
    const auto reply = run(client_->txn(request));
    if (reply) break;
    EXPECT_EQ(reply.error().status, Status::unavailable) << reply.error().error.message;
    ASSERT_LT(loop::EventLoop::now(), end) << reply.error().error.message;
  }
  EXPECT_EQ(value_of("k1"), "b");
}

TEST_F(UsersOfEtcd, ChangesOfUsersMakeTokensOld) {
  begin_with_users();
  commit(txn_of({{"k1", "a"}}));
  etcd_->control("--user root:rootpass role add another");
  commit(txn_of({{"k1", "b"}}));
  etcd_->control("--user root:rootpass role add third");
  EXPECT_EQ(value_of("k1"), "b");
}

TEST_F(UsersOfEtcd, WatchWhatTheirRolesAllow) {
  begin_with_users();
  const auto allowed = watch("k1");
  ASSERT_TRUE(run(allowed->start(soon())));
  commit(txn_of({{"k1", "a"}}));
  EXPECT_TRUE(run(allowed->next(soon())));
  const auto denied = watch("other");
  const auto started = run(denied->start(soon()));
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().why, WatchFailure::Why::cancelled);
  EXPECT_NE(started.error().error.message.find("role"), std::string::npos)
      << started.error().error.message;
}

TEST_F(UsersOfEtcd, AWatchGetsANewTokenAfterARestart) {
  begin_with_users();
  commit(txn_of({{"k1", "a"}}));
  etcd_->signal(0, SIGKILL);
  etcd_->start(0);
  const TimePoint end = soon();
  std::unique_ptr<Watch> made;
  while (true) {
    made = watch("k1");
    const auto header = run(made->start(soon()));
    if (header) break;
    EXPECT_EQ(header.error().why, WatchFailure::Why::lost) << header.error().error.message;
    ASSERT_LT(loop::EventLoop::now(), end);
  }
  commit(txn_of({{"k1", "b"}}));
  EXPECT_TRUE(run(made->next(soon())));
}

class CertificatesOfEtcd : public testing::EtcdFixture {
 protected:
  void SetUp() override {
    server_ = net::testing::make_pair("localhost");
    own_ = net::testing::make_pair("gateway");
  }
  [[nodiscard]] Options secured(const std::string& authorities, const net::KeyPair& own) const {
    Options options;
    options.endpoints = etcd_->endpoints();
    auto tls = make_tls(authorities, own.certificate, own.key);
    EXPECT_TRUE(tls);
    if (tls) options.tls = *tls;
    return options;
  }
  void start_secured() {
    EtcdSetup setup;
    setup.certificate = server_.certificate;
    setup.key = server_.key;
    setup.client_authorities = own_.certificate + server_.certificate;
    start(setup);
    connect(secured(server_.certificate, own_));
    wait_until_ready();
  }
  using EtcdSetup = testing::EtcdSetup;

  net::KeyPair server_;
  net::KeyPair own_;
};

TEST_F(CertificatesOfEtcd, BothSidesShowOne) {
  start_secured();
  commit(txn_of({{"k1", std::string(1 << 20, 'x')}}));
  EXPECT_EQ(value_of("k1").size(), std::size_t{1} << 20);
  WatchOptions options;
  options.key = "k1";
  Watch watch(*client_, options);
  ASSERT_TRUE(run(watch.start(soon())));
  commit(txn_of({{"k1", "b"}}));
  EXPECT_TRUE(run(watch.next(soon())));
}

TEST_F(CertificatesOfEtcd, WithoutOursNothingIsDone) {
  start_secured();
  connect(secured(server_.certificate, {}));
  const pb::TxnRequest request = txn_of({{"k1", "a"}});
  const auto reply = run(client_->txn(request));
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().status, Status::unavailable);
  for (const bool several : {false, true}) {
    Options options = secured(server_.certificate, {});
    if (several) options.endpoints.push_back(options.endpoints.front());
    connect(options);
    const auto refused = run(client_->txn(request));
    ASSERT_FALSE(refused);
    const std::string& text = refused.error().error.message;
    EXPECT_TRUE(text.contains("check etcd-cert-file")) << text;
    EXPECT_FALSE(text.contains("majority")) << text;
  }
  connect(secured(server_.certificate, own_));
  EXPECT_EQ(value_of("k1"), "absent");
}

TEST_F(CertificatesOfEtcd, AServerThatIsNotTrustedGetsNothing) {
  start_secured();
  connect(secured(own_.certificate, own_));
  const pb::TxnRequest request = txn_of({{"k1", "a"}});
  const auto reply = run(client_->txn(request));
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().certainty, Certainty::refused);
}

TEST_F(CertificatesOfEtcd, HttpsNeedsTls) {
  Options options;
  options.endpoints = {"https://localhost:2379"};
  const auto made = Client::make(core_, options);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().kind, ErrorKind::invalid);
}

}  // namespace
}  // namespace sluice::etcd
