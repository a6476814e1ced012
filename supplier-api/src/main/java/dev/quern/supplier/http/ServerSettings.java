package dev.quern.supplier.http;

import dev.quern.supplier.http.encoder.EncoderRouteSettings;
import java.util.Set;

/**
 * Where and how the server listens.
 *
 * @param host address to bind; loopback unless the operator asks
 * @param port 0 takes a free port
 * @param apiKeys accepted bearer tokens; empty: no authentication
 * @param metricsNeedKey whether {@code /metrics} asks for a key too
 * @param maxBodyBytes longest request body
 * @param maxConnections open connections; more are refused
 * @param drainSeconds how long running requests may take once a stop was asked for
 * @param encoders what concerns requests to encoders alone
 */
public record ServerSettings(
    String host,
    int port,
    Set<String> apiKeys,
    boolean metricsNeedKey,
    long maxBodyBytes,
    int maxConnections,
    int drainSeconds,
    EncoderRouteSettings encoders) {
  public ServerSettings {
    apiKeys = Set.copyOf(apiKeys);
  }

  /** With each protocol's own limits for encoders. */
  public ServerSettings(
      String host,
      int port,
      Set<String> apiKeys,
      boolean metricsNeedKey,
      long maxBodyBytes,
      int maxConnections,
      int drainSeconds) {
    this(
        host,
        port,
        apiKeys,
        metricsNeedKey,
        maxBodyBytes,
        maxConnections,
        drainSeconds,
        EncoderRouteSettings.defaults());
  }

  /** Loopback, port 8080, no keys, 10 MB, 1024 connections, 30 s. */
  public static ServerSettings defaults() {
    return new ServerSettings("127.0.0.1", 8080, Set.of(), false, 10_000_000, 1024, 30);
  }
}
