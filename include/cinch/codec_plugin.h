/* The C ABI of cinch codec plugins, version 0.3: the one header a plugin needs, and the only one it may see.
 *
 * What: a plugin is a shared object NAME.cinch.so that exports one symbol, `cinch_plugin_entry_v0`, and carries a
 * manifest in section ".cinch.plugin", which the host reads before it runs any of the plugin's code. The entry fills a
 * table of providers; a provider encodes and/or decodes one format. Version 0 of the ABI is free to change, so that a
 * host of version 0 takes only plugins built for its own minor version.
 *
 * Threads, as tagged below:
 *   [any-thread]  any number of threads at once; lock-free where nothing is created.
 *   [ctx-serial]  one call at a time for one context, each perhaps from another thread, the closing call too.
 *   [once]        once per process, on any thread, with the host's loader lock held.
 * No thread-local state, no threads left running, no I/O, printing, environment, locale, signal handlers, `atexit` or
 * fork; no exception and no longjmp may leave a function. Constructors of static objects run in the dynamic loader,
 * through which no exception can pass: one that throws ends the process.
 *
 * Ownership: the caller owns every buffer and string it passes, for the duration of the call; what a plugin returns by
 * pointer in its tables lives until the process ends (a plugin is never unloaded). Neither side frees what the other
 * allocated.
 *
 * Errors: functions return a code below and may fill the caller's `cinch_err_v1` (which may be NULL). After a failed
 * call outputs are undefined, contexts stay usable. Units: bytes, nanoseconds; shapes are row-major element counts.
 *
 * Growth: tables start with `struct_size` and only ever grow at their end; read a field after CINCH_HAS says that it is
 * there. Reserved fields are 0 and are checked.
 */
#ifndef CINCH_CODEC_PLUGIN_H
#define CINCH_CODEC_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CINCH_ABI_MAJOR 0
#define CINCH_ABI_MINOR 3
#define CINCH_PLUGIN_ENTRY "cinch_plugin_entry_v0"
#define CINCH_PLUGIN_SECTION ".cinch.plugin"
#define CINCH_PLUGIN_SUFFIX ".cinch.so"

/* True when the struct that `s` points to is long enough to hold `field`. */
#define CINCH_HAS(s, type, field) (offsetof(type, field) + sizeof((s)->field) <= (s)->struct_size)

/* ---- Return codes. Any other value means CINCH_INTERNAL. */
#define CINCH_OK 0
/* Encoder: does not pay. The host stores the block raw, as it also does if encoding saves less than a 64th and 4 bytes;
 * if all blocks of a value would be raw and the codec is LOSSY or made a plan, it stores the value with its fallback
 * codec instead. Plan: none needed. dst is undefined. */
#define CINCH_DECLINED 1
#define CINCH_INVALID_ARG (-1)
#define CINCH_DST_TOO_SMALL (-2)
#define CINCH_CORRUPT (-3) /* the encoded bytes are not what an encoder of this format writes */
#define CINCH_FORMAT_UNSUPPORTED (-4)
#define CINCH_PARAMS_UNSUPPORTED (-5)
#define CINCH_LIMIT (-6)
#define CINCH_NOMEM (-7)
#define CINCH_CANCELLED (-8)
#define CINCH_DEVICE (-9) /* retry elsewhere */
#define CINCH_INTERNAL (-10)
#define CINCH_VALUE_UNSUPPORTED (-11) /* bound: this codec does not take this kind of value */

/* `plugin_code` beside CINCH_DECLINED */
#define CINCH_DECLINED_REJECTED 0 /* tried, did not get smaller */
#define CINCH_DECLINED_BYPASSED 1 /* not tried: looked incompressible */

/* ---- Levels of cinch_host_v1.log */
#define CINCH_LOG_DEBUG 0
#define CINCH_LOG_INFO 1
#define CINCH_LOG_WARNING 2
#define CINCH_LOG_ERROR 3

