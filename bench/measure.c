// Runs one command and prints what it cost as one line of JSON, with as little of its own as can
// be.
//
//   measure [-i FILE] LABEL=VALUE... -- COMMAND [ARGUMENT...]
//
// Standard output of the command goes nowhere, standard input comes from FILE or nowhere. What the
// command writes to the descriptor that BENCH_REPORT_FD names, a JSON object, is added as `inside`.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void Die(const char* what) {
  fprintf(stderr, "measure: %s: %s\n", what, strerror(errno));
  exit(125);
}

static double Milliseconds(struct timeval time) {
  return (double)time.tv_sec * 1e3 + (double)time.tv_usec / 1e3;
}

int main(int count, char** arguments) {
  const char* input = "/dev/null";
  int at = 1;
  if (count > 2 && strcmp(arguments[at], "-i") == 0) {
    input = arguments[at + 1];
    at += 2;
  }
  const int labels = at;
  while (at < count && strcmp(arguments[at], "--") != 0) ++at;
  if (at + 1 >= count) {
    fputs("usage: measure [-i FILE] LABEL=VALUE... -- COMMAND [ARGUMENT...]\n", stderr);
    return 125;
  }
  char** const command = arguments + at + 1;

  const int in = open(input, O_RDONLY | O_CLOEXEC);
  if (in < 0) Die(input);
  const int out = open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (out < 0) Die("/dev/null");
  const int inside = memfd_create("inside", MFD_CLOEXEC);
  if (inside < 0) Die("memfd_create");

  if (setenv("BENCH_REPORT_FD", "3", 1) != 0) Die("setenv");

  struct timespec start;
  struct timespec end;
  clock_gettime(CLOCK_MONOTONIC, &start);
  // Not fork(): a copy of this process would count in the peak memory of the command.
  const pid_t child = vfork();
  if (child < 0) Die("vfork");
  if (child == 0) {
    dup2(in, 0);
    dup2(out, 1);
    if (inside == 3) {
      fcntl(3, F_SETFD, 0);
    } else {
      dup2(inside, 3);
    }
    execvp(command[0], command);
    _exit(127);
  }
  int status;
  struct rusage usage;
  if (wait4(child, &status, 0, &usage) != child) Die("wait4");
  clock_gettime(CLOCK_MONOTONIC, &end);

  char report[4096];
  const ssize_t length = pread(inside, report, sizeof report - 1, 0);
  report[length > 0 ? length : 0] = '\0';
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  const double wall =
      (double)(end.tv_sec - start.tv_sec) * 1e3 + (double)(end.tv_nsec - start.tv_nsec) / 1e6;
  printf("{");
  for (int i = labels; i < at; ++i) {
    const char* const value = strchr(arguments[i], '=');
    if (value == NULL) continue;
    printf("\"%.*s\":\"%s\",", (int)(value - arguments[i]), arguments[i], value + 1);
  }
  printf(
      "\"wallMs\":%.6f,\"userMs\":%.3f,\"systemMs\":%.3f,\"peakKb\":%ld,\"status\":%d,"
      "\"inside\":%s}\n",
      wall, Milliseconds(usage.ru_utime), Milliseconds(usage.ru_stime), usage.ru_maxrss, code,
      length > 0 ? report : "null");
  return code;
}
