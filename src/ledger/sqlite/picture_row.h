#pragma once
// A picture as a row.

#include "ledger/jobs.h"
#include "ledger/pictures.h"
#include "ledger/sqlite/connection.h"

namespace limner::sqlite {

/// "SELECT all that read_picture() reads FROM pictures" and what follows.
std::string pictures_query(std::string_view rest);
Result<PictureRow> read_picture(const Rows& rows);

/// With its marks. Job and tenant are taken from the job.
Result<void> insert_picture(Connection& db, const PictureRow& picture, const Job& job);

}  // namespace limner::sqlite