/* ---- Capabilities of a provider. Unknown bits 0-31 are ignored, unknown bits 32-63 make the host refuse it. */
#define CINCH_CAP_ENCODE (UINT64_C(1) << 0)
#define CINCH_CAP_DECODE (UINT64_C(1) << 1)
#define CINCH_CAP_DETERMINISTIC_ENC (UINT64_C(1) << 2) /* equal input and parameters give equal bytes, always */
#define CINCH_CAP_TYPED_OPTIONAL (UINT64_C(1) << 3)    /* does better when it knows the shape */
#define CINCH_CAP_SPAWNS_THREADS (UINT64_C(1) << 4)    /* within a call; all joined when it returns */
#define CINCH_CAP_USES_DEVICE (UINT64_C(1) << 5)
#define CINCH_CAP_FUZZ_SAFE (UINT64_C(1) << 6)       /* the author claims that hostile input is handled */
#define CINCH_CAP_LOSSY (UINT64_C(1) << 32)          /* decoded bytes differ; never chosen without consent */
#define CINCH_CAP_TYPED_REQUIRED (UINT64_C(1) << 33) /* takes only values with a shape */

/* ---- Element types (cinch_shape_v1.dtype). 1-1023 are cinch's, 1024-65535 are free for private use. */
#define CINCH_DTYPE_BOOL 1
#define CINCH_DTYPE_U8 2
#define CINCH_DTYPE_I8 3
#define CINCH_DTYPE_U16 4
#define CINCH_DTYPE_I16 5
#define CINCH_DTYPE_U32 6
#define CINCH_DTYPE_I32 7
#define CINCH_DTYPE_U64 8
#define CINCH_DTYPE_I64 9
#define CINCH_DTYPE_F16 16
#define CINCH_DTYPE_BF16 17
#define CINCH_DTYPE_F32 18
#define CINCH_DTYPE_F64 19
#define CINCH_DTYPE_F8_E4M3 24
#define CINCH_DTYPE_F8_E5M2 25

#define CINCH_NO_TOKEN_AXIS 255
#define CINCH_MAX_DIMS 8
#define CINCH_ANNOTATION_BYTES 64 /* 63 bytes and NUL */

/* ---- The manifest. Little-endian, no pointers, texts NUL-padded UTF-8 without control characters. Ids are
 * [a-z0-9._-]; a format id without a dot is one of cinch's own, third parties use reverse DNS ("com.vendor.name"). */
typedef struct cinch_manifest_provider_v1 {
  char format_id[96];
  uint16_t format_major;      /* what the encoder writes */
  uint16_t format_minor_max;  /* the newest minor of that major it writes and reads */
  uint16_t decodes_major_min; /* the oldest major it reads */
  uint16_t reserved;
  uint64_t caps;
  uint64_t required_host_caps;
  char impl_id[96]; /* names the implementation, for `prefer` in a config */
} cinch_manifest_provider_v1;

typedef struct cinch_manifest_v1 {
  char magic[8];       /* "CINCHPLG" */
  uint32_t total_size; /* this struct and all providers */
  uint32_t reserved;
  uint16_t abi_major;
  uint16_t abi_minor_built;    /* CINCH_ABI_MINOR of the header it was built with */
  uint16_t abi_minor_required; /* the oldest host it works with */
  uint16_t n_providers;        /* at least 1 */
  char platform[32];           /* CINCH_PLATFORM */
  char plugin_id[96];
  char plugin_version[32]; /* for display */
  char vendor[64];
  char license[32]; /* SPDX */
  char homepage[128];
  char build_id[40]; /* may be empty */
} cinch_manifest_v1;

#if defined(__x86_64__)
#define CINCH_PLATFORM "linux-x86_64"
#elif defined(__aarch64__)
#define CINCH_PLATFORM "linux-aarch64"
#else
#define CINCH_PLATFORM "unknown"
#endif

/* Where the manifest goes, exactly as long as it is: clang's AddressSanitizer would pad it. */
#if defined(__clang__)
#define CINCH_IN_PLUGIN_SECTION __attribute__((section(CINCH_PLUGIN_SECTION), used, no_sanitize("address")))
#else
#define CINCH_IN_PLUGIN_SECTION __attribute__((section(CINCH_PLUGIN_SECTION), used))
#endif

