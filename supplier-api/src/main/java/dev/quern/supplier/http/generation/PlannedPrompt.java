package dev.quern.supplier.http.generation;

/**
 * One prompt in tokens.
 *
 * @param echo text that each of its choices begins with; empty: none
 * @param continuesText whether the output goes on with the prompt's text, so that its first token
 *     may need a space before it
 */
record PlannedPrompt(int[] tokens, String echo, boolean continuesText) {}
