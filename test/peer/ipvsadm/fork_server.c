// Preloaded into ipvsadm, this makes a server of it that runs the steps of a sequence in a fork of
// the program as it is before main(). Starting processes is the larger part of a command's time in
// a guest, so that a fork runs one step after the other: what they call exit() with comes back
// here, and the program's variables are put back to what they were. What runs is ipvsadm's own
// main(), untouched. A sequence may ask for a fork for each step all the same.
//
// Requests come in on descriptor 3, answers go out on descriptor 4, all numbers 32 bits of this
// machine's order:
//
//   request: LENGTH of what follows, path of a network namespace\0, 1 for FRESH forks or 0, STEPS,
//            then for each step COUNT of words, each word\0, LENGTH of the input, the input
//   answer:  for each step STATUS as of wait(2), LENGTH of the output, LENGTH of the errors, both
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <sched.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kRequests = 3, kAnswers = 4, kFirstFile = 5, kFiles = 3 };
enum { kMostWords = 65536, kMostSeconds = 60, kForThreads = 10000 };

typedef int Main(int, char**, char**);
typedef int Start(Main*, int, char**, void (*)(void), void (*)(void), void (*)(void), void*);

static Main* main_of_ipvsadm;
static char** environment;
static uint32_t* steps_done;

// Files rather than pipes, which a program could fill while nobody reads.
static const char* const input_name = "/proc/self/fd/5";

static struct {
  char* at;
  char* copy;
  size_t size;
} variables;

static struct {
  int set;
  int status;
  sigjmp_buf place;
} way_back;

static void Die(const char* what) {
  perror(what);
  _exit(99);
}

// Whether anything was there to be read.
static int Read(void* to, size_t size) {
  for (size_t done = 0; done < size;) {
    const ssize_t got = read(kRequests, (char*)to + done, size - done);
    if (got == 0 && done == 0) return 0;
    if (got <= 0 && !(got < 0 && errno == EINTR)) Die("read a request");
    if (got > 0) done += (size_t)got;
  }
  return 1;
}

static void WriteTo(int file, const void* from, size_t size) {
  for (size_t done = 0; done < size;) {
    const ssize_t put = write(file, (const char*)from + done, size - done);
    if (put < 0 && errno != EINTR) Die("write");
    if (put > 0) done += (size_t)put;
  }
}

static uint32_t TakeNumber(const char** at) {
  uint32_t number;
  memcpy(&number, *at, sizeof(number));
  *at += sizeof(number);
  return number;
}

static const char* TakeText(const char** at) {
  const char* text = *at;
  *at += strlen(text) + 1;
  return text;
}

static void MakeFiles(void) {
  for (int index = 0; index < kFiles; ++index) {
    const int file = memfd_create("standard", 0);
    if (file < 0 || dup2(file, kFirstFile + index) < 0) Die("memfd_create");
    if (file >= kFirstFile + kFiles) close(file);
  }
}

static void EmptyFiles(void) {
  for (int file = kFirstFile; file < kFirstFile + kFiles; ++file) {
    if (ftruncate(file, 0) != 0 || lseek(file, 0, SEEK_SET) != 0) Die("ftruncate");
  }
}

static uint32_t SizeOf(int file) { return (uint32_t)lseek(file, 0, SEEK_END); }

static void SendFile(int file) {
  const uint32_t size = SizeOf(file);
  if (size == 0) return;
  void* text = mmap(NULL, size, PROT_READ, MAP_SHARED, file, 0);
  if (text == MAP_FAILED) Die("mmap");
  WriteTo(kAnswers, text, size);
  munmap(text, size);
}

static void Answer(int status) {
  const uint32_t head[3] = {(uint32_t)status, SizeOf(kFirstFile + 1), SizeOf(kFirstFile + 2)};
  WriteTo(kAnswers, head, sizeof(head));
  SendFile(kFirstFile + 1);
  SendFile(kFirstFile + 2);
  ++*steps_done;
}

