// SPDX-License-Identifier: Apache-2.0
// Notes: what a conversion leaves out or closes, each with its place.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "egctl/nginx/directives.h"

namespace sluice::egctl::nginx {

class Notes {
 public:
  // "site.conf:3: expires: is not converted". Each line once, though a server may be converted for
  // several ports.
  void add(const Directive& at, const std::string& text) {
    std::string line = at.place() + ": " + at.name + ": " + text;
    const auto same = [&line](const Note& one) { return one.line == line; };
    if (std::ranges::any_of(notes_, same)) return;
    if (std::ranges::find(files_, *at.file) == files_.end()) files_.push_back(*at.file);
    notes_.push_back({*at.file, at.line, std::move(line)});
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
  std::vector<Note> notes_;
  std::vector<std::string> files_;
};

}  // namespace sluice::egctl::nginx
