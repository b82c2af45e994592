// Lets the Python tests use a Store:
//
//   store_tool URL [--endpoint E] [--virtual-host] [--part-bytes N] [--attempts N] [--spill FOLDER] OPERATION
//
//   put KEY FILE [TYPE]     get KEY > file     head KEY > "BYTES MODIFIED\n"     remove KEY
//   list [PREFIX] > keys, one a line     sign KEY SECONDS > URL     drain > how many were moved
//
// Who asks is in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. A failure ends with status 1 and
// "CODE: field: message" on standard error, the log of a spill goes there too.

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "base/files.h"
#include "base/log.h"
#include "base/metrics.h"
#include "net/http_client.h"
#include "store/spill_store.h"
#include "store/store.h"

namespace {

using namespace limner;
using Arguments = std::vector<std::string>;

constexpr size_t kBytesMax = 1u << 30;

struct Command {
  StoreConfig config;
  std::string spill_folder;
  Arguments words;  // OPERATION and what follows
};

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

Command parse(Arguments words) {
  Command command;
  command.config.access_key = environment("AWS_ACCESS_KEY_ID");
  command.config.secret_key = environment("AWS_SECRET_ACCESS_KEY");
  words.resize(std::max<size_t>(words.size(), 2));
  command.config.url = words[0];
  size_t at = 1;
  for (; at + 1 < words.size() && words[at].starts_with("--"); ++at) {
    const std::string& option = words[at];
    if (option == "--virtual-host") {
      command.config.path_style = false;
      continue;
    }
    const std::string& value = words[++at];
    if (option == "--endpoint") command.config.endpoint = value;
    if (option == "--part-bytes") command.config.part_bytes = std::strtoull(value.c_str(), nullptr, 10);
    if (option == "--attempts") command.config.attempts = std::atoi(value.c_str());
    if (option == "--spill") command.spill_folder = value;
  }
  command.words.assign(words.begin() + static_cast<ptrdiff_t>(at), words.end());
  command.words.resize(4);
  return command;
}

Result<void> put(Store& store, const Arguments& words) {
  const std::string bytes = TRY(read_file(words[2], kBytesMax));
  return store.put(words[1], std::as_bytes(std::span(bytes)),
                   words[3].empty() ? "application/octet-stream" : words[3]);
}

Result<void> get(Store& store, const Arguments& words) {
  std::cout << TRY(store.get(words[1], kBytesMax));
  return {};
}

Result<void> head(Store& store, const Arguments& words) {
  const ObjectInfo info = TRY(store.head(words[1]));
  std::cout << info.bytes << ' ' << info.modified << '\n';
  return {};
}

Result<void> list(Store& store, const Arguments& words) {
  return store.list(words[1], [](const ObjectInfo& object) {
    std::cout << object.key << '\n';
    return true;
  });
}

Result<void> sign(Store& store, const Arguments& words) {
  const std::optional<std::string> url = store.signed_url(words[1], std::atoi(words[2].c_str()));
  if (!url) return unsupported("sign", "this store has no signed URLs");
  std::cout << *url << '\n';
  return {};
}

Result<void> operate(Store& store, const Arguments& words) {
  if (words[0] == "put") return put(store, words);
  if (words[0] == "get") return get(store, words);
  if (words[0] == "head") return head(store, words);
  if (words[0] == "remove") return store.remove(words[1]);
  if (words[0] == "list") return list(store, words);
  if (words[0] == "sign") return sign(store, words);
  return invalid("operation", "there is no '" + words[0] + "'");
}

Result<void> operate_spilling(std::unique_ptr<Store> remote, const Command& command, HttpClient& http,
                              const Clock& clock) {
  StoreConfig spill;
  spill.url = "file:" + command.spill_folder;
  std::unique_ptr<Store> local = TRY(open_store(spill, http, clock));
  Log log(STDERR_FILENO, LogLevel::debug, false, clock);
  Metrics metrics;
  SpillStore store(std::move(remote), std::move(local), clock, log, metrics);
  if (command.words[0] != "drain") return operate(store, command.words);
  std::cout << TRY(store.drain()) << '\n';
  return {};
}

Result<void> run(const Command& command) {
  HttpClient http;
  const SystemClock clock;
  std::unique_ptr<Store> store = TRY(open_store(command.config, http, clock));
  if (!command.spill_folder.empty()) return operate_spilling(std::move(store), command, http, clock);
  return operate(*store, command.words);
}

}  // namespace

int main(int argc, char** argv) {
  const Result<void> done = run(parse(Arguments(argv + 1, argv + argc)));
  if (done) return 0;
  std::fprintf(stderr, "%s: %s\n", code_name(done.error().code), done.error().text().c_str());
  return 1;
}
