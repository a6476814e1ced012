package dev.quern.supplier.relay;

/**
 * One request that came through the network.
 *
 * @param arrivedNanos {@link System#nanoTime()}
 */
public record Relay(RelayHeaders headers, long arrivedNanos) {}