/* Emits the manifest of a plugin with N providers; put it at file scope of one source:
 *   CINCH_PLUGIN_MANIFEST(1, "com.vendor.name", "1.0.0", "Vendor", "MIT", "https://…",
 *                         CINCH_MANIFEST_PROVIDER("com.vendor.name", 1, 0, 1, caps, "com.vendor.name"))            */
/* clang-format off */
#define CINCH_MANIFEST_PROVIDER(format, major, minor_max, decodes_major_min, caps, impl) \
  { format, major, minor_max, decodes_major_min, 0, caps, 0, impl }
#define CINCH_PLUGIN_MANIFEST(n, id, version, vendor, license, homepage, ...)                                 \
  typedef struct cinch_manifest_file {                                                                        \
    cinch_manifest_v1 head;                                                                                   \
    cinch_manifest_provider_v1 providers[n];                                                                  \
  } cinch_manifest_file;                                                                                      \
  CINCH_IN_PLUGIN_SECTION __attribute__((aligned(8))) static const cinch_manifest_file                        \
      cinch_manifest = {{{'C', 'I', 'N', 'C', 'H', 'P', 'L', 'G'}, sizeof(cinch_manifest_file), 0,            \
                         CINCH_ABI_MAJOR, CINCH_ABI_MINOR, CINCH_ABI_MINOR, n, CINCH_PLATFORM, id, version,    \
                         vendor, license, homepage, ""},                                                      \
                        {__VA_ARGS__}}
/* clang-format on */

/* ---- Why a call failed. Owned by the caller, who sets struct_size. */
typedef struct cinch_err_v1 {
  uint32_t struct_size;
  int32_t code;
  int32_t plugin_code; /* the plugin's own number, or a CINCH_DECLINED_ hint */
  uint32_t reserved;
  uint64_t byte_offset; /* where in the input, when known */
  char message[256];    /* UTF-8, terminated */
} cinch_err_v1;

/* ---- The shape of a value, limits of a call, and which part of the value a block is. */
typedef struct cinch_shape_v1 { /* checked by the host: elem_bits * product(dims) == 8 * bytes, without overflow */
  uint32_t struct_size;
  uint16_t dtype;
  uint8_t ndim;
  uint8_t token_axis; /* or CINCH_NO_TOKEN_AXIS */
  uint32_t elem_bits;
  uint32_t reserved;
  uint64_t dims[CINCH_MAX_DIMS];
} cinch_shape_v1;

typedef struct cinch_limits_v1 { /* 0: no limit */
  uint32_t struct_size;
  uint32_t max_threads;
  uint64_t max_mem;     /* bytes that the call may allocate */
  uint64_t deadline_ns; /* CLOCK_MONOTONIC, absolute */
} cinch_limits_v1;

/* Which part of a value a block is. Only the host splits values: a typed value with a token axis into whole planes
 * (dimensions before the token axis, with all their tokens) or into tokens of one plane; any other by bytes alone. */
typedef struct cinch_slice_v1 {
  uint32_t struct_size;
  uint32_t reserved;
  const cinch_shape_v1* shape; /* of the whole value; NULL: untyped */
  uint64_t first_plane, n_planes;
  uint64_t first_token, n_tokens;
  uint64_t byte_offset;          /* of the block in the value */
  const cinch_limits_v1* limits; /* NULL: none */
} cinch_slice_v1;

/* What decoding changed in one block; filled by `measure` of a LOSSY codec, merged by the host in block order. A row is
 * the last dimension of one token and head; of a value without a shape, what the codec takes for one. Every field has
 * to be finite and at least 0: the host takes anything else for a breach of contract and switches the codec off.
 * Elements that are not finite should come back unchanged, since no sum could tell what became of them; those that
 * do count in neither sum. */
typedef struct cinch_loss_v1 {
  uint32_t struct_size;
  uint32_t reserved;
  double sum_sq_error; /* sum of (decoded - original)^2 */
  double sum_sq;       /* sum of original^2 */
  float worst_row;     /* largest relative RMS error of a row: sqrt(its sum_sq_error / its sum_sq) */
  float max_abs;       /* largest |decoded - original| */
} cinch_loss_v1;

