/**
 * Quern beside other servers on the same machine and checkpoint.
 *
 * <p>In: where the servers' programs and the checkpoint are. Out: one JSON object a figure, and a
 * table of medians. Servers run in turn, never together, and are loaded by {@code
 * dev.quern.bench.load} alike. Linux only: it reads {@code /proc}.
 */
@NullMarked
package dev.quern.bench.peers;

import org.jspecify.annotations.NullMarked;
