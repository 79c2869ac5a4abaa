#include "netlink/message.h"

#include <cstring>
#include <limits>
#include <utility>

namespace lvskit::netlink {

namespace {

constexpr size_t kMaxAttribute = std::numeric_limits<uint16_t>::max();
constexpr size_t kFirstCapacity = 1024;

}  // namespace

void MessageWriter::Begin(uint16_t type, uint16_t flags, uint32_t sequence) {
  message_ = size_;
  ++count_;
  const nlmsghdr header{.nlmsg_len = 0,
                        .nlmsg_type = type,
                        .nlmsg_flags = static_cast<uint16_t>(flags | NLM_F_REQUEST),
                        .nlmsg_seq = sequence,
                        .nlmsg_pid = 0};
  Append(&header, sizeof header);
}

void MessageWriter::String(uint16_t type, std::string_view text) {
  const size_t mark = BeginNest(type);
  Append(text.data(), text.size());
  *Extend(1) = std::byte{0};
  EndNest(mark);
}

void MessageWriter::EndNest(size_t mark) {
  const size_t size = size_ - mark;
  if (size > kMaxAttribute) throw FormatError("attribute longer than 65535 bytes");
  const auto length = static_cast<uint16_t>(size);
  std::memcpy(buffer_.get() + mark + offsetof(nlattr, nla_len), &length, sizeof length);
  Pad();
}

void MessageWriter::End() {
  const auto length = static_cast<uint32_t>(size_ - message_);
  std::memcpy(buffer_.get() + message_ + offsetof(nlmsghdr, nlmsg_len), &length, sizeof length);
}

void MessageWriter::Clear() {
  size_ = 0;
  count_ = 0;
}

void MessageWriter::RequestAck() {
  if (count_ == 0) return;
  std::byte* const at = buffer_.get() + message_ + offsetof(nlmsghdr, nlmsg_flags);
  uint16_t flags = 0;
  std::memcpy(&flags, at, sizeof flags);
  flags |= NLM_F_ACK;
  std::memcpy(at, &flags, sizeof flags);
}

void MessageWriter::Bytes(uint16_t type, std::span<const std::byte> bytes) {
  const size_t mark = BeginNest(type);
  Append(bytes.data(), bytes.size());
  EndNest(mark);
}

void MessageWriter::Pad() {
  const size_t missing = NLMSG_ALIGN(size_) - size_;
  if (missing != 0) std::memset(Extend(missing), 0, missing);
}

void MessageWriter::Grow(size_t size) {
  const size_t capacity = 2 * capacity_ + size + kFirstCapacity;
  auto larger = std::make_unique_for_overwrite<std::byte[]>(capacity);
  if (size_ != 0) std::memcpy(larger.get(), buffer_.get(), size_);
  buffer_ = std::move(larger);
  capacity_ = capacity;
}

bool MessageReader::Next(Message& message) {
  if (rest_.empty()) return false;
  message.header = ReadPlain<nlmsghdr>(rest_);
  const size_t length = message.header.nlmsg_len;
  if (length < sizeof(nlmsghdr)) throw FormatError("message shorter than its header");
  if (length > rest_.size()) throw FormatError("message runs past the end of its datagram");
  message.payload = rest_.subspan(sizeof(nlmsghdr), length - sizeof(nlmsghdr));
  const size_t step = NLMSG_ALIGN(length);
  rest_ = rest_.subspan(step < rest_.size() ? step : rest_.size());
  return true;
}

}  // namespace lvskit::netlink
