// SPDX-License-Identifier: Apache-2.0
#include "etcd/grpc_status.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/printable.h"
#include "base/text.h"

namespace sluice::etcd {

using http::h2::ErrorCode;

namespace {

constexpr int kStatusMax = 16;

// Octets that are not part of a valid escape stand for themselves, as gRPC demands.
std::string decode_percent(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_value(text[i + 2]) : -1;
    if (low < 0) {
      out.push_back(text[i]);
      continue;
    }
    out.push_back(static_cast<char>(high << 4 | low));
    i += 2;
  }
  return out;
}

ErrorKind kind_of(Status status) {
  switch (status) {
    case Status::invalid_argument:
    case Status::out_of_range:
    case Status::unimplemented:
      return ErrorKind::invalid;
    case Status::not_found:
      return ErrorKind::not_found;
    case Status::permission_denied:
    case Status::unauthenticated:
      return ErrorKind::forbidden;
    case Status::already_exists:
    case Status::failed_precondition:
    case Status::aborted:
      return ErrorKind::conflict;
    case Status::deadline_exceeded:
      return ErrorKind::timed_out;
    case Status::unavailable:
    case Status::resource_exhausted:
      return ErrorKind::unavailable;
    case Status::ok:
    case Status::cancelled:
    case Status::unknown:
    case Status::internal:
    case Status::data_loss:
      return ErrorKind::internal;
  }
  return ErrorKind::internal;
}

std::string_view advice_for(const CallEnd& end, std::string_view denied_advice) {
  if (end.message.contains("database space exceeded"))
    return ": compact and defragment etcd, then disarm its alarm (etcdctl alarm disarm)";
  if (end.message.contains("invalid user ID or password"))
    return ": check user and password (etcd-user, etcd-password-file)";
  if (end.message.contains("password was given for no password user"))
    return ": leave out etcd-user and etcd-password-file: a certificate alone names this user";
  if (end.status == Status::permission_denied && !denied_advice.empty()) return denied_advice;
  if (end.status == Status::permission_denied)
    return ": grant etcd's user a role that may read and write the prefix";
  if (end.status == Status::unauthenticated || end.message.contains("user name is empty"))
    return ": set etcd-user and etcd-password-file, or etcd-cert-file and etcd-key-file";
  if (end.message.contains("too many operations")) return ": raise etcd's --max-txn-ops";
  if (end.message.contains("no leader"))
    return ": check that a majority of etcd runs, and that its members reach each other";
  if (end.status == Status::deadline_exceeded)
    return ": check that it can be reached, and that a majority of etcd runs";
  if (end.status == Status::unimplemented)
    return ": check that the endpoint is etcd's client URL (port 2379)";
  return {};
}

}  // namespace

std::optional<CallEnd> end_in(const http::Headers& fields) {
  const auto code = fields.get("grpc-status");
  if (!code) return std::nullopt;
  CallEnd end;
  end.by_server = true;
  const auto number = to_number<int>(*code);
  if (number && *number >= 0 && *number <= kStatusMax) end.status = static_cast<Status>(*number);
  if (const auto message = fields.get("grpc-message")) end.message = decode_percent(*message);
  return end;
}

CallEnd end_of_http(int status) {
  CallEnd end;
  end.message = "it answers with HTTP status " + std::to_string(status);
  switch (status) {
    case 400:
      end.status = Status::internal;
      break;
    case 401:
      end.status = Status::unauthenticated;
      break;
    case 403:
      end.status = Status::permission_denied;
      break;
    case 404:
      end.status = Status::unimplemented;
      break;
    case 429:
    case 502:
    case 503:
    case 504:
      end.status = Status::unavailable;
      break;
    default:
      end.status = Status::unknown;
  }
  return end;
}

CallEnd end_of_reset(ErrorCode code) {
  CallEnd end;
  end.message = "the stream was reset with code " + std::to_string(static_cast<unsigned>(code));
  switch (code) {
    case ErrorCode::refused_stream:
      end.status = Status::unavailable;
      break;
    case ErrorCode::cancel:
      end.status = Status::cancelled;
      break;
    case ErrorCode::enhance_your_calm:
      end.status = Status::resource_exhausted;
      break;
    case ErrorCode::inadequate_security:
      end.status = Status::permission_denied;
      break;
    default:
      end.status = Status::internal;
  }
  return end;
}

std::string timeout_value(Duration time) {
  static constexpr std::array<std::pair<char, std::int64_t>, 4> kUnits{
      {{'m', 1'000'000}, {'S', 1'000'000'000}, {'M', 60'000'000'000}, {'H', 3'600'000'000'000}}};
  constexpr std::int64_t kMax = 99'999'999;
  const std::int64_t count = std::max<std::int64_t>(time.count(), 1);
  for (const auto& [unit, nanoseconds] : kUnits) {
    const std::int64_t value = (count - 1) / nanoseconds + 1;
    if (value <= kMax) return std::to_string(value) + unit;
  }
  return std::to_string(kMax) + 'H';
}

bool proves_no_effect(const CallEnd& end, bool streaming) {
  if (!end.by_server) return false;
  switch (end.status) {
    case Status::invalid_argument:
    case Status::not_found:
    case Status::already_exists:
    case Status::permission_denied:
    case Status::failed_precondition:
    case Status::out_of_range:
    case Status::unimplemented:
    case Status::unauthenticated:
      return true;
    case Status::resource_exhausted:
      return end.message.contains("too many requests") ||
             end.message.contains("received message larger than max");
    case Status::unavailable:
      return end.message.contains("not capable") ||
             end.message.contains("not supported for learner") ||
             (!streaming && end.message == "etcdserver: no leader");
    default:
      return false;
  }
}

bool is_stale_token(const CallEnd& end) {
  return end.by_server &&
         (end.status == Status::unauthenticated || end.message.contains("invalid auth token") ||
          end.message.contains("user name is empty") ||
          end.message.contains("revision of auth store is old") ||
          end.message.contains("revision in header is old"));
}

bool may_be_the_endpoint(Status status) {
  switch (status) {
    case Status::cancelled:
    case Status::unknown:
    case Status::deadline_exceeded:
    case Status::aborted:
    case Status::internal:
    case Status::unavailable:
    case Status::data_loss:
      return true;
    default:
      return false;
  }
}

std::string reason_of(const CallEnd& end) {
  std::string_view said = end.message;
  if (said.starts_with("etcdserver: ")) said.remove_prefix(std::string_view("etcdserver: ").size());
  std::string reason;
  append_printable(reason, said.empty() ? name_of(end.status) : said.substr(0, kServerTextMax));
  return reason;
}

Error error_of(const CallEnd& end, std::string_view name, std::string_view denied_advice) {
  std::string text = "etcd at " + std::string(name) + ": " + reason_of(end);
  text += advice_for(end, denied_advice);
  return {kind_of(end.status), std::move(text)};
}

}  // namespace sluice::etcd
