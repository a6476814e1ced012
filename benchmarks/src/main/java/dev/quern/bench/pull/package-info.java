/**
 * How fast a model arrives: {@code quern pull} beside {@code curl}, from a hub on loopback.
 *
 * <p>In: sizes. Out: seconds, processor time and memory of both, as JSON lines. Knows the hub's
 * protocol and the commands, none of Quern's classes.
 */
@NullMarked
package dev.quern.bench.pull;

import org.jspecify.annotations.NullMarked;
