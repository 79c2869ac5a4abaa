#pragma once

#include "ipvs/records.h"
#include "netlink/message.h"

namespace lvskit::ipvs {

/// Readers of the family's replies. Attributes this code does not know are passed over, those an
/// older kernel does not send leave their field zero. Statistics are the 64-bit ones where the
/// kernel has them (4.1 and newer), else the 32-bit ones widened.
/// All throw netlink::FormatError for a message without the nest it must have, or bytes that do
/// not add up; the record is then unspecified.

void DecodeService(const netlink::Message& message, ServiceRecord& service,
                   StatisticsRecord& statistics);
void DecodeDestination(const netlink::Message& message, DestinationRecord& destination,
                       StatisticsRecord& statistics);
void DecodeDaemon(const netlink::Message& message, DaemonRecord& daemon);
void DecodeTimeouts(const netlink::Message& message, TimeoutsRecord& timeouts);
void DecodeInfo(const netlink::Message& message, InfoRecord& info);

}  // namespace lvskit::ipvs
