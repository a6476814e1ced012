/**
 * What {@code /metrics} tells: vLLM's names under the prefix {@code quern:}.
 *
 * <p>In: engines to read, and events of finished work. Out: Prometheus' text format. One registry a
 * server, no statics.
 */
@NullMarked
package dev.quern.supplier.http.metrics;

import org.jspecify.annotations.NullMarked;
