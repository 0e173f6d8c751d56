// SPDX-License-Identifier: Apache-2.0
// The file of a backup: JSON lines in a fixed order, with a checksum. docs/operations.md describes
// it. The first member of a line says which line it is.
//
//   {"format":"sluice-backup","formatVersion":1,…,"namespaces":["p/wasm"]}    the header
//   {"code":"<sha256>","kind":"WasmHost","size":9000}                         for each module,
//   {"bytes":"<base64>"}                                                      its bytes in pieces
//   {"object":"p","kind":"Pipeline","runs":true,"pins":{…},"spec":{…}}        for each object
//   {"customKind":"users","spec":{…}}                                         for each kind of
//   {"customItem":"ann","kind":"users","item":{…}}                            custom data, its
//   items
//   {"data":"p/wasm"}                                                         for each namespace,
//   {"key":"id/user1","value":"true"}                                         its entries, by key
//   {"dataEnd":"p/wasm","count":1,"storeVersion":17}
//   {"end":true,"code":1,"objects":2,"namespaces":1,"entries":1,"sha256":"…"}
//
// `sha256` covers all bytes before the last line. With custom data, the version is 2, and the
// header and the last line count its lines: "custom":2.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace sluice::backup {

inline constexpr std::string_view kFormat = "sluice-backup";
inline constexpr int kFormatVersion = 1;
inline constexpr int kFormatVersionCustom = 2;  // with custom data
inline constexpr std::string_view kMediaType = "application/x-ndjson";

// A line holds at most one object; objects arrive in bodies of 16 MiB.
inline constexpr std::size_t kLineBytesMax = std::size_t{64} << 20;
inline constexpr std::size_t kCodeBytesMax = std::size_t{64} << 20;  // one module
inline constexpr std::size_t kPieceBytes = std::size_t{48} << 10;    // of code in one line
inline constexpr std::size_t kNestingMax = 100;                      // of maps and lists in a line

struct Header {
  std::string program_version;
  std::string member;
  std::string time;  // RFC 3339
  std::uint64_t code = 0;
  std::uint64_t objects = 0;
  std::vector<std::string> namespaces;
  std::uint64_t custom = 0;  // lines of custom data: kinds and items
};

struct CodeHead {
  std::string sha256;
  std::string kind;  // of the filters that run it
  std::uint64_t size = 0;
};

struct ObjectRecord {
  std::string name;
  std::string kind;
  bool runs = true;  // when the backup was made
  Json pins;
  Json spec;
  std::size_t line_bytes = 0;  // set by the reader
};

struct CustomKindRecord {
  std::string name;
  Json spec;
  std::size_t line_bytes = 0;  // set by the reader
};

struct CustomItemRecord {
  std::string id;
  std::string kind;
  Json item;
  std::size_t line_bytes = 0;
};

struct DataEnd {
  std::string ns;
  std::uint64_t count = 0;
  std::uint64_t version = 0;  // of the store whose entries these are
};

struct Totals {
  std::uint64_t code = 0;
  std::uint64_t objects = 0;
  std::uint64_t namespaces = 0;
  std::uint64_t entries = 0;
  std::uint64_t custom = 0;
};

}  // namespace sluice::backup
