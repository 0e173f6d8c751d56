// SPDX-License-Identifier: Apache-2.0
// The functions of EtcdMedium that read. They block their callers, and not the medium's thread,
// while entries are visited.
#include <algorithm>
#include <utility>

#include "store/etcd/etcd_medium.h"
#include "store/etcd/etcd_parts.h"
#include "store/etcd/page_ranges.h"
#include "store/etcd/requests.h"

namespace sluice::store {
namespace {

constexpr Duration kPassMax = std::chrono::milliseconds(500);  // for the watch behind a take

// After a page that took longer, the pause is as long as the page took, so that etcd has half of
// the time for leases, claims and writes.
constexpr Duration kQuickPage = std::chrono::milliseconds(50);
constexpr Duration kPagePauseMax = std::chrono::milliseconds(500);

}  // namespace

Result<pb::RangeResponse> EtcdMedium::range(const pb::RangeRequest& request) {
  {
    const MutexLock lock(reading_mutex_);
    if (reading_ended_) return fail(ErrorKind::unavailable, "this server stops");
  }
  return thread_.await([&] { return parts_->range(request); });
}

Result<EtcdMedium::ChainEnd> EtcdMedium::end_of(const std::string& ns, std::int64_t at) {
  ChainEnd end;
  if (!Keys::check(ns)) return end;  // no such namespace can be written
  pb::RangeRequest request = range_of(keys_->seq(ns));
  request.set_revision(at);
  SLUICE_TRY(const auto reply, range(request));
  end.at = at != 0 ? at : reply.header().revision();
  if (reply.kvs_size() == 0) return end;
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

Result<void> EtcdMedium::each_entry(std::string from, const std::string& to, std::int64_t revision,
                                    const EachEntry& visit, TimePoint until) {
  PageRanges ranges(std::move(from), to, options_.page_keys_max);
  pb::RangeRequest request;
  request.set_revision(revision);
  while (!ranges.is_done()) {
    ranges.fill(request);
    const TimePoint begin = Clock::now();
    SLUICE_TRY(const auto page, range(request));
    const Duration took = Clock::now() - begin;
    for (const auto& kv : page.kvs()) {
      if (!visit(kv)) return {};
    }
    ranges.note(page);
    if (ranges.is_done()) return {};
    if (Clock::now() >= until) return fail(ErrorKind::timed_out, "etcd has not given all in time");
    if (took > kQuickPage) rest(std::min(took, kPagePauseMax));
  }
  return {};
}

// Only the end of the reads ends the pause early.
void EtcdMedium::rest(Duration pause) {
  const TimePoint end = Clock::now() + pause;
  const MutexLock lock(reading_mutex_);
  while (!reading_ended_ && Clock::now() < end) reading_end_.wait_until(reading_mutex_, end);
}

void EtcdMedium::end_reads() {
  const MutexLock lock(reading_mutex_);
  reading_ended_ = true;
  reading_end_.notify_all();
}

Result<Version> EtcdMedium::version(const std::string& ns) {
  SLUICE_TRY(const ChainEnd end, end_of(ns));
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
    SLUICE_CHECK(each_entry(prefix, end_of_prefix(prefix), end.at, read, until));
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
  SLUICE_TRY(ChainEnd end, end_of(ns));
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
  SLUICE_TRY(ChainEnd end, end_of(ns, at));
  pb::RangeRequest request = range_of(keys_->owner(ns));
  request.set_revision(end.at);
  SLUICE_TRY(const auto owner, range(request));
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
  if (!state) {  // that revision may be compacted
    thread_.run([&] { parts_->observer(ns).forget_resume(); });
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
  SLUICE_TRY(const ChainEnd end, end_of(ns));
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
  SLUICE_CHECK(each_first_key(from, to, [&](const std::string& key) -> Result<std::string> {
    const auto epoch = Epoch::parse(std::string_view(key).substr(at, key.find('/', at) - at));
    if (!epoch) return key + '\0';
    epochs.push_back(*epoch);
    return end_of_prefix(keys_->epoch(ns, *epoch));
  }));
  return epochs;
}

Result<void> EtcdMedium::each_first_key(std::string from, const std::string& to,
                                        const FirstKey& visit) {
  PageRanges ranges(std::move(from), to, 1);
  pb::RangeRequest request;
  request.set_keys_only(true);
  while (!ranges.is_done()) {
    ranges.fill(request);
    SLUICE_TRY(const auto first, range(request));
    ranges.note(first);
    if (first.kvs_size() == 0) continue;
    SLUICE_TRY(std::string next, visit(first.kvs(0).key()));
    ranges.go_on_at(std::move(next));
  }
  return {};
}

Result<void> EtcdMedium::each_namespace(const EachNamespace& visit) {
  const std::string all = keys_->all_data();
  return each_first_key(all, end_of_prefix(all),
                        [&](const std::string& key) -> Result<std::string> {
                          const auto ns = keys_->namespace_of(key);
                          if (!ns) return key + '\0';
                          SLUICE_CHECK(visit(*ns));
                          return end_of_prefix(keys_->data(*ns));
                        });
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
  SLUICE_TRY(const ChainEnd end, end_of(ns));
  Page page;
  if (end.revision == 0) return page;
  const std::string epoch = keys_->epoch(ns, end.seq.epoch);
  const bool from_begin = after.empty() || after < prefix;
  const std::string from = from_begin ? std::string(prefix) : std::string(after) + '\0';
  std::size_t bytes = 0;
  const std::string to = end_of_prefix(epoch + std::string(prefix));
  SLUICE_CHECK(each_entry(epoch + from, to, end.at, [&](const pb::KeyValue& kv) {
    page.more = page.entries.size() >= limit || bytes >= kPageBytesMax;
    if (page.more) return false;
    page.entries.push_back({kv.key().substr(epoch.size()), kv.value()});
    bytes += kv.key().size() + kv.value().size();
    return true;
  }));
  return page;
}

Result<Version> EtcdMedium::scan(const std::string& ns, std::string_view prefix,
                                 const Store::Visit& visit) {
  SLUICE_TRY(const ChainEnd end, end_of(ns));
  if (end.revision == 0) return end.seq.version;
  const std::string epoch = keys_->epoch(ns, end.seq.epoch);
  const std::string from = epoch + std::string(prefix);
  SLUICE_CHECK(each_entry(from, end_of_prefix(from), end.at, [&](const pb::KeyValue& kv) {
    return visit(std::string_view(kv.key()).substr(epoch.size()), kv.value());
  }));
  return end.seq.version;
}

Result<std::uint64_t> EtcdMedium::count(const std::string& ns, std::string_view prefix) {
  SLUICE_TRY(const ChainEnd end, end_of(ns));
  if (end.revision == 0) return 0;
  pb::RangeRequest request = range_of_prefix(keys_->epoch(ns, end.seq.epoch) + std::string(prefix));
  request.set_count_only(true);
  request.set_revision(end.at);
  SLUICE_TRY(const auto reply, range(request));
  return static_cast<std::uint64_t>(reply.count());
}

}  // namespace sluice::store
