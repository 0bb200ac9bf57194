/* A plugin in plain C that works, compiled many times over with one thing broken in each (-DBREAK_…, -DLIAR_…).
 *
 * Its format: every byte is xored with 0x5a, trailing zero bytes are left out. Parameter `every=N` is the rate at which
 * LIAR_BITFLIP lies: in one of N calls. With PLAN_BYTES values have a plan of that many bytes, and are xored with 0xa5.
 * CALL_ANSWERS (ENC_OPEN_ANSWERS, …) is what that call answers when it is done. */
#include <math.h>
#include <string.h>

#include "cinch/codec_plugin.h"

#ifndef FORMAT
#define FORMAT "test.valid"
#endif
#ifndef IMPLEMENTATION
#define IMPLEMENTATION FORMAT
#endif
#ifndef CAPS
#define CAPS (CINCH_CAP_ENCODE | CINCH_CAP_DECODE)
#endif
#ifndef REQUIRED_HOST_CAPS
#define REQUIRED_HOST_CAPS 0
#endif
#ifndef ABI_MAJOR
#define ABI_MAJOR CINCH_ABI_MAJOR
#endif
#ifndef ABI_MINOR_BUILT
#define ABI_MINOR_BUILT CINCH_ABI_MINOR
#endif
#ifndef ABI_MINOR_REQUIRED
#define ABI_MINOR_REQUIRED 1
#endif
#ifndef PLATFORM
#define PLATFORM CINCH_PLATFORM
#endif
#ifndef TABLE_MAJOR
#define TABLE_MAJOR 1
#endif
#ifndef STRUCT_SIZE
#define STRUCT_SIZE sizeof(cinch_provider_v1)
#endif
#ifndef EXTRA_TOTAL_SIZE
#define EXTRA_TOTAL_SIZE 0
#endif
#ifndef VENDOR
#define VENDOR ""
#endif
#ifndef ENC_OPEN_ANSWERS
#define ENC_OPEN_ANSWERS CINCH_OK
#endif
#ifndef ENC_RUN_ANSWERS
#define ENC_RUN_ANSWERS CINCH_OK
#endif
#ifndef DEC_RUN_ANSWERS
#define DEC_RUN_ANSWERS CINCH_OK
#endif
#ifndef PLAN_ANSWERS
#define PLAN_ANSWERS CINCH_OK
#endif
#ifndef PLAN_OPEN_ANSWERS
#define PLAN_OPEN_ANSWERS CINCH_OK
#endif
#ifndef ANNOTATION
#define ANNOTATION ""
#endif

