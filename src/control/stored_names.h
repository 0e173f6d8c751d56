// SPDX-License-Identifier: Apache-2.0
// The collections of documents that control/ has in the store, and the keys of its notes.
#pragma once

#include <string_view>

namespace sluice::control {

inline constexpr std::string_view kObjectDocuments = "objects";
inline constexpr std::string_view kPinsDocuments = "pins";
inline constexpr std::string_view kHistoryDocuments = "code-history";
inline constexpr std::string_view kVersionDocuments = "object-versions";
inline constexpr std::string_view kMetaDocuments = "meta";
inline constexpr std::string_view kNumberKey = "config-version";
inline constexpr std::string_view kReloadDocuments = "reload";
inline constexpr std::string_view kAnnouncementKey = "now";

inline constexpr std::string_view kCustomKindDocuments = "custom-kinds";  // by name
inline constexpr std::string_view kCustomItemDocuments = "custom-data";   // by "<kind>/<id>"
inline constexpr std::string_view kCustomMetaDocuments = "custom-meta";
inline constexpr std::string_view kCustomNumberKey = "number";

inline constexpr std::string_view kCustomDataNote = "custom-data";
inline constexpr std::string_view kReloadNote = "reload/now";
// The key of a note is this and the name of an object.
inline constexpr std::string_view kStatusNotes = "status/";

}  // namespace sluice::control
