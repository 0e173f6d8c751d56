// SPDX-License-Identifier: Apache-2.0
// The functions of EtcdMedium that read. They block their callers, and not the medium's thread,
// while entries are visited.
#include <algorithm>
#include <utility>

#include "store/etcd/etcd_medium.h"
#include "store/etcd/etcd_parts.h"
#include "store/etcd/requests.h"

namespace sluice::store {
namespace {

constexpr Duration kPassMax = std::chrono::milliseconds(500);  // for the watch behind a take

}  // namespace

using Tries = PagedReads::Tries;

Result<EtcdMedium::ChainEnd> EtcdMedium::end_of(const std::string& ns, Tries tries, std::int64_t at,
                                                TimePoint until) {
  ChainEnd end;
  if (!Keys::check(ns)) return end;  // no such namespace can be written
  pb::RangeRequest request = range_of(keys_->seq(ns));
  request.set_revision(at);
  SLUICE_TRY(const auto reply, reads_->range(request, tries, until));
  end.at = at != 0 ? at : reply.header().revision();
  if (reply.kvs_size() == 0) {
    SLUICE_CHECK(confirm_cluster());
    return end;
  }
  auto seq = Seq::decode(reply.kvs(0).value());
  if (!seq) {
    return fail(seq.error().kind,
                "the key `" + keys_->seq(ns) + "` in etcd is " + seq.error().message);
  }
  end.seq = std::move(*seq);
  end.revision = reply.kvs(0).mod_revision();
  end.puts = reply.kvs(0).version();
  return end;
}

void EtcdMedium::end_reads() { reads_->end(); }

Result<Version> EtcdMedium::version(const std::string& ns) {
  SLUICE_TRY(const ChainEnd end, end_of(ns, Tries::one));
  return end.seq.version;
}

Result<Contents> EtcdMedium::read_contents(const std::string& ns, const ChainEnd& end,
                                           TimePoint until, const Visit& visit) {
  Contents contents(thread_.run([&] { return Hash(parts_->context.cluster.secret); }));
  const std::string prefix = keys_->epoch(ns, end.seq.epoch);
  if (end.revision != 0) {
    const auto read = [&](const pb::KeyValue& kv) {
      const std::string_view key = std::string_view(kv.key()).substr(prefix.size());
      visit(key, kv.value());
      contents.apply(contents.put(key, kv.value()));
      return true;
    };
    SLUICE_CHECK(reads_->each_entry({.from = prefix,
                                     .to = end_of_prefix(prefix),
                                     .revision = end.at,
                                     .tries = Tries::many,
                                     .until = until,
                                     .ns = ns,
                                     .stem = prefix.size()},
                                    read));
  }
  if (contents.checksum() != end.seq.checksum) {
    return fail(ErrorKind::internal,
                "the data of " + ns +
                    " in etcd is not as Sluice has written it: another program "
                    "has changed keys under `" +
                    prefix + "`. Delete the keys of the other program");
  }
  return contents;
}

Result<Version> EtcdMedium::load(const std::string& ns, const Visit& visit) {
  SLUICE_TRY(ChainEnd end, end_of(ns, Tries::many));
  const auto its = thread_.run([&] { return parts_->tenure(ns); });
  SLUICE_TRY(Contents contents, read_contents(ns, end, TimePoint::max(), visit));
  const Version version = end.seq.version;
  if (!its) return version;
  SLUICE_TRY(auto dead, dead_epochs(ns, end));
  Tenure::ChainState state{std::move(end.seq), end.revision, std::move(contents), std::move(dead)};
  thread_.run([&] { its->install(std::move(state)); });
  return version;
}

Result<Observer::State> EtcdMedium::read_state(const std::string& ns, std::int64_t at,
                                               TimePoint until, const Visit& visit) {
  SLUICE_TRY(ChainEnd end, end_of(ns, Tries::many, at, until));
  pb::RangeRequest request = range_of(keys_->owner(ns));
  request.set_revision(end.at);
  SLUICE_TRY(const auto owner, reads_->range(request, Tries::many, until));
  SLUICE_TRY(Contents contents, read_contents(ns, end, until, visit));
  const auto lowest = owner.kvs_size() == 0 ? end.at + 1 : owner.kvs(0).create_revision();
  return Observer::State{.seq = std::move(end.seq),
                         .puts = end.puts,
                         .changed = end.revision,
                         .revision = end.at,
                         .lowest_fence = static_cast<Fence>(lowest),
                         .contents = std::move(contents)};
}

Result<Medium::Followed> EtcdMedium::follow(const std::string& ns, TimePoint until,
                                            const Visit& visit) {
  const std::int64_t at = thread_.run([&] { return parts_->observer(ns).resume_at(); });
  auto state = read_state(ns, at, until, visit);
  if (!state) {
    const ErrorKind kind = state.error().kind;
    const bool may_be_compacted = kind != ErrorKind::timed_out && kind != ErrorKind::unavailable;
    if (may_be_compacted) thread_.run([&] { parts_->observer(ns).forget_resume(); });
    return std::unexpected(std::move(state.error()));
  }
  Followed followed{.version = state->seq.version, .limit = state->seq.limit_state()};
  followed.following = thread_.run([&] { return parts_->observer(ns).begin(std::move(*state)); });
  return followed;
}

Result<std::optional<Version>> EtcdMedium::own_followed(const std::string& ns, Following following,
                                                        Fence fence) {
  auto state = thread_.await(
      [&] { return parts_->observer(ns).give(following, fence, Clock::now() + kPassMax); });
  const auto its = thread_.run([&] { return parts_->tenure(ns); });
  if (!state || !its || its->fence() != fence) return std::nullopt;
  SLUICE_TRY(const ChainEnd end, end_of(ns, Tries::many));
  if (end.revision == 0 || end.revision != state->changed) return std::nullopt;
  SLUICE_TRY(auto dead, dead_epochs(ns, end));
  const Version version = end.seq.version;
  Tenure::ChainState owned{end.seq, end.revision, std::move(state->contents), std::move(dead)};
  thread_.run([&] { its->install(std::move(owned)); });
  return version;
}

Result<std::vector<Epoch>> EtcdMedium::dead_epochs(const std::string& ns, const ChainEnd& end) {
  const std::string all = keys_->epochs(ns);
  const std::string living = keys_->epoch(ns, end.seq.epoch);  // etcd is not to go through it
  SLUICE_TRY(auto dead, epochs_between(ns, all, living));
  SLUICE_TRY(const auto behind, epochs_between(ns, end_of_prefix(living), end_of_prefix(all)));
  dead.insert(dead.end(), behind.begin(), behind.end());
  return dead;
}

Result<std::vector<Epoch>> EtcdMedium::epochs_between(const std::string& ns,
                                                      const std::string& from,
                                                      const std::string& to) {
  std::vector<Epoch> epochs;
  const std::size_t at = keys_->epochs(ns).size();
  const auto read = [&](const std::string& key) -> Result<std::string> {
    const auto epoch = Epoch::parse(std::string_view(key).substr(at, key.find('/', at) - at));
    if (!epoch) return key + '\0';
    epochs.push_back(*epoch);
    return end_of_prefix(keys_->epoch(ns, *epoch));
  };
  SLUICE_CHECK(reads_->each_first_key({.from = from, .to = to, .tries = Tries::many}, read));
  return epochs;
}

// Nothing is not the same as no data: a backup of keys that were removed would have none.
Result<void> EtcdMedium::confirm_cluster() {
  return thread_.await([this] { return parts_->membership.confirm_cluster(); });
}

Result<void> EtcdMedium::each_namespace(const EachNamespace& visit) {
  SLUICE_CHECK(confirm_cluster());
  const std::string all = keys_->all_data();
  const auto read = [&](const std::string& key) -> Result<std::string> {
    const auto ns = keys_->namespace_of(key);
    if (!ns) return key + '\0';
    SLUICE_CHECK(visit(*ns));
    return end_of_prefix(keys_->data(*ns));
  };
  return reads_->each_first_key({.from = all, .to = end_of_prefix(all)}, read);
}

Result<std::vector<std::string>> EtcdMedium::namespaces() {
  std::vector<std::string> names;
  SLUICE_CHECK(each_namespace([&](const std::string& ns) -> Result<void> {
    SLUICE_TRY(const Version written, version(ns));
    if (written > 0) names.push_back(ns);
    return {};
  }));
  std::ranges::sort(names);
  return names;
}

Result<Page> EtcdMedium::list(const std::string& ns, std::string_view prefix,
                              std::string_view after, std::size_t limit) {
  SLUICE_TRY(const ChainEnd end, end_of(ns, Tries::some));
  Page page;
  if (end.revision == 0) return page;
  const std::string epoch = keys_->epoch(ns, end.seq.epoch);
  const bool from_begin = after.empty() || after < prefix;
  const std::string from = from_begin ? std::string(prefix) : std::string(after) + '\0';
  std::size_t bytes = 0;
  const std::string to = end_of_prefix(epoch + std::string(prefix));
  const auto read = [&](const pb::KeyValue& kv) {
    page.more = page.entries.size() >= limit || bytes >= kPageBytesMax;
    if (page.more) return false;
    page.entries.push_back({kv.key().substr(epoch.size()), kv.value()});
    bytes += kv.key().size() + kv.value().size();
    return true;
  };
  SLUICE_CHECK(reads_->each_entry({.from = epoch + from,
                                   .to = to,
                                   .revision = end.at,
                                   .tries = Tries::many,
                                   .ns = ns,
                                   .stem = epoch.size()},
                                  read));
  return page;
}

Result<Version> EtcdMedium::scan(const std::string& ns, std::string_view prefix,
                                 const Store::Visit& visit) {
  SLUICE_TRY(const ChainEnd end, end_of(ns, Tries::some));
  if (end.revision == 0) return end.seq.version;
  const std::string epoch = keys_->epoch(ns, end.seq.epoch);
  const std::string from = epoch + std::string(prefix);
  const auto read = [&](const pb::KeyValue& kv) {
    return visit(std::string_view(kv.key()).substr(epoch.size()), kv.value());
  };
  SLUICE_CHECK(reads_->each_entry({.from = from,
                                   .to = end_of_prefix(from),
                                   .revision = end.at,
                                   .tries = Tries::many,
                                   .ns = ns,
                                   .stem = epoch.size()},
                                  read));
  return end.seq.version;
}

Result<std::uint64_t> EtcdMedium::count(const std::string& ns, std::string_view prefix) {
  SLUICE_TRY(const ChainEnd end, end_of(ns, Tries::some));
  if (end.revision == 0) return 0;
  pb::RangeRequest request = range_of_prefix(keys_->epoch(ns, end.seq.epoch) + std::string(prefix));
  request.set_count_only(true);
  request.set_revision(end.at);
  SLUICE_TRY(const auto reply, reads_->range(request, Tries::many));
  return static_cast<std::uint64_t>(reply.count());
}

}  // namespace sluice::store
