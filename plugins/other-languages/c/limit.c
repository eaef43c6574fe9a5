/* Refuses records whose JSON value has no number under a name, or a larger one than the limit.
 *
 *   clang --target=wasm32 -O2 -nostdlib -Wl,--no-entry,-s -o limit.wasm limit.c
 *   zig cc -target wasm32-freestanding -O2 -nostdlib -Wl,--no-entry,-s -o limit.wasm limit.c
 *
 * The contract is plugin-sdk/ABI.md; there is no library below this file. */

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef long long i64;
typedef unsigned long long u64;

#define EXPORT(name) __attribute__((export_name(#name)))

/* Bytes that end where `end` is. */
typedef struct {
    const u8 *at, *end;
} Text;

/* ---- JSON: a walk over text that nobody has checked. Where it is not JSON, nothing is found. ---- */

static void skip_space(Text *text) {
    while (text->at < text->end && (*text->at == ' ' || *text->at == '\t' || *text->at == '\n' || *text->at == '\r'))
        text->at++;
}

/* Whether the next character is this one, which is then behind us. */
static int take(Text *text, u8 wanted) {
    skip_space(text);
    if (text->at == text->end || *text->at != wanted)
        return 0;
    text->at++;
    return 1;
}

/* What stands between the quotes, with its escapes. */
static int take_string(Text *text, Text *inner) {
    if (!take(text, '"'))
        return 0;
    const u8 *at = text->at;
    for (inner->at = at; at < text->end; at++) {
        if (*at == '\\') {
            if (++at == text->end)
                return 0;
        } else if (*at == '"') {
            inner->end = at;
            text->at = at + 1;
            return 1;
        }
    }
    return 0;
}

/* Goes behind any value: brackets are counted, strings are passed over as a whole. */
static int skip_value(Text *text) {
    u32 depth = 0;
    Text string;
    for (;;) {
        skip_space(text);
        if (text->at == text->end)
            return 0;
        u8 next = *text->at;
        if (next == '"') {
            if (!take_string(text, &string))
                return 0;
        } else if (next == '{' || next == '[') {
            text->at++;
            depth++;
        } else if (next == '}' || next == ']') {
            if (depth == 0)
                return 0;
            text->at++;
            depth--;
        } else if (next == ',' || next == ':') {
            if (depth == 0)
                return 0;
            text->at++;
            continue;
        } else {
            while (text->at < text->end && *text->at > ' ' && *text->at != ',' && *text->at != '}' && *text->at != ']' && *text->at != ':')
                text->at++;
        }
        if (depth == 0)
            return 1;
    }
}

static int is_equal(Text a, Text b) {
    if (a.end - a.at != b.end - b.at)
        return 0;
    for (; a.at < a.end; a.at++, b.at++)
        if (*a.at != *b.at)
            return 0;
    return 1;
}

/* Finds the member of an object; of several, the last one. */
static int find(Text object, Text name, Text *value) {
    Text key;
    int found = 0;
    if (!take(&object, '{') || take(&object, '}'))
        return 0;
    do {
        if (!take_string(&object, &key) || !take(&object, ':'))
            return 0;
        skip_space(&object);
        Text start = object;
        if (!skip_value(&object))
            return 0;
        if (is_equal(key, name)) {
            *value = (Text){start.at, object.at};
            found = 1;
        }
    } while (take(&object, ','));
    return found && take(&object, '}');
}

static int is_digit(Text text) {
    return text.at < text.end && *text.at >= '0' && *text.at <= '9';
}

