// The floor: the least a program can spend on a table of IPVS services, in C and without a library.
//
// One generic netlink socket, many requests in one datagram, an acknowledgement for the last of
// them only, answers read many at a time. Everything else is measured as a multiple of this.
//
//   floor load SERVICES DESTINATIONS      adds the services, each with so many destinations
//   floor edit SERVICES DESTINATIONS      gives every destination another weight
//   floor list                            reads every field of everything
//   floor clear                           removes everything
//   floor connections                     reads the table of connections
//   floor feed CONNECTIONS ADDRESS        adds connections as a sync daemon would, and fails unless
//                                         the kernel has as many then
//   floor rules load|edit SERVICES DESTINATIONS     prints the same work as rules for ipvsadm -R
//   floor verify SERVICES DESTINATIONS WEIGHT       fails unless the table is just that
//
// What it did goes to the descriptor that BENCH_REPORT_FD names, as JSON: `insideMs`, from the
// first statement to the last, and `operations`. LVSKIT_FLOOR_BATCH and LVSKIT_FLOOR_CHUNK change
// the number of requests in a datagram and the size of one receive buffer, to see what they are
// worth.
#include <linux/ip_vs.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "connections.h"
#include "listing.h"
#include "message.h"
#include "plan.h"
#include "socket.h"

/// Of services, of destinations of each, and of weights.
enum { kMost = 99999 };

static void IgnoreReply(const struct nlmsghdr* message) { (void)message; }

static unsigned long Change(bool load, uint32_t services, uint32_t destinations) {
  const unsigned batch_size = Setting("LVSKIT_FLOOR_BATCH", 128);
  char* const batch = malloc((size_t)batch_size * kMaxMessage);
  if (batch == NULL) Die("malloc");
  char* end = batch;
  unsigned count = 0;
  const unsigned long total = (unsigned long)services * (destinations + (load ? 1 : 0));
  unsigned long done = 0;
  for (uint32_t service = 0; service < services; ++service) {
    for (uint32_t i = load ? 0 : 1; i <= destinations; ++i) {
      struct nlmsghdr* const message = (struct nlmsghdr*)end;
      const uint32_t number = service * destinations + i - 1;
      end = i == 0 ? PutNewService(end, service)
                   : PutDestination(end, load ? IPVS_CMD_NEW_DEST : IPVS_CMD_SET_DEST, service,
                                    number, load ? kFirstWeight : kSecondWeight);
      ++done;
      if (++count < batch_size && done < total) continue;
      message->nlmsg_flags |= NLM_F_ACK;
      Send(batch, end);
      ReceiveUntil(sequence, IgnoreReply);
      end = batch;
      count = 0;
    }
  }
  return total;
}

static unsigned long Clear(void) {
  char request[kMaxMessage];
  char* const end = BeginMessage(request, IPVS_CMD_FLUSH, NLM_F_ACK);
  EndMessage(request, end);
  Send(request, end);
  ReceiveUntil(sequence, IgnoreReply);
  return 1;
}

static double NowMs(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static uint32_t Number(const char* text, uint32_t least, uint32_t most) {
  char* end;
  const unsigned long value = strtoul(text, &end, 10);
  if (*text == '\0' || *end != '\0' || value < least || value > most) {
    fprintf(stderr, "floor: %s is not a number from %u to %u\n", text, least, most);
    exit(2);
  }
  return (uint32_t)value;
}

static unsigned long Feed(unsigned long count, const char* address) {
  FeedConnections(count, address);
  const unsigned long there = ReadConnections();
  if (there == count) return count;
  fprintf(stderr, "floor: of %lu connections the kernel has %lu\n", count, there);
  exit(1);
}

static bool Is(const char* argument, const char* word) {
  return argument != NULL && strcmp(argument, word) == 0;
}

int main(int count, char** arguments) {
  const double start = NowMs();
  unsigned long operations = 0;
  const char* const work = arguments[1];
  const char* const of = count > 2 ? arguments[2] : NULL;
  if (count == 4 && (Is(work, "load") || Is(work, "edit"))) {
    OpenSocket();
    operations = Change(Is(work, "load"), Number(of, 1, kMost), Number(arguments[3], 1, kMost));
  } else if (count == 2 && Is(work, "list")) {
    OpenSocket();
    operations = List();
  } else if (count == 2 && Is(work, "clear")) {
    OpenSocket();
    operations = Clear();
  } else if (count == 2 && Is(work, "connections")) {
    operations = ReadConnections();
  } else if (count == 4 && Is(work, "feed")) {
    operations = Feed(Number(of, 1, 10000000), arguments[3]);
  } else if (count == 5 && Is(work, "rules") && (Is(of, "load") || Is(of, "edit"))) {
    PrintRules(Is(of, "load"), Number(arguments[3], 1, kMost), Number(arguments[4], 1, kMost));
  } else if (count == 5 && Is(work, "verify")) {
    OpenSocket();
    const uint32_t services = Number(of, 0, kMost);
    Verify(services, services * Number(arguments[3], 0, kMost), Number(arguments[4], 0, kMost));
  } else {
    fputs(
        "usage: floor load|edit SERVICES DESTINATIONS | floor list | floor clear\n"
        "       floor connections | floor feed CONNECTIONS ADDRESS\n"
        "       floor rules load|edit SERVICES DESTINATIONS\n"
        "       floor verify SERVICES DESTINATIONS WEIGHT\n",
        stderr);
    return 2;
  }
  const unsigned report = Setting("BENCH_REPORT_FD", 0);
  if (report == 0 || operations == 0) return 0;
  dprintf((int)report, "{\"insideMs\":%.6f,\"operations\":%lu}", NowMs() - start, operations);
  return 0;
}
