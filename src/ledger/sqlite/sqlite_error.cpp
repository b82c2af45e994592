#include "ledger/sqlite/sqlite_error.h"

#include <fmt/format.h>

namespace limner::sqlite {
namespace {

struct Meaning {
  Code code;
  const char* message;
  const char* hint;
};

Meaning constraint_meaning(int extended) {
  switch (extended) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
      return {Code::conflict, "this exists already", ""};
    case SQLITE_CONSTRAINT_FOREIGNKEY:
      return {Code::not_found, "what this belongs to does not exist", ""};
    default:
      return {Code::invalid, "a value is outside of what the ledger allows", ""};
  }
}

Meaning meaning(int extended) {
  switch (extended & 0xff) {
    case SQLITE_FULL:
      return {Code::exhausted, "there is no room on the disk", "free some space; nothing was changed"};
    case SQLITE_NOMEM:
      return {Code::exhausted, "out of memory", ""};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      return {Code::unavailable, "the ledger is locked by another program", "try again"};
    case SQLITE_IOERR:
      return {Code::unavailable, "the disk does not work", "look at the system's log; nothing was changed"};
    case SQLITE_CANTOPEN:
      return {Code::unavailable, "the file cannot be opened",
              "check that its folder exists and its permissions"};
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return {Code::unavailable, "the file cannot be written to", "check its permissions and its folder's"};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
      return {Code::data_loss, "the file is damaged", "restore a backup: limner db restore --replace"};
    case SQLITE_TOOBIG:
      return {Code::too_large, "a value is too long for the ledger", ""};
    case SQLITE_INTERRUPT:
      return {Code::cancelled, "it was interrupted", ""};
    case SQLITE_CONSTRAINT:
      return constraint_meaning(extended);
    default:
      return {Code::internal, "the ledger was asked wrongly", ""};
  }
}

}  // namespace

Error sqlite_error(int code, std::string_view message) {
  const Meaning found = meaning(code);
  return {found.code, "ledger", fmt::format("{} (SQLite {}: {})", found.message, code, message), found.hint};
}

Error last_error(sqlite3* db) { return sqlite_error(sqlite3_extended_errcode(db), sqlite3_errmsg(db)); }

}  // namespace limner::sqlite
