#include <linux/netlink.h>

#include <cerrno>
#include <string>

#include "netlink/socket.h"
#include "support.h"

namespace lvskit {
namespace {

using netlink::ExtendedAckText;
using netlink::FormatError;
using netlink::MessageWriter;
using test::Bytes;
using test::Copy;
using test::FirstMessage;
using test::Patch;

constexpr std::string_view kText = "scheduler not found";

/// The kernel's answer to a request with `echoed` bytes of payload that it sends back.
Bytes Refusal(uint16_t flags, size_t echoed, bool with_text = true) {
  MessageWriter writer;
  writer.Begin(NLMSG_ERROR, flags, 1);
  nlmsgerr error{};
  error.error = -ESRCH;
  error.msg.nlmsg_len = static_cast<uint32_t>(sizeof(nlmsghdr) + echoed);
  writer.Header(error);
  if ((flags & NLM_F_CAPPED) == 0) {
    for (size_t written = 0; written < echoed; written += 4) writer.Header(uint32_t{0xffffffff});
  }
  writer.U32(NLMSGERR_ATTR_OFFS, 40);
  if (with_text) writer.String(NLMSGERR_ATTR_MSG, kText);
  writer.End();
  return Copy(writer.bytes());
}

TEST_CASE("the kernel's words are found behind a capped acknowledgement") {
  const Bytes capped = Refusal(NLM_F_CAPPED | NLM_F_ACK_TLVS, 400);
  CHECK(ExtendedAckText(FirstMessage(capped)) == kText);
}

TEST_CASE("the kernel's words are found behind the whole refused message") {
  for (const size_t echoed : {0, 4, 6, 400}) {
    CAPTURE(echoed);
    const Bytes uncapped = Refusal(NLM_F_ACK_TLVS, echoed);
    CHECK(ExtendedAckText(FirstMessage(uncapped)) == kText);
  }
}

TEST_CASE("the kernel's words are found in the end of a dump that failed") {
  MessageWriter writer;
  writer.Begin(NLMSG_DONE, NLM_F_ACK_TLVS, 1);
  writer.Header(int{-EINVAL});
  writer.String(NLMSGERR_ATTR_MSG, kText);
  writer.End();
  CHECK(ExtendedAckText(FirstMessage(writer.bytes())) == kText);
  Bytes cut = Copy(writer.bytes().first(sizeof(nlmsghdr) + 2));
  Patch<uint32_t>(cut, 0, static_cast<uint32_t>(cut.size()));
  CHECK_THROWS_AS((void)ExtendedAckText(FirstMessage(cut)), FormatError);
}

TEST_CASE("without words, or without attributes at all, the text is empty") {
  const Bytes wordless = Refusal(NLM_F_CAPPED | NLM_F_ACK_TLVS, 400, false);
  CHECK(ExtendedAckText(FirstMessage(wordless)).empty());
  const Bytes unannounced = Refusal(NLM_F_CAPPED, 400);
  CHECK(ExtendedAckText(FirstMessage(unannounced)).empty());
}

TEST_CASE("an acknowledgement that does not add up is refused") {
  constexpr size_t kEchoedLength = sizeof(nlmsghdr) + offsetof(nlmsgerr, msg);
  for (const uint32_t length : {0U, 15U, 4000U, 0xfffffffcU, 0xffffffffU}) {
    CAPTURE(length);
    Bytes uncapped = Refusal(NLM_F_ACK_TLVS, 8);
    Patch<uint32_t>(uncapped, kEchoedLength, length);
    CHECK_THROWS_AS((void)ExtendedAckText(FirstMessage(uncapped)), FormatError);
  }
}

TEST_CASE("an acknowledgement cut short anywhere is refused or has no text, and is never overrun") {
  const Bytes whole = Refusal(NLM_F_CAPPED | NLM_F_ACK_TLVS, 8);
  for (size_t size = sizeof(nlmsghdr); size < whole.size(); ++size) {
    CAPTURE(size);
    Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    Patch<uint32_t>(cut, 0, static_cast<uint32_t>(size));
    std::string text;
    try {
      text = ExtendedAckText(FirstMessage(cut));
    } catch (const FormatError&) {
      continue;
    }
    CHECK(text.empty());
  }
}

}  // namespace
}  // namespace lvskit
