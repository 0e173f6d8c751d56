// SPDX-License-Identifier: Apache-2.0
// The functions of EtcdMedium about the members of the cluster and their ownerships. They block
// their callers.
#include <algorithm>
#include <utility>

#include "store/etcd/etcd_medium.h"
#include "store/etcd/etcd_parts.h"
#include "store/etcd/requests.h"

namespace sluice::store {

Result<std::vector<Store::Member>> EtcdMedium::members() {
  const RandomId me = thread_.run([this] { return parts_->context.me.incarnation; });
  const std::string all = keys_->members();
  std::vector<Store::Member> members;
  const auto read = [&](const pb::KeyValue& kv) {
    auto record = MemberRecord::decode(kv.value());
    if (!record) return true;
    members.push_back({.name = std::move(record->name),
                       .incarnation = record->incarnation.text(),
                       .address = std::move(record->address),
                       .version = std::move(record->version),
                       .zone = std::move(record->zone),
                       .me = record->incarnation == me});
    return true;
  };
  SLUICE_CHECK(reads_->each_entry({.from = all, .to = end_of_prefix(all)}, read));
  std::ranges::sort(members, {}, &Store::Member::name);
  return members;
}

Result<void> EtcdMedium::purge_member(const std::string& name) {
  return thread_.await([&] { return parts_->membership.purge(name); });
}

void EtcdMedium::set_note(const std::string& key, std::optional<std::string> value) {
  thread_.run([&] { parts_->notes.set(key, std::move(value)); });
}

Result<std::vector<Store::Note>> EtcdMedium::notes(std::string_view prefix) {
  const std::string all = keys_->notes(prefix);
  std::vector<Store::Note> notes;
  const auto read = [&](const pb::KeyValue& kv) {
    auto name = keys_->note_of(kv.key());
    if (name) notes.push_back({std::move(name->member), std::move(name->key), kv.value()});
    return true;
  };
  SLUICE_CHECK(reads_->each_entry({.from = all, .to = end_of_prefix(all)}, read));
  return notes;
}

Result<std::vector<Store::OwnedNamespace>> EtcdMedium::owners() {
  const RandomId me = thread_.run([this] { return parts_->context.me.incarnation; });
  std::vector<Store::OwnedNamespace> owners;
  SLUICE_CHECK(each_namespace([&](const std::string& ns) -> Result<void> {
    SLUICE_TRY(const auto found, reads_->range(range_of(keys_->owner(ns))));
    auto record = member_in(found);
    if (!record) return {};
    owners.push_back({ns,
                      {.member = std::move(record->name),
                       .incarnation = record->incarnation,
                       .address = std::move(record->address),
                       .fence = static_cast<Fence>(found.kvs(0).create_revision()),
                       .me = record->incarnation == me}});
    return {};
  }));
  std::ranges::sort(owners, {}, &Store::OwnedNamespace::ns);
  return owners;
}

void EtcdMedium::resign() {
  const auto present = members();
  if (!present || present->size() < 2) return;
  thread_.run([this] { parts_->resign(); });
}

Result<void> EtcdMedium::move(const std::string& ns, const std::string& member) {
  return thread_.await([&] { return parts_->moves.move(ns, member); });
}

}  // namespace sluice::store