#ifdef __cplusplus
extern "C" {
#endif

#ifndef BREAK_NO_MANIFEST
typedef struct manifest {
  cinch_manifest_v1 head;
  cinch_manifest_provider_v1 provider;
} manifest;
__attribute__((section(CINCH_PLUGIN_SECTION), used, aligned(8))) static const manifest the_manifest = {
    {{'C', 'I', 'N', 'C', 'H', 'P', 'L', 'G'},
     sizeof(manifest) + EXTRA_TOTAL_SIZE,
     0,
     ABI_MAJOR,
     ABI_MINOR_BUILT,
     ABI_MINOR_REQUIRED,
     1,
     PLATFORM,
     IMPLEMENTATION,
     "1.0.0",
     VENDOR,
     "Apache-2.0",
     "",
     ""},
    {FORMAT, 1, 0, 1, 0, CAPS, REQUIRED_HOST_CAPS, IMPLEMENTATION}};
#endif

/* No host may run this of a file that it refuses by its looks. */
int setenv(const char* name, const char* value, int overwrite);
__attribute__((constructor)) static void leave_a_trace(void) { setenv("CINCH_TEST_PLUGIN_RAN", IMPLEMENTATION, 1); }

struct cinch_enc_ctx {
  int unused;
};
struct cinch_dec_ctx {
  uint32_t every;
  uint32_t calls;
};

void* malloc(size_t size);
void free(void* memory);

/* `every=N` or nothing; 0 when it is neither. */
static uint32_t parse_every(const char* text, size_t n) {
  uint32_t every = 0;
  size_t i = 6;
  if (n == 0) return 1000000;
  if (n <= i || n > i + 7 || memcmp(text, "every=", i) != 0) return 0;
  for (; i < n; ++i) {
    if (text[i] < '0' || text[i] > '9') return 0;
    every = every * 10 + (uint32_t)(text[i] - '0');
  }
  return every;
}

static int32_t params_canonical(const cinch_provider_v1* p, const char* in, size_t in_len, char* out, size_t out_cap,
                                size_t* out_len, cinch_err_v1* err) {
  (void)p;
  if (parse_every(in, in_len) == 0) {
    if (err) strcpy(err->message, "unknown parameter; known: every");
    return CINCH_INVALID_ARG;
  }
  *out_len = in_len;
  if (in_len > out_cap) return CINCH_DST_TOO_SMALL;
  if (in_len > 0) memcpy(out, in, in_len);
#ifdef LIAR_ESCAPE
  memcpy(out, "\033[31m", *out_len = 5);
#endif
#ifdef LIAR_LATIN
  memcpy(out, "k=\xfc", *out_len = 3);
#endif
  return CINCH_OK;
}

static int32_t bound(const cinch_provider_v1* p, const char* params, size_t n, const cinch_shape_v1* shape,
                     uint64_t in_len, uint64_t* out, cinch_err_v1* err) {
  (void)p, (void)params, (void)n, (void)shape, (void)err;
  *out = in_len;
#ifdef LIAR_HUGE
  *out = (uint64_t)1 << 43;
#endif
  return CINCH_OK;
}

static int32_t enc_open(const cinch_provider_v1* p, const char* params, size_t n, cinch_enc_ctx** ctx,
                        cinch_err_v1* err) {
  (void)p, (void)params, (void)n, (void)err;
  *ctx = NULL;
  if (ENC_OPEN_ANSWERS != CINCH_OK) return ENC_OPEN_ANSWERS;
  *ctx = (cinch_enc_ctx*)malloc(sizeof **ctx);
  return *ctx ? CINCH_OK : CINCH_NOMEM;
}

static int32_t dec_open(const cinch_provider_v1* p, uint16_t major, uint16_t minor, const char* params, size_t n,
                        cinch_dec_ctx** ctx, cinch_err_v1* err) {
  (void)p, (void)err;
  *ctx = NULL;
  if (major != 1 || minor != 0) return CINCH_FORMAT_UNSUPPORTED;
  if (parse_every(params, n) == 0) return CINCH_PARAMS_UNSUPPORTED;
  *ctx = (cinch_dec_ctx*)malloc(sizeof **ctx);
  if (!*ctx) return CINCH_NOMEM;
  (*ctx)->every = parse_every(params, n);
  (*ctx)->calls = 0;
  return CINCH_OK;
}

__attribute__((unused)) static void enc_close(cinch_enc_ctx* ctx) { free(ctx); }
static void dec_close(cinch_dec_ctx* ctx) { free(ctx); }

static void xor_bytes(const cinch_plan_state* plan, const uint8_t* src, size_t n, uint8_t* dst) {
  const uint8_t key = plan ? 0xa5 : 0x5a;
  size_t i;
  for (i = 0; i < n; ++i) dst[i] = src[i] ^ key;
}

__attribute__((unused)) static int32_t enc_run(cinch_enc_ctx* ctx, const cinch_plan_state* plan,
                                               const cinch_slice_v1* slice, const uint8_t* src, size_t n, uint8_t* dst,
                                               size_t cap, size_t* out_len, cinch_err_v1* err) {
  const size_t whole = n;
  (void)ctx, (void)slice, (void)err;
  while (n > 0 && src[n - 1] == 0) --n;
  if (n == whole) return CINCH_DECLINED;
  if (n > cap) return CINCH_DST_TOO_SMALL;
  xor_bytes(plan, src, n, dst);
  *out_len = n;
#ifdef LIAR_BOUND
  *out_len = cap + 1;
#endif
  return ENC_RUN_ANSWERS;
}

static int32_t dec_run(cinch_dec_ctx* ctx, const cinch_plan_state* plan, const cinch_slice_v1* slice,
                       const uint8_t* src, size_t n, uint8_t* dst, size_t dst_len, cinch_err_v1* err) {
  (void)slice, (void)err;
  ++ctx->calls;
#ifdef LIAR_THROW
  throw 42;
#endif
#ifdef LIAR_SHORT
  return CINCH_OK;
#endif
  if (n > dst_len) return CINCH_CORRUPT;
  xor_bytes(plan, src, n, dst);
  if (dst_len > n) memset(dst + n, 0, dst_len - n);
#ifdef LIAR_BITFLIP
  if (ctx->calls % ctx->every == 0 && dst_len > 0) dst[dst_len / 2] ^= 1;
#endif
#ifdef LIAR_OVERRUN
  dst[dst_len] = (uint8_t)(dst[dst_len] + 1);
#endif
  return DEC_RUN_ANSWERS;
}

#ifdef PLAN_BYTES
static int32_t plan_bound(const cinch_provider_v1* p, const char* params, size_t n, const cinch_shape_v1* shape,
                          uint64_t in_len, uint64_t* out, cinch_err_v1* err) {
  (void)p, (void)params, (void)n, (void)shape, (void)in_len, (void)err;
  *out = 16;
  return CINCH_OK;
}

static int32_t plan(cinch_enc_ctx* ctx, const cinch_shape_v1* shape, uint64_t block_bytes, const uint8_t* src, size_t n,
                    uint8_t* dst, size_t cap, size_t* out_len, char* annotation, cinch_err_v1* err) {
  const size_t length = PLAN_BYTES;
  (void)ctx, (void)shape, (void)block_bytes, (void)src, (void)n, (void)err;
  memset(dst, 1, length);
  memcpy(annotation, ANNOTATION, sizeof ANNOTATION);
  *out_len = length < cap ? length : cap;
  return PLAN_ANSWERS;
}

/* There is always something in *state, which is nothing to close unless the answer is OK. */
static int32_t plan_open(const cinch_provider_v1* p, uint16_t major, uint16_t minor, const char* params, size_t n,
                         const cinch_shape_v1* shape, const uint8_t* src, size_t src_len, cinch_plan_state** state,
                         cinch_err_v1* err) {
  static char opened;
  (void)p, (void)major, (void)minor, (void)params, (void)n, (void)shape, (void)src, (void)src_len, (void)err;
  *state = (cinch_plan_state*)&opened;
#ifdef LIAR_PLAN_OPEN_THROWS
  throw 42;
#endif
  return PLAN_OPEN_ANSWERS;
}

static void plan_close(cinch_plan_state* state) {
  if (state) setenv("CINCH_TEST_PLAN_CLOSED", IMPLEMENTATION, 1);
}
#define PLAN_FUNCTIONS plan_bound, plan, plan_open
#define PLAN_CLOSE plan_close
#endif

#ifdef LIAR_LOSS
static int32_t measure(const cinch_provider_v1* p, const char* params, size_t n, const cinch_slice_v1* slice,
                       const uint8_t* original, const uint8_t* decoded, size_t len, cinch_loss_v1* loss,
                       cinch_err_v1* err) {
  (void)p, (void)params, (void)n, (void)slice, (void)original, (void)decoded, (void)len, (void)err;
  loss->sum_sq_error = loss->sum_sq = HUGE_VAL;
  return CINCH_OK;
}
#define MEASURE measure
#endif

#ifndef ENC_RUN
#define ENC_RUN enc_run
#endif
#ifndef MEASURE
#define MEASURE NULL
#endif
#ifndef PLAN_FUNCTIONS
#define PLAN_FUNCTIONS NULL, NULL, NULL
#endif
#ifndef ENC_CLOSE
#define ENC_CLOSE enc_close
#endif
#ifndef PLAN_CLOSE
#define PLAN_CLOSE NULL
#endif
static const cinch_provider_v1 provider = {STRUCT_SIZE,    TABLE_MAJOR,      0,       FORMAT,   IMPLEMENTATION,
                                           CAPS,           params_canonical, bound,   enc_open, dec_open,
                                           ENC_CLOSE,      dec_close,        ENC_RUN, dec_run,  MEASURE,
                                           PLAN_FUNCTIONS, PLAN_CLOSE,       NULL,    NULL,     NULL};

__attribute__((unused)) static const cinch_provider_v1* provider_at(uint32_t i) {
#ifdef BREAK_NULL_PROVIDER
  return i > 0 ? &provider : NULL;
#else
  return i == 0 ? &provider : NULL;
#endif
}

#ifdef BREAK_EXTRA_EXPORT
CINCH_PLUGIN_EXPORT int something_else(void);
int something_else(void) { return 0; }
#endif
#ifdef BREAK_IMPORT
int32_t BREAK_IMPORT(void);
#endif

#ifndef BREAK_NO_ENTRY
int32_t cinch_plugin_entry_v0(const cinch_host_v1* host, cinch_plugin_v1* out, cinch_err_v1* err) {
  (void)err;
#ifdef BREAK_ENTRY_ERROR
  strcpy(err->message, "the device is not there");
  return CINCH_DEVICE;
#endif
#ifdef BREAK_ENTRY_THROWS
  throw 42;
#endif
#ifdef BREAK_IMPORT
  if (BREAK_IMPORT() != 0) return CINCH_INTERNAL;
#endif
  host->log(host->ctx, CINCH_LOG_INFO, 0, "hello", 5);
#ifdef ASKS_TOO_MUCH
  host->log(host->ctx, CINCH_LOG_INFO, 0, ", \033[31mred\n", SIZE_MAX);
  if (host->alloc(host->ctx, SIZE_MAX, 8) || host->alloc(host->ctx, 8, SIZE_MAX / 2 + 1)) return CINCH_INTERNAL;
#endif
  out->n_providers = 1;
#ifdef BREAK_PROVIDER_COUNT
  out->n_providers = 2;
#endif
  out->provider_at = provider_at;
#ifdef BREAK_PLUGIN_TABLE
  out->struct_size = 8;
#endif
  return CINCH_OK;
}
#endif

#ifdef __cplusplus
}
#endif
