/* A plugin without the SDK, to show the contract (../ABI.md) at work: a validator that refuses tombstones.
 *
 *   clang --target=wasm32 -O2 -nostdlib -Wl,--no-entry -o no_tombstones.wasm abi.c
 *   zig cc -target wasm32-freestanding -O2 -nostdlib -Wl,--no-entry -o no_tombstones.wasm abi.c
 */

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef int i32;
typedef long long i64;
typedef unsigned long long u64;

#define EXPORT(name) __attribute__((export_name(#name)))
#define IMPORT(name) __attribute__((import_module("corvid"), import_name(#name)))

/* What a plugin doesn't use, it needn't declare. */
IMPORT(log) void corvid_log(i32 level, const char *text, u32 len);

/* There is no allocator here. Input and answer have a place each; the last byte of the answer could be
 * needed by a call with 256 KiB of the smallest records. */
#define RECORD_MIN 7
#define CHUNK_MAX (256 * 1024 + 1024)
#define REASON "a tombstone"
#define REASON_LEN (sizeof REASON - 1)

static u8 *input;
static u8 answer[4 + 8 * (CHUNK_MAX / RECORD_MIN) + REASON_LEN];

EXPORT(corvid_abi_1) i32 abi(void) {
    return 0; /* the minor version */
}

/* The input stands behind everything else, and memory grows as far as it needs: there is one input at a time. */
extern u8 __heap_base;

EXPORT(corvid_alloc) u8 *alloc(u32 len) {
    u32 pages = __builtin_wasm_memory_size(0);
    u64 end = (u64)(u32)&__heap_base + len;
    if (end > (u64)pages << 16) {
        u32 more = (u32)((end - ((u64)pages << 16) + 0xffff) >> 16);
        if (__builtin_wasm_memory_grow(0, more) == (u32)-1)
            return 0;
    }
    return input = &__heap_base;
}

static u64 result(const void *bytes, u32 len) {
    return len ? (u64)(u32)bytes << 32 | len : 0;
}

/* The configuration is a JSON object. This plugin has none, so it takes "{}" only. */
EXPORT(corvid_init) u64 init(const u8 *config, u32 len) {
    static const char error[] = "this plugin has no configuration";
    if (len == 2 && config[0] == '{' && config[1] == '}') {
        static const char line[] = "refusing tombstones";
        corvid_log(2, line, sizeof line - 1);
        return 0;
    }
    return result(error, sizeof error - 1);
}

static u32 read_u32(const u8 *at) {
    return at[0] | at[1] << 8 | at[2] << 16 | (u32)at[3] << 24;
}

static void write_u16(u8 *at, u16 value) {
    at[0] = value;
    at[1] = value >> 8;
}

static void write_u32(u8 *at, u32 value) {
    write_u16(at, value);
    write_u16(at + 2, value >> 16);
}

/* A zigzag varint. The host has checked that it ends. */
static i64 varint(const u8 **at) {
    u64 bits = 0;
    for (u32 shift = 0;; shift += 7) {
        u8 byte = *(*at)++;
        bits |= (u64)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return (i64)(bits >> 1) ^ -(i64)(bits & 1);
    }
}

static int is_tombstone(const u8 *at) {
    at++;        /* attributes */
    varint(&at); /* timestamp delta */
    varint(&at); /* offset delta */
    i64 key_len = varint(&at);
    if (key_len > 0)
        at += key_len;
    return varint(&at) < 0; /* the value's length */
}

/* An entry of the answer. Only the first one has a reason: the answer must not outgrow its limit. */
static u8 *refuse(u8 *end, u32 index, u32 reason_len) {
    write_u32(end, index);
    write_u16(end + 4, 1); /* a code of our own */
    write_u16(end + 6, reason_len);
    for (u32 i = 0; i < reason_len; i++)
        end[8 + i] = REASON[i];
    return end + 8 + reason_len;
}

EXPORT(corvid_validate) u64 validate(const u8 *call, u32 len) {
    u32 record_count = read_u32(call + 8);
    const u8 *record = call + read_u32(call); /* header_len */
    u8 *end = answer + 4;
    u32 failures = 0;
    (void)len;
    for (u32 index = 0; index < record_count; index++) {
        i64 record_len = varint(&record);
        if (is_tombstone(record)) {
            end = refuse(end, index, failures ? 0 : REASON_LEN);
            failures++;
        }
        record += record_len;
    }
    write_u32(answer, failures);
    return failures ? result(answer, (u32)(end - answer)) : 0;
}
