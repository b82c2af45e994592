#include "ledger/sqlite/backup.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/file_handle.h"
#include "base/ids.h"
#include "ledger/ledger.h"
#include "ledger/sqlite/migrations.h"
#include "ledger/sqlite/sqlite_error.h"

namespace limner {
namespace sqlite {
namespace {

namespace fs = std::filesystem;

Result<void> copy_pages(Connection& from, Connection& to) {
  sqlite3_backup* copy = sqlite3_backup_init(to.handle(), "main", from.handle(), "main");
  if (!copy) return last_error(to.handle());
  // All pages in one step are one snapshot: in steps, every write in between would begin the copy anew.
  const int step = sqlite3_backup_step(copy, -1);
  const int finish = sqlite3_backup_finish(copy);
  if (step != SQLITE_DONE) return sqlite_error(step, "copying");
  if (finish != SQLITE_OK) return last_error(to.handle());
  // One file that says all, readable wherever it is carried.
  return to.execute("PRAGMA journal_mode = DELETE");
}

Result<void> sync_file(const fs::path& path) {
  const FileHandle file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return system_error(path, "read", errno);
  if (::fsync(file.get()) != 0) return system_error(path, "write", errno);
  return {};
}

// Some file systems cannot sync a folder: the file itself is safe.
void sync_folder(const fs::path& path) {
  const FileHandle folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.valid()) ::fsync(folder.get());
}

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

Result<void> write_copy(Connection& from, const fs::path& to) {
  Connection copy = TRY(Connection::open(to, Connection::Mode::create));
  return copy_pages(from, copy);
}

void remove_database(const fs::path& path) {
  std::error_code ignored;
  for (const char* ending : {"", "-journal", "-wal", "-shm"}) fs::remove(path.string() + ending, ignored);
}

// A log beside another database would be read into it.
Result<void> empty_log(const fs::path& path) {
  Result<Connection> db = Connection::open(path, Connection::Mode::write);
  const bool emptied = db && db->execute("PRAGMA journal_mode = DELETE");
  if (emptied) return {};
  // The database that is to be replaced is damaged, and so is its log.
  std::error_code error;
  fs::remove(path.string() + "-wal", error);
  if (!error) fs::remove(path.string() + "-shm", error);
  if (error) return system_error(path, "replace", error.value());
  return {};
}

Result<void> check_backup(Connection& db) {
  TRY(check_version(db));
  const int64_t tables = TRY(db.integer("SELECT count(*) FROM sqlite_schema"));
  if (tables == 0) return unsupported("ledger", "the backup is empty");
  return check_whole(db);
}

// `into` is written beside `to` and takes its name only when it is whole.
Result<void> copy_beside(Connection& from, const fs::path& made, const fs::path& to) {
  TRY(write_copy(from, made));
  TRY(sync_file(made));
  if (fs::exists(to)) TRY(empty_log(to));
  if (::rename(made.c_str(), to.c_str()) != 0) return system_error(to, "write", errno);
  sync_folder(folder_of(to));
  return {};
}

}  // namespace

Result<void> copy_database(Connection& from, const fs::path& to) {
  const fs::path made = folder_of(to) / fmt::format(".{}.part", new_id("ledger"));
  Result<void> copied = copy_beside(from, made, to);
  if (!copied) remove_database(made);
  return copied;
}

Result<void> check_whole(Connection& db) {
  Rows rows = TRY(db.query("PRAGMA integrity_check(1)"));
  const bool any = TRY(rows.next());
  if (any && rows.text(0) == "ok") return {};
  return Error{Code::data_loss, "ledger", fmt::format("the file is damaged: {}", any ? rows.text(0) : ""),
               "take another backup"};
}

}  // namespace sqlite

Result<void> restore_ledger(const std::filesystem::path& from, const std::filesystem::path& to,
                            bool replace) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(from, ignored))
    return not_found(from.string(), "there is no such file");
  if (!replace && std::filesystem::exists(to, ignored))
    return Error{Code::conflict, to.string(), "there is a ledger already",
                 "--replace puts the backup in its place"};
  sqlite::Connection backup = TRY(sqlite::Connection::open(from, sqlite::Connection::Mode::read_only));
  TRY(sqlite::check_backup(backup));
  return sqlite::copy_database(backup, to);
}

}  // namespace limner