typedef struct cinch_enc_ctx cinch_enc_ctx; /* the plugin's own; opaque to the host */
typedef struct cinch_dec_ctx cinch_dec_ctx;
typedef struct cinch_plan_state cinch_plan_state; /* immutable once opened; shared by all threads */

/* ---- A provider of one format. Function pointers not marked optional are required for the capabilities they
 * serve. `params` are canonical (from params_canonical), UTF-8 `k=v` without control characters, joined by ',', `n`
 * bytes, not terminated; those of dec_open and plan_open come from stored data and may be anything. `src` and `dst`
 * never overlap; a pointer may be NULL only beside length 0; empty input is valid. */
typedef struct cinch_provider_v1 cinch_provider_v1;
struct cinch_provider_v1 {
  uint32_t struct_size;
  uint16_t format_major;
  uint16_t format_minor_max;
  const char* format_id;
  const char* impl_id;
  uint64_t caps;

  /* Options as `k=v,k=v` to canonical text: sorted by key, defaults left out. Deterministic. An unknown key is an error
   * whose message lists the known ones. DST_TOO_SMALL sets *out_len to what is needed. [any-thread] */
  int32_t (*params_canonical)(const cinch_provider_v1*, const char* in, size_t in_len, char* out, size_t out_cap,
                              size_t* out_len, cinch_err_v1*);

  /* The largest encoding of a block of in_len bytes of such a value; LIMIT on overflow. Called with the length of the
   * whole value before anything else is done with it. The host makes room for the answer at once, and takes more than
   * 64 * (in_len + 1 MiB) for a breach of contract, as it does of plan_bound. VALUE_UNSUPPORTED for a kind of value
   * that this codec never takes (an element type, a value without a shape), which the host then stores with another
   * codec; INVALID_ARG where the caller has to say more (a token axis), which ends the set with that message. ENCODE.
   * [any-thread] */
  int32_t (*bound)(const cinch_provider_v1*, const char* params, size_t n, const cinch_shape_v1*, uint64_t in_len,
                   uint64_t* out, cinch_err_v1*);

  /* Contexts depend on parameters alone, so that the host can pool them. ENCODE; DECODE. [any-thread] */
  int32_t (*enc_open)(const cinch_provider_v1*, const char* params, size_t n, cinch_enc_ctx** ctx, cinch_err_v1*);
  int32_t (*dec_open)(const cinch_provider_v1*, uint16_t format_major, uint16_t format_minor, const char* params,
                      size_t n, cinch_dec_ctx** ctx, cinch_err_v1*);
  void (*enc_close)(cinch_enc_ctx*); /* NULL allowed. [ctx-serial] */
  void (*dec_close)(cinch_dec_ctx*);

  /* One block, of which all *out_len bytes are written: dst is not initialised. Writes nothing past dst[cap-1].
   * [ctx-serial] */
  int32_t (*enc_run)(cinch_enc_ctx*, const cinch_plan_state*, const cinch_slice_v1*, const uint8_t* src, size_t n,
                     uint8_t* dst, size_t cap, size_t* out_len, cinch_err_v1*);

  /* One block back; dst_len is exact and comes from the host's own record. OK means that exactly dst_len bytes were
   * written; touches neither src[n] nor dst[dst_len], whatever the input. [ctx-serial] */
  int32_t (*dec_run)(cinch_dec_ctx*, const cinch_plan_state*, const cinch_slice_v1*, const uint8_t* src, size_t n,
                     uint8_t* dst, size_t dst_len, cinch_err_v1*);

  /* What decoding changed in a block: `original` as it was set, `decoded` as dec_run gave it (or, for a block that is
   * stored raw, the original again), `len` bytes each. The host passes `loss` zeroed. LOSSY. [any-thread] */
  int32_t (*measure)(const cinch_provider_v1*, const char* params, size_t n, const cinch_slice_v1*,
                     const uint8_t* original, const uint8_t* decoded, size_t len, cinch_loss_v1* loss, cinch_err_v1*);