// The part of the program's own data that it can write to.
static int FindVariables(struct dl_phdr_info* info, size_t size, void* unused) {
  (void)size;
  (void)unused;
  uintptr_t begin = 0;
  uintptr_t end = 0;
  for (int index = 0; index < info->dlpi_phnum; ++index) {
    const ElfW(Phdr)* part = &info->dlpi_phdr[index];
    const uintptr_t place = info->dlpi_addr + part->p_vaddr;
    if (part->p_type == PT_LOAD && (part->p_flags & PF_W) != 0) {
      if (begin < place) begin = place;
      end = place + part->p_memsz;
    }
    // The dynamic linker has made this part read-only.
    if (part->p_type == PT_GNU_RELRO && begin < place + part->p_memsz) {
      begin = place + part->p_memsz;
    }
  }
  variables.at = (char*)begin;
  variables.size = end - begin;
  variables.copy = malloc(variables.size);
  if (variables.copy == NULL) Die("malloc");
  memcpy(variables.copy, variables.at, variables.size);
  return 1;  // The first is the program itself.
}

void exit(int status) {
  if (!way_back.set) _exit(status);
  way_back.status = status;
  siglongjmp(way_back.place, 1);
}

static void RunStep(const char** at) {
  static char* words[kMostWords + 1];
  const uint32_t count = TakeNumber(at);
  if (count > kMostWords) Die("too many words");
  for (uint32_t index = 0; index < count; ++index) words[index] = (char*)TakeText(at);
  words[count] = NULL;
  const uint32_t length = TakeNumber(at);
  const char* input = *at;
  *at += length;

  EmptyFiles();
  WriteTo(kFirstFile, input, length);
  if (freopen(input_name, "r", stdin) == NULL) Die("freopen");
  memcpy(variables.at, variables.copy, variables.size);
  alarm(kMostSeconds);
  errno = 0;
  if (sigsetjmp(way_back.place, 1) == 0) {
    way_back.set = 1;
    way_back.status = main_of_ipvsadm((int)count, words, environment);
  }
  way_back.set = 0;
  fflush(stdout);
  close_range(kFirstFile + kFiles, ~0U, 0);
  Answer((way_back.status & 0xff) << 8);
  // The kernel does not answer who stops a sync daemon whose thread has not run yet.
  if (count > 1 && strstr(words[1], "daemon") != NULL) usleep(kForThreads);
}

static void SkipStep(const char** at) {
  for (uint32_t count = TakeNumber(at); count > 0; --count) TakeText(at);
  const uint32_t length = TakeNumber(at);
  *at += length;
}

static void RunInChild(const char* netns, const char* at, uint32_t steps) {
  const int space = open(netns, O_RDONLY);
  if (space < 0 || setns(space, CLONE_NEWNET) != 0) Die(netns);
  close(space);
  dup2(kFirstFile + 1, STDOUT_FILENO);
  dup2(kFirstFile + 2, STDERR_FILENO);
  for (; steps > 0; --steps) RunStep(&at);
  _exit(0);
}

static void RunSequence(const char* at) {
  const char* netns = TakeText(&at);
  const int fresh = TakeNumber(&at) != 0;
  for (uint32_t left = TakeNumber(&at); left > 0;) {
    *steps_done = 0;
    const pid_t child = fork();
    if (child < 0) Die("fork");
    if (child == 0) RunInChild(netns, at, fresh ? 1 : left);
    int status;
    while (waitpid(child, &status, 0) < 0) {
      if (errno != EINTR) Die("waitpid");
    }
    if (WIFSIGNALED(status)) {
      Answer(status);
    } else if (status != 0) {
      _exit(99);
    }
    for (uint32_t done = *steps_done; done > 0; --done, --left) SkipStep(&at);
  }
}

static int Serve(int count, char** words, char** names) {
  (void)count;
  (void)words;
  environment = names;
  steps_done =
      mmap(NULL, sizeof(*steps_done), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (steps_done == MAP_FAILED) Die("mmap");
  MakeFiles();
  dl_iterate_phdr(FindVariables, NULL);
  uint32_t size;
  while (Read(&size, sizeof(size))) {
    char* request = malloc(size);
    if (request == NULL || !Read(request, size)) Die("a request was cut off");
    RunSequence(request);
    free(request);
  }
  _exit(0);
}

int __libc_start_main(Main* main, int count, char** words, void (*init)(void), void (*fini)(void),
                      void (*rtld_fini)(void), void* stack_end) {
  union {
    void* symbol;
    Start* start;
  } next = {dlsym(RTLD_NEXT, "__libc_start_main")};
  main_of_ipvsadm = main;
  // What a child starts, such as modprobe, is itself.
  unsetenv("LD_PRELOAD");
  return next.start(Serve, count, words, init, fini, rtld_fini, stack_end);
}