/* A number, to within what a double holds. */
static int number(Text text, double *value) {
    int negative = take(&text, '-'), exponent = 0, power = 0, down = 0;
    double digits = 0;
    if (!is_digit(text))
        return 0;
    for (; is_digit(text); text.at++)
        digits = digits * 10 + (*text.at - '0');
    if (take(&text, '.'))
        for (; is_digit(text); text.at++, exponent--)
            digits = digits * 10 + (*text.at - '0');
    if (take(&text, 'e') || take(&text, 'E')) {
        down = take(&text, '-');
        if (!down)
            take(&text, '+');
        for (; is_digit(text); text.at++)
            if (power < 1000)
                power = power * 10 + (*text.at - '0');
        exponent += down ? -power : power;
    }
    for (; exponent > 0 && digits < 1e300; exponent--)
        digits *= 10;
    double scale = 1;
    for (; exponent < 0 && scale < 1e300; exponent++)
        scale *= 10;
    *value = (negative ? -digits : digits) / scale;
    return text.at == text.end;
}

/* ---- The contract ---- */

/* What is never written: the configuration stays in `settings`, and an answer has room for the most refusals of a call. */
#define RECORD_MIN 7
#define CHUNK_MAX (256 * 1024 + 1024)
#define REASON_MAX 64

static u8 settings[4096];
static u32 settings_len;
static Text field;
static double limit;
static u8 answer[4 + 8 * (CHUNK_MAX / RECORD_MIN) + REASON_MAX];

EXPORT(corvid_abi_1) u32 abi(void) {
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
    return &__heap_base;
}

static u64 result(const void *bytes, u32 len) {
    return (u64)(u32)bytes << 32 | len;
}

#define TEXT(literal) ((Text){(const u8 *)(literal), (const u8 *)(literal) + sizeof(literal) - 1})
#define OBJECTION(literal) result(literal, sizeof(literal) - 1)

/* The input is the host's again after this call, so the configuration is copied. */
EXPORT(corvid_init) u64 init(const u8 *config, u32 len) {
    if (len > sizeof settings)
        return OBJECTION("the configuration is too long");
    for (settings_len = 0; settings_len < len; settings_len++)
        settings[settings_len] = config[settings_len];
    Text all = {settings, settings + settings_len}, value;
    if (!find(all, TEXT("field"), &value) || !take_string(&value, &field))
        return OBJECTION("`field` is missing: the name of a number");
    if (!find(all, TEXT("limit"), &value) || !number(value, &limit))
        return OBJECTION("`limit` is missing: the largest number");
    return 0;
}

static u32 read_u32(const u8 *at) {
    return at[0] | at[1] << 8 | at[2] << 16 | (u32)at[3] << 24;
}

static u8 *write(u8 *at, u32 value, u32 bytes) {
    for (; bytes > 0; bytes--, value >>= 8)
        *at++ = (u8)value;
    return at;
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

/* The value of the record at `at`; null is as good as empty here. */
static Text value_of(const u8 *at) {
    at++;        /* attributes */
    varint(&at); /* timestamp delta */
    varint(&at); /* offset delta */
    i64 key_len = varint(&at);
    if (key_len > 0)
        at += key_len;
    i64 value_len = varint(&at);
    return (Text){at, at + (value_len > 0 ? value_len : 0)};
}

/* 0 for a record that is accepted, else the code of its refusal. */
static u32 judge(Text value) {
    Text member;
    double found;
    if (!find(value, field, &member) || !number(member, &found))
        return 1;
    return found > limit ? 2 : 0;
}

EXPORT(corvid_validate) u64 validate(const u8 *call, u32 len) {
    u32 records = read_u32(call + 8), refused = 0;
    const u8 *record = call + read_u32(call); /* header_len */
    u8 *end = answer + 4;
    (void)len;
    for (u32 index = 0; index < records; index++) {
        i64 record_len = varint(&record);
        u32 code = judge(value_of(record));
        record += record_len;
        if (code == 0)
            continue;
        /* Only the first has a reason: the answer must not outgrow its limit. */
        Text reason = code == 1 ? TEXT("the field is missing, or no number") : TEXT("the number is above the limit");
        u32 reason_len = refused++ ? 0 : (u32)(reason.end - reason.at);
        end = write(write(write(end, index, 4), code, 2), reason_len, 2);
        for (u32 i = 0; i < reason_len; i++)
            *end++ = reason.at[i];
    }
    write(answer, refused, 4);
    return refused ? result(answer, (u32)(end - answer)) : 0;
}
