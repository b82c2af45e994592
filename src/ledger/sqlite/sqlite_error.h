#pragma once
// What SQLite's result codes mean to Limner.

#include <sqlite3.h>

#include <string_view>

#include "base/result.h"

namespace limner::sqlite {

/// The Error for SQLite's (extended) result code: no room is `exhausted`, a lock or a disk that fails
/// `unavailable`, a damaged file `data_loss`, a taken name `conflict`, a row that points to nothing
/// `not_found`. https://www.sqlite.org/rescode.html
Error sqlite_error(int code, std::string_view message);

/// The same for the last failure on `db`.
Error last_error(sqlite3* db);

}  // namespace limner::sqlite
