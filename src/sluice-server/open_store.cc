// SPDX-License-Identifier: Apache-2.0
#include "sluice-server/open_store.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "base/file.h"
#include "base/text.h"
#include "sluice-server/process.h"
#include "sluice-server/say.h"
#include "store/etcd/try_etcd.h"

namespace sluice::server_program {
namespace {

// A look-up may take long, and etcd may elect a leader.
constexpr Duration kAnswerPatience = std::chrono::seconds(20);
constexpr Duration kPauseMin = std::chrono::seconds(1);
constexpr Duration kPauseMax = std::chrono::seconds(10);
constexpr Duration kLook = std::chrono::milliseconds(50);
// Of the service manager's patience, from each try on.
constexpr const char* kMorePatience = "EXTEND_TIMEOUT_USEC=60000000\n";

// True if a later try may succeed.
bool may_heal(const Error& error) {
  return error.kind == ErrorKind::unavailable || error.kind == ErrorKind::timed_out ||
         error.kind == ErrorKind::closed;
}

void say_waiting(const Error& error, Duration pause, const Logger& logger) {
  const std::string text =
      "waiting for etcd: " + error.message + "; the next try is in " + format_duration(pause);
  logger.warn(text);
  say("sluice-server: " + text);
  notify_service_manager(kMorePatience + std::string("STATUS=") + text);
}

bool sleep_unless(const std::function<bool()>& given_up, Duration pause) {
  const TimePoint end = Clock::now() + pause;
  while (Clock::now() < end) {
    if (given_up()) return false;
    std::this_thread::sleep_for(kLook);
  }
  return !given_up();
}

Result<std::unique_ptr<store::Store>> open_on_etcd(const store::EtcdOptions& options,
                                                   unsigned cores, const Logger& logger,
                                                   const std::function<bool()>& given_up) {
  Duration pause = kPauseMin;
  while (true) {
    auto store = store::open_etcd_store(options, cores, logger);
    if (store) {
      logger.info("member " + options.member + " of the cluster " + options.cluster + " on etcd");
      if (options.address.empty()) {
        logger.warn(
            "no cluster-addr: other members cannot hand requests over to this one, which fail "
            "while "
            "it owns their data");
      }
      return store;
    }
    if (!may_heal(store.error())) {
      return fail(store.error().kind, "store etcd: " + store.error().message);
    }
    say_waiting(store.error(), pause, logger);
    if (!sleep_unless(given_up, pause)) return nullptr;
    pause = std::min(pause * 2, kPauseMax);
  }
}

// The cluster of which this data directory was a member: its name, prefix and id, a line each. An
// operator who gives another name or prefix wants another cluster.
class KnownCluster {
 public:
  KnownCluster(const Options& options, const store::EtcdOptions& its)
      : file_(options.path_of(options.data_dir) + "/cluster"),
        head_(its.cluster + "\n" + its.prefix + "\n") {}
  // "": none.
  [[nodiscard]] std::string id() const {
    constexpr std::size_t kFileBytesMax = 4096;
    const auto text = read_file(file_, kFileBytesMax);
    if (!text || !text->starts_with(head_)) return {};
    std::string id = text->substr(head_.size());
    id.resize(std::min(id.find('\n'), id.size()));
    return id;
  }
  [[nodiscard]] Result<void> keep(const std::string& id) const {
    return replace_file(file_, head_ + id + "\n");
  }

 private:
  const std::string file_;
  const std::string head_;
};

// "shop/" means the same as "shop".
std::string prefix_of(const ClusterOptions& options) {
  std::string prefix = options.etcd_prefix;
  while (prefix.ends_with('/')) prefix.pop_back();
  return prefix;
}

// Of store_identity().
std::string cluster_part(const ClusterOptions& options) {
  return ", cluster " + options.cluster_name + " in ";
}
std::string prefix_part(const ClusterOptions& options) {
  return "prefix " + prefix_of(options) + ", ";
}
std::string member_part(const Options& options) { return "member " + options.name; }

}  // namespace

store::EtcdOptions etcd_options(const Options& options, const MemberTls& tls) {
  const ClusterOptions& given = options.cluster;
  store::EtcdOptions its;
  its.endpoints = given.etcd_endpoints;
  its.tls = tls.to_etcd;
  its.password = tls.etcd_password;
  its.user = given.etcd_user;
  its.prefix = prefix_of(given);
  its.cluster = given.cluster_name;
  its.member = options.name;
  its.address = given.cluster_addr;
  its.version = SLUICE_VERSION;
  its.zone = given.zone;
  its.member_ttl = given.member_ttl;
  its.owner_wait = given.owner_wait;
  return its;
}

Result<std::unique_ptr<store::Store>> open_store(const Options& options, const MemberTls& tls,
                                                 unsigned cores, const Logger& logger,
                                                 store::AskOwner ask_owner,
                                                 store::ReachMember reach_member,
                                                 const std::function<bool()>& given_up,
                                                 std::shared_ptr<backend::AddressBook> addresses) {
  if (!options.cluster.on_etcd()) {
    return store::open_embedded_store(
        options.path_of(options.data_dir), cores, logger, {},
        options.durability == "process" ? store::Durability::process : store::Durability::disk,
        {.required = options.require_store, .accept_older = options.accept_older_store});
  }
  store::EtcdOptions its = etcd_options(options, tls);
  its.ask_owner = std::move(ask_owner);
  its.reach_member = std::move(reach_member);
  const KnownCluster known(options, its);
  its.expected.exists = options.require_store;
  const std::string before = known.id();
  if (!options.accept_older_store) its.expected.id = before;
  std::string joined;
  its.given_up = given_up;
  its.addresses = std::move(addresses);
  its.on_joined = [&joined](const std::string& id) { joined = id; };
  SLUICE_TRY(auto store, open_on_etcd(its, cores, logger, given_up));
  if (store != nullptr && joined != before) SLUICE_CHECK(known.keep(joined));
  return store;
}

Result<void> await_answer_of_store(const Options& options, const MemberTls& tls,
                                   std::shared_ptr<backend::AddressBook> addresses) {
  if (!options.cluster.on_etcd()) return {};
  store::EtcdOptions its = etcd_options(options, tls);
  its.addresses = std::move(addresses);
  return store::try_etcd(its, kAnswerPatience);
}

Result<std::optional<DirectoryLocks>> lock_directories(const Options& options) {
  std::optional<store::DirectoryLock> data;
  if (options.cluster.on_etcd()) {
    SLUICE_TRY(data, store::DirectoryLock::take(options.path_of(options.data_dir)));
  }
  SLUICE_TRY(auto home, store::DirectoryLock::take_home(options.home_dir));
  return DirectoryLocks{std::move(home), std::move(data)};
}

std::string store_identity(const Options& options) {
  const ClusterOptions& cluster = options.cluster;
  if (!cluster.on_etcd()) return "embedded";
  return "etcd" + cluster_part(cluster) + prefix_part(cluster) + member_part(options);
}

std::string changed_store_options(const Options& options, const std::string& before) {
  const bool was_on_etcd = before != "embedded";
  if (options.cluster.on_etcd() != was_on_etcd) return "store";
  std::string changed;
  const auto look = [&](const char* key, const std::string& part) {
    if (!before.contains(part)) changed += (changed.empty() ? "" : ", ") + std::string(key);
  };
  look("cluster-name", cluster_part(options.cluster));
  look("etcd-prefix", prefix_part(options.cluster));
  look("name", member_part(options));
  return changed;
}

}  // namespace sluice::server_program
