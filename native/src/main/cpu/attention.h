// Rotary embedding, the paged KV cache and attention of decoded tokens over it, in fp32. One layer's keys and values are
// slabs [slots, kvHeads, headDim]; token t of a sequence lies in slot t % blockSize of its block t / blockSize.
#pragma once
#include <stdint.h>

typedef struct {
  int64_t query_heads;
  int64_t kv_heads;
  int64_t size; // of a head
} Heads;

// What rotates tokens of a step: cosines and sines [tokens, half], where the first 2 * half of a head turn (Su et al.,
// RoFormer, in the form that turns element i with element i + half).
typedef struct {
  const float* cosines;
  const float* sines;
  int64_t half;
} Rotation;

// RMSNorms of single heads, [size] each; null for none.
typedef struct {
  const float* query;
  const float* key;
  float epsilon;
} HeadNorms;

// Norms and turns queries and keys, and puts keys and values into the cache.
//   qkv      [tokens, queryHeads + 2 * kvHeads, size]
//   slots    [tokens]
//   queries  [tokens, queryHeads, size]
void quern_rotate_and_cache(
    const float* qkv, Heads heads, HeadNorms norms, Rotation rotation, float* keys, float* values, const int64_t* slots,
    float* queries, int64_t tokens);

// One decoded token and the keys it sees.
typedef struct {
  int64_t row;         // of the token in the step
  int64_t keys;        // how many
  int64_t start;       // of the first key in the first block
  int64_t first_block; // index into the block numbers
} DecodedToken;

typedef struct {
  const float* keys;
  const float* values;
  const int64_t* blocks; // of all tokens, one after another
  int64_t block_size;
} PagedCache;

// out = softmax(cap(scale * query key)) value, with cap(s) = softCap * tanh(s / softCap), or s for a soft_cap of 0.
//   queries  [rows, queryHeads, size], size a multiple of 8
//   out      [rows, queryHeads * size]; only the rows of `tokens` are written
void quern_decoded_attention(
    const float* queries, Heads heads, PagedCache cache, const DecodedToken* tokens, int64_t count, float scale, float soft_cap,
    float* out);
