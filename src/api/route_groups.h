#pragma once
// The groups of endpoints: each is a list of rows in its own file. routes.cpp names them all.

#include <span>

#include "api/route.h"

namespace limner {

std::span<const Route> job_routes();        ///< native/jobs.cpp
std::span<const Route> job_event_routes();  ///< native/job_events.cpp
std::span<const Route> picture_routes();    ///< native/pictures.cpp
std::span<const Route> file_routes();       ///< native/files.cpp
std::span<const Route> model_routes();      ///< native/models.cpp
std::span<const Route> usage_routes();      ///< native/usage.cpp
std::span<const Route> panel_routes();      ///< native/panels.cpp
std::span<const Route> review_routes();     ///< native/reviews.cpp
std::span<const Route> health_routes();     ///< native/health.cpp
std::span<const Route> document_routes();   ///< native/documents.cpp
std::span<const Route> tenant_routes();     ///< admin/tenants.cpp
std::span<const Route> key_routes();        ///< admin/keys.cpp
std::span<const Route> operation_routes();  ///< admin/operations.cpp
std::span<const Route> audit_routes();      ///< admin/audit.cpp
std::span<const Route> incident_routes();   ///< admin/incidents.cpp

std::span<const Route> provenance_routes();  ///< native/provenance.cpp

std::span<const Route> openai_image_routes();    ///< openai/images.cpp
std::span<const Route> openai_batch_routes();    ///< openai/batches.cpp
std::span<const Route> a1111_drawing_routes();   ///< a1111/drawings.cpp
std::span<const Route> a1111_progress_routes();  ///< a1111/progress.cpp
std::span<const Route> a1111_list_routes();      ///< a1111/lists.cpp
std::span<const Route> a1111_extra_routes();     ///< a1111/extras.cpp

}  // namespace limner
