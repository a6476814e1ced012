/** Programs that put a number on speed: micro-benchmarks (JMH) and a load generator. */
@NullMarked
package dev.quern.bench;

import org.jspecify.annotations.NullMarked;
