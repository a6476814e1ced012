/**
 * A load generator for any OpenAI-compatible streaming endpoint.
 *
 * <p>In: an address and a load shape (closed loop: so many clients; open loop: so many arrivals a
 * second). Out: latencies and throughput as one JSON object. It knows nothing of Quern, so that
 * peers are measured by the same program.
 */
@NullMarked
package dev.quern.bench.load;

import org.jspecify.annotations.NullMarked;
