// SPDX-License-Identifier: Apache-2.0
// MemberTls: the certificates, keys and authorities of this process towards the other members and
// etcd, from the files that the options name. SIGHUP reads the files again.
#pragma once

#include <memory>
#include <string>

#include "base/renewable_text.h"
#include "base/result.h"
#include "net/tls/certificate_end.h"
#include "net/tls/key_pair.h"
#include "net/tls/tls_client_context.h"
#include "sluice-server/cluster_options.h"

namespace sluice::server_program {

// The contents of files.
struct PemFiles {
  net::KeyPair own;
  std::string authorities;

  bool operator==(const PemFiles& other) const {
    return own.certificate == other.own.certificate && own.key == other.own.key &&
           authorities == other.authorities;
  }
};

// The process has one that is in force; the store and the cluster port share its contexts and its
// password.
struct MemberTls {
  PemFiles port;  // of the cluster port; empty without TLS
  PemFiles etcd;
  std::shared_ptr<net::TlsClientContext> to_members;  // null: without TLS
  std::shared_ptr<net::TlsClientContext> to_etcd;     // likewise
  RenewableText etcd_password;
  // The places are options with their files.
  net::CertificateEnds port_certificates;
  net::CertificateEnds etcd_certificates;
};

// What the files hold now; nothing unless the store is etcd. Files that hold the same as in
// `in_force` (may be null) have its contexts and are not checked again. Errors, `invalid`, name the
// option: a file that is absent, empty or cut off, a key of another certificate, a certificate that
// the other members would refuse; with `in_force`, also one for etcd that has expired. Blocks.
[[nodiscard]] Result<MemberTls> read_member_tls(const ClusterOptions& options,
                                                const MemberTls* in_force = nullptr);

}  // namespace sluice::server_program
