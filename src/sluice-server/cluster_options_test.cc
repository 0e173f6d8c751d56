// SPDX-License-Identifier: Apache-2.0
// Covers: cluster_options.cc, easegress_options.cc, inner_etcd.cc, open_store.cc
#include "sluice-server/cluster_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "sluice-server/command_line.h"
#include "sluice-server/easegress_options.h"
#include "sluice-server/flags.h"
#include "sluice-server/open_store.h"

namespace sluice::server_program {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

class ClusterOptionsTest : public testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove(file_); }

  // "" or the error with all its details.
  std::string read(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "sluice-server");
    auto options = read_options(arguments);
    if (options) {
      options_ = *std::move(options);
      return "";
    }
    std::string text = options.error().message;
    for (const std::string& line : options.error().details) text += "\n" + line;
    return text;
  }
  std::string read_file(const std::string& text, std::vector<std::string> arguments = {}) {
    std::ofstream(file_) << text;
    arguments.insert(arguments.end(), {"--config-file", file_});
    return read(std::move(arguments));
  }
  std::string on_etcd(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--store", "etcd", "--etcd-endpoints", "10.0.0.1:2379"});
    return read(std::move(arguments));
  }

  Options options_;
  const std::string file_ =
      testing::TempDir() + "cluster_options_test_" + std::to_string(::getpid());
};

TEST_F(ClusterOptionsTest, FlagsVariablesAndFile) {
  EXPECT_EQ(read({}), "");
  EXPECT_FALSE(options_.cluster.on_etcd());
  ::setenv("EG_ETCD_PREFIX", "shop/prod", 1);
  EXPECT_EQ(read_file("{store: etcd, member-ttl: 5s, bind-address: 127.0.0.2, cluster-name: shop}",
                      {"--etcd-endpoints", "etcd-1:2379,https://etcd-2:2379"}),
            "");
  ::unsetenv("EG_ETCD_PREFIX");
  EXPECT_TRUE(options_.cluster.on_etcd());
  EXPECT_THAT(options_.cluster.etcd_endpoints, ElementsAre("etcd-1:2379", "https://etcd-2:2379"));
  EXPECT_EQ(options_.cluster.etcd_prefix, "shop/prod");
  EXPECT_EQ(options_.cluster.cluster_name, "shop");
  EXPECT_EQ(options_.cluster.member_ttl, Duration(5s));
  EXPECT_EQ(options_.bind_address, "127.0.0.2");
}

TEST_F(ClusterOptionsTest, EtcdNeedsEndpointsAndTheEmbeddedStoreTakesNone) {
  EXPECT_THAT(read({"--store", "etcd"}), HasSubstr("etcd-endpoints: is needed with store etcd"));
  EXPECT_THAT(read({"--store", "redis"}), HasSubstr("--store"));
  EXPECT_THAT(read({"--etcd-endpoints", "a:1"}), HasSubstr("etcd-endpoints: is given, and store"));
  EXPECT_THAT(read({"--cluster-addr", "a:1"}), HasSubstr("cluster-addr: is given, and store"));
  EXPECT_THAT(on_etcd({"--durability", "process"}), HasSubstr("durability: is of the embedded"));
  EXPECT_EQ(on_etcd({"--require-store", "--accept-older-store"}), "");
}

TEST_F(ClusterOptionsTest, WhatBelongsTogether) {
  EXPECT_EQ(on_etcd({"--etcd-cert-file", "c", "--etcd-key-file", "k", "--etcd-ca-file", "a"}), "");
  EXPECT_THAT(on_etcd({"--etcd-cert-file", "c"}), HasSubstr("etcd-key-file: is missing"));
  EXPECT_THAT(on_etcd({"--etcd-key-file", "k"}), HasSubstr("etcd-cert-file: is missing"));
  EXPECT_THAT(on_etcd({"--etcd-user", "u"}), HasSubstr("etcd-password-file: is needed"));
  EXPECT_THAT(on_etcd({"--etcd-password-file", "p"}), HasSubstr("etcd-user: is needed"));
  EXPECT_THAT(
      read({"--store", "etcd", "--etcd-endpoints", "a:1,http://b:1", "--etcd-ca-file", "a"}),
      HasSubstr("etcd-endpoints[1]: is http://"));
  EXPECT_THAT(on_etcd({"--cluster-addr", "127.0.0.1:1", "--cluster-key-file", "k"}),
              HasSubstr("cluster-ca-file: is missing"));
  EXPECT_THAT(on_etcd({"--cluster-ca-file", "c"}), HasSubstr("cluster-addr: is needed"));
}

