/* The layout of the ABI on the platforms that cinch supports, checked as C11 and as C++: nothing here ever changes but
 * by lines added at the end of a struct. And the manifest macro, as its comment in the header shows it. */
#include <assert.h>

#include "cinch/codec_plugin.h"

#define AT(type, field, offset) static_assert(offsetof(type, field) == (offset), #type "." #field " has moved")
#define SIZE(type, size) static_assert(sizeof(type) == (size), #type " has another size")

AT(cinch_manifest_provider_v1, format_id, 0);
AT(cinch_manifest_provider_v1, format_major, 96);
AT(cinch_manifest_provider_v1, format_minor_max, 98);
AT(cinch_manifest_provider_v1, decodes_major_min, 100);
AT(cinch_manifest_provider_v1, reserved, 102);
AT(cinch_manifest_provider_v1, caps, 104);
AT(cinch_manifest_provider_v1, required_host_caps, 112);
AT(cinch_manifest_provider_v1, impl_id, 120);
SIZE(cinch_manifest_provider_v1, 216);

AT(cinch_manifest_v1, magic, 0);
AT(cinch_manifest_v1, total_size, 8);
AT(cinch_manifest_v1, reserved, 12);
AT(cinch_manifest_v1, abi_major, 16);
AT(cinch_manifest_v1, abi_minor_built, 18);
AT(cinch_manifest_v1, abi_minor_required, 20);
AT(cinch_manifest_v1, n_providers, 22);
AT(cinch_manifest_v1, platform, 24);
AT(cinch_manifest_v1, plugin_id, 56);
AT(cinch_manifest_v1, plugin_version, 152);
AT(cinch_manifest_v1, vendor, 184);
AT(cinch_manifest_v1, license, 248);
AT(cinch_manifest_v1, homepage, 280);
AT(cinch_manifest_v1, build_id, 408);
SIZE(cinch_manifest_v1, 448);

AT(cinch_err_v1, struct_size, 0);
AT(cinch_err_v1, code, 4);
AT(cinch_err_v1, plugin_code, 8);
AT(cinch_err_v1, reserved, 12);
AT(cinch_err_v1, byte_offset, 16);
AT(cinch_err_v1, message, 24);
SIZE(cinch_err_v1, 280);

AT(cinch_shape_v1, struct_size, 0);
AT(cinch_shape_v1, dtype, 4);
AT(cinch_shape_v1, ndim, 6);
AT(cinch_shape_v1, token_axis, 7);
AT(cinch_shape_v1, elem_bits, 8);
AT(cinch_shape_v1, reserved, 12);
AT(cinch_shape_v1, dims, 16);
SIZE(cinch_shape_v1, 80);

AT(cinch_limits_v1, struct_size, 0);
AT(cinch_limits_v1, max_threads, 4);
AT(cinch_limits_v1, max_mem, 8);
AT(cinch_limits_v1, deadline_ns, 16);
SIZE(cinch_limits_v1, 24);

AT(cinch_slice_v1, struct_size, 0);
AT(cinch_slice_v1, reserved, 4);
AT(cinch_slice_v1, shape, 8);
AT(cinch_slice_v1, first_plane, 16);
AT(cinch_slice_v1, n_planes, 24);
AT(cinch_slice_v1, first_token, 32);
AT(cinch_slice_v1, n_tokens, 40);
AT(cinch_slice_v1, byte_offset, 48);
AT(cinch_slice_v1, limits, 56);
SIZE(cinch_slice_v1, 64);

AT(cinch_loss_v1, struct_size, 0);
AT(cinch_loss_v1, reserved, 4);
AT(cinch_loss_v1, sum_sq_error, 8);
AT(cinch_loss_v1, sum_sq, 16);
AT(cinch_loss_v1, worst_row, 24);
AT(cinch_loss_v1, max_abs, 28);
SIZE(cinch_loss_v1, 32);

AT(cinch_provider_v1, struct_size, 0);
AT(cinch_provider_v1, format_major, 4);
AT(cinch_provider_v1, format_minor_max, 6);
AT(cinch_provider_v1, format_id, 8);
AT(cinch_provider_v1, impl_id, 16);
AT(cinch_provider_v1, caps, 24);
AT(cinch_provider_v1, params_canonical, 32);
AT(cinch_provider_v1, bound, 40);
AT(cinch_provider_v1, enc_open, 48);
AT(cinch_provider_v1, dec_open, 56);
AT(cinch_provider_v1, enc_close, 64);
AT(cinch_provider_v1, dec_close, 72);
AT(cinch_provider_v1, enc_run, 80);
AT(cinch_provider_v1, dec_run, 88);
AT(cinch_provider_v1, measure, 96);
AT(cinch_provider_v1, plan_bound, 104);
AT(cinch_provider_v1, plan, 112);
AT(cinch_provider_v1, plan_open, 120);
AT(cinch_provider_v1, plan_close, 128);
AT(cinch_provider_v1, mem_estimate, 136);
AT(cinch_provider_v1, target, 144);
AT(cinch_provider_v1, block_bytes, 152);
SIZE(cinch_provider_v1, 160);

AT(cinch_host_v1, struct_size, 0);
AT(cinch_host_v1, abi_minor, 4);
AT(cinch_host_v1, reserved, 6);
AT(cinch_host_v1, host_caps, 8);
AT(cinch_host_v1, ctx, 16);
AT(cinch_host_v1, name, 24);
AT(cinch_host_v1, version, 32);
AT(cinch_host_v1, log, 40);
AT(cinch_host_v1, alloc, 48);
AT(cinch_host_v1, free, 56);
AT(cinch_host_v1, cancelled, 64);
AT(cinch_host_v1, get_extension, 72);
SIZE(cinch_host_v1, 80);

AT(cinch_plugin_v1, struct_size, 0);
AT(cinch_plugin_v1, n_providers, 4);
AT(cinch_plugin_v1, provider_at, 8);
AT(cinch_plugin_v1, get_extension, 16);
AT(cinch_plugin_v1, shutdown, 24);
SIZE(cinch_plugin_v1, 32);

#undef AT
#undef SIZE

CINCH_PLUGIN_MANIFEST(1, "com.vendor.name", "1.0.0", "Vendor", "MIT", "https://example.com",
                      CINCH_MANIFEST_PROVIDER("com.vendor.name", 1, 0, 1, CINCH_CAP_DECODE, "com.vendor.name"));
static_assert(sizeof(cinch_manifest) == sizeof(cinch_manifest_v1) + sizeof(cinch_manifest_provider_v1), "manifest");
