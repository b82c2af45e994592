#pragma once
// A connection to the database with its prepared statements.

#include <sqlite3.h>

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "ledger/sealed_text.h"

namespace limner::sqlite {

/// A value for a statement's `?`. Texts are copied when they are bound, not before.
/// uint64_t keeps its bits: SQLite's integers are signed, so those above 2^63 are negative in the file.
class Value {
 public:
  Value(std::nullptr_t) : value_(nullptr) {}
  template <std::integral T>
  Value(T value) : value_(static_cast<int64_t>(value)) {}
  template <class T>
  requires std::is_enum_v<T> Value(T value) : value_(static_cast<int64_t>(value)) {}
  Value(double value) : value_(value) {}
  Value(std::string_view text) : value_(text) {}
  Value(const std::string& text) : value_(std::string_view(text)) {}
  Value(const char* text) : value_(std::string_view(text)) {}
  template <class T>
  Value(const std::optional<T>& value) : Value(value ? Value(*value) : Value(nullptr)) {}

  int bind(sqlite3_stmt* statement, int index) const;

 private:
  std::variant<std::nullptr_t, int64_t, double, std::string_view> value_;
};

/// NULL for an empty text: columns in which absence is NULL, so that partial indexes leave it out.
inline Value null_if_empty(std::string_view text) { return text.empty() ? Value(nullptr) : Value(text); }

/// Sorts behind every id: where the first page of "newest first" begins.
inline constexpr std::string_view kAfterAllIds = "~";

class TextSeal;

struct Prepared {
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement;
  bool in_use = false;
};

class Connection;

/// The answer to a query, row by row. Must end before its connection.
class Rows {
 public:
  Rows(Connection& db, Prepared* prepared) : db_(&db), prepared_(prepared) { prepared_->in_use = true; }
  Rows(Rows&& other) noexcept : db_(other.db_), prepared_(std::exchange(other.prepared_, nullptr)) {}
  Rows& operator=(Rows&&) = delete;
  ~Rows();

  /// Moves to the next row; false at the end.
  Result<bool> next();

  bool is_null(int column) const { return sqlite3_column_type(statement(), column) == SQLITE_NULL; }
  int64_t integer(int column) const { return sqlite3_column_int64(statement(), column); }
  int number(int column) const { return static_cast<int>(integer(column)); }
  uint64_t unsigned_integer(int column) const { return static_cast<uint64_t>(integer(column)); }
  bool boolean(int column) const { return integer(column) != 0; }
  double real(int column) const { return sqlite3_column_double(statement(), column); }
  /// Empty for NULL.
  std::string text(int column) const;
  /// A JSON column; `data_loss` if it holds something else. Null for NULL.
  Result<Json> json(int column) const;
  /// A text that Connection::sealed() made, as it was (TextSeal::open()); empty for NULL. RowTexts reads rows
  /// by this.
  Result<std::string> opened(int column, const TextPlace& place) const;

 private:
  friend class Connection;
  sqlite3_stmt* statement() const { return prepared_->statement.get(); }
  Connection* db_;
  Prepared* prepared_;
};

/// Not thread-safe: one thread at a time. Every failure is an Error (sqlite_error.h).
class Connection {
 public:
  enum class Mode {
    create,     ///< read and write; the file is made, for its owner alone, if there is none
    write,      ///< read and write; the file must exist
    read_only,  ///< writing is refused
  };
  static Result<Connection> open(const std::filesystem::path& path, Mode mode);

  /// Rows of `sql` with its `?`s bound in order.
  Result<Rows> query(std::string_view sql, std::span<const Value> values);
  Result<Rows> query(std::string_view sql, std::initializer_list<Value> values = {}) {
    return query(sql, std::span<const Value>(values.begin(), values.size()));
  }
  /// Runs one statement that yields no rows; how many rows it changed.
  Result<int> run(std::string_view sql, std::initializer_list<Value> values = {});
  /// Runs several statements once, without keeping them.
  Result<void> execute(const char* statements);
  /// All rows, each read by `read`: Result<T>(const Rows&).
  template <class T, class Read>
  Result<std::vector<T>> collect(const Read& read, std::string_view sql, std::span<const Value> values) {
    std::vector<T> all;
    Rows rows = TRY(query(sql, values));
    while (TRY(rows.next())) {
      T one = TRY(read(rows));
      all.push_back(std::move(one));
    }
    return all;
  }
  template <class T, class Read>
  Result<std::vector<T>> collect(const Read& read, std::string_view sql,
                                 std::initializer_list<Value> values = {}) {
    return collect<T>(read, sql, std::span<const Value>(values.begin(), values.size()));
  }
  /// The first row, if there is one, read by `read`: Result<T>(const Rows&).
  template <class T, class Read>
  Result<std::optional<T>> first(const Read& read, std::string_view sql,
                                 std::initializer_list<Value> values = {}) {
    Rows rows = TRY(query(sql, values));
    const bool found = TRY(rows.next());
    if (!found) return std::optional<T>();
    T one = TRY(read(rows));
    return std::optional<T>(std::move(one));
  }
  /// The first column of the first row; 0 if there is none.
  Result<int64_t> integer(std::string_view sql, std::initializer_list<Value> values = {});

  /// How texts of prompts and persons lie in this ledger; as they are until this says otherwise.
  void seal_with(std::shared_ptr<TextSeal> texts) { texts_ = std::move(texts); }
  TextSeal& texts() const { return *texts_; }
  /// Such a text for its column. What is written into one of sealed_columns() goes through here.
  Result<std::string> sealed(const TextPlace& place, std::string_view text);

  bool in_transaction() const { return sqlite3_get_autocommit(db_.get()) == 0; }
  sqlite3* handle() const { return db_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
  };
  using Handle = std::unique_ptr<sqlite3, Close>;

  explicit Connection(Handle db);
  Result<Prepared*> prepare(std::string_view sql);

  Handle db_;
  std::shared_ptr<TextSeal> texts_;
  std::map<std::string, Prepared, std::less<>> prepared_;
};

/// Reads the only column of a row of texts.
inline Result<std::string> text_column(const Rows& rows) { return rows.text(0); }

/// JSON as a column holds it.
std::string json_column(const Json& json);

}  // namespace limner::sqlite
