// SPDX-License-Identifier: Apache-2.0
// Notes: what a conversion leaves out or closes, each with its place.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "egctl/nginx/directives.h"

namespace sluice::egctl::nginx {

// In a note of something that is closed; name_place() says what it is.
inline constexpr std::string_view kUnnamedPlace = "what it stands in";

class Notes {
 public:
  // "site.conf:3: expires: is not converted". Each line once, though a server may be converted for
  // several ports.
  void add(const Directive& at, const std::string& text) {
    std::string line = at.place() + ": " + at.name + ": " + text;
    const auto same = [&line](const Note& one) { return one.line == line; };
    if (std::ranges::any_of(notes_, same)) return;
    if (std::ranges::find(files_, *at.file) == files_.end()) files_.push_back(*at.file);
    if (text.contains(kUnnamedPlace)) unnamed_[key_of(at)].push_back(notes_.size());
    notes_.push_back({*at.file, at.line, std::move(line)});
  }
  // Says in the notes of the directives in `block` what they stand in, unless that is said already.
  void name_place(const std::vector<Directive>& block, const std::string& place) {
    for (const Directive& inner : block) {
      name_place(inner.block, place);
      const auto found = unnamed_.find(key_of(inner));
      if (found == unnamed_.end()) continue;
      for (const std::size_t i : found->second) {
        std::string& line = notes_[i].line;
        line.replace(line.rfind(kUnnamedPlace), kUnnamedPlace.size(), place);
      }
      unnamed_.erase(found);
    }
  }
  // By file, in the order of the first note of each, and by line.
  [[nodiscard]] std::vector<std::string> lines() const {
    std::vector<const Note*> sorted;
    for (const Note& note : notes_) sorted.push_back(&note);
    std::ranges::stable_sort(sorted, [this](const Note* a, const Note* b) {
      const auto file_a = std::ranges::find(files_, a->file);
      const auto file_b = std::ranges::find(files_, b->file);
      return file_a != file_b ? file_a < file_b : a->number < b->number;
    });
    std::vector<std::string> out;
    for (const Note* note : sorted) out.push_back(note->line);
    return out;
  }

 private:
  struct Note {
    std::string file;
    unsigned number = 0;
    std::string line;
  };
  static std::string key_of(const Directive& at) { return at.place() + ": " + at.name; }

  std::vector<Note> notes_;
  std::map<std::string, std::vector<std::size_t>> unnamed_;
  std::vector<std::string> files_;
};

}  // namespace sluice::egctl::nginx
