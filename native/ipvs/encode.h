#pragma once

#include <cstdint>

#include "ipvs/records.h"
#include "netlink/message.h"

namespace lvskit::ipvs {

/// The flags of a service that belong to its owner. IP_VS_SVC_F_HASHED is the kernel's own.
inline constexpr uint32_t kOwnedServiceFlags = 0x1 | 0x4 | 0x8 | 0x10 | 0x20;

/// Writes the message for one request: a change, or GET_SERVICE, by which a batch asks at its place
/// whether a service is there. Throws netlink::FormatError for any other command.
void EncodeRequest(netlink::MessageWriter& writer, uint16_t family, uint32_t sequence,
                   const RequestRecord& request);

/// Writes a question: GET_SERVICE, GET_DEST, GET_DAEMON, GET_CONFIG or GET_INFO. `service` names
/// the service it is about, where there is one; `flags` carries NLM_F_DUMP for the dumps.
void EncodeQuery(netlink::MessageWriter& writer, uint16_t family, uint32_t sequence,
                 uint8_t command, uint16_t flags, const ServiceRecord* service);

}  // namespace lvskit::ipvs
