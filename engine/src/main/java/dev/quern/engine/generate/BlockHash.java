package dev.quern.engine.generate;

/**
 * Names the content of one full KV block and of everything before it: 128 bits of SHA-256 over the
 * parent's hash and the block's token ids. Collisions, even wanted ones, are out of reach, so a hit
 * needs no comparison of tokens.
 */
record BlockHash(long high, long low) {}