TEST_F(ClusterOptionsTest, Limits) {
  EXPECT_THAT(on_etcd({"--member-ttl", "1500ms"}),
              HasSubstr("member-ttl: is not in whole seconds"));
  EXPECT_THAT(on_etcd({"--member-ttl", "0s"}), HasSubstr("member-ttl"));
  EXPECT_THAT(on_etcd({"--etcd-prefix", std::string(65, 'p')}), HasSubstr("etcd-prefix"));
  for (const char* prefix : {"", "/"})
    EXPECT_THAT(on_etcd({"--etcd-prefix", prefix}), HasSubstr("etcd-prefix: is empty"));
  EXPECT_THAT(on_etcd({"--cluster-name", "a/b"}), HasSubstr("cluster-name"));
  for (const char* address : {"0.0.0.0:2390", "[::]:2390"})
    EXPECT_THAT(on_etcd({"--cluster-addr", address}), HasSubstr("other members cannot reach"));
  EXPECT_THAT(read({"--bind-address", "localhost"}),
              HasSubstr("bind-address: \"localhost\" is not"));
}

TEST_F(ClusterOptionsTest, AClusterPortThatOthersCanReachNeedsMutualTls) {
  ClusterOptions options;
  const auto fault = [&options] {
    const auto settings = cluster_port_settings(options);
    return settings ? "" : settings.error().message;
  };
  EXPECT_FALSE(*cluster_port_settings(options));
  options.cluster_addr = "127.0.0.2:2390";
  const auto local = cluster_port_settings(options);
  ASSERT_TRUE(local && *local);
  EXPECT_EQ((*local)->address, "127.0.0.2");
  EXPECT_EQ((*local)->port, 2390);
  options.cluster_addr = "192.0.2.1:2390";
  EXPECT_THAT(fault(), HasSubstr("cluster-addr: 192.0.2.1:2390 is not loopback"));
  options.cluster_cert_file = file_;
  EXPECT_EQ(fault(), "");
  options.cluster_addr = "0.0.0.0:2390";
  EXPECT_THAT(fault(), HasSubstr("cannot reach 0.0.0.0"));
}

TEST_F(ClusterOptionsTest, TheStoreGetsWhatTheFilesSay) {
  std::ofstream(file_) << "secret\n";
  ASSERT_EQ(on_etcd({"--etcd-user", "u", "--etcd-password-file", file_, "--name", "one",
                     "--cluster-addr", "127.0.0.1:2390"}),
            "");
  const auto tls = read_member_tls(options_.cluster);
  ASSERT_TRUE(tls) << tls.error().message;
  const auto its = etcd_options(options_, *tls);
  EXPECT_EQ(its.password.text(), "secret");
  EXPECT_EQ(its.member, "one");
  EXPECT_EQ(its.address, "127.0.0.1:2390");
  EXPECT_EQ(its.version, SLUICE_VERSION);
  EXPECT_EQ(its.tls, nullptr);
  std::ofstream(file_, std::ios::trunc).close();
  EXPECT_THAT(read_member_tls(options_.cluster).error().message, HasSubstr("etcd-password-file: "));
  ASSERT_EQ(on_etcd({"--etcd-ca-file", "/nowhere/ca.pem"}), "");
  EXPECT_THAT(read_member_tls(options_.cluster).error().message,
              HasSubstr("etcd-ca-file: /nowhere"));
}

TEST_F(ClusterOptionsTest, AHotRestartComparesTheStores) {
  const Options embedded;
  EXPECT_EQ(store_identity(embedded), "embedded");
  Options one;
  one.cluster.store = "etcd";
  Options two = one;
  two.cluster.etcd_endpoints = {"elsewhere:2379"};
  EXPECT_EQ(store_identity(one), store_identity(two));
  two.cluster.etcd_prefix = "other";
  EXPECT_NE(store_identity(one), store_identity(two));
  two = one;
  two.name = "two";
  EXPECT_NE(store_identity(one), store_identity(two));
}

