#include "jobs/job_inputs.h"

#include <fmt/format.h>

#include "base/ids.h"
#include "jobs/outpaint.h"

namespace limner {
namespace {

Result<void> check_mask(UploadKeeper& uploads, const std::string& tenant, const JobRequest& request,
                        PictureSize init) {
  if (request.mask.empty()) return {};
  const PictureSize mask = TRY(uploads.picture_size(tenant, request.mask, "mask"));
  if (mask.width == init.width && mask.height == init.height) return {};
  return invalid("mask", fmt::format("{}x{}, but the picture is {}x{}", mask.width, mask.height, init.width,
                                     init.height));
}

}  // namespace

Result<InputSizes> look_at_pictures(UploadKeeper& uploads, const std::string& tenant,
                                    const JobRequest& request) {
  InputSizes sizes;
  for (size_t i = 0; i < request.controls.size(); ++i)
    TRY(uploads.picture_size(tenant, request.controls[i].picture, fmt::format("controlnets[{}].image", i)));
  sizes.controls = static_cast<int>(request.controls.size());
  if (request.init.empty()) return sizes;
  const PictureSize init = TRY(uploads.picture_size(tenant, request.init, "init"));
  TRY(check_mask(uploads, tenant, request, init));
  Margins margins;
  if (!request.outpaint.empty()) margins = TRY(parse_outpaint(request.outpaint, "outpaint"));
  sizes.init_width = init.width + margins.left + margins.right;
  sizes.init_height = init.height + margins.top + margins.bottom;
  sizes.mask = !request.mask.empty() || !request.outpaint.empty();
  return sizes;
}

Result<void> check_withheld(const Containment& containment, PictureTable& pictures,
                            const JobRequest& request) {
  if (!containment.any()) return {};
  std::vector<std::string> ids = {request.init, request.mask};
  for (const ControlRequest& control : request.controls) ids.push_back(control.picture);
  for (const std::string& id : ids)
    if (is_id(id, "pic")) TRY(containment.check_picture(TRY(pictures.find(id))));
  return {};
}

}  // namespace limner