  /* Optional, all four or none: side information of the whole value, made once before its blocks, stored once, opened
   * once and handed to every block. A plan may be as long as the value; its buffer is like enc_run's. OK with a length
   * of 0 is the same as DECLINED: there is no plan, and blocks get NULL. `annotation` is `k=v` text of at most 63
   * bytes, UTF-8 without control characters, that stays readable without the codec; the host passes it zeroed.
   * `block_bytes` is how the host will split the value: a block is as many whole planes, or else tokens of one, as fit,
   * and one token at least; 0: the value is one block. plan: [ctx-serial]; others [any-thread] */
  int32_t (*plan_bound)(const cinch_provider_v1*, const char* params, size_t n, const cinch_shape_v1*, uint64_t in_len,
                        uint64_t* out, cinch_err_v1*);
  int32_t (*plan)(cinch_enc_ctx*, const cinch_shape_v1*, uint64_t block_bytes, const uint8_t* src, size_t n,
                  uint8_t* dst, size_t cap, size_t* out_len, char annotation[CINCH_ANNOTATION_BYTES], cinch_err_v1*);
  int32_t (*plan_open)(const cinch_provider_v1*, uint16_t format_major, uint16_t format_minor, const char* params,
                       size_t n, const cinch_shape_v1*, const uint8_t* plan, size_t len, cinch_plan_state** state,
                       cinch_err_v1*);
  void (*plan_close)(cinch_plan_state*); /* NULL allowed */

  /* Optional: the most memory one call takes for a block of in_len bytes. [any-thread] */
  int32_t (*mem_estimate)(const cinch_provider_v1*, const char* params, size_t n, uint64_t in_len, uint64_t* out);

  /* Optional: which of its code paths runs on this machine, "scalar", "avx2", "avx512"; of at most 31 bytes, for people
   * to read. Beside one that starts with "avx" the host uses wide vectors, too. [any-thread] */
  const char* (*target)(const cinch_provider_v1*);

  /* Optional: the block length, in bytes, that the codec wants with these parameters where none is configured, if the
   * host's own is too short for it; 0: the host's own. The host follows it within reason. [any-thread] */
  uint64_t (*block_bytes)(const cinch_provider_v1*, const char* params, size_t n);
};

/* ---- What the host offers. `log` takes at most 4096 bytes of a message, up to its first NUL, and shows '?' for
 * control characters and for what is not UTF-8. `alloc` returns NULL when memory has run out. */
typedef struct cinch_host_v1 {
  uint32_t struct_size;
  uint16_t abi_minor;
  uint16_t reserved;
  uint64_t host_caps;
  void* ctx;
  const char* name;
  const char* version;
  void (*log)(void* ctx, int32_t level, int32_t code, const char* message, size_t len); /* [any-thread] */
  void* (*alloc)(void* ctx, size_t size, size_t align); /* optional to use; for the plugin's own state. [any-thread] */
  void (*free)(void* ctx, void* p, size_t size, size_t align); /* [any-thread] */
  int32_t (*cancelled)(void* ctx);                             /* 1: give up with CINCH_CANCELLED. [any-thread] */
  const void* (*get_extension)(void* ctx, const char* id);     /* "cinch.name/1"; NULL: not offered. [any-thread] */
} cinch_host_v1;

/* ---- What the plugin offers. The host zeroes it and sets struct_size to its capacity; the plugin fills at most
 * that and writes back how much it filled. */
typedef struct cinch_plugin_v1 {
  uint32_t struct_size;
  uint32_t n_providers;
  const cinch_provider_v1* (*provider_at)(uint32_t i); /* in the manifest's order. [any-thread] */
  const void* (*get_extension)(const char* id);        /* optional. [any-thread] */
  void (*shutdown)(void);                              /* optional; after the last context closed, or never. [once] */
} cinch_plugin_v1;

/* ---- The entry, the one exported symbol. Under 100 ms. [once] */
typedef int32_t (*cinch_plugin_entry_fn)(const cinch_host_v1*, cinch_plugin_v1* out, cinch_err_v1*);
#define CINCH_PLUGIN_EXPORT __attribute__((visibility("default")))
CINCH_PLUGIN_EXPORT int32_t cinch_plugin_entry_v0(const cinch_host_v1* host, cinch_plugin_v1* out, cinch_err_v1* err);

#ifdef __cplusplus
}
#endif

#endif /* CINCH_CODEC_PLUGIN_H */
