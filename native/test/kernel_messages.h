#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include "netlink/message.h"
#include "support.h"

namespace lvskit::test {

inline constexpr std::array kKernels = {"5.10", "6.1", "6.12", "7.2"};

/// What a kernel said about the scene that scripts/capture-corpora sets: whole messages or frames,
/// as they stand in the fuzzers' corpora.
inline std::vector<Bytes> Captured(const std::string& fuzzer, const std::string& kernel) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::path(LVSKIT_CORPORA) / fuzzer)) {
    if (entry.path().filename().string().starts_with(kernel + "-")) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  REQUIRE_FALSE(files.empty());
  std::vector<Bytes> messages;
  for (const auto& path : files) {
    std::ifstream file(path, std::ios::binary);
    const std::string content(std::istreambuf_iterator<char>(file), {});
    const auto bytes = std::as_bytes(std::span(content));
    messages.emplace_back(bytes.begin(), bytes.end());
  }
  return messages;
}

/// Everything of it that `decode` makes of the messages and `is_wanted` accepts: exactly one.
template <typename Decode, typename IsWanted>
auto TheCaptured(const std::string& fuzzer, const std::string& kernel, Decode decode,
                 IsWanted is_wanted) {
  using Entry = decltype(decode(std::declval<const netlink::Message&>()));
  std::vector<Entry> wanted;
  for (const Bytes& bytes : Captured(fuzzer, kernel)) {
    Entry entry = decode(FirstMessage(bytes));
    if (is_wanted(entry)) wanted.push_back(std::move(entry));
  }
  REQUIRE(wanted.size() == 1);
  return wanted.front();
}

}  // namespace lvskit::test
