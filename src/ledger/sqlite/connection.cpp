#include "ledger/sqlite/connection.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/check.h"
#include "base/file_handle.h"
#include "ledger/sqlite/sqlite_error.h"
#include "ledger/sqlite/text_seal.h"

namespace limner::sqlite {
namespace {

// A lock is held for the length of a commit, or of another program's: waiting longer would not help.
constexpr int kBusyMs = 10'000;
// The statements of the ledger are about a hundred; searches are put together and could be any number.
constexpr size_t kPreparedMax = 256;

// SQLite would make the file readable by everybody; journals take the mode of the file.
Result<void> make_private_file(const std::filesystem::path& path) {
  const FileHandle file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file.valid()) return system_error(path, "open", errno);
  return {};
}

int open_flags(Connection::Mode mode) {
  // Read-only connections of a WAL database need to write its index: query_only keeps them from the rest.
  return SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
         (mode == Connection::Mode::create ? SQLITE_OPEN_CREATE : 0);
}

}  // namespace

int Value::bind(sqlite3_stmt* statement, int index) const {
  if (const auto* integer = std::get_if<int64_t>(&value_))
    return sqlite3_bind_int64(statement, index, *integer);
  if (const auto* real = std::get_if<double>(&value_)) return sqlite3_bind_double(statement, index, *real);
  if (const auto* text = std::get_if<std::string_view>(&value_))
    // A view of nothing has no address, which SQLite would bind as NULL.
    return sqlite3_bind_text64(statement, index, text->data() ? text->data() : "", text->size(),
                               SQLITE_TRANSIENT, SQLITE_UTF8);
  return sqlite3_bind_null(statement, index);
}

Rows::~Rows() {
  if (!prepared_) return;
  sqlite3_reset(statement());
  sqlite3_clear_bindings(statement());
  prepared_->in_use = false;
}

Result<bool> Rows::next() {
  const int code = sqlite3_step(statement());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return last_error(sqlite3_db_handle(statement()));
}

std::string Rows::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement(), column));
  if (!bytes) return {};
  return {bytes, static_cast<size_t>(sqlite3_column_bytes(statement(), column))};
}

Result<Json> Rows::json(int column) const {
  if (is_null(column)) return Json();
  Result<Json> parsed = parse_json(text(column), "ledger");
  if (!parsed)
    return Error{Code::data_loss, "ledger", "a column that holds JSON does not: " + parsed.error().message,
                 "limner db check"};
  return parsed;
}

Result<std::string> Rows::opened(int column, const TextPlace& place) const {
  return db_->texts().open(*db_, place, text(column));
}

Connection::Connection(Handle db) : db_(std::move(db)), texts_(plain_texts()) {}

Result<std::string> Connection::sealed(const TextPlace& place, std::string_view text) {
  return texts_->seal(*this, place, text);
}

Result<Connection> Connection::open(const std::filesystem::path& path, Mode mode) {
  if (mode == Mode::create) TRY(make_private_file(path));
  sqlite3* db = nullptr;
  // Absolute: a name that begins with "file:" would be taken for a URI.
  std::error_code ignored;
  const std::filesystem::path absolute = std::filesystem::absolute(path, ignored);
  const int code = sqlite3_open_v2(absolute.c_str(), &db, open_flags(mode), nullptr);
  Handle handle(db);
  if (code != SQLITE_OK) return sqlite_error(code, path.string());
  sqlite3_busy_timeout(db, kBusyMs);
  sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  Connection connection(std::move(handle));
  TRY(connection.execute("PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;"));
  if (mode == Mode::read_only) TRY(connection.execute("PRAGMA query_only = ON"));
  return connection;
}

Result<Prepared*> Connection::prepare(std::string_view sql) {
  auto found = prepared_.find(sql);
  if (found == prepared_.end()) {
    if (prepared_.size() >= kPreparedMax)
      std::erase_if(prepared_, [](const auto& entry) { return !entry.second.in_use; });
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v3(db_.get(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) return last_error(db_.get());
    found = prepared_.emplace(sql, Prepared{}).first;
    found->second.statement.reset(statement);
  }
  LIMNER_CHECK(!found->second.in_use, "a statement is not run while its rows are being read");
  return &found->second;
}

Result<Rows> Connection::query(std::string_view sql, std::span<const Value> values) {
  Rows rows(*this, TRY(prepare(sql)));
  LIMNER_CHECK(sqlite3_bind_parameter_count(rows.statement()) == static_cast<int>(values.size()),
               "a statement gets a value for each of its parameters");
  for (size_t i = 0; i < values.size(); ++i)
    if (values[i].bind(rows.statement(), static_cast<int>(i) + 1) != SQLITE_OK) return last_error(db_.get());
  return rows;
}

Result<int> Connection::run(std::string_view sql, std::initializer_list<Value> values) {
  Rows rows = TRY(query(sql, values));
  while (TRY(rows.next())) {
  }
  return sqlite3_changes(db_.get());
}

Result<void> Connection::execute(const char* statements) {
  if (sqlite3_exec(db_.get(), statements, nullptr, nullptr, nullptr) != SQLITE_OK)
    return last_error(db_.get());
  return {};
}

Result<int64_t> Connection::integer(std::string_view sql, std::initializer_list<Value> values) {
  Rows rows = TRY(query(sql, values));
  const bool found = TRY(rows.next());
  return found ? rows.integer(0) : 0;
}

std::string json_column(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace limner::sqlite
