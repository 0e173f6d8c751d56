// SPDX-License-Identifier: Apache-2.0
#include "sluice-server/member_tls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "control/testing/process.h"
#include "net/tls/testing/test_certificates.h"

namespace sluice::server_program {
namespace {

using namespace std::chrono_literals;
using control::testing::Folder;
using ::testing::HasSubstr;

class MemberTlsTest : public ::testing::Test {
 protected:
  MemberTlsTest() {
    options_.store = "etcd";
    options_.etcd_endpoints = {"localhost:2379"};
    options_.cluster_addr = "localhost:2390";
    options_.cluster_cert_file = file("cert.pem");
    options_.cluster_key_file = file("key.pem");
    options_.cluster_ca_file = file("ca.pem");
    options_.etcd_cert_file = file("etcd-cert.pem");
    options_.etcd_key_file = file("etcd-key.pem");
    options_.etcd_ca_file = file("etcd-ca.pem");
    put_cluster(net::testing::make_pair("localhost"));
    put_etcd(net::testing::make_pair("gateway"));
  }
  std::string file(const std::string& name) const { return folder_.path() + "/" + name; }
  void put(const std::string& name, const std::string& text) {
    std::ofstream(file(name), std::ios::trunc) << text;
  }
  void put_cluster(const net::KeyPair& pair) {
    put("cert.pem", pair.certificate);
    put("key.pem", pair.key);
    put("ca.pem", pair.certificate);
  }
  void put_etcd(const net::KeyPair& pair) {
    put("etcd-cert.pem", pair.certificate);
    put("etcd-key.pem", pair.key);
    put("etcd-ca.pem", pair.certificate);
  }
  std::string fault(const MemberTls* in_force = nullptr) {
    const auto made = read_member_tls(options_, in_force);
    return made ? "" : made.error().message;
  }

  const Folder folder_;
  ClusterOptions options_;
};

TEST_F(MemberTlsTest, HasWhatTheFilesHold) {
  const auto made = read_member_tls(options_);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_TRUE(made->to_members && made->to_etcd);
  ASSERT_EQ(made->port_certificates.size(), 2U);
  EXPECT_EQ(made->port_certificates[0].place, "cluster-cert-file " + file("cert.pem"));
  EXPECT_EQ(made->port_certificates[0].subject, "CN=localhost");
  EXPECT_EQ(made->port_certificates[1].place, "cluster-ca-file " + file("ca.pem"));
  ASSERT_EQ(made->etcd_certificates.size(), 2U);
  EXPECT_EQ(made->etcd_certificates[0].place, "etcd-cert-file " + file("etcd-cert.pem"));
  EXPECT_EQ(made->etcd_certificates[1].place, "etcd-ca-file " + file("etcd-ca.pem"));
  const auto again = read_member_tls(options_, &*made);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->to_members, made->to_members) << "nothing new";
  EXPECT_EQ(again->to_etcd, made->to_etcd);
}

TEST_F(MemberTlsTest, NamesTheFileThatCannotBeUsed) {
  const auto in_force = read_member_tls(options_);
  ASSERT_TRUE(in_force);
  const net::KeyPair good = net::testing::make_pair("localhost");
  const std::string half = good.certificate.substr(0, good.certificate.size() / 2);
  for (const char* cut : {"cert.pem", "ca.pem"}) {
    put_cluster(good);
    for (const std::string& text : {std::string(), half, good.certificate + half}) {
      put(cut, text);
      EXPECT_THAT(fault(&*in_force), HasSubstr(file(cut))) << text;
    }
  }
  put_cluster(good);
  put("key.pem", net::testing::make_pair("localhost").key);
  EXPECT_THAT(fault(&*in_force), HasSubstr("the key does not belong to the certificate"));
  put_cluster(net::testing::make_pair("elsewhere"));
  EXPECT_THAT(fault(&*in_force), HasSubstr("does not name localhost"));
  put_cluster(net::testing::make_pair("localhost", {.end = std::chrono::sys_seconds(86400s)}));
  EXPECT_THAT(fault(&*in_force), HasSubstr("certificate has expired"));
  put_cluster(good);
  EXPECT_EQ(fault(&*in_force), "");
  for (const char* cut : {"etcd-cert.pem", "etcd-ca.pem"}) {
    put_etcd(good);
    put(cut, half);
    EXPECT_THAT(fault(&*in_force), HasSubstr(file(cut)));
  }
  put_etcd(good);
  put("etcd-key.pem", "");
  EXPECT_THAT(fault(&*in_force), HasSubstr(file("etcd-key.pem") + " is empty"));
  put("etcd-key.pem", net::testing::make_pair("gateway").key);
  EXPECT_THAT(fault(&*in_force), HasSubstr("the key does not belong to the certificate"));
}

// Only etcd can say whether it checks the dates of its clients' certificates.
TEST_F(MemberTlsTest, AnExpiredCertificateForEtcdIsNoNewsAndNotTaken) {
  const net::KeyPair old =
      net::testing::make_pair("gateway", {.end = std::chrono::sys_seconds(86400s)});
  const auto good = read_member_tls(options_);
  ASSERT_TRUE(good);
  put_etcd(old);
  EXPECT_THAT(fault(&*good), HasSubstr("has expired: it ended at 1970-01-02T00:00:00Z"));
  const auto expired = read_member_tls(options_);
  ASSERT_TRUE(expired) << "the start asks etcd";
  EXPECT_EQ(fault(&*expired), "");
}

TEST_F(MemberTlsTest, AnEmbeddedStoreNeedsNone) {
  const auto made = read_member_tls(ClusterOptions());
  ASSERT_TRUE(made);
  EXPECT_FALSE(made->to_members || made->to_etcd);
}

}  // namespace
}  // namespace sluice::server_program
