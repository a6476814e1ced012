package dev.quern.supplier.attest;

/**
 * How one token of a challenge was scored.
 *
 * @param logprob natural logarithm of the token's probability after those before it
 * @param likeliest id of the token that would have been the most probable there
 */
record TokenScore(double logprob, int likeliest) {}
