// SPDX-License-Identifier: Apache-2.0
#include "sluice-server/member_tls.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/host_port.h"
#include "base/text.h"
#include "etcd/options.h"
#include "net/tls/check_certificate.h"

namespace sluice::server_program {
namespace {

constexpr std::size_t kPemBytesMax = std::size_t{1} << 20;
constexpr std::size_t kPasswordBytesMax = 4096;

// An option that names a file.
struct NamedFile {
  const char* key;
  const std::string& path;

  [[nodiscard]] Result<std::string> read() const {
    return read_option_file(key, path, kPemBytesMax);
  }
  [[nodiscard]] std::string place() const { return std::string(key) + " " + path; }
};

// The files of one peer.
struct FileSet {
  NamedFile certificate;
  NamedFile key;
  NamedFile authorities;

  [[nodiscard]] Result<PemFiles> read() const {
    PemFiles files;
    SLUICE_TRY(files.own.certificate, certificate.read());
    SLUICE_TRY(files.own.key, key.read());
    SLUICE_TRY(files.authorities, authorities.read());
    return files;
  }
  // Error: a file is not PEM, or is cut off.
  [[nodiscard]] Result<net::CertificateEnds> ends(const PemFiles& files) const {
    net::CertificateEnds ends;
    if (!files.own.certificate.empty()) {
      auto end = net::end_of_chain(certificate.place(), files.own.certificate);
      if (!end) return fail(ErrorKind::invalid, certificate.place() + " " + end.error().message);
      ends.push_back(*std::move(end));
    }
    if (!files.authorities.empty()) {
      auto end = net::end_of_authorities(authorities.place(), files.authorities);
      if (!end) return fail(ErrorKind::invalid, authorities.place() + " " + end.error().message);
      ends.push_back(*std::move(end));
    }
    return ends;
  }
};

// Now, and not when the first member hands an exchange over.
Result<void> check_own_certificate(const ClusterOptions& options, const PemFiles& files) {
  const std::string host(bare_host(options.cluster_addr));
  const auto checked = net::check_certificate(files.own.certificate, files.authorities, host);
  if (checked) return {};
  return fail(ErrorKind::invalid, "cluster-cert-file: the other members would not accept " +
                                      options.cluster_cert_file + ": " + checked.error().message +
                                      " (cluster-addr is " + options.cluster_addr +
                                      ", the authorities are those of cluster-ca-file)");
}

Result<void> read_port(const ClusterOptions& options, const MemberTls* in_force, MemberTls& made) {
  if (options.cluster_cert_file.empty()) return {};
  const FileSet files{{"cluster-cert-file", options.cluster_cert_file},
                      {"cluster-key-file", options.cluster_key_file},
                      {"cluster-ca-file", options.cluster_ca_file}};
  SLUICE_TRY(made.port, files.read());
  if (in_force != nullptr && in_force->port == made.port) {
    made.to_members = in_force->to_members;
    made.port_certificates = in_force->port_certificates;
    return {};
  }
  SLUICE_TRY(made.port_certificates, files.ends(made.port));
  SLUICE_CHECK(check_own_certificate(options, made.port));
  net::TlsClientOptions tls;
  tls.own = made.port.own;
  tls.authorities = made.port.authorities;
  tls.protocols = {"h2"};
  auto context = net::TlsClientContext::create(tls);
  if (!context) {
    return fail(ErrorKind::invalid, "cluster-cert-file, cluster-key-file, cluster-ca-file: " +
                                        context.error().front().text);
  }
  made.to_members = *std::move(context);
  return {};
}

// etcd has authorities of its own, so it alone can check the rest of the certificate.
Result<void> check_not_expired(const net::CertificateEnds& ends) {
  const auto now = std::chrono::system_clock::now();
  for (const net::CertificateEnd& one : ends) {
    if (net::state_of(one, now) != net::CertificateState::ended) continue;
    return fail(ErrorKind::invalid, one.place + ": the certificate of " + one.subject +
                                        " has expired: it ended at " + net::end_text(one));
  }
  return {};
}

bool is_https(const std::string& endpoint) { return endpoint.starts_with("https://"); }

Result<void> read_etcd(const ClusterOptions& options, const MemberTls* in_force, MemberTls& made) {
  SLUICE_TRY(const std::string password,
             read_option_file("etcd-password-file", options.etcd_password_file, kPasswordBytesMax));
  made.etcd_password.renew(std::string(first_line(password)));
  const FileSet files{{"etcd-cert-file", options.etcd_cert_file},
                      {"etcd-key-file", options.etcd_key_file},
                      {"etcd-ca-file", options.etcd_ca_file}};
  SLUICE_TRY(made.etcd, files.read());
  const bool secure = std::ranges::any_of(options.etcd_endpoints, is_https) ||
                      !options.etcd_ca_file.empty() || !options.etcd_cert_file.empty();
  if (!secure) return {};
  if (in_force != nullptr && in_force->etcd == made.etcd) {
    made.to_etcd = in_force->to_etcd;
    made.etcd_certificates = in_force->etcd_certificates;
    return {};
  }
  SLUICE_TRY(made.etcd_certificates, files.ends(made.etcd));
  if (in_force != nullptr) SLUICE_CHECK(check_not_expired(made.etcd_certificates));
  auto context =
      etcd::make_tls(made.etcd.authorities, made.etcd.own.certificate, made.etcd.own.key);
  if (!context) {
    return fail(ErrorKind::invalid,
                "etcd-cert-file, etcd-key-file, etcd-ca-file: " + context.error().message);
  }
  made.to_etcd = *std::move(context);
  return {};
}

}  // namespace

Result<MemberTls> read_member_tls(const ClusterOptions& options, const MemberTls* in_force) {
  MemberTls made;
  if (!options.on_etcd()) return made;
  SLUICE_CHECK(read_port(options, in_force, made));
  SLUICE_CHECK(read_etcd(options, in_force, made));
  return made;
}

}  // namespace sluice::server_program