TEST_F(ClusterOptionsTest, AFileOfASingleEasegressIsAccepted) {
  EXPECT_EQ(read_file(R"(
name: machine-1
cluster-name: cluster-001
cluster-role: primary
cluster:
  listen-client-urls: [http://127.0.0.1:2379]
  advertise-client-urls: [http://127.0.0.1:2379]
  listen-peer-urls: [http://127.0.0.1:2380]
  initial-advertise-peer-urls: [http://127.0.0.1:2380]
  initial-cluster: {machine-1: http://127.0.0.1:2380}
api-addr: 127.0.0.1:2381
data-dir: ./data
debug: false
)"),
            "");
  EXPECT_EQ(options_.cluster.cluster_name, "cluster-001");
  EXPECT_FALSE(options_.cluster.on_etcd());
}

// As Easegress publishes them.
TEST_F(ClusterOptionsTest, EmptyOptionsOfEasegressSayNothing) {
  EXPECT_EQ(read_file(R"(
name: primary-single
cluster-role: primary
cluster:
  initial-cluster:
   - primary-single: http://localhost:2380
wal-dir: ""
cpu-profile-file:
memory-profile-file:
)"),
            "");
  EXPECT_FALSE(options_.cluster.on_etcd());
  EXPECT_THAT(read_file("cluster: {initial-cluster: [a, b]}"),
              HasSubstr("cluster.initial-cluster: must be a map"));
}

// A gateway alone would admit as many as the whole cluster.
TEST_F(ClusterOptionsTest, AClusterOfEasegressIsOneOnEtcd) {
  EXPECT_EQ(read_file(R"(
cluster:
  advertise-client-urls: [http://10.0.0.2:2379/]
  initial-cluster:
   - a: http://10.0.0.1:2380
   - b: http://10.0.0.2:2380
)"),
            "");
  EXPECT_TRUE(options_.cluster.on_etcd());
  EXPECT_THAT(options_.cluster.etcd_endpoints,
              ElementsAre("http://10.0.0.2:2379", "http://10.0.0.1:2379"));
  EXPECT_EQ(read_file("{cluster-role: secondary, cluster: {primary-listen-peer-urls: "
                      "['http://10.0.0.1:2380']}}"),
            "");
  EXPECT_THAT(options_.cluster.etcd_endpoints, ElementsAre("http://10.0.0.1:2379"));
  EXPECT_EQ(read_file("{use-standalone-etcd: true, cluster: {advertise-client-urls: "
                      "['http://10.0.0.9:2379']}}"),
            "");
  EXPECT_THAT(options_.cluster.etcd_endpoints, ElementsAre("http://10.0.0.9:2379"));
}

TEST_F(ClusterOptionsTest, OlderSpellingsOfAClusterOfEasegress) {
  const std::string own = R"(
cluster-advertise-client-urls: [http://10.0.0.1:2379]
cluster-initial-advertise-peer-urls: [http://10.0.0.1:2380]
)";
  EXPECT_EQ(read_file(own + "cluster-join-urls: [http://10.0.0.1:2380]\n"), "");
  EXPECT_FALSE(options_.cluster.on_etcd());
  EXPECT_EQ(read_file(own + "cluster-join-urls: [http://10.0.0.1:2380, http://10.0.0.2:2380]\n"),
            "");
  EXPECT_THAT(options_.cluster.etcd_endpoints,
              ElementsAre("http://10.0.0.1:2379", "http://10.0.0.2:2379"));
  EXPECT_EQ(read_file("{cluster-client-url: 'http://a:2379', cluster-peer-url: 'http://a:2380', "
                      "cluster-join-urls: }"),
            "");
  EXPECT_FALSE(options_.cluster.on_etcd());
}

TEST_F(ClusterOptionsTest, TheStoreOfTheFileCounts) {
  const std::string two = "cluster: {initial-cluster: {a: 'http://a:1', b: 'http://b:1'}}\n";
  EXPECT_EQ(read_file(two + "store: etcd\netcd-endpoints: [c:2379]\n"), "");
  EXPECT_THAT(options_.cluster.etcd_endpoints, ElementsAre("c:2379"));
  EXPECT_EQ(read_file(two + "store: embedded\n"), "");
  EXPECT_FALSE(options_.cluster.on_etcd());
}

TEST_F(ClusterOptionsTest, WhatHasNoEffectIsNoted) {
  config::Faults faults;
  auto file = config::parse_document("{member-dir: ./member, wal-dir: \"\", name: a}");
  ASSERT_TRUE(file);
  const auto notes = take_easegress_options(*file, faults);
  EXPECT_THAT(notes, ElementsAre(HasSubstr("member-dir has no effect")));
  EXPECT_TRUE(faults.empty());
  EXPECT_EQ(file->members.size(), 1U);
}

TEST_F(ClusterOptionsTest, FlagsOfEasegressHaveAdvice) {
  EXPECT_THAT(advice_for_flag("--initial-cluster=a=b"), HasSubstr("Sluice has no etcd inside"));
  EXPECT_THAT(advice_for_flag("--cluster-role"), HasSubstr("leave it out"));
  EXPECT_EQ(advice_for_flag("--nothing"), "");
  EXPECT_EQ(advice_for_flag("cluster-role"), "");
}

TEST_F(ClusterOptionsTest, WrongOptionsOfEasegressAreRefused) {
  EXPECT_THAT(read_file("cluster: {listen-urls: []}"),
              HasSubstr("cluster.listen-urls: is unknown"));
  EXPECT_THAT(read_file("cluster-role: king"), HasSubstr("cluster-role: \"king\" is not one of"));
  const std::string many = read_file("{disable-access: true, worker: 1}");
  EXPECT_THAT(many, HasSubstr("disable-access: is disable-access-log here"));
  EXPECT_THAT(many, HasSubstr("worker: is unknown, did you mean \"workers\"?"));
}

}  // namespace
}  // namespace sluice::server_program
